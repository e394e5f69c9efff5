package controllers

import (
	"context"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/fairshare"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/resolve"
)

// needsKeeper remembers the authorization server and its CA bundle for the revocation of a token. No
// finalizer holds them, so they may be deleted with the ClientCredential.
type needsKeeper struct {
	resolver      *resolve.Resolver
	tokenEndpoint TokenEndpoint
	memory        *memory
}

// keep remembers the authorization server and its bundle as they are now.
func (k needsKeeper) keep(ctx context.Context, o *observed) {
	if o.Declaration != nil {
		return
	}
	needs := o.needsOf()
	k.memory.update(o.owner, func(e *entry) { e.needs = needs })
	if needs.bundle == nil && needs.bundleRef.Name != "" {
		// Bundles are not watched, so read the bundle when nothing is remembered, as after a start.
		if read, release, err := k.resolver.Authorities(ctx, o.bundleUser(), o.server); err == nil {
			k.memory.update(o.owner, func(e *entry) { e.keepBundle(read) })
			release()
		}
	}
}

// recallServer returns the observation. If the authorization server no longer exists, the observation
// has the remembered declaration of the server.
func (o *observed) recallServer() *observed {
	needs := o.remembered.needs
	if o.Declaration == nil || o.Declaration.Reason != v1alpha1.ReasonAuthorizationServerNotFound || needs == nil || needs.server == nil {
		return o
	}
	return o.withServer(*needs.server)
}

// bundle reads the bundle, or returns the remembered bundle if that fails.
func (k needsKeeper) bundle(ctx context.Context, o *observed) (authorities *oauth2.Authorities, release func(), err error) {
	read, release, err := k.resolver.Authorities(ctx, o.bundleUser(), o.server)
	if err == nil {
		return read, release, nil
	}
	if needs := o.remembered.needs; needs != nil && needs.bundle != nil && needs.bundleRef == *o.server.BundleRef() {
		return k.tokenEndpoint.Authorities(ctx, o.bundleUser(), func() (string, error) { return needs.bundle.Value(), nil })
	}
	return nil, nil, err
}

func (o *observed) bundleUser() fairshare.Claimant {
	return fairshare.Claimant{Tenant: o.owner.Namespace}
}
