package controllers

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/resolve"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// finalizerWriter sets and removes the finalizer of ClientCredentials.
type finalizerWriter struct {
	client client.Client
	live   liveReader
	memory *memory
}

// sync sets the finalizer on a ClientCredential whose token must be revoked on deletion, and otherwise
// removes it. It reports whether it sent a change, even if that failed.
func (w *finalizerWriter) sync(ctx context.Context, o *observed) (changed bool, err error) {
	if o.DeclarationProblem != nil {
		return false, nil //nolint:nilerr // An unusable declaration does not say whether to revoke.
	}
	wanted := oauth2.RevokesOnDelete(o.server.AuthorizationServerSpec)
	switch has := tokensecret.IsHeld(o.owner); {
	case wanted && !has:
		if !o.remembered.maySetFinalizer(o.Now) {
			return false, nil
		}
		err = w.add(ctx, o.owner)
	case !wanted && has:
		err = w.remove(ctx, o.owner)
	default:
		return false, nil
	}
	if err == nil {
		w.memory.update(o.owner, func(e *entry) { e.rememberFinalizer(wanted, o.Now) })
	}
	return true, err
}

// maySetFinalizer reports whether the finalizer may be set now. It may be set once per holdInterval,
// because another controller may keep removing it.
func (k remembered) maySetFinalizer(now time.Time) bool {
	return k.finalizerSetAt.IsZero() || now.Sub(k.finalizerSetAt).Abs() >= holdInterval
}

func (e *entry) rememberFinalizer(isSet bool, now time.Time) {
	if e.finalizerSetAt = (time.Time{}); isSet {
		e.finalizerSetAt = now
	}
}

func (w *finalizerWriter) add(ctx context.Context, owner *v1alpha1.ClientCredential) error {
	changed := owner.DeepCopy()
	controllerutil.AddFinalizer(changed, v1alpha1.RevokeTokenFinalizer)
	// Include the resourceVersion, because a merge patch replaces the whole list.
	patch := client.MergeFromWithOptions(owner, client.MergeFromWithOptimisticLock{})
	if err := w.client.Patch(ctx, changed, patch, client.FieldOwner(tokensecret.FieldManager)); err != nil {
		err = w.live.conflictOr(ctx, err, clientCredentialMetadata(owner), string(owner.UID), owner.ResourceVersion)
		return fmt.Errorf("set the finalizer %s: %w", v1alpha1.RevokeTokenFinalizer, err)
	}
	return nil
}

// remove removes the finalizer by its index in the list, so that it succeeds even if other fields have
// changed.
func (w *finalizerWriter) remove(ctx context.Context, owner *v1alpha1.ClientCredential) error {
	finalizers := owner.Finalizers
	if resolve.IsOutline(owner) {
		live := clientCredentialMetadata(owner)
		if err := w.live.Get(ctx, client.ObjectKeyFromObject(owner), live); err != nil {
			return client.IgnoreNotFound(err)
		}
		finalizers = live.Finalizers
	}
	path := fmt.Sprintf("/metadata/finalizers/%d", slices.Index(finalizers, v1alpha1.RevokeTokenFinalizer))
	patch, err := json.Marshal([]map[string]any{
		{"op": "test", "path": "/metadata/uid", "value": owner.UID},
		{"op": "test", "path": path, "value": v1alpha1.RevokeTokenFinalizer},
		{"op": "remove", "path": path},
	})
	if err != nil {
		return fmt.Errorf("encode the removal of the finalizer: %w", err)
	}
	err = w.client.Patch(ctx, owner.DeepCopy(), client.RawPatch(types.JSONPatchType, patch), client.FieldOwner(tokensecret.FieldManager))
	if err == nil || w.live.isGone(ctx, err, clientCredentialMetadata(owner), owner.UID) {
		return nil
	}
	err = w.live.conflictOr(ctx, err, clientCredentialMetadata(owner), string(owner.UID), owner.ResourceVersion)
	return fmt.Errorf("remove the finalizer %s: %w", v1alpha1.RevokeTokenFinalizer, err)
}
