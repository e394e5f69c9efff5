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
func (m *memory) compareRefused(owner *v1alpha1.ClientCredential, request digest, now time.Time) status.Request {
	compared := status.Request{IsRead: true}
	m.with(owner, func(e *entry) {
		e.refusals = slices.DeleteFunc(e.refusals, func(r refusal) bool {
			return r.failure != nil && now.Sub(r.failure.RetryAt.Time) > refusalsForgotten
		})
		i := slices.IndexFunc(e.refusals, func(r refusal) bool { return r.request == request })
		if i >= 0 {
			compared.Refused = e.refusals[i].failure
		}
		compared.IsOther = i < 0 && len(e.refusals) > 0
	})
	return compared
}

// rememberRefused makes a request the one that was refused last. Its failure follows with
// tellRefused, once the status has its next attempt.
func (m *memory) rememberRefused(owner *v1alpha1.ClientCredential, request digest) {
	m.with(owner, func(e *entry) {
		e.refusals = slices.DeleteFunc(e.refusals, func(r refusal) bool { return r.request == request })
		e.refusals = append(e.refusals[max(0, len(e.refusals)-maxRefusals+1):], refusal{request: request})
	})
}

// tellRefused notes the failure of the request that was refused last.
func (m *memory) tellRefused(owner *v1alpha1.ClientCredential, failure *v1alpha1.FailureStatus) {
	m.with(owner, func(e *entry) {
		if len(e.refusals) > 0 {
			e.refusals[len(e.refusals)-1].failure = failure.DeepCopy()
		}
	})
}

// forgetRefused forgets a request, because it succeeded.
func (m *memory) forgetRefused(owner *v1alpha1.ClientCredential, request digest) {
	m.with(owner, func(e *entry) {
		e.refusals = slices.DeleteFunc(e.refusals, func(r refusal) bool { return r.request == request })
	})
}

// forgetAllRefused lets every request count from one again.
func (m *memory) forgetAllRefused(owner *v1alpha1.ClientCredential) {
	m.with(owner, func(e *entry) { e.refusals = nil })
}
