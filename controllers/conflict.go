package controllers

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// conflictOr returns errCacheBehind if a write was refused because the object is not as
// it was seen, and otherwise err, the error of the write: an admission webhook can answer
// 409 too. uid and resourceVersion are those seen; empty for an object that did not
// exist. live names the object.
func (r *Reconciler) conflictOr(ctx context.Context, err error, live client.Object, uid, resourceVersion string) error {
	if !apierrors.IsConflict(err) && !apierrors.IsAlreadyExists(err) && !apierrors.IsNotFound(err) && !apierrors.IsInvalid(err) {
		return err
	}
	readErr := r.APIReader.Get(ctx, client.ObjectKeyFromObject(live), live)
	switch {
	case apierrors.IsNotFound(readErr) && resourceVersion == "":
		return err
	case apierrors.IsNotFound(readErr):
		return errCacheBehind
	case readErr != nil:
		return fmt.Errorf("read %s %q after a conflict: %w", kindName(live), live.GetName(), readErr)
	case string(live.GetUID()) != uid, live.GetResourceVersion() != resourceVersion:
		return errCacheBehind
	}
	return err
}

// isGone reports whether a write failed because its object does not exist any more, or another one has
// its name. An admission webhook can answer 404 and 409 too, so the object is read live. live names it.
func (r *Reconciler) isGone(ctx context.Context, failed error, live client.Object, uid types.UID) bool {
	if !apierrors.IsNotFound(failed) && !apierrors.IsConflict(failed) {
		return false
	}
	err := r.APIReader.Get(ctx, client.ObjectKeyFromObject(live), live)
	return apierrors.IsNotFound(err) || (err == nil && live.GetUID() != uid)
}

// confirmOwner reads the ClientCredential live: a cache may still show one that was deleted.
// The error is errCacheBehind then.
func (r *Reconciler) confirmOwner(ctx context.Context, owner *v1alpha1.ClientCredential) error {
	live := clientCredentialMetadata(owner)
	err := r.APIReader.Get(ctx, client.ObjectKeyFromObject(owner), live)
	if apierrors.IsNotFound(err) || (err == nil && (live.UID != owner.UID || !live.DeletionTimestamp.IsZero())) {
		return errCacheBehind
	}
	if err != nil {
		return fmt.Errorf("read ClientCredential %q: %w", owner.Name, err)
	}
	return nil
}

// confirmTarget reads the metadata of the target live before the first token request of this
// process: an earlier leader may have written a token that the cache does not show yet, and a
// request would end it where a server knows one token per client. The error is errCacheBehind
// if the target is not as it was observed. A ClientCredential that has neither a Secret nor a
// token in its status is spared the read: a cold start costs one read per token. Should an
// earlier leader have written one after all, the write of the new token finds out.
func (r *Reconciler) confirmTarget(ctx context.Context, o *observed) error {
	if r.memory.target(o.owner) != nil || (o.Target == nil && o.previous.Token == nil) {
		return nil
	}
	live := secretMetadata(types.NamespacedName{Namespace: o.owner.Namespace, Name: o.TargetName})
	err := r.APIReader.Get(ctx, client.ObjectKeyFromObject(live), live)
	switch {
	case apierrors.IsNotFound(err) && o.Target == nil:
		return nil
	case apierrors.IsNotFound(err):
		return errCacheBehind
	case err != nil:
		return fmt.Errorf("read the metadata of token Secret %q: %w", o.TargetName, err)
	}
	r.memory.rememberTarget(o.owner, tokensecret.StateOf(o.owner, live))
	if o.Target == nil || o.Target.ResourceVersion != live.ResourceVersion {
		return errCacheBehind
	}
	return nil
}

// confirmLoss makes sure that the Secret alone was deleted. The cache may show that before the
// deletion of the ClientCredential, and the deletion of a namespace begins with either.
func (r *Reconciler) confirmLoss(ctx context.Context, o *observed) error {
	if err := r.confirmOwner(ctx, o.owner); err != nil {
		return err
	}
	// Without an answer the token is worth more than what it costs.
	if ends, err := r.namespaceEnds(ctx, o.owner.Namespace); err == nil && ends {
		return problem.Retry(problem.ObjectNotReady, v1alpha1.ReasonTokenMissing, "Secret %q is gone, and no token is requested: namespace %q is being deleted",
			o.TargetName, o.owner.Namespace)
	}
	return nil
}
