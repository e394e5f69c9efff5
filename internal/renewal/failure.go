package renewal

import (
	"cmp"
	"time"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
)

// LastFailure returns the last failure. It returns nil if there is none, if a token was issued since, or
// if the time of the failure is in the future.
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

// BackoffFailure returns the last failure while its backoff lasts, otherwise nil. The end of an outage ends
// the backoff.
func (in Input) BackoffFailure() *v1alpha1.FailureStatus {
	failure := in.LastFailure()
	switch {
	case failure == nil, !in.Now.Before(failure.RetryAt.Time), in.ChangedSince(failure):
		return nil
	case in.IsRecovered && failure.Class == problem.Unavailable:
		return nil
	}
	return failure
}

// IsAhead reports whether a recorded time is in the future by more than the allowed skew. If so, the clock
// was set back since.
func (in Input) IsAhead(past time.Time) bool { return past.After(in.Now.Add(maxClockSkew)) }

// ChangedSince reports whether a change since the failure may have fixed it. New credentials do not lift a
// rate limit.
func (in Input) ChangedSince(failure *v1alpha1.FailureStatus) bool {
	newCredentials := in.Credentials != nil && !in.Credentials.MatchesVersion(failure.CredentialsVersion)
	return in.Generation != cmp.Or(failure.Generation, in.Last.Generation) || in.IsRenewRequested() ||
		in.ServerVersion != failure.AuthorizationServerVersion ||
		(newCredentials && failure.Reason != v1alpha1.ReasonRateLimited) ||
		in.flagsMayAllow(failure)
}

// OnlyEditedSince reports whether only the spec, the authorization server or the credentials Secret changed
// since a failure. Such an edit may leave the token request as it was.
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

// flagsMayAllow reports whether the failure is a denial by an earlier operator process. The flags of this
// process may allow the endpoint.
func (in Input) flagsMayAllow(failure *v1alpha1.FailureStatus) bool {
	return v1alpha1.Reasons[failure.Reason].DependsOnFlag() && failure.LastAttemptAt.Time.Before(in.Started.Truncate(time.Second))
}

// Answers reports whether a token that was requested for the given renew request also answers the current
// renew request.
func (in Input) Answers(renewRequest string) bool {
	return in.RenewRequest == "" || in.RenewRequest == renewRequest ||
		(in.Token() != nil && in.Token().RenewRequest == in.RenewRequest)
}

// IsRenewRequested reports whether a requested renewal was not tried yet. It checks the status and the Secret,
// so that a failed write of the status does not cause a second renewal.
func (in Input) IsRenewRequested() bool {
	if in.RenewRequest == "" || in.RenewRequest == in.Last.RenewRequest {
		return false
	}
	return in.Token() == nil || in.Token().RenewRequest != in.RenewRequest
}
