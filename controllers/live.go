package controllers

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
)

// liveReader reads objects from the API server, because the cache may be stale or lack them.
type liveReader struct{ client.Reader }

// conflictOr returns errCacheBehind if a write was refused because the object has changed since it was
// observed. Otherwise it returns err, the error of the write. It reads the object to distinguish these
// cases, because an admission webhook can answer 409 too. uid and resourceVersion are the observed values;
// empty for an object that did not exist. live names the object, and the read fills it.
func (r liveReader) conflictOr(ctx context.Context, err error, live client.Object, uid, resourceVersion string) error {
	if !apierrors.IsConflict(err) && !apierrors.IsAlreadyExists(err) && !apierrors.IsNotFound(err) && !apierrors.IsInvalid(err) {
		return err
	}
	readErr := r.Get(ctx, client.ObjectKeyFromObject(live), live)
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

// isGone reports whether a write failed because its object no longer exists, or because another object has
// its name. It reads the object live, because an admission webhook can answer 404 and 409 too. live names
// the object.
func (r liveReader) isGone(ctx context.Context, failed error, live client.Object, uid types.UID) bool {
	if !apierrors.IsNotFound(failed) && !apierrors.IsConflict(failed) {
		return false
	}
	err := r.Get(ctx, client.ObjectKeyFromObject(live), live)
	return apierrors.IsNotFound(err) || (err == nil && live.GetUID() != uid)
}

// confirmOwner reads the ClientCredential live, because the cache may still show a deleted object. The
// error is errCacheBehind if the ClientCredential is gone or is being deleted.
func (r liveReader) confirmOwner(ctx context.Context, owner *v1alpha1.ClientCredential) error {
	live := clientCredentialMetadata(owner)
	err := r.Get(ctx, client.ObjectKeyFromObject(owner), live)
	if apierrors.IsNotFound(err) || (err == nil && (live.UID != owner.UID || !live.DeletionTimestamp.IsZero())) {
		return errCacheBehind
	}
	if err != nil {
		return fmt.Errorf("read ClientCredential %q: %w", owner.Name, err)
	}
	return nil
}

// isNamespaceTerminating reports whether a namespace is being deleted. It reads the namespace live,
// because an operator in named namespaces does not cache Namespaces.
func (r liveReader) isNamespaceTerminating(ctx context.Context, name string) (bool, error) {
	namespace := namespaceMetadata(name)
	if err := r.Get(ctx, client.ObjectKeyFromObject(namespace), namespace); err != nil {
		return false, fmt.Errorf("read namespace %q: %w", name, err)
	}
	return !namespace.DeletionTimestamp.IsZero(), nil
}

// target reads the target Secret live. The error is errCacheBehind if the Secret has changed since it
// was observed.
func (r liveReader) target(ctx context.Context, o *observed) (*corev1.Secret, error) {
	secret := &corev1.Secret{}
	err := r.Get(ctx, types.NamespacedName{Namespace: o.owner.Namespace, Name: o.TargetName}, secret)
	if apierrors.IsNotFound(err) || (err == nil && secret.ResourceVersion != o.Target.ResourceVersion) {
		return nil, errCacheBehind
	}
	if err != nil {
		return nil, fmt.Errorf("read token Secret %q: %w", o.TargetName, err)
	}
	return secret, nil
}

// confirmLoss returns an error if the ClientCredential or the namespace is being deleted too. The Secret
// may be deleted first, or the cache may show its deletion first.
func (r liveReader) confirmLoss(ctx context.Context, o *observed) error {
	if err := r.confirmOwner(ctx, o.owner); err != nil {
		return err
	}
	// If the namespace cannot be read, request a token anyway: a missing token is worse than an unneeded
	// request.
	if isTerminating, err := r.isNamespaceTerminating(ctx, o.owner.Namespace); err == nil && isTerminating {
		return problem.SecretGone(o.TargetName, o.owner.Namespace)
	}
	return nil
}
