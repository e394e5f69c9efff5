package controllers

import (
	"context"
	"errors"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/renewal"
	"github.com/tokensync/tokensync/internal/status"
)

// reportError ends a reconcile in which a request to the API server failed. It reports the cause and the
// backoff in the status. Ready stays True only while the token is valid.
func (r *reporter) reportError(ctx context.Context, o *observed, err error) (reconcile.Result, error) {
	if ctx.Err() != nil {
		// The operator shuts down. The next leader retries.
		return reconcile.Result{}, err
	}
	if errors.Is(err, errCacheBehind) {
		if meta.IsStatusConditionTrue(o.previous.Conditions, v1alpha1.ReadyCondition) && o.Token() != nil && !o.Valid() {
			r.report(ctx, o, renewal.Decision{Action: renewal.Wait, Why: "the cache is behind"}, status.Outcome{})
		}
		return reconcile.Result{}, err
	}
	outcome := status.Outcome{Attempted: true, Failure: r.timedOut(err)}
	if outcome.Failure == nil {
		outcome.Failure = apiFailure(err)
	}
	return r.report(ctx, o, renewal.Decision{Action: renewal.Wait, Why: "a request to the API server failed"}, outcome), nil
}

// timedOut returns the failure of a reconcile that timed out; nil for any other error. The cause is a slow
// API server, or several slow requests to an authorization server.
func (r *reporter) timedOut(err error) *problem.Problem {
	if !errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return problem.Retry(problem.Unavailable, v1alpha1.ReasonAPIRequestFailed,
		"the reconcile took longer than %s (%s); it is retried", r.timeout, shorten(err.Error()))
}

// reportTakeOverProblem reports that the target could not be taken over. It returns nil if no takeover has
// failed. A failed takeover ends the reconcile, even if the ClientCredential is suspended or lacks its
// credentials.
func (r *reporter) reportTakeOverProblem(ctx context.Context, o *observed, takeOverProblem *problem.Problem) *reconcile.Result {
	decision := renewal.Decision{Action: renewal.Wait, Why: "the Secret could not be taken over"}
	if takeOverProblem != nil {
		decision.Problem = takeOverProblem
		result := r.report(ctx, o, decision, status.Outcome{Attempted: true, Failure: takeOverProblem})
		return &result
	}
	failure := o.takeOverBackoff()
	if failure == nil {
		return nil
	}
	decision.Until = failure.RetryAt.Time
	decision.Problem = problem.Recorded(failure)
	result := r.report(ctx, o, decision, status.Outcome{})
	return &result
}
