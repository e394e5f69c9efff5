package controllers

import (
	"unique"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/resolve"
)

// revocationNeeds holds the objects that a revocation needs besides Secrets. It is in memory only: a
// restart loses it.
type revocationNeeds struct {
	// server is the last usable declaration; nil if the ClientCredential itself declares the server.
	server *resolve.Declaration
	// bundle is the last bundle that bundleRef named, in PEM. Many ClientCredentials share it.
	bundle    *unique.Handle[string]
	bundleRef v1alpha1.CABundleReference
	// issuedFor is the request hash of the last token that was seen, and issuedBy identifies the
	// authorization server that issued it.
	issuedFor string
	issuedBy  digest
}

// needsOf returns the objects that a revocation of the token would need now.
func (o *observed) needsOf() *revocationNeeds {
	needs, last := &revocationNeeds{}, o.remembered.needs
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
	return needs
}

// serverDigest identifies the authorization server by its namespace, issuer and endpoints.
func (o *observed) serverDigest() digest {
	endpoint := ""
	if o.server.Revocation != nil {
		endpoint = o.server.Revocation.Endpoint
	}
	return digestOf(o.server.Namespace, o.server.Issuer, o.server.TokenEndpoint, endpoint)
}

// keepBundle keeps a small bundle if the token must be revoked on deletion.
func (e *entry) keepBundle(read *oauth2.Authorities) {
	if read == nil || read.PEM() == "" || e.needs == nil || e.needs.bundleRef.Name == "" {
		return
	}
	needs, handle := *e.needs, unique.Make(read.PEM())
	needs.bundle = &handle
	e.needs = &needs
}
