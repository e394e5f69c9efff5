package resolve

import (
	"cmp"
	"context"
	"errors"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/fairshare"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
)

// BundleRef returns the reference to the CA bundle, with its defaults. nil means the authorities of the
// system.
func (d Declaration) BundleRef() *v1alpha1.CABundleReference {
	if d.TLS == nil || d.TLS.CABundleRef == nil {
		return nil
	}
	reference := *d.TLS.CABundleRef
	reference.Kind = v1alpha1.CABundleKind(cmp.Or(string(reference.Kind), "ConfigMap"))
	reference.Key = cmp.Or(reference.Key, v1alpha1.DefaultCABundleKey)
	return &reference
}

// Authorities reads the CA bundle of a declaration live. The caller must call release when it no longer
// uses the authorities. nil means the authorities of the system. If the bundle cannot be used, the error is a
// *problem.Problem. Any other error means that the bundle could not be read.
func (r *Resolver) Authorities(ctx context.Context, user fairshare.Claimant, declared Declaration) (authorities *oauth2.Authorities, release func(), err error) {
	reference := declared.BundleRef()
	if reference == nil {
		return nil, func() {}, nil
	}
	if declared.Namespace == "" {
		return nil, nil, bundleProblem("the operator was started without --cluster-resource-namespace, the namespace of the objects that a ClusterAuthorizationServer names")
	}
	authorities, release, err = r.TokenEndpoint.Authorities(ctx, user, func() (string, error) {
		text, err := r.Source.Bundle(ctx, declared.Namespace, *reference)
		var missing *NotFoundError
		switch {
		case errors.As(err, &missing):
			return "", bundleProblem("%s: %s", missing, missing.remedy())
		case err != nil:
			return "", unreadable(err, "%s %q of namespace %q", reference.Kind, reference.Name, declared.Namespace)
		}
		return text, nil
	})
	var unread *unreadableError
	if err == nil || problem.Of(err) != nil || errors.As(err, &unread) || ctx.Err() != nil {
		return authorities, release, err
	}
	return nil, nil, bundleProblem("key %q of %s %q %s", reference.Key, reference.Kind, reference.Name, err)
}

// bundleProblem is retried, because CA bundles are not watched.
func bundleProblem(format string, args ...any) *problem.Problem {
	return problem.Retry(problem.MayPass, v1alpha1.ReasonCABundleUnusable, "authorizationServer.tls.caBundleRef: "+format, args...)
}
