package controllers

import (
	"cmp"
	"context"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
)

// bundle reads the bundle of a declaration live, for use until leave: no cache holds ConfigMaps,
// nor the data of Secrets. The context names the asker.
func (r *Reconciler) bundle(ctx context.Context, declared declaration) (authorities *oauth2.Authorities, leave func(), err error) {
	if declared.TLS == nil || declared.TLS.CABundleRef == nil {
		return nil, func() {}, nil
	}
	reference := *declared.TLS.CABundleRef
	reference.Kind = v1alpha1.CABundleKind(cmp.Or(string(reference.Kind), "ConfigMap"))
	reference.Key = cmp.Or(reference.Key, v1alpha1.DefaultCABundleKey)
	if declared.namespace == "" {
		return nil, nil, bundleError("the operator was started without --cluster-resource-namespace, the namespace of what a ClusterAuthorizationServer names")
	}
	authorities, leave, err = r.TokenEndpoint.Authorities(ctx, func() (string, error) {
		text, err := r.readBundle(ctx, declared.namespace, reference)
		switch {
		case apierrors.IsNotFound(err):
			return "", bundleError("%s %q does not exist in namespace %q: create it", reference.Kind, reference.Name, declared.namespace)
		case err != nil:
			return "", bundleError("%s %q of namespace %q cannot be read: %s", reference.Kind, reference.Name, declared.namespace, err)
		}
		return text, nil
	})
	if err == nil || problem.Of(err) != nil || ctx.Err() != nil {
		return authorities, leave, err
	}
	return nil, nil, bundleError("key %q of %s %q %s", reference.Key, reference.Kind, reference.Name, err)
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
	return problem.Retry(problem.MayPass, v1alpha1.ReasonCABundleUnusable, "authorizationServer.tls.caBundleRef: "+format, args...)
}
