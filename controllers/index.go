package controllers

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// Names of the indexes of the cache.
const (
	targetIndex      = "target"
	credentialsIndex = "credentials"
	ownerIndex       = "owner"
	namedOwnerIndex  = "namedOwner"
	serverIndex      = "server"
)

// serverIndexKey returns the key of an authorization server in serverIndex.
func serverIndexKey(kind v1alpha1.AuthorizationServerKind, name string) string {
	return string(kind) + "/" + name
}

func addIndexes(ctx context.Context, indexer client.FieldIndexer) error {
	if err := indexer.IndexField(ctx, &v1alpha1.ClientCredential{}, targetIndex, func(object client.Object) []string {
		return []string{object.(*v1alpha1.ClientCredential).TargetName()} //nolint:forcetypeassert // The index is for this type.
	}); err != nil {
		return err
	}
	if err := indexer.IndexField(ctx, &v1alpha1.ClientCredential{}, credentialsIndex, func(object client.Object) []string {
		reference := object.(*v1alpha1.ClientCredential).Spec.CredentialsRef //nolint:forcetypeassert // The index is for this type.
		if reference == nil {
			return nil
		}
		return []string{reference.Name}
	}); err != nil {
		return err
	}
	if err := indexer.IndexField(ctx, &v1alpha1.ClientCredential{}, serverIndex, func(object client.Object) []string {
		reference := object.(*v1alpha1.ClientCredential).Spec.AuthorizationServerRef //nolint:forcetypeassert // The index is for this type.
		switch {
		case reference == nil:
			return nil
		case reference.Kind == v1alpha1.AuthorizationServerCluster:
			return []string{serverIndexKey(reference.Kind, reference.Name), string(reference.Kind)}
		}
		return []string{serverIndexKey(v1alpha1.AuthorizationServerNamespaced, reference.Name)}
	}); err != nil {
		return err
	}
	if err := indexer.IndexField(ctx, secretMetadata(types.NamespacedName{}), namedOwnerIndex, func(object client.Object) []string {
		if uid := tokensecret.OwnerUID(object); uid != "" {
			return []string{uid}
		}
		return nil
	}); err != nil {
		return err
	}
	return indexer.IndexField(ctx, secretMetadata(types.NamespacedName{}), ownerIndex, func(object client.Object) []string {
		if owner := metav1.GetControllerOfNoCopy(object); owner != nil && owner.Kind == v1alpha1.ClientCredentialKind {
			return []string{string(owner.UID)}
		}
		return nil
	})
}

// listIn returns the ClientCredentials of a namespace that match an index of the cache. The caller must
// not change them, because they are not copies.
func listIn(ctx context.Context, cache client.Reader, namespace string, fields client.MatchingFields) (*v1alpha1.ClientCredentialList, error) {
	list := &v1alpha1.ClientCredentialList{}
	return list, cache.List(ctx, list, client.InNamespace(namespace), fields, client.UnsafeDisableDeepCopy)
}
