package resolve

import (
	"context"
	"time"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
)

// Request is a request to an authorization server, with the data for reading its response.
type Request struct {
	*oauth2.Request
	// Server is the declaration with the discovered endpoints.
	Server v1alpha1.AuthorizationServerSpec
	// Grant is the grant that the client requests.
	Grant oauth2.Grant
	// Trust holds the authorities with which the metadata of the server were read.
	Trust oauth2.TLS
}

// Parts are the inputs of a request.
type Parts struct {
	Owner       *v1alpha1.ClientCredential
	Server      Declaration
	Credentials oauth2.Credentials
	// Bundle is the result of Authorities.
	Bundle *oauth2.Authorities
}

// TokenRequest builds the token request of a ClientCredential.
func (r *Resolver) TokenRequest(ctx context.Context, parts Parts, now time.Time) (*Request, error) {
	request, metadata, err := r.prepare(ctx, parts)
	if err != nil {
		return nil, err
	}
	if request.Request, err = oauth2.BuildRequest(request.Server, request.Grant, now); err != nil {
		return nil, err
	}
	request.TLS, request.Metadata = request.TLS.Trusting(parts.Bundle), metadata
	return request, nil
}

// RevocationRequest builds the request that revokes a token.
func (r *Resolver) RevocationRequest(ctx context.Context, parts Parts, token oauth2.Sensitive, now time.Time) (*Request, error) {
	request, _, err := r.prepare(ctx, parts)
	if err != nil {
		return nil, err
	}
	if request.Request, err = oauth2.BuildRevocation(request.Server, request.Grant, token, now); err != nil {
		return nil, err
	}
	request.TLS = request.TLS.Trusting(parts.Bundle)
	return request, nil
}

// prepare discovers the endpoints, and gets a token of the ServiceAccount if the server needs one.
func (r *Resolver) prepare(ctx context.Context, parts Parts) (*Request, *oauth2.Metadata, error) {
	server, metadata, err := r.Discover(ctx, parts.Server, parts.Bundle)
	if err != nil {
		return nil, nil, err
	}
	assertion, err := r.serviceAccountToken(ctx, parts.Owner, parts.Server)
	if err != nil {
		return nil, nil, err
	}
	spec := parts.Owner.Spec
	return &Request{
		Server: server, Trust: oauth2.TLS{}.Trusting(parts.Bundle),
		Grant: oauth2.Grant{
			Credentials: parts.Credentials, Scopes: spec.Scopes, Audience: spec.Audience, Resources: spec.Resources,
			ServiceAccountToken: assertion,
		},
	}, metadata, nil
}

// Discover returns a declaration with its endpoints. If the declaration names an issuer instead, the
// endpoints come from the metadata of the issuer. Discover then also returns the metadata.
func (r *Resolver) Discover(ctx context.Context, declared Declaration, bundle *oauth2.Authorities) (v1alpha1.AuthorizationServerSpec, *oauth2.Metadata, error) {
	if declared.TokenEndpoint != "" {
		return declared.AuthorizationServerSpec, nil, nil
	}
	metadata, err := r.TokenEndpoint.Discover(ctx, declared.Issuer, oauth2.TLS{}.Trusting(bundle))
	if err != nil {
		return declared.AuthorizationServerSpec, nil, err
	}
	return metadata.Discovered(declared.AuthorizationServerSpec), metadata, nil
}
