package controllers

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// syncOwnerReference sets the owner reference of the target to match a new spec, and returns the new
// observation. It does so even for a suspended ClientCredential, because if its deletion policy becomes
// Retain, its deletion must not delete the Secret.
func (w *secretWriter) syncOwnerReference(ctx context.Context, o *observed) (after *observed, err error) {
	if o.Target == nil || !o.Target.NeedsReference() || o.Target.Finalizers != nil || o.Generation == o.Last.Generation {
		return o, nil
	}
	secret, err := w.setOwnerReference(ctx, o.owner, o.TargetName, o.Target)
	if err != nil {
		err = w.targetConflictOr(ctx, o, err)
	}
	switch {
	case errors.Is(err, errCacheBehind):
		return o, err
	case err != nil:
		// A wrong owner reference counts as drift. The next write of the Secret reports a failure in the
		// status.
		logger(ctx).Info("Cannot set the owner reference of the token Secret", "secret", o.TargetName, "message", err.Error())
		return o, nil
	}
	state := tokensecret.StateOf(o.owner, secret)
	w.memory.update(o.owner, func(e *entry) { e.rememberTarget(o.owner, state) })
	return o.withTarget(state), nil
}

// setOwnerReference sets the owner reference of a Secret of the ClientCredential.
func (w *secretWriter) setOwnerReference(ctx context.Context, owner *v1alpha1.ClientCredential, name string, state *tokensecret.State) (*corev1.Secret, error) {
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: owner.Namespace, Name: name}}
	patch := client.RawPatch(types.StrategicMergePatchType, state.OwnerReferencePatch(owner))
	if err := w.client.Patch(ctx, secret, patch, client.FieldOwner(tokensecret.FieldManager)); err != nil {
		return nil, fmt.Errorf("set the owner reference of token Secret %q: %w", name, withoutMessage(err))
	}
	logger(ctx).Info("Set the owner reference of the token Secret to match spec.target.deletionPolicy", "secret", name)
	return secret, nil
}
