package controllers

import (
	"context"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// formerTargets deletes or releases the Secrets of former targets.
type formerTargets struct {
	client client.Client
	writer *secretWriter
	holder *holder
}

// releaseFormer releases the Secret of a former target, unless another ClientCredential needs it for a
// revocation.
func (f *formerTargets) releaseFormer(ctx context.Context, owner *v1alpha1.ClientCredential, secret *metav1.PartialObjectMetadata) error {
	users, err := f.holder.usersOf(ctx, secret)
	if err != nil || slices.ContainsFunc(users, func(u user) bool { return u.UID != owner.UID }) {
		return err
	}
	return f.holder.release(ctx, secret)
}

// prune deletes the token Secrets of former targets, because nothing renews their tokens. If the deletion
// policy is Retain, prune releases the Secrets instead. The caller must know that the target holds the
// token.
func (f *formerTargets) prune(ctx context.Context, o *observed) error {
	secrets := secretMetadataList()
	if err := f.client.List(ctx, secrets, client.InNamespace(o.owner.Namespace),
		client.MatchingFields{ownerIndex: string(o.owner.UID)}); err != nil {
		return fmt.Errorf("list token Secrets: %w", err)
	}
	for i := range secrets.Items {
		secret := &secrets.Items[i]
		state := tokensecret.StateOf(o.owner, secret)
		// Skip the target, and copies that a user made under another name.
		if secret.Name == o.TargetName || state.Record == nil || state.Tampered {
			continue
		}
		if o.owner.RetainsTarget() {
			if _, err := f.writer.setOwnerReference(ctx, o.owner, secret.Name, state); err != nil {
				return err
			}
		}
		if state.Held {
			if err := f.releaseFormer(ctx, o.owner, secret); err != nil {
				return err
			}
		}
		if o.owner.RetainsTarget() {
			continue
		}
		err := f.client.Delete(ctx, secret, client.Preconditions{UID: &secret.UID, ResourceVersion: &secret.ResourceVersion})
		if client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("delete token Secret %q of a former target: %w", secret.Name, withoutMessage(err))
		}
		logger(ctx).Info("Deleted the token Secret of a former target", "secret", secret.Name)
	}
	return nil
}
