package controllers

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/resolve"
)

// clusterSource is the resolve.Source of the operator. It reads authorization servers and namespaces from
// the cache. It reads all other objects live, because no cache holds the data of Secrets and ConfigMaps.
type clusterSource struct {
	cache client.Reader
	live  client.Reader
}

// Server implements resolve.Source.
func (s *clusterSource) Server(ctx context.Context, key client.ObjectKey, into resolve.Server) error {
	return notFoundOr(s.cache.Get(ctx, key, into), string(resolve.KindOf(into)), key.Name, "")
}

// NamespaceLabels implements resolve.Source.
func (s *clusterSource) NamespaceLabels(ctx context.Context, name string) (map[string]string, error) {
	namespace := namespaceMetadata(name)
	err := s.cache.Get(ctx, client.ObjectKeyFromObject(namespace), namespace)
	return namespace.Labels, err
}

// CredentialsSecret implements resolve.Source.
func (s *clusterSource) CredentialsSecret(ctx context.Context, key client.ObjectKey) (*corev1.Secret, error) {
	secret := &corev1.Secret{}
	return secret, notFoundOr(s.live.Get(ctx, key, secret), "Secret", key.Name, "")
}

// ServiceAccount implements resolve.Source.
func (s *clusterSource) ServiceAccount(ctx context.Context, key client.ObjectKey) (*corev1.ServiceAccount, error) {
	account := &corev1.ServiceAccount{}
	return account, notFoundOr(s.live.Get(ctx, key, account), "ServiceAccount", key.Name, "")
}

// Bundle implements resolve.Source.
func (s *clusterSource) Bundle(ctx context.Context, namespace string, reference v1alpha1.CABundleReference) (string, error) {
	key := client.ObjectKey{Namespace: namespace, Name: reference.Name}
	where := fmt.Sprintf("does not exist in namespace %q", namespace)
	if reference.Kind == "Secret" {
		secret := &corev1.Secret{}
		err := s.live.Get(ctx, key, secret)
		return string(secret.Data[reference.Key]), notFoundOr(err, "Secret", key.Name, where)
	}
	configMap := &corev1.ConfigMap{}
	err := s.live.Get(ctx, key, configMap)
	return configMap.Data[reference.Key], notFoundOr(err, "ConfigMap", key.Name, where)
}

// notFoundOr returns a *resolve.NotFoundError if an object does not exist, and err otherwise.
func notFoundOr(err error, kind, name, where string) error {
	if apierrors.IsNotFound(err) {
		return &resolve.NotFoundError{Kind: kind, Name: name, Where: where}
	}
	return err
}
