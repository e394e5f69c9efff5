package controllers

import (
	"context"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/fairshare"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/resolve"
)

// dependencyStore remembers the authorization server and its CA bundle for the revocation of a token. No
// finalizer protects them, so they may be deleted together with the ClientCredential.
type dependencyStore struct {
	resolver      *resolve.Resolver
	tokenEndpoint TokenEndpoint
	memory        *memory
}

// remember stores the current authorization server and its bundle.
func (k dependencyStore) remember(ctx context.Context, o *observed) {
	if o.DeclarationProblem != nil {
		return
	}
	dependencies := o.currentDependencies()
	k.memory.update(o.owner, func(e *entry) { e.dependencies = dependencies })
	if dependencies.bundle == nil && dependencies.bundleRef.Name != "" {
		// Bundles are not watched, so read the bundle if none is remembered, for example after a start.
		if read, release, err := k.resolver.Authorities(ctx, o.bundleClaimant(), o.server); err == nil {
			k.memory.update(o.owner, func(e *entry) { e.rememberBundle(read) })
			release()
		}
	}
}

// withRememberedServer returns the observation with the remembered declaration of the server if the
// authorization server no longer exists; unchanged otherwise.
func (o *observed) withRememberedServer() *observed {
	dependencies := o.remembered.dependencies
	if o.DeclarationProblem == nil || o.DeclarationProblem.Reason != v1alpha1.ReasonAuthorizationServerNotFound || dependencies == nil || dependencies.server == nil {
		return o
	}
	return o.withServer(*dependencies.server)
}

// bundle reads the bundle, or returns the remembered bundle if that fails.
func (k dependencyStore) bundle(ctx context.Context, o *observed) (authorities *oauth2.Authorities, release func(), err error) {
	read, release, err := k.resolver.Authorities(ctx, o.bundleClaimant(), o.server)
	if err == nil {
		return read, release, nil
	}
	if dependencies := o.remembered.dependencies; dependencies != nil && dependencies.bundle != nil && dependencies.bundleRef == *o.server.BundleRef() {
		return k.tokenEndpoint.Authorities(ctx, o.bundleClaimant(), func() (string, error) { return dependencies.bundle.Value(), nil })
	}
	return nil, nil, err
}

func (o *observed) bundleClaimant() fairshare.Claimant {
	return fairshare.Claimant{Tenant: o.owner.Namespace}
}
