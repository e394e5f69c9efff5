package controllers

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/renewal"
	"github.com/tokensync/tokensync/internal/status"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// maxRefusals is the number of refused requests remembered per ClientCredential: two writers
// may overwrite each other's credentials.
const maxRefusals = 8

// refusal is a token request that the server refused, and the failure that the status told.
type refusal struct {
	request digest
	failure *v1alpha1.FailureStatus
}

// stillRefused defers the request while the backoff runs after the server refused the
// same request: an edit that changes neither the request nor the credentials, such as a
// label of the credentials Secret, is no reason to send them again. Servers lock accounts.
func (o *observed) stillRefused(known *v1alpha1.FailureStatus) *renewal.Deferral {
	if known == nil || !o.Now.Before(known.RetryAt.Time) || o.IsAhead(known.LastAttemptAt.Time) {
		return nil
	}
	return renewal.StillRefused(known)
}

// requestDigest identifies a token request: by the credentials, the declaration of the
// server, and the part of the spec that is sent.
func (o *observed) requestDigest(credentials oauth2.Credentials) (digest, error) {
	spec := o.owner.Spec
	// The declaration and the values of the Secret stand for these.
	spec.AuthorizationServer, spec.AuthorizationServerRef, spec.CredentialsRef = nil, nil, nil
	asked, err := tokensecret.RequestHash(spec)
	if err != nil {
		return digest{}, fmt.Errorf("hash the spec: %w", err)
	}
	declared, err := json.Marshal(oauth2.RequestPart(o.server.AuthorizationServerSpec))
	if err != nil {
		return digest{}, fmt.Errorf("encode the declaration of the authorization server: %w", err)
	}
	return digestOf(append(credentials.Parts(), asked, string(declared))...), nil
}

// refusalsForgotten is how long after its next attempt was due a refused request starts anew.
const refusalsForgotten = time.Hour

// compareRefused reports whether the server refused a request before.
func (k remembered) compareRefused(request digest, now time.Time) status.Request {
	compared := status.Request{IsRead: true}
	for _, refused := range k.refusals {
		switch {
		case refused.isForgotten(now):
		case refused.request == request:
			compared.Refused = refused.failure
			compared.IsOther = false
			return compared
		default:
			compared.IsOther = true
		}
	}
	return compared
}

func (r refusal) isForgotten(now time.Time) bool {
	return r.failure != nil && now.Sub(r.failure.RetryAt.Time) > refusalsForgotten
}

// keepRefused makes a request the one that was refused last. Its failure follows with tellRefused, once the status
// has its next attempt.
func (e *entry) keepRefused(request digest, now time.Time) {
	known := slices.DeleteFunc(slices.Clone(e.refusals), func(r refusal) bool { return r.request == request || r.isForgotten(now) })
	known = append(known, refusal{request: request})
	e.refusals = known[max(0, len(known)-maxRefusals):]
}

// tellRefused notes the failure of the request that was refused last.
func (e *entry) tellRefused(failure *v1alpha1.FailureStatus) {
	if len(e.refusals) == 0 {
		return
	}
	e.refusals = slices.Clone(e.refusals)
	e.refusals[len(e.refusals)-1].failure = failure.DeepCopy()
}

// forgetRefused forgets a request, because it succeeded.
func (e *entry) forgetRefused(request digest) {
	e.refusals = slices.DeleteFunc(slices.Clone(e.refusals), func(r refusal) bool { return r.request == request })
}

// forgetAllRefused lets every request count from one again.
func (e *entry) forgetAllRefused() { e.refusals = nil }
