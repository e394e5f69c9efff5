package renewal

import (
	"time"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
)

func suspended(in Input) *Decision {
	if !in.Suspended {
		return nil
	}
	return &Decision{Action: Wait, Why: "suspended", Until: in.nextChange(time.Time{})}
}

func declarationWrong(in Input) *Decision {
	if in.DeclarationProblem == nil {
		return nil
	}
	return in.refuse(in.DeclarationProblem)
}

func templateWrong(in Input) *Decision {
	if in.TemplateProblem == nil {
		return nil
	}
	return in.refuse(in.TemplateProblem)
}

func targetTaken(in Input) *Decision {
	switch {
	case in.Target != nil && !in.Target.Owned && !in.Target.Adoptable && !in.Target.Inherited:
		return in.refuse(problem.Retry(problem.ObjectNotReady, v1alpha1.ReasonTargetConflict,
			"Secret %q exists and belongs to %s, so it is not touched: %s, or set spec.target.name to another name",
			in.TargetName, in.Target.Owner, in.Target.Remedy))
	case in.Target.IsTerminating():
		return in.refuse(problem.Retry(problem.ObjectNotReady, v1alpha1.ReasonTargetConflict,
			"Secret %q is being deleted, and the operator could not remove its finalizer %s: check the operator's role and the admission policies, or set spec.target.name to another name",
			in.TargetName, v1alpha1.RevokeTokenFinalizer))
	case in.Target != nil && in.Target.Finalizers != nil:
		return in.refuse(problem.Retry(problem.ObjectNotReady, v1alpha1.ReasonTargetConflict,
			"Secret %q is being deleted and waits for its finalizers %q: have them removed, or set spec.target.name to another name",
			in.TargetName, in.Target.Finalizers))
	case in.Target != nil && in.Target.Adoptable && in.Target.AdoptionBlocker != "":
		return in.refuse(problem.Retry(problem.ObjectNotReady, v1alpha1.ReasonTargetConflict,
			"Secret %q cannot be adopted: %s: correct that Secret, delete it, or set spec.target.name to another name",
			in.TargetName, in.Target.AdoptionBlocker))
	case in.Target.IsFree() && in.ConflictingOwner != "":
		return in.refuse(problem.Retry(problem.ObjectNotReady, v1alpha1.ReasonTargetConflict,
			"ClientCredential %q writes to Secret %q too, and takes precedence: set spec.target.name of one of them to another name",
			in.ConflictingOwner, in.TargetName))
	}
	return nil
}

func credentialsUnusable(in Input) *Decision {
	if found := in.Credentials.Problem(); found != nil {
		return in.refuse(found)
	}
	return nil
}

func backingOff(in Input) *Decision {
	failure := in.BackoffFailure()
	if failure == nil {
		return nil
	}
	decision := &Decision{Action: Wait, Why: "backing off", Until: in.nextChange(failure.RetryAt.Time)}
	if in.MayBeIntact() && in.Target.Drifted && in.contested() == nil {
		decision.Action, decision.Why = Repair, "the token Secret was changed or inherited, and the renewal is failing"
		decision.Repair = true
	}
	return decision
}

// goneAgain stops noToken from recreating a Secret too often.
func goneAgain(in Input) *Decision {
	if in.Token() != nil {
		return nil
	}
	return in.contested()
}

// driftedAgain stops drifted from repairing a Secret too often. A change of the spec is written
// immediately.
func driftedAgain(in Input) *Decision {
	if !in.Target.Drifted || in.Generation != in.Last.Generation {
		return nil
	}
	return in.contested()
}

// MayRepair reports whether the target may be repaired now. Repeated repairs have a delay between them.
func (in Input) MayRepair() bool { return in.contested() == nil }

func (in Input) contested() *Decision {
	next := in.Repairs.NextAt()
	if !in.Now.Before(next) || in.IsAhead(in.Repairs.LastAt) || in.IsRenewRequested() {
		return nil
	}
	until := next
	if in.Token() != nil && in.RenewAt().Before(until) {
		until = in.RenewAt()
	}
	return &Decision{Action: Wait, Why: "the token Secret is contested", Until: in.nextChange(until),
		Problem: problem.Stalled(v1alpha1.ReasonTargetContested,
			"Secret %q was changed or deleted by another client %d times in a row, and is repaired next at %s: find that client (kubectl get secret %s -o yaml --show-managed-fields), or set spec.target.name to another name",
			in.TargetName, in.Repairs.Count-1, next.UTC().Format(time.RFC3339), in.TargetName)}
}

func noToken(in Input) *Decision {
	switch {
	case in.Target == nil:
		return &Decision{Action: Exchange, Why: "there is no token Secret", Repair: true}
	case in.Target.Adoptable:
		return &Decision{Action: Exchange, Why: "the Secret can be adopted"}
	case in.Target.Inherited && !in.Target.Owned:
		return &Decision{Action: Verify, Why: "an earlier ClientCredential of this name left the Secret"}
	case in.Token() == nil:
		return &Decision{Action: Exchange, Why: "the token Secret holds no record of a token", Repair: true}
	}
	return nil
}

// unwritten comes before every rule that would write the target's token again. That token is no longer
// valid if the server keeps only one token per client.
func unwritten(in Input) *Decision {
	if !in.Unwritten {
		return nil
	}
	return &Decision{Action: Exchange, Why: "a newer token waits to be written", Repair: in.Target.Drifted}
}

func requestChanged(in Input) *Decision {
	if in.Token().RequestHash == in.RequestHash {
		return nil
	}
	return exchange("the spec changed")
}

func renewRequested(in Input) *Decision {
	if !in.IsRenewRequested() {
		return nil
	}
	return exchange("a renewal was requested")
}

// renewUnfulfilled retries a requested renewal whose first attempt failed.
func renewUnfulfilled(in Input) *Decision {
	if in.LastFailure() == nil || in.RenewRequest == "" || in.RenewRequest == in.Token().RenewRequest {
		return nil
	}
	return exchange("the requested renewal failed")
}

func due(in Input) *Decision {
	switch {
	case in.IsAhead(in.Token().IssuedAt):
		return exchange("the token seems to have been issued in the future")
	case in.Now.Before(in.RenewAt()):
		return nil
	}
	return exchange("the token is due for renewal")
}

// inherited verifies a token that an earlier ClientCredential of this name requested. The Secret may come
// from a backup.
func inherited(in Input) *Decision {
	if !in.Target.Inherited {
		return nil
	}
	return &Decision{Action: Verify, Why: "an earlier ClientCredential of this name left the token Secret"}
}

func drifted(in Input) *Decision {
	if !in.Target.Drifted {
		return nil
	}
	if in.Generation != in.Last.Generation {
		return &Decision{Action: Verify, Why: "the token Secret differs from the spec"}
	}
	return &Decision{Action: Verify, Why: "the token Secret was changed by another client", Repair: true}
}

func credentialsChanged(in Input) *Decision {
	switch {
	case in.Credentials == nil || in.Credentials.MatchesVersion(in.Token().CredentialsVersion):
		return nil
	case in.Token().CredentialsVersion == "":
		// The token was requested without credentials: the server did not require them then. A change of its
		// declaration takes effect at the next renewal.
		return nil
	}
	if soonest := in.Token().IssuedAt.Add(MinInterval); in.Credentials.Issued && in.Now.Before(soonest) {
		// Two ClientCredentials may each use the other's token as credentials.
		return &Decision{Action: Keep, Why: "the token is new", Until: in.nextChange(soonest)}
	}
	return &Decision{Action: Verify, Why: "the credentials Secret changed"}
}

func exchange(why string) *Decision { return &Decision{Action: Exchange, Why: why} }

// refuse returns the decision to do nothing. The next decision is due only when a valid token expires.
func (in Input) refuse(found *problem.Problem) *Decision {
	return &Decision{Action: Refuse, Why: found.Reason, Problem: found, Until: in.nextChange(time.Time{})}
}
