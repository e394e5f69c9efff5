package controllers

import (
	"cmp"
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
)

// bundle are certificates of authorities in PEM; empty for the system's.
type bundle string

// trustedBy makes the authorities of the bundle those to trust.
func (b bundle) trustedBy(client oauth2.TLS) oauth2.TLS {
	if b == "" {
		return client
	}
	trusting, _ := client.Trusting(string(b))
	return trusting
}

// bundle reads the bundle of a declaration live: no cache holds ConfigMaps, nor
// the data of Secrets.
func (r *Reconciler) bundle(ctx context.Context, declared declaration) (bundle, error) {
	if declared.TLS == nil || declared.TLS.CABundleRef == nil {
		return "", nil
	}
	reference := *declared.TLS.CABundleRef
	reference.Kind = v1alpha1.CABundleKind(cmp.Or(string(reference.Kind), "ConfigMap"))
	reference.Key = cmp.Or(reference.Key, v1alpha1.DefaultCABundleKey)
	if declared.namespace == "" {
		return "", bundleError("the operator was started without --cluster-resource-namespace, the namespace of what a ClusterAuthorizationServer names")
	}
	text, err := r.readBundle(ctx, declared.namespace, reference)
	switch {
	case apierrors.IsNotFound(err):
		return "", bundleError("%s %q does not exist in namespace %q: create it", reference.Kind, reference.Name, declared.namespace)
	case err != nil:
		return "", bundleError("%s %q of namespace %q cannot be read: %s", reference.Kind, reference.Name, declared.namespace, err)
	}
	if _, ok := (oauth2.TLS{}).Trusting(text); !ok {
		return "", bundleError("key %q of %s %q holds no certificate in PEM: put the authorities' certificates there",
			reference.Key, reference.Kind, reference.Name)
	}
	return bundle(text), nil
}

func (r *Reconciler) readBundle(ctx context.Context, namespace string, reference v1alpha1.CABundleReference) (string, error) {
	key := types.NamespacedName{Namespace: namespace, Name: reference.Name}
	if reference.Kind == "Secret" {
		secret := &corev1.Secret{}
		err := r.APIReader.Get(ctx, key, secret)
		return string(secret.Data[reference.Key]), err
	}
	configMap := &corev1.ConfigMap{}
	err := r.APIReader.Get(ctx, key, configMap)
	return configMap.Data[reference.Key], err
}

// bundleError is retried, because CA bundles are not watched.
func bundleError(format string, args ...any) error {
	return &oauth2.Error{
		Reason: v1alpha1.ReasonCABundleUnusable, Class: oauth2.MayPass,
		Message: "authorizationServer.tls.caBundleRef: " + fmt.Sprintf(format, args...),
	}
}
