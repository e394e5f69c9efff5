package controllers

import (
	"cmp"
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// After a change of spec.target.name, a ClientCredential owns the Secret of its former target until the
// new Secret has a token. Until then, the status shows no token, and the former Secret holds the token
// to revoke.

// formerTargetsOf returns the Secrets of former targets. It returns nil if the status shows a token in
// the current target.
func formerTargetsOf(ctx context.Context, cache client.Reader, owner *v1alpha1.ClientCredential, token *v1alpha1.TokenStatus) (former []metav1.PartialObjectMetadata, err error) {
	if token != nil && token.SecretName == owner.TargetName() {
		return nil, nil
	}
	secrets := secretMetadataList()
	if err := cache.List(ctx, secrets, client.InNamespace(owner.Namespace),
		client.MatchingFields{namedOwnerIndex: string(owner.UID)}, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("list token Secrets: %w", err)
	}
	for i := range secrets.Items {
		secret := &secrets.Items[i]
		if secret.Name != owner.TargetName() && tokensecret.StateOf(owner, secret).Owned {
			former = append(former, *secret)
		}
	}
	return former, nil
}

// formerOwner returns the ClientCredential whose former target is the Secret; nil if there is none.
func formerOwner(ctx context.Context, cache client.Reader, secret *metav1.PartialObjectMetadata) (*v1alpha1.ClientCredential, error) {
	name := secret.Annotations[v1alpha1.OwnerNameAnnotation]
	if controller := metav1.GetControllerOf(secret); controller != nil {
		name = cmp.Or(name, controller.Name)
	}
	if name == "" {
		return nil, nil
	}
	owner := &v1alpha1.ClientCredential{}
	err := cache.Get(ctx, types.NamespacedName{Namespace: secret.Namespace, Name: name}, owner)
	switch token := owner.Status.Token; {
	case err != nil:
		return nil, client.IgnoreNotFound(err)
	case owner.TargetName() == secret.Name, tokensecret.OwnerUID(secret) != string(owner.UID):
		return nil, nil
	case token != nil && token.SecretName != secret.Name:
		// The new target already has its token.
		return nil, nil
	}
	return owner, nil
}
