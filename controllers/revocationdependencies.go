package controllers

import (
	"unique"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/resolve"
)

// revocationDependencies are the objects that a revocation needs besides Secrets. They are only in memory,
// so a restart loses them.
type revocationDependencies struct {
	// server is the last usable declaration; nil if the ClientCredential itself declares the server.
	server *resolve.Declaration
	// bundle is the last bundle that bundleRef named, in PEM. Many ClientCredentials share it.
	bundle    *unique.Handle[string]
	bundleRef v1alpha1.CABundleReference
	// issuedFor is the request hash of the last observed token, and issuedBy identifies the authorization
	// server that issued the token.
	issuedFor string
	issuedBy  digest
}

// currentDependencies returns the objects that a revocation of the token would need now.
func (o *observed) currentDependencies() *revocationDependencies {
	dependencies, last := &revocationDependencies{}, o.remembered.dependencies
	if last != nil {
		dependencies.issuedFor, dependencies.issuedBy = last.issuedFor, last.issuedBy
	}
	if o.MayBeIntact() {
		dependencies.issuedFor, dependencies.issuedBy = o.RequestHash, o.serverDigest()
	}
	if o.owner.Spec.AuthorizationServerRef != nil {
		server := o.server
		dependencies.server = &server
	}
	if reference := o.server.BundleRef(); reference != nil {
		dependencies.bundleRef = *reference
		if last != nil && last.bundleRef == dependencies.bundleRef {
			dependencies.bundle = last.bundle
		}
	}
	return dependencies
}

// serverDigest identifies the authorization server by its namespace, issuer and endpoints.
func (o *observed) serverDigest() digest {
	endpoint := ""
	if o.server.Revocation != nil {
		endpoint = o.server.Revocation.Endpoint
	}
	return digestOf(o.server.Namespace, o.server.Issuer, o.server.TokenEndpoint, endpoint)
}

// rememberBundle remembers a small bundle if the token must be revoked on deletion.
func (e *entry) rememberBundle(read *oauth2.Authorities) {
	if read == nil || read.PEM() == "" || e.dependencies == nil || e.dependencies.bundleRef.Name == "" {
		return
	}
	dependencies, handle := *e.dependencies, unique.Make(read.PEM())
	dependencies.bundle = &handle
	e.dependencies = &dependencies
}
