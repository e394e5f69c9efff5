// Package renewal decides what a ClientCredential needs now, and when it needs
// the next look. It is pure: the time is an argument.
package renewal

import (
	"cmp"
	"fmt"
	"time"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
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
	Declaration *oauth2.Error

	// ServerVersion tells one state of the object that declares the authorization
	// server from another; empty when the spec itself declares it.
	ServerVersion string

	// Credentials is the credentials Secret; nil when the spec names none.
	Credentials *Credentials
	TargetName  string
	// Target is the Secret that the token goes to; nil when it does not exist.
	Target *tokensecret.State
	// Rival is an older ClientCredential with the same target; may be empty.
	Rival string

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
	// Allowed tells that it carries the label that allows its use, or needs none.
	Allowed bool
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
	Problem *oauth2.Error
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
	declarationWrong, targetTaken, credentialsUnusable,
	// A failure is not tried again too soon, unless something changed.
	backingOff,
	// Nor is a Secret made again without end that others delete again and again.
	goneAgain,
	// Reasons for a new token, the strongest first.
	noToken, requestChanged, renewRequested, renewUnfulfilled, due,
	// The token may have been changed by others, which is not repaired without end
	// either, or be from other credentials.
	driftedAgain, drifted, credentialsChanged,
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

// Valid tells whether the target holds an unexpired token for the request.
func (in Input) Valid() bool {
	token := in.Token()
	return token != nil && !in.Target.Tampered &&
		token.RequestHash == in.RequestHash && in.Now.Before(token.ExpiresAt)
}

// nextChange is the given instant, or the expiry of a token that is valid now
// when that comes first: then the status changes. Zero is never.
func (in Input) nextChange(until time.Time) time.Time {
	if in.Valid() && (until.IsZero() || in.Token().ExpiresAt.Before(until)) {
		return in.Token().ExpiresAt
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

func suspended(in Input) *Decision {
	if !in.Suspended {
		return nil
	}
	return &Decision{Action: Wait, Why: "suspended", Until: in.nextChange(time.Time{})}
}

func declarationWrong(in Input) *Decision {
	if in.Declaration == nil {
		return nil
	}
	return in.refuse(in.Declaration)
}

func targetTaken(in Input) *Decision {
	switch {
	case in.Target != nil && !in.Target.Owned:
		return in.refuse(problem(v1alpha1.ReasonTargetConflict,
			"Secret %q exists and belongs to %s, so it is not touched: delete that Secret, or set spec.target.name to another name",
			in.TargetName, in.Target.Owner))
	case in.Target == nil && in.Rival != "":
		return in.refuse(problem(v1alpha1.ReasonTargetConflict,
			"the older ClientCredential %q writes to Secret %q too: set spec.target.name of one of them to another name",
			in.Rival, in.TargetName))
	}
	return nil
}

func credentialsUnusable(in Input) *Decision {
	switch {
	case in.Credentials == nil:
		return nil
	case in.Credentials.Version == "":
		return in.refuse(problem(v1alpha1.ReasonCredentialsNotFound,
			"Secret %q does not exist: create it with the client ID and the client secret, or correct spec.credentialsRef.name",
			in.Credentials.Name))
	case !in.Credentials.Allowed:
		return in.refuse(problem(v1alpha1.ReasonCredentialsNotLabelled,
			"Secret %q does not carry the label that allows its use: run kubectl label secret %s %s=%s in its namespace",
			in.Credentials.Name, in.Credentials.Name, v1alpha1.UsageLabel, v1alpha1.UsageClientCredential))
	}
	return nil
}

func backingOff(in Input) *Decision {
	failure := in.failure()
	if failure == nil || !in.Now.Before(failure.RetryAt.Time) || in.ChangedSince(failure) {
		return nil
	}
	return &Decision{Action: Wait, Why: "backing off", Until: in.nextChange(failure.RetryAt.Time)}
}

// failure is the last one, unless a token was issued since or the clock was wrong.
func (in Input) failure() *v1alpha1.FailureStatus {
	failure := in.Last.Failure
	if failure == nil || in.isAhead(failure.LastAttemptAt.Time) {
		return nil
	}
	if token := in.Token(); token != nil && token.IssuedAt.After(failure.LastAttemptAt.Time) {
		return nil
	}
	return failure
}

// isAhead tells of an instant that lies in the past for whoever wrote it, and in
// the future for us.
func (in Input) isAhead(past time.Time) bool { return past.After(in.Now.Add(maxClockSkew)) }

// ChangedSince tells whether something changed that may cure a failure. A limited
// rate is not cured by other credentials.
func (in Input) ChangedSince(failure *v1alpha1.FailureStatus) bool {
	newCredentials := in.Credentials != nil && in.Credentials.Version != failure.CredentialsVersion
	return in.Generation != cmp.Or(failure.Generation, in.Last.Generation) || in.renewRequestIsNew() ||
		in.ServerVersion != failure.AuthorizationServerVersion ||
		(newCredentials && failure.Reason != v1alpha1.ReasonRateLimited) ||
		in.flagsMayAllow(failure)
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

// renewRequestIsNew compares with the status and with the Secret, so that a
// status that could not be written does not renew twice.
func (in Input) renewRequestIsNew() bool {
	if in.RenewRequest == "" || in.RenewRequest == in.Last.RenewRequest {
		return false
	}
	return in.Token() == nil || in.Token().RenewRequest != in.RenewRequest
}

// goneAgain applies where noToken would, too often.
func goneAgain(in Input) *Decision {
	if in.Token() != nil {
		return nil
	}
	return in.contested()
}

// driftedAgain applies where drifted would, too often. What the spec wants since
// its last change is written at once.
func driftedAgain(in Input) *Decision {
	if !in.Target.Drifted || in.Generation != in.Last.Generation {
		return nil
	}
	return in.contested()
}

func (in Input) contested() *Decision {
	next := in.Repairs.NextAt()
	if !in.Now.Before(next) {
		return nil
	}
	until := next
	if in.Token() != nil && in.RenewAt().Before(until) {
		until = in.RenewAt()
	}
	return &Decision{Action: Wait, Why: "the token Secret is contested", Until: in.nextChange(until),
		Problem: problem(v1alpha1.ReasonTargetContested,
			"Secret %q was changed or deleted by someone else %d times in a row, and is repaired next at %s: find out by whom (kubectl get secret %s -o yaml --show-managed-fields), or set spec.target.name to another name",
			in.TargetName, in.Repairs.Count-1, next.UTC().Format(time.RFC3339), in.TargetName)}
}

func noToken(in Input) *Decision {
	switch {
	case in.Target == nil:
		return &Decision{Action: Exchange, Why: "there is no token Secret", Repair: true}
	case in.Token() == nil:
		return &Decision{Action: Exchange, Why: "the token Secret holds no record of a token", Repair: true}
	}
	return nil
}

func requestChanged(in Input) *Decision {
	if in.Token().RequestHash == in.RequestHash {
		return nil
	}
	return exchange("the spec changed")
}

func renewRequested(in Input) *Decision {
	if !in.renewRequestIsNew() {
		return nil
	}
	return exchange("a renewal was requested")
}

// renewUnfulfilled goes on with a request to renew whose first attempt failed.
func renewUnfulfilled(in Input) *Decision {
	if in.failure() == nil || in.RenewRequest == "" || in.RenewRequest == in.Token().RenewRequest {
		return nil
	}
	return exchange("the renewal that was requested failed")
}

func due(in Input) *Decision {
	switch {
	case in.isAhead(in.Token().IssuedAt):
		return exchange("the token seems to be issued in the future")
	case in.Now.Before(in.RenewAt()):
		return nil
	}
	return exchange("the token is due for renewal")
}

func drifted(in Input) *Decision {
	if !in.Target.Drifted {
		return nil
	}
	if in.Generation != in.Last.Generation {
		return &Decision{Action: Verify, Why: "the token Secret is not as the spec has it"}
	}
	return &Decision{Action: Verify, Why: "the token Secret was changed by someone else", Repair: true}
}

func credentialsChanged(in Input) *Decision {
	switch {
	case in.Credentials == nil || in.Credentials.Version == in.Token().CredentialsVersion:
		return nil
	case in.Token().CredentialsVersion == "":
		// The token needed none; a server that is named by reference needs some now.
		return nil
	}
	return &Decision{Action: Verify, Why: "the credentials Secret changed"}
}

// Busy is the decision to wait for others that ask the same host.
func Busy(server string) Decision {
	return Decision{Action: Wait, Why: "busy", Problem: later(v1alpha1.ReasonTokenEndpointBusy,
		"there is no valid token, and too many other requests to the host of %s are under way; it is asked as soon as one ends", server)}
}

// AwaitTurn is the decision to wait for others under a rate limit.
func AwaitTurn(server string, requests int, per time.Duration) Decision {
	return Decision{Action: Wait, Why: "awaiting its turn", Problem: later(v1alpha1.ReasonRateLimited,
		"there is no valid token yet: authorizationServer.rateLimit allows %d requests to %s in %s, and others come first", requests, server, per)}
}

// Paused is the decision to wait as long as the server asked another of the same
// client to wait.
func Paused(server string, until time.Time) Decision {
	return Decision{Action: Wait, Why: "paused", Problem: later(v1alpha1.ReasonRateLimited,
		"there is no valid token, and %s asked this client to wait until %s (Retry-After)", server, until.UTC().Format(time.RFC3339))}
}

func later(reason, format string, args ...any) *oauth2.Error {
	return &oauth2.Error{Reason: reason, Class: oauth2.Retry, Message: fmt.Sprintf(format, args...)}
}

func exchange(why string) *Decision { return &Decision{Action: Exchange, Why: why} }

// refuse looks again only when the token that is still there expires.
func (in Input) refuse(problem *oauth2.Error) *Decision {
	return &Decision{Action: Refuse, Why: problem.Reason, Problem: problem, Until: in.nextChange(time.Time{})}
}

// NextLook is when to look again after an attempt: at retryAt when it failed, else
// when the token is due, and in any case when a valid token expires.
func NextLook(in Input, retryAt time.Time) time.Time {
	if retryAt.IsZero() && in.Token() != nil {
		retryAt = in.RenewAt()
	}
	return in.nextChange(retryAt)
}

func problem(reason, format string, args ...any) *oauth2.Error {
	return &oauth2.Error{Reason: reason, Class: oauth2.WaitForChange, Message: fmt.Sprintf(format, args...)}
}
