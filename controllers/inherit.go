package controllers

import (
	"context"
	"errors"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/renewal"
	"github.com/tokensync/tokensync/internal/status"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// takeOver makes the ClientCredential the owner of a Secret that an earlier one of its
// name left. It comes before any decision: the garbage collector deletes a Secret whose
// owner does not exist, and its token may be the only one for a while.
func (r *Reconciler) takeOver(ctx context.Context, o *observed) error {
	if o.Target == nil || !o.Target.Inherited || o.Target.Finalizers != nil || o.Rival != "" {
		return nil
	}
	if o.awaitsTakeOver() != nil {
		return nil
	}
	// A deleted ClientCredential must not get the Secret of a new one with its name.
	if err := r.confirmOwner(ctx, o.owner); err != nil {
		return err
	}
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: o.owner.Namespace, Name: o.TargetName}}
	patch := client.RawPatch(types.StrategicMergePatchType, o.Target.TakeOver(o.owner))
	err := r.Client.Patch(ctx, secret, patch, client.FieldOwner(tokensecret.FieldManager))
	if err != nil {
		err = r.targetConflictOr(ctx, o, err)
	}
	switch {
	case errors.Is(err, errCacheBehind):
		return err
	case err != nil:
		o.notTakenOver = r.takeOverFailure(ctx, o, err)
		return nil
	}
	logger(ctx).Info("Took over the Secret that an earlier ClientCredential of this name left", "secret", o.TargetName)
	o.Target = tokensecret.StateOf(o.owner, secret)
	o.Target.Inherited = true
	r.memory.rememberTarget(o.owner, o.Target)
	return nil
}

// awaitsTakeOver returns the failure of the last attempt to take the target over, while
// its backoff runs; nil otherwise.
func (o *observed) awaitsTakeOver() *v1alpha1.FailureStatus {
	failure := o.BackingOff()
	if failure == nil || failure.Reason != v1alpha1.ReasonSecretWriteFailed ||
		o.Target == nil || !o.Target.Inherited || o.Target.Owned {
		return nil
	}
	return failure
}

// reportNotTakenOver tells that the target could not be taken over. Nothing else is done
// before, also while the ClientCredential is suspended or lacks its credentials.
func (r *Reconciler) reportNotTakenOver(ctx context.Context, o *observed) (result reconcile.Result, isReported bool) {
	decision := renewal.Decision{Action: renewal.Wait, Why: "the Secret could not be taken over"}
	if o.notTakenOver != nil {
		decision.Problem = o.notTakenOver
		return r.report(ctx, o, decision, status.Outcome{Attempted: true, Failure: o.notTakenOver}), true
	}
	failure := o.awaitsTakeOver()
	if failure == nil {
		return reconcile.Result{}, false
	}
	decision.Until = failure.RetryAt.Time
	decision.Problem = problem.Recorded(failure)
	return r.report(ctx, o, decision, status.Outcome{}), true
}

// takeOverFailure is why the API server refused that. An admission webhook saw the data of
// the Secret, so the data is cut out of its message.
func (r *Reconciler) takeOverFailure(ctx context.Context, o *observed, refusal error) *problem.Problem {
	said := ""
	if secret, err := r.target(ctx, o); err == nil {
		said = ": " + redacted(refusal, secret)
	}
	return problem.Retry(apiFailureClass(refusal), v1alpha1.ReasonSecretWriteFailed,
		"Secret %q, which an earlier ClientCredential of this name left, cannot be taken over%s; that is retried. To have a new token instead, delete that Secret",
		o.TargetName, said)
}

func redacted(refusal error, secret *corev1.Secret) string {
	token := oauth2.Token{AccessToken: oauth2.NewSensitive(string(secret.Data[v1alpha1.AccessTokenKey]))}
	return shorten(token.Redact(refusal.Error(), sensitive(secret.Data)...))
}
