package renewal

import (
	"cmp"
	"time"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
)

// LastFailure returns the last failure. It returns nil without one, if a token was issued
// since, or if its time lies in the future.
func (in Input) LastFailure() *v1alpha1.FailureStatus {
	failure := in.Last.Failure
	if failure == nil || in.IsAhead(failure.LastAttemptAt.Time) {
		return nil
	}
	if token := in.Token(); token != nil && token.IssuedAt.After(failure.LastAttemptAt.Time) {
		return nil
	}
	return failure
}

// BackingOff returns the failure whose backoff is not over; nil without one. The end of an outage
// ends the backoff.
func (in Input) BackingOff() *v1alpha1.FailureStatus {
	failure := in.LastFailure()
	switch {
	case failure == nil, !in.Now.Before(failure.RetryAt.Time), in.ChangedSince(failure):
		return nil
	case in.IsRecovered && failure.Class == problem.Unavailable:
		return nil
	}
	return failure
}

// IsAhead reports whether a recorded time lies in the future by more than the allowed skew:
// the clock was set back since.
func (in Input) IsAhead(past time.Time) bool { return past.After(in.Now.Add(maxClockSkew)) }

// ChangedSince tells whether something changed that may cure a failure. A limited
// rate is not cured by other credentials.
func (in Input) ChangedSince(failure *v1alpha1.FailureStatus) bool {
	newCredentials := in.Credentials != nil && !in.Credentials.Are(failure.CredentialsVersion)
	return in.Generation != cmp.Or(failure.Generation, in.Last.Generation) || in.renewRequestIsNew() ||
		in.ServerVersion != failure.AuthorizationServerVersion ||
		(newCredentials && failure.Reason != v1alpha1.ReasonRateLimited) ||
		in.flagsMayAllow(failure)
}

// OnlyEditedSince reports whether the spec, the authorization server and the credentials
// Secret are all that changed since a failure: perhaps in nothing that a token request
// depends on.
func (in Input) OnlyEditedSince(failure *v1alpha1.FailureStatus) bool {
	if !in.ChangedSince(failure) {
		return false
	}
	in.Generation = cmp.Or(failure.Generation, in.Last.Generation)
	in.ServerVersion = failure.AuthorizationServerVersion
	if in.Credentials != nil {
		credentials := *in.Credentials
		credentials.Version = failure.CredentialsVersion
		in.Credentials = &credentials
	}
	return !in.ChangedSince(failure)
}

// flagsMayAllow tells whether another start of the operator forbade what this one
// may allow.
func (in Input) flagsMayAllow(failure *v1alpha1.FailureStatus) bool {
	switch failure.Reason {
	case v1alpha1.ReasonTokenEndpointInsecure, v1alpha1.ReasonAddressDenied:
		return failure.LastAttemptAt.Time.Before(in.Started.Truncate(time.Second))
	}
	return false
}

// IsRenewRequested tells whether someone asks for a renewal that was not tried yet.
func (in Input) IsRenewRequested() bool { return in.renewRequestIsNew() }

// Answers reports whether a token that was requested for an earlier renew request answers the
// present one.
func (in Input) Answers(renewRequest string) bool {
	return in.RenewRequest == "" || in.RenewRequest == renewRequest ||
		(in.Token() != nil && in.Token().RenewRequest == in.RenewRequest)
}

// renewRequestIsNew compares with the status and with the Secret, so that a
// status that could not be written does not renew twice.
func (in Input) renewRequestIsNew() bool {
	if in.RenewRequest == "" || in.RenewRequest == in.Last.RenewRequest {
		return false
	}
	return in.Token() == nil || in.Token().RenewRequest != in.RenewRequest
}
