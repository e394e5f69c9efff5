package controllers

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// CacheOptions keep the cache small and free of secrets: of Secrets it holds
// nothing but the metadata that is read, and a read of whole Secrets through the
// cache fails instead of filling it. It holds what is in the given namespaces, or in
// all when none is given.
func CacheOptions(namespaces ...string) cache.Options {
	return cache.Options{
		DefaultNamespaces:           only(namespaces),
		ReaderFailOnMissingInformer: true,
		ByObject: map[client.Object]cache.ByObject{
			&corev1.Secret{}:                       {Transform: stripSecret},
			&v1alpha1.ClientCredential{}:           {Transform: strip},
			&v1alpha1.AuthorizationServer{}:        {Transform: strip},
			&v1alpha1.ClusterAuthorizationServer{}: {Transform: strip},
			&corev1.Namespace{}:                    {Transform: stripNamespace},
		},
	}
}

// only is nil for all namespaces.
func only(namespaces []string) map[string]cache.Config {
	if len(namespaces) == 0 {
		return nil
	}
	configs := make(map[string]cache.Config, len(namespaces))
	for _, namespace := range namespaces {
		configs[namespace] = cache.Config{}
	}
	return configs
}

func stripSecret(object any) (any, error) {
	if secret, ok := object.(*metav1.PartialObjectMetadata); ok {
		tokensecret.Strip(secret)
	}
	return object, nil
}

// stripNamespace keeps the labels.
func stripNamespace(object any) (any, error) {
	if namespace, ok := object.(*metav1.PartialObjectMetadata); ok {
		namespace.Annotations, namespace.ManagedFields = nil, nil
	}
	return object, nil
}
