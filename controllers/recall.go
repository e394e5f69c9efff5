package controllers

import (
	"context"
	"unique"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/resolve"
	"github.com/tokensync/tokensync/internal/tokenendpoint"
)

// revocationNeeds is what a revocation needs besides Secrets. It is in memory only: a restart
// loses it.
type revocationNeeds struct {
	// server is the last declaration that could be used; nil for one in the ClientCredential.
	server *resolve.Declaration
	// bundle is the last bundle that bundleRef named, in PEM. Many ClientCredentials share it.
	bundle    *unique.Handle[string]
	bundleRef v1alpha1.CABundleReference
	// issuedFor is the request hash of the last token that was seen, and issuedBy identifies the
	// authorization server that issued it.
	issuedFor string
	issuedBy  digest
}

// rememberNeeds keeps what the revocation of the token needs and no finalizer holds: the
// authorization server and the bundle of its authorities may be deleted with the
// ClientCredential.
func (r *Reconciler) rememberNeeds(ctx context.Context, o *observed) {
	if o.Declaration != nil {
		return
	}
	needs, last := &revocationNeeds{}, r.memory.needs(o.owner)
	if last != nil {
		needs.issuedFor, needs.issuedBy = last.issuedFor, last.issuedBy
	}
	if o.MayBeIntact() {
		needs.issuedFor, needs.issuedBy = o.RequestHash, o.serverDigest()
	}
	if o.owner.Spec.AuthorizationServerRef != nil {
		server := o.server
		needs.server = &server
	}
	if reference := o.server.BundleRef(); reference != nil {
		needs.bundleRef = *reference
		if last != nil && last.bundleRef == needs.bundleRef {
			needs.bundle = last.bundle
		}
	}
	r.memory.rememberNeeds(o.owner, needs)
	if needs.bundle == nil && needs.bundleRef.Name != "" {
		// Bundles are not watched: this is the first look after a start.
		if read, leave, err := r.resolver.Authorities(ctx, tokenendpoint.BundleUser{Tenant: o.owner.Namespace}, o.server); err == nil {
			r.memory.rememberBundle(o.owner, read)
			leave()
		}
	}
}

// serverDigest identifies the authorization server by what it is reached at.
func (o *observed) serverDigest() digest {
	endpoint := ""
	if o.server.Revocation != nil {
		endpoint = o.server.Revocation.Endpoint
	}
	return digestOf(o.server.Namespace, o.server.Issuer, o.server.TokenEndpoint, endpoint)
}

// recallServer takes the last declaration of an authorization server that does not exist any more.
func (r *Reconciler) recallServer(o *observed) {
	if o.Declaration == nil || o.Declaration.Reason != v1alpha1.ReasonAuthorizationServerNotFound {
		return
	}
	if needs := r.memory.needs(o.owner); needs != nil && needs.server != nil {
		o.server, o.Declaration = *needs.server, nil
	}
}

// bundleToRevoke reads the bundle, or takes the last one if there is none any more.
func (r *Reconciler) bundleToRevoke(ctx context.Context, o *observed) (authorities *oauth2.Authorities, leave func(), err error) {
	user := tokenendpoint.BundleUser{Tenant: o.owner.Namespace}
	read, leave, err := r.resolver.Authorities(ctx, user, o.server)
	if err == nil {
		return read, leave, nil
	}
	if needs := r.memory.needs(o.owner); needs != nil && needs.bundle != nil && needs.bundleRef == *o.server.BundleRef() {
		return r.TokenEndpoint.Authorities(ctx, user, func() (string, error) { return needs.bundle.Value(), nil })
	}
	return nil, nil, err
}

func (m *memory) needs(owner *v1alpha1.ClientCredential) (needs *revocationNeeds) {
	m.with(owner, func(e *entry) { needs = e.needs })
	return needs
}

func (m *memory) rememberNeeds(owner *v1alpha1.ClientCredential, needs *revocationNeeds) {
	m.with(owner, func(e *entry) { e.needs = needs })
}

// rememberBundle keeps the bundle if the token must be revoked on deletion, and it is small.
func (m *memory) rememberBundle(owner *v1alpha1.ClientCredential, read *oauth2.Authorities) {
	if read == nil || read.PEM() == "" {
		return
	}
	m.with(owner, func(e *entry) {
		if e.needs != nil && e.needs.bundleRef.Name != "" {
			needs, handle := *e.needs, unique.Make(read.PEM())
			needs.bundle = &handle
			e.needs = &needs
		}
	})
}
