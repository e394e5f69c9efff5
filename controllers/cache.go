package controllers

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// CacheOptions returns options that keep the cache small and free of Secret data. The cache holds Secrets
// only as metadata, without the fields that the operator does not read. Reading a whole Secret through the
// cache fails, and does not fill the cache. The cache covers the given namespaces, or all namespaces if
// none is given.
func CacheOptions(namespaces ...string) cache.Options {
	return cache.Options{
		DefaultNamespaces:           namespaceConfigs(namespaces),
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

// namespaceConfigs returns the cache configuration for the given namespaces; nil for all namespaces.
func namespaceConfigs(namespaces []string) map[string]cache.Config {
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

// stripNamespace drops annotations and managed fields: the operator reads only the labels.
func stripNamespace(object any) (any, error) {
	if namespace, ok := object.(*metav1.PartialObjectMetadata); ok {
		namespace.Annotations, namespace.ManagedFields = nil, nil
	}
	return object, nil
}
