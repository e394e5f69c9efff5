package controllers

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
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

func kindName(object client.Object) string { return object.GetObjectKind().GroupVersionKind().Kind }

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

// clientCredentialMetadata names the ClientCredential for a live read of its metadata.
func clientCredentialMetadata(owner *v1alpha1.ClientCredential) *metav1.PartialObjectMetadata {
	return &metav1.PartialObjectMetadata{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: v1alpha1.ClientCredentialKind},
		ObjectMeta: metav1.ObjectMeta{Namespace: owner.Namespace, Name: owner.Name},
	}
}
