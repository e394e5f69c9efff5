package provider

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Client is a client that is registered at the provider.
type Client struct {
	ID     string
	Secret string
	// AuthMethod is the IANA name of a method, such as client_secret_basic or none.
	AuthMethod string
	// SigningAlg is the only algorithm that the client's assertions may use; empty allows all.
	SigningAlg string
	// JWKS holds the public keys for assertions, or the self-signed certificate. See the function JWKS.
	JWKS json.RawMessage
	// The certificate of a client with tls_client_auth must contain one of these names. Set exactly
	// one.
	TLSSubjectDN string
	TLSSANDNS    string
	TLSSANURI    string
	// Scopes are the scopes that the client may request without a resource; nil allows the scopes of
	// all clients. A scope that no client may request is no error: the provider leaves it out of the
	// token.
	Scopes []string
	// Resources are the resources that the client may request.
	Resources []string
	// Lifetime is the lifetime of the client's tokens, if it differs from the provider's.
	Lifetime time.Duration
	// CertificateBound binds tokens to the client certificate: they carry its thumbprint.
	CertificateBound bool
	// DPoPBound refuses token requests of the client that have no DPoP proof.
	DPoPBound bool
}

// Resource is a resource server that tokens can be issued for.
type Resource struct {
	// URI is the resource that a client requests, and the audience of the token.
	URI    string
	Scopes []string
	// JWT makes the tokens JWTs instead of opaque tokens. The provider does not introspect or revoke
	// JWTs.
	JWT bool
	// Lifetime is the lifetime of the tokens, if it differs from the provider's.
	Lifetime time.Duration
}

// grant holds the rights of a client for which the standard client metadata has no names.
type grant struct {
	Resources []string `json:"resources,omitempty"`
	Lifetime  int      `json:"lifetime,omitempty"`
}

// resourceServer is a resource server in oidc-provider's format.
type resourceServer struct {
	Scope             string `json:"scope"`
	Audience          string `json:"audience"`
	AccessTokenFormat string `json:"accessTokenFormat"`
	AccessTokenTTL    int    `json:"accessTokenTTL,omitempty"`
}

// setup returns the line that server.mjs reads.
func (o Options) setup(certificate *Certificate) ([]byte, error) {
	clients, grants, scopes := []map[string]any{}, map[string]grant{}, []string{}
	for _, client := range o.Clients {
		clients = append(clients, client.metadata())
		grants[client.ID] = grant{Resources: client.Resources, Lifetime: seconds(client.Lifetime)}
		scopes = append(scopes, client.Scopes...)
	}
	slices.Sort(scopes)
	resources := map[string]resourceServer{}
	for _, resource := range o.Resources {
		resources[resource.URI] = resource.server()
	}
	setup, err := json.Marshal(map[string]any{
		"certificate": string(certificate.CertificatePEM),
		"key":         string(certificate.KeyPEM),
		"clientCA":    string(o.Authority.PEM()),
		"mtlsApart":   o.MTLSApart,
		"lifetime":    seconds(o.Lifetime),
		"clients":     clients,
		"grants":      grants,
		"scopes":      slices.Compact(scopes),
		"resources":   resources,
	})
	if err != nil {
		return nil, fmt.Errorf("write the setup: %w", err)
	}
	return append(setup, '\n'), nil
}

// metadata returns the client metadata in the format of RFC 7591. Empty values are left out.
func (c Client) metadata() map[string]any {
	metadata := map[string]any{
		"client_id":                  c.ID,
		"token_endpoint_auth_method": c.AuthMethod,
		"tls_client_certificate_bound_access_tokens": c.CertificateBound,
		"dpop_bound_access_tokens":                   c.DPoPBound,
	}
	for name, value := range map[string]string{
		"client_secret":                   c.Secret,
		"token_endpoint_auth_signing_alg": c.SigningAlg,
		"tls_client_auth_subject_dn":      c.TLSSubjectDN,
		"tls_client_auth_san_dns":         c.TLSSANDNS,
		"tls_client_auth_san_uri":         c.TLSSANURI,
		"scope":                           strings.Join(c.Scopes, " "),
	} {
		if value != "" {
			metadata[name] = value
		}
	}
	if c.JWKS != nil {
		metadata["jwks"] = c.JWKS
	}
	return metadata
}

func (r Resource) server() resourceServer {
	format := "opaque"
	if r.JWT {
		format = "jwt"
	}
	return resourceServer{
		Scope: strings.Join(r.Scopes, " "), Audience: r.URI,
		AccessTokenFormat: format, AccessTokenTTL: seconds(r.Lifetime),
	}
}

func seconds(lifetime time.Duration) int { return int(lifetime / time.Second) }
