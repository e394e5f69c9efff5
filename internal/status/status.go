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

// Input is all that a status rests on.
type Input struct {
	// Observed is what the decision rested on.
	Observed renewal.Input
	Decision renewal.Decision
	Outcome  Outcome
	// Previous is the status before.
	Previous v1alpha1.ClientCredentialStatus
	// Told are the notices about earlier tokens; nil if they are not known, as after a
	// restart.
	Told []oauth2.Notice
}

// Outcome is what came of acting on a decision.
type Outcome struct {
	// Attempted tells that a token was asked for, or its Secret written.
	Attempted bool
	// Deferred says why the token request is sent later; nil if it is not deferred.
	Deferred *renewal.Deferral
	// Failure is why that did not succeed; nil when it did.
	Failure *problem.Problem
	// Credentials is the state of the credentials Secret that was read live; nil if none was.
	Credentials *renewal.Credentials
	// Request says whether the server refused the same token request before.
	Request Request
	// SameToken tells that the server gave the token again that the target holds,
	// so nothing was written.
	SameToken bool
	// Target is the state of the target Secret after it was written; nil when it
	// was not.
	Target *tokensecret.State
	// Lifetime tells how it is known how long the token lives that the server gave; nil
	// when it gave none.
	Lifetime *oauth2.Lifetime
	// ExpirySource of the token that the server gave; empty when it gave none.
	ExpirySource v1alpha1.ExpirySource
	// Notices tell what an admin should know.
	Notices []oauth2.Notice
}

// Request says whether the server refused the token request of an attempt before, whatever was
// edited since. It is zero if the attempt failed before the credentials were read, or needed
// no request.
type Request struct {
	IsRead, IsSent bool
	// Refused is the failure of the last time that the server refused it; nil for none.
	Refused *v1alpha1.FailureStatus
	// IsOther is true if the server refused other requests, but not this one. A restart loses
	// what was refused.
	IsOther bool
}

// Report is what the world is told, and when to look again.
type Report struct {
	Status    v1alpha1.ClientCredentialStatus
	Events    []Event
	RequeueAt time.Time
}

// Compute makes the report.
func Compute(in Input) Report {
	if in.Outcome.Credentials != nil {
		in.Observed.Credentials = in.Outcome.Credentials
	}
	after := in.Observed
	if in.Outcome.Target != nil {
		after.Target = in.Outcome.Target
	}
	if in.Outcome.SameToken {
		after.Last.Generation, after.Last.Token = after.Generation, askAgain(after, in.Outcome.Lifetime)
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

// requeueAt is when there is something to do or to tell; zero for never.
func requeueAt(in Input, after renewal.Input, status v1alpha1.ClientCredentialStatus, current *agedProblem) time.Time {
	next := nextAction(in, after, status)
	if current == nil || current.stallsAt.IsZero() || !after.Now.Before(current.stallsAt) {
		return next
	}
	if next.IsZero() || current.stallsAt.Before(next) {
		return current.stallsAt
	}
	return next
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

// maxRenewRequest is how long a renew request in the status can be.
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
	// The record is an annotation that somebody can edit.
	if len(record.RenewRequest) <= maxRenewRequest {
		status.RenewRequest = record.RenewRequest
	}
	if last := in.Previous.Token; status.ExpirySource == "" && last != nil &&
		last.IssuedAt.Equal(&status.IssuedAt) && last.ExpiresAt.Equal(&status.ExpiresAt) {
		status.ExpirySource = last.ExpirySource
	}
	return status
}

// askAgain is the status of a token that the server gave again.
func askAgain(after renewal.Input, lifetime *oauth2.Lifetime) *v1alpha1.TokenStatus {
	token := after.Token()
	next := renewal.AskAgainAt(after.Now, token.ExpiresAt)
	if lifetime != nil && lifetime.IsAssumed() {
		next = renewal.AssumeAgainAt(after.Now, token.ExpiresAt)
	}
	return &v1alpha1.TokenStatus{
		IssuedAt:  second(token.IssuedAt),
		ExpiresAt: second(token.ExpiresAt),
		// Rounded up: never sooner.
		RenewAt: second(next.Add(time.Second - 1)),
	}
}
