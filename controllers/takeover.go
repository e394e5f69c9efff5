package controllers

import (
	"context"
	"errors"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// takeOver makes the ClientCredential the owner of a Secret that an earlier ClientCredential of this name
// left. It runs before any decision, because the garbage collector deletes a Secret whose owner does not
// exist, and its token may be the only token for a while. takeOver returns the new observation.
// takeOverProblem says why the Secret could not be taken over.
func (w *secretWriter) takeOver(ctx context.Context, o *observed) (after *observed, takeOverProblem *problem.Problem, err error) {
	if o.Target == nil || !o.Target.Inherited || o.Target.Finalizers != nil || o.ConflictingOwner != "" {
		return o, nil, nil
	}
	if o.takeOverBackoff() != nil {
		return o, nil, nil
	}
	// A deleted ClientCredential must not take the Secret of a new ClientCredential with its name.
	if err := w.targets.live.confirmOwner(ctx, o.owner); err != nil {
		return o, nil, err
	}
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: o.owner.Namespace, Name: o.TargetName}}
	patch := client.RawPatch(types.StrategicMergePatchType, o.Target.TakeOverPatch(o.owner))
	err = w.client.Patch(ctx, secret, patch, client.FieldOwner(tokensecret.FieldManager))
	if err != nil {
		err = w.targetConflictOr(ctx, o, err)
	}
	switch {
	case errors.Is(err, errCacheBehind):
		return o, nil, err
	case err != nil:
		return o, w.takeOverFailure(ctx, o, err), nil
	}
	logger(ctx).Info("Took over the Secret that an earlier ClientCredential of this name left", "secret", o.TargetName)
	state := tokensecret.StateOf(o.owner, secret)
	state.Inherited = true
	w.memory.update(o.owner, func(e *entry) { e.rememberTarget(o.owner, state) })
	return o.withTarget(state), nil, nil
}

// takeOverBackoff returns the failure of the last takeover attempt while its backoff runs; nil otherwise.
func (o *observed) takeOverBackoff() *v1alpha1.FailureStatus {
	failure := o.BackoffFailure()
	if failure == nil || failure.Reason != v1alpha1.ReasonSecretWriteFailed ||
		o.Target == nil || !o.Target.Inherited || o.Target.Owned {
		return nil
	}
	return failure
}

// takeOverFailure returns the problem of a takeover that the API server refused. The data of the Secret is
// redacted from the message, because an admission webhook may quote it.
func (w *secretWriter) takeOverFailure(ctx context.Context, o *observed, refusal error) *problem.Problem {
	message := ""
	if secret, err := w.targets.live.target(ctx, o); err == nil {
		message = redacted(refusal, secret)
	}
	return problem.SecretNotTakenOver(apiFailureClass(refusal), o.TargetName, message)
}

func redacted(refusal error, secret *corev1.Secret) string {
	token := oauth2.Token{AccessToken: oauth2.NewSensitive(string(secret.Data[v1alpha1.AccessTokenKey]))}
	return shorten(token.Redact(refusal.Error(), sensitive(secret.Data)...))
}
