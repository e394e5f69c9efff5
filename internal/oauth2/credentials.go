package oauth2

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// Credentials authenticate a client at the token endpoint. A field is empty if the declaration of
// the authorization server does not use it.
type Credentials struct {
	ClientID Sensitive
	// IsClientIDPublic is true if the client ID comes from spec.clientID. A value from a Secret is
	// always secret, even if it is a client ID.
	IsClientIDPublic bool
	ClientSecret     Sensitive
	// PrivateKey signs assertions, in PEM or as a JWK.
	PrivateKey Sensitive
	// Certificate and CertificateKey are for TLS, in PEM.
	Certificate    Sensitive
	CertificateKey Sensitive
	// Values holds the other values of the credentials Secret that the request may use, by key.
	Values map[string]Sensitive

	// origin is for hints.
	origin origin
}

// parts returns all values of the credentials.
func (c Credentials) parts() []Sensitive {
	return append(slices.Collect(maps.Values(c.Values)), c.ClientID, c.ClientSecret, c.PrivateKey, c.Certificate, c.CertificateKey)
}

// Parts returns the content of the credentials in a fixed order, for a digest or a comparison.
func (c Credentials) Parts() []string {
	parts := []string{c.ClientID.Reveal(), c.ClientSecret.Reveal()}
	for _, part := range []struct {
		name  string
		value Sensitive
	}{
		{v1alpha1.DefaultPrivateKeyKey, c.PrivateKey},
		{corev1.TLSCertKey, c.Certificate},
		{corev1.TLSPrivateKeyKey, c.CertificateKey},
	} {
		if !part.value.IsEmpty() {
			parts = append(parts, part.name, part.value.Reveal())
		}
	}
	for _, key := range slices.Sorted(maps.Keys(c.Values)) {
		parts = append(parts, "value "+key, c.Values[key].Reveal())
	}
	return parts
}

// clientID returns the client ID as a value of a request.
func (c Credentials) clientID() value {
	if c.IsClientIDPublic {
		return plain(c.ClientID.Reveal())
	}
	return hidden(c.ClientID)
}

// Equal reports whether two credentials are the same.
func (c Credentials) Equal(other Credentials) bool { return slices.Equal(c.Parts(), other.Parts()) }

// ReadCredentials reads only the credentials that the declaration of an authorization server uses.
// The declaration must already be completed from its profile. Trailing newlines and a leading byte
// order mark are dropped, and a notice says so. The error is a *problem.Problem.
func ReadCredentials(source CredentialsSource, server v1alpha1.AuthorizationServerSpec) (Credentials, []Notice, error) {
	credentials := Credentials{}
	uses := usesOf(server)
	reader := &reader{source: source}
	if uses.clientID {
		id := source.ClientID
		credentials.IsClientIDPublic = id != ""
		if id == "" {
			id = reader.line(source.ClientIDKey, "client ID",
				`set spec.clientID, or set authorizationServer.request.parameterNames.clientID to "" if the server needs none`)
		}
		credentials.ClientID = NewSensitive(id)
	}
	if uses.clientSecret {
		credentials.ClientSecret = NewSensitive(reader.line(source.ClientSecretKey, "client secret",
			"or set authorizationServer.clientAuthentication.method to none if the client has no secret"))
	}
	if uses.privateKey {
		credentials.PrivateKey = NewSensitive(reader.text(source.PrivateKeyKey, "private key",
			"or set authorizationServer.clientAuthentication.method to the method that the client uses"))
	}
	if uses.certificate {
		const otherwise = "or use a Secret of type kubernetes.io/tls"
		credentials.Certificate = NewSensitive(reader.text(v1alpha1.CertificateKey, "client certificate", otherwise))
		credentials.CertificateKey = NewSensitive(reader.text(v1alpha1.CertificatePrivateKeyKey, "key of the client certificate", otherwise))
	}
	credentials.Values = reader.values(uses)
	if reader.err != nil {
		return Credentials{}, nil, reader.err
	}
	credentials.origin = originOf(source, server)
	return credentials, reader.notices, nil
}
