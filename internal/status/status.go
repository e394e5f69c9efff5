// Package status turns a decision and its outcome into the status of a
// ClientCredential and the events of its transitions. It is pure.
package status

import (
	"time"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/renewal"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// Input is everything that a status depends on.
type Input struct {
	// Observed is the input of the decision.
	Observed renewal.Input
	Decision renewal.Decision
	Outcome  Outcome
	// Previous is the last status.
	Previous v1alpha1.ClientCredentialStatus
	// ReportedNotices holds the notices about earlier tokens; nil if they are not known, for example after a restart.
	ReportedNotices []oauth2.Notice
}

// Outcome is the result of acting on a decision.
type Outcome struct {
	// Attempted is true if the operator verified, requested or wrote a token, or if a step before or after
	// that failed, such as a read or the pruning of former targets. It is false if the request is deferred,
	// or if only the current token was repaired.
	Attempted bool
	// Deferred says why the token request is sent later; nil if the request is not deferred.
	Deferred *renewal.Deferral
	// Failure is why the attempt failed; nil if it succeeded.
	Failure *problem.Problem
	// Credentials is the state of the credentials Secret, if it was read live; otherwise nil.
	Credentials *renewal.Credentials
	// Request says whether the server refused the same token request before.
	Request Request
	// SameToken is true if the server returned the token that the target already holds, so nothing was
	// written.
	SameToken bool
	// Target is the state of the target Secret after it was written; nil if nothing was written.
	Target *tokensecret.State
	// Lifetime is the lifetime of the returned token, with its source; nil if there is no token.
	Lifetime *oauth2.Lifetime
	// ExpirySource is the source of that token's expiry; empty if there is no token.
	ExpirySource v1alpha1.ExpirySource
	// Notices are remarks for an administrator.
	Notices []oauth2.Notice
}

// Request says whether the server refused the same token request before, even if objects were edited since.
// It is zero if the attempt needed no request, or failed before the credentials were read.
type Request struct {
	IsRead, IsSent bool
	// Refused is the failure from the last time that the server refused this request; nil if no refusal is
	// remembered.
	Refused *v1alpha1.FailureStatus
	// IsOther is true if the server refused other requests, but not this one. Refused requests are forgotten
	// at a restart.
	IsOther bool
}

// Report is the new status, the events to record, and when to requeue.
type Report struct {
	Status    v1alpha1.ClientCredentialStatus
	Events    []Event
	RequeueAt time.Time
}

// Compute returns the report for a decision and its outcome.
func Compute(in Input) Report {
	if in.Outcome.Credentials != nil {
		in.Observed.Credentials = in.Outcome.Credentials
	}
	after := in.Observed
	if in.Outcome.Target != nil {
		after.Target = in.Outcome.Target
	}
	if in.Outcome.SameToken {
		after.Last.Generation, after.Last.Token = after.Generation, sameTokenStatus(after, in.Outcome.Lifetime)
	}
	status := v1alpha1.ClientCredentialStatus{
		ObservedGeneration:      &after.Generation,
		LastHandledRenewRequest: in.Previous.LastHandledRenewRequest,
		Token:                   tokenStatus(in, after),
		Failure:                 failureStatus(in),
	}
	if in.Outcome.Attempted && after.RenewRequest != "" {
		status.LastHandledRenewRequest = after.RenewRequest
	}
	if isBriefWait(in) {
		return Report{Status: in.Previous, RequeueAt: expiryBefore(after, in.Outcome.Deferred.BusySince.Add(silentWait))}
	}
	current := problemOf(in, after, status.Failure)
	for _, condition := range in.Previous.Conditions {
		status.Conditions = append(status.Conditions, *condition.DeepCopy())
	}
	setConditions(&status, after, current)
	setLifetimeUnknown(&status, after, in.Outcome)
	return Report{
		Status:    status,
		Events:    events(in, after, status),
		RequeueAt: requeueAt(in, after, status, current),
	}
}

// requeueAt returns when to act next, or to update the status; zero means never.
func requeueAt(in Input, after renewal.Input, status v1alpha1.ClientCredentialStatus, current *agedProblem) time.Time {
	next := nextAction(in, after, status)
	if current == nil || current.stallsAt.IsZero() || !after.Now.Before(current.stallsAt) {
		return next
	}
	return renewal.Earliest(next, current.stallsAt)
}

func nextAction(in Input, after renewal.Input, status v1alpha1.ClientCredentialStatus) time.Time {
	switch {
	case in.Outcome.Deferred != nil:
		return expiryBefore(after, in.Outcome.Deferred.Until)
	case !in.Outcome.Attempted:
		return in.Decision.Until
	case status.Failure != nil:
		return renewal.RequeueAt(after, status.Failure.RetryAt.Time)
	default:
		return renewal.RequeueAt(after, time.Time{})
	}
}

// maxRenewRequest is the maximum length of a renew request in the status.
const maxRenewRequest = 1024

func tokenStatus(in Input, after renewal.Input) *v1alpha1.TokenStatus {
	record := after.Token()
	if record == nil {
		return nil
	}
	status := &v1alpha1.TokenStatus{
		SecretName:   after.TargetName,
		IssuedAt:     second(record.IssuedAt),
		ExpiresAt:    second(record.ExpiresAt),
		ExpirySource: in.Outcome.ExpirySource,
		RenewAt:      second(after.RenewAt()),
		Scope:        record.Scope,
	}
	// The record is in annotations, which anyone with access to the Secret can edit.
	if len(record.RenewRequest) <= maxRenewRequest {
		status.RenewRequest = record.RenewRequest
	}
	if last := in.Previous.Token; status.ExpirySource == "" && last != nil &&
		last.IssuedAt.Equal(&status.IssuedAt) && last.ExpiresAt.Equal(&status.ExpiresAt) {
		status.ExpirySource = last.ExpirySource
	}
	return status
}

// sameTokenStatus returns the status of a token that the server returned again.
func sameTokenStatus(after renewal.Input, lifetime *oauth2.Lifetime) *v1alpha1.TokenStatus {
	token := after.Token()
	next := renewal.RequestAgainAt(after.Now, token.ExpiresAt)
	if lifetime != nil && lifetime.IsAssumed() {
		next = renewal.RequestAssumedAgainAt(after.Now, token.ExpiresAt)
	}
	return &v1alpha1.TokenStatus{
		IssuedAt:  second(token.IssuedAt),
		ExpiresAt: second(token.ExpiresAt),
		// Round up, so that the request is not sent early.
		RenewAt: second(next.Add(time.Second - 1)),
	}
}
