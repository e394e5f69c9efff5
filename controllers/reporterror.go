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

// reportError ends a reconcile in which a request to the API server failed. The status has the cause and
// the backoff, and Ready stays True only while the token is valid.
func (r *reporter) reportError(ctx context.Context, o *observed, err error) (reconcile.Result, error) {
	if ctx.Err() != nil {
		// The operator shuts down. The next leader tries again.
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
	return r.report(ctx, o, renewal.Decision{Action: renewal.Wait, Why: "the API server"}, outcome), nil
}

// timedOut returns the failure of a reconcile that timed out; nil for another error. The cause
// is a slow API server, or several slow requests to an authorization server.
func (r *reporter) timedOut(err error) *problem.Problem {
	if !errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return problem.Retry(problem.Unavailable, v1alpha1.ReasonAPIRequestFailed,
		"the reconcile took longer than %s (%s); it is retried", r.timeout, shorten(err.Error()))
}

// reportNotTakenOver reports that the target could not be taken over. It returns nil if no takeover has
// failed. The takeover comes before everything else, even if the ClientCredential is suspended or lacks
// its credentials.
func (r *reporter) reportNotTakenOver(ctx context.Context, o *observed, notTakenOver *problem.Problem) *reconcile.Result {
	decision := renewal.Decision{Action: renewal.Wait, Why: "the Secret could not be taken over"}
	if notTakenOver != nil {
		decision.Problem = notTakenOver
		result := r.report(ctx, o, decision, status.Outcome{Attempted: true, Failure: notTakenOver})
		return &result
	}
	failure := o.awaitsTakeOver()
	if failure == nil {
		return nil
	}
	decision.Until = failure.RetryAt.Time
	decision.Problem = problem.Recorded(failure)
	result := r.report(ctx, o, decision, status.Outcome{})
	return &result
}
