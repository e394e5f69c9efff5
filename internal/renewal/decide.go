// Package renewal decides what a ClientCredential needs now, and when to decide again.
// It is pure: the time is an argument.
package renewal

import (
	"slices"
	"time"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// Input is everything that a decision depends on.
type Input struct {
	Now    time.Time
	Policy Policy
	// Started is when this operator process started. Its flags may differ from the previous process's.
	Started time.Time

	Generation int64
	Suspended  bool
	// RenewRequest is the value of the annotation that requests a renewal; may be empty.
	RenewRequest string
	// RequestHash is the hash of the spec, see tokensecret.RequestHash.
	RequestHash string
	// DeclarationProblem is the problem with the declaration of the authorization server; nil if there is none.
	DeclarationProblem *problem.Problem

	// TemplateProblem is the problem with the template of the token Secret; nil if there is none.
	TemplateProblem *problem.Problem

	// ServerVersion identifies the version of the object that declares the authorization server. It is
	// empty if the spec declares the server itself.
	ServerVersion string

	// Credentials describes the credentials Secret; nil if the spec names none.
	Credentials *Credentials
	TargetName  string
	// Target is the state of the Secret that holds the token; nil if the Secret does not exist.
	Target *tokensecret.State
	// ConflictingOwner is a ClientCredential with the same target that takes precedence; may be empty.
	ConflictingOwner string
	// Unwritten is true if memory holds a valid token for the same request that is not in the Secret yet.
	// That token is no older than the token in the target.
	Unwritten bool

	// IsRecovered is true if the last attempt failed during an outage that is over.
	IsRecovered bool
	// Last is the last status.
	Last Last
	// Repairs counts this operator's recent repairs of the target.
	Repairs Repairs
}

// Credentials describes the credentials Secret by its metadata.
type Credentials struct {
	Name string
	// Version is the resourceVersion of the Secret; empty if the Secret does not exist.
	Version string
	// Same lists earlier versions of the Secret with the same credentials. An edit of a label, for
	// example, leaves the credentials as they are.
	Same []string
	// Allowed is true if the Secret carries the label that allows its use, or needs no label.
	Allowed bool
	// Issued is true if the Secret is itself a token Secret.
	Issued bool
}

// Problem returns the problem that prevents the use of the Secret; nil if there is none.
func (c *Credentials) Problem() *problem.Problem {
	switch {
	case c == nil:
		return nil
	case c.Version == "":
		return problem.CredentialsNotFound(c.Name, "", "")
	case !c.Allowed:
		return problem.NotLabelled(v1alpha1.ReasonCredentialsNotLabelled, "Secret", c.Name)
	}
	return nil
}

// MatchesVersion reports whether the Secret held the same credentials at the given version.
func (c Credentials) MatchesVersion(version string) bool {
	return c.Version == version || slices.Contains(c.Same, version)
}

// CredentialsVersion returns the resourceVersion of the credentials Secret. It is empty if there is none.
func (in Input) CredentialsVersion() string {
	if in.Credentials == nil {
		return ""
	}
	return in.Credentials.Version
}

// Last is the part of the last status that decisions depend on.
type Last struct {
	Generation   int64
	RenewRequest string
	Failure      *v1alpha1.FailureStatus
	Token        *v1alpha1.TokenStatus
}

// Action is what to do now.
type Action string

const (
	// Keep leaves the Secret as it is, because it holds a good token.
	Keep Action = "Keep"
	// Exchange requests a new token.
	Exchange Action = "Exchange"
	// Verify reads the Secret, because its metadata cannot show whether it still holds its token. If it
	// does, the Secret is written again. If it does not, a new token is requested.
	Verify Action = "Verify"
	// Repair is Verify, but does nothing if the Secret does not hold its token.
	Repair Action = "Repair"
	// Wait does nothing until Decision.Until.
	Wait Action = "Wait"
	// Refuse does nothing until something changes.
	Refuse Action = "Refuse"
)

// Decision is what to do and why.
type Decision struct {
	Action Action
	// Why is a short text for the log.
	Why string
	// Until is when to decide again; zero if only a change can help.
	Until time.Time
	// Problem is the problem that prevents an action. It is nil if nothing prevents the action, or if the
	// operator only backs off after a failed attempt.
	Problem *problem.Problem
	// Repair is true if the action repairs the target. Input.Repairs counts such actions.
	Repair bool
}

// rule returns a decision, or nil if the rule does not apply.
type rule func(Input) *Decision

// rules are in order: the first rule that applies decides.
var rules = []rule{
	// While suspended, nothing happens, regardless of other problems.
	suspended,
	// Report configuration errors before trying anything.
	declarationWrong, templateWrong, targetTaken, credentialsUnusable,
	// Do not retry a failure too soon, unless something changed.
	backingOff,
	// Stop recreating a Secret that keeps being deleted.
	goneAgain,
	// Reasons for a new token, the most important first.
	noToken, unwritten, requestChanged, renewRequested, renewUnfulfilled, due,
	// The token may come from a backup, may have been changed by another writer, or may be from other
	// credentials. Stop repairing a Secret that keeps being changed.
	inherited, driftedAgain, drifted, credentialsChanged,
}

// Decide returns what to do now.
func Decide(in Input) Decision {
	for _, rule := range rules {
		if decision := rule(in); decision != nil {
			return *decision
		}
	}
	return Decision{Action: Keep, Why: "the token is good", Until: in.nextChange(in.RenewAt())}
}

// Token returns the record of the token in the target; nil if the target holds none, or has another owner.
func (in Input) Token() *tokensecret.Record {
	if in.Target == nil || !in.Target.Owned {
		return nil
	}
	return in.Target.Record
}

// Valid reports whether the target holds an unexpired token for the request. If the clock was set back
// since the token was issued, its expiry is unknown, and the token is not valid.
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

// nextChange returns the earlier of until and the next change of the status. The status changes when a valid
// token expires, and when a clock that was set back reaches the issue time of the token. A zero time means
// never.
func (in Input) nextChange(until time.Time) time.Time {
	switch {
	case in.Valid():
		return Earliest(until, in.Token().ExpiresAt)
	case in.MayBeIntact() && in.IsAhead(in.Token().IssuedAt):
		return Earliest(until, in.Token().IssuedAt.Add(-maxClockSkew))
	}
	return until
}

// RenewAt returns when to renew the token in the target. The target must hold a token.
func (in Input) RenewAt() time.Time {
	planned := in.Policy.RenewAt(in.Token().IssuedAt, in.Token().ExpiresAt)
	if last := in.Last.Token; in.isOfToken(last) && last.RenewAt.After(planned) &&
		!last.RenewAt.After(justAfter(in.Token().ExpiresAt)) {
		// The server returned the same token again, so the next request was postponed.
		return last.RenewAt.Time
	}
	return planned
}

// isOfToken reports whether the last status describes the token in the target, and the current spec.
func (in Input) isOfToken(last *v1alpha1.TokenStatus) bool {
	return last != nil && in.Generation == in.Last.Generation &&
		last.IssuedAt.Time.Equal(in.Token().IssuedAt) && last.ExpiresAt.Time.Equal(in.Token().ExpiresAt)
}

// RequeueAt returns when to requeue after an attempt: at retryAt if the attempt failed, otherwise when the
// token is due for renewal. retryAt is zero after a success. If a valid token expires earlier, RequeueAt
// returns its expiry.
func RequeueAt(in Input, retryAt time.Time) time.Time {
	if retryAt.IsZero() && in.Token() != nil {
		retryAt = in.RenewAt()
	}
	return in.nextChange(retryAt)
}
