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

// maxRefusals is the maximum number of refused requests remembered per ClientCredential. It is more than
// one, because two writers may keep overwriting each other's credentials.
const maxRefusals = 8

// refusal is a token request that the server refused, with the failure that the status reported.
type refusal struct {
	request digest
	failure *v1alpha1.FailureStatus
}

// deferRefused defers a request that the server refused before, until the backoff ends. The backoff
// protects the account, because servers lock accounts. An edit that changes neither the request nor the
// credentials, such as a label edit of the credentials Secret, does not end the backoff.
func (o *observed) deferRefused(known *v1alpha1.FailureStatus) *renewal.Deferral {
	if known == nil || !o.Now.Before(known.RetryAt.Time) || o.IsAhead(known.LastAttemptAt.Time) {
		return nil
	}
	return renewal.StillRefused(known)
}

// requestDigest returns the digest that identifies a token request. It covers the credentials, the
// declaration of the server, and the part of the spec that is sent.
func (o *observed) requestDigest(credentials oauth2.Credentials) (digest, error) {
	spec := o.owner.Spec
	// The digest covers the declaration and the credentials instead of these fields.
	spec.AuthorizationServer, spec.AuthorizationServerRef, spec.CredentialsRef = nil, nil, nil
	specHash, err := tokensecret.RequestHash(spec)
	if err != nil {
		return digest{}, fmt.Errorf("hash the spec: %w", err)
	}
	declared, err := json.Marshal(oauth2.RequestPart(o.server.AuthorizationServerSpec))
	if err != nil {
		return digest{}, fmt.Errorf("encode the declaration of the authorization server: %w", err)
	}
	return digestOf(append(credentials.Parts(), specHash, string(declared))...), nil
}

// refusalTTL is how long a refused request is remembered after its next attempt was due.
const refusalTTL = time.Hour

// compareWithRefusals compares a request with the requests that the server refused.
func (k remembered) compareWithRefusals(request digest, now time.Time) status.Request {
	compared := status.Request{IsRead: true}
	for _, refused := range k.refusals {
		switch {
		case refused.isExpired(now):
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

func (r refusal) isExpired(now time.Time) bool {
	return r.failure != nil && now.Sub(r.failure.RetryAt.Time) > refusalTTL
}

// addRefusal remembers a request as the last refused request. Once the status has the time of the next
// attempt, setRefusalFailure adds the failure.
func (e *entry) addRefusal(request digest, now time.Time) {
	known := slices.DeleteFunc(slices.Clone(e.refusals), func(r refusal) bool { return r.request == request || r.isExpired(now) })
	known = append(known, refusal{request: request})
	e.refusals = known[max(0, len(known)-maxRefusals):]
}

// setRefusalFailure adds the failure to the last refused request.
func (e *entry) setRefusalFailure(failure *v1alpha1.FailureStatus) {
	if len(e.refusals) == 0 {
		return
	}
	e.refusals = slices.Clone(e.refusals)
	e.refusals[len(e.refusals)-1].failure = failure.DeepCopy()
}

// forgetRefusal forgets a request that succeeded.
func (e *entry) forgetRefusal(request digest) {
	e.refusals = slices.DeleteFunc(slices.Clone(e.refusals), func(r refusal) bool { return r.request == request })
}

// forgetRefusals forgets all refused requests, so that their failures are counted from one again.
func (e *entry) forgetRefusals() { e.refusals = nil }
