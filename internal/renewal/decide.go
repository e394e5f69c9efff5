// Package renewal decides what a ClientCredential needs now, and when it needs
// the next look. It is pure: the time is an argument.
package renewal

import (
	"slices"
	"time"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// Input is all that a decision rests on.
type Input struct {
	Now    time.Time
	Policy Policy
	// Started is when this operator started, with flags of its own.
	Started time.Time

	Generation int64
	Suspended  bool
	// RenewRequest is the value of the annotation that asks for a renewal; may be empty.
	RenewRequest string
	// RequestHash of the spec, see tokensecret.RequestHash.
	RequestHash string
	// Declaration is what is wrong with the declared authorization server; nil
	// when nothing is.
	Declaration *problem.Problem

	// Template is what is wrong with the template of the token Secret; nil when
	// nothing is.
	Template *problem.Problem

	// ServerVersion tells one state of the object that declares the authorization
	// server from another; empty when the spec itself declares it.
	ServerVersion string

	// Credentials is the credentials Secret; nil when the spec names none.
	Credentials *Credentials
	TargetName  string
	// Target is the Secret that the token goes to; nil when it does not exist.
	Target *tokensecret.State
	// ConflictingOwner is a ClientCredential with the same target that goes first; may be empty.
	ConflictingOwner string
	// Unwritten is true if a valid token for the same request, no older than that of the
	// target, waits in memory to be written.
	Unwritten bool

	// IsRecovered is true if the last attempt failed during an outage of the server that is over.
	IsRecovered bool
	// Last is what the last status says.
	Last Last
	// Repairs of the target that this operator made lately.
	Repairs Repairs
}

// Credentials is what the metadata of the credentials Secret tells.
type Credentials struct {
	Name string
	// Version is its resourceVersion; empty when it does not exist.
	Version string
	// Same are earlier versions that held the same credentials: a label was edited since.
	Same []string
	// Allowed tells that it carries the label that allows its use, or needs none.
	Allowed bool
	// Issued tells that it is a token Secret itself.
	Issued bool
}

// Are reports whether the credentials are those of a version of the Secret.
func (c Credentials) Are(version string) bool {
	return c.Version == version || slices.Contains(c.Same, version)
}

// CredentialsVersion returns the resourceVersion of the credentials Secret; empty without one.
func (in Input) CredentialsVersion() string {
	if in.Credentials == nil {
		return ""
	}
	return in.Credentials.Version
}

// Last is the part of the last status that decisions rest on.
type Last struct {
	Generation   int64
	RenewRequest string
	Failure      *v1alpha1.FailureStatus
	Token        *v1alpha1.TokenStatus
}

// Action is what a decision asks for.
type Action string

const (
	// Keep: the Secret holds a good token.
	Keep Action = "Keep"
	// Exchange: a new token is needed.
	Exchange Action = "Exchange"
	// Verify: the metadata cannot tell whether the Secret still holds its token.
	// Read it; write it again when it does, exchange when it does not.
	Verify Action = "Verify"
	// Repair: as Verify, but nothing is done when the Secret does not hold its token.
	Repair Action = "Repair"
	// Wait: nothing is to be done before an instant.
	Wait Action = "Wait"
	// Refuse: nothing can be done before someone changes something.
	Refuse Action = "Refuse"
)

// Decision is what to do and why.
type Decision struct {
	Action Action
	// Why is a short text for the log.
	Why string
	// Until is when to look again; zero when only a change can help.
	Until time.Time
	// Problem is what stands in the way, if that is not a failed attempt.
	Problem *problem.Problem
	// Repair tells that the action makes up for what the target lacks.
	Repair bool
}

// rule is one reason to decide. It returns nil when it does not apply.
type rule func(Input) *Decision

// rules in their order: the first that applies decides.
var rules = []rule{
	// Who suspends wants nothing to happen, whatever else is the matter.
	suspended,
	// What cannot work is said before anything is tried.
	declarationWrong, templateWrong, targetTaken, credentialsUnusable,
	// A failure is not tried again too soon, unless something changed.
	backingOff,
	// Nor is a Secret made again without end that others delete again and again.
	goneAgain,
	// Reasons for a new token, the strongest first.
	noToken, unwritten, requestChanged, renewRequested, renewUnfulfilled, due,
	// The token may come from a backup, may have been changed by others, which is not
	// repaired without end either, or be from other credentials.
	inherited, driftedAgain, drifted, credentialsChanged,
}

// Decide says what is to be done.
func Decide(in Input) Decision {
	for _, rule := range rules {
		if decision := rule(in); decision != nil {
			return *decision
		}
	}
	return Decision{Action: Keep, Why: "the token is good", Until: in.nextChange(in.RenewAt())}
}

// Token is the record of the token that the target holds; nil without one.
func (in Input) Token() *tokensecret.Record {
	if in.Target == nil || !in.Target.Owned {
		return nil
	}
	return in.Target.Record
}

// Valid reports whether the target holds an unexpired token for the request. If the clock was
// set back since the issue of the token, its expiry is unknown.
func (in Input) Valid() bool {
	return in.MayBeIntact() && !in.Target.Tampered && !in.IsAhead(in.Token().IssuedAt)
}

// MayBeIntact reports whether the target has the record of an unexpired token for the
// request. The Secret may have been tampered with: only its data shows whether the token is
// still there.
func (in Input) MayBeIntact() bool {
	token := in.Token()
	return token != nil && token.RequestHash == in.RequestHash && in.Now.Before(token.ExpiresAt)
}

// nextChange returns the given instant, or an earlier one at which the status changes: the
// expiry of a token that is valid now, or the time when the clock has caught up with the
// issue of a token. Zero is never.
func (in Input) nextChange(until time.Time) time.Time {
	var change time.Time
	switch {
	case in.Valid():
		change = in.Token().ExpiresAt
	case in.MayBeIntact() && in.IsAhead(in.Token().IssuedAt):
		change = in.Token().IssuedAt.Add(-maxClockSkew)
	default:
		return until
	}
	if until.IsZero() || change.Before(until) {
		return change
	}
	return until
}

// RenewAt is when the token that the target holds is to be renewed. Only for an
// input with a token.
func (in Input) RenewAt() time.Time {
	planned := in.Policy.RenewAt(in.Token().IssuedAt, in.Token().ExpiresAt)
	if last := in.Last.Token; in.isOfToken(last) && last.RenewAt.After(planned) &&
		!last.RenewAt.After(justAfter(in.Token().ExpiresAt)) {
		// The server gave the same token again, so the next try was put off.
		return last.RenewAt.Time
	}
	return planned
}

// isOfToken tells whether the last status is about the token that the target
// holds, under the same spec.
func (in Input) isOfToken(last *v1alpha1.TokenStatus) bool {
	return last != nil && in.Generation == in.Last.Generation &&
		last.IssuedAt.Time.Equal(in.Token().IssuedAt) && last.ExpiresAt.Time.Equal(in.Token().ExpiresAt)
}

// RequeueAt is when to look again after an attempt: at retryAt when it failed, else
// when the token is due, and in any case when a valid token expires.
func RequeueAt(in Input, retryAt time.Time) time.Time {
	if retryAt.IsZero() && in.Token() != nil {
		retryAt = in.RenewAt()
	}
	return in.nextChange(retryAt)
}
