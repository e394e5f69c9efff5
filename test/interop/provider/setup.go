package provider

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Client is registered at the provider.
type Client struct {
	ID     string
	Secret string
	// AuthMethod is one of the IANA names, from client_secret_basic to none.
	AuthMethod string
	// SigningAlg is the only algorithm that the client's assertions may have; empty allows all.
	SigningAlg string
	// JWKS holds the public keys of assertions, or the self-signed certificate; see the function JWKS.
	JWKS json.RawMessage
	// What the certificate of a client with tls_client_auth must hold: exactly one of these.
	TLSSubjectDN string
	TLSSANDNS    string
	TLSSANURI    string
	// Scopes that the client may ask for without a resource; nil allows those of all clients. What no
	// client may ask for is no error: the provider leaves it out of the token.
	Scopes []string
	// Resources that the client may ask for.
	Resources []string
	// Lifetime of the client's tokens, where it differs.
	Lifetime time.Duration
	// CertificateBound tokens carry the thumbprint of the client certificate.
	CertificateBound bool
	// DPoPBound clients are refused without a DPoP proof.
	DPoPBound bool
}

// Resource is a resource server that tokens can be made for.
type Resource struct {
	// URI is what the client names, and the audience of the token.
	URI    string
	Scopes []string
	// JWT tells whether the tokens are JWTs and not opaque. The provider introspects and revokes no JWT.
	JWT bool
	// Lifetime of the tokens, where it differs.
	Lifetime time.Duration
}

// grant is what a client may have that the client metadata of the standards has no name for.
type grant struct {
	Resources []string `json:"resources,omitempty"`
	Lifetime  int      `json:"lifetime,omitempty"`
}

// resourceServer is a resource server in the words of oidc-provider.
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

// metadata is the client in the words of RFC 7591. What is empty is left out.
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
