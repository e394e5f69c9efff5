package authserver

import (
	"crypto/subtle"
	"crypto/x509"
	"net/http"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// Client is a client that is registered at the server. A client without any means of authentication is
// public.
type Client struct {
	ID     string
	Secret string
	// Key is the public key that verifies the JWTs of private_key_jwt.
	Key any
	// Certificate is the client's certificate. If it is nil, each certificate that Authority issued
	// authenticates the client.
	Certificate, Authority *x509.Certificate
	// Federation authenticates the client by tokens of another issuer.
	Federation *Federation
	// Scopes are the scopes that the client may request; nil allows all.
	Scopes []string
	// SameUntil makes the server return the same token until its remaining lifetime falls to SameUntil.
	// expires_in is the remaining lifetime.
	SameUntil time.Duration
	// OneToken makes each new token invalidate the previous token.
	OneToken bool
}

// Federation describes the tokens that authenticate a client, such as the tokens of a cluster's
// ServiceAccounts.
type Federation struct {
	Subject, Audience string
	Keys              jose.JSONWebKeySet
}

// isAuthentic reports whether the request authenticates the client.
func (s *Server) isAuthentic(client Client, asked asked, r *http.Request) bool {
	switch assertion := asked.parameters["client_assertion"]; {
	case client.Certificate != nil, client.Authority != nil:
		return s.isShown(client, r)
	case client.Federation != nil:
		return client.Federation.isMet(assertion)
	case client.Key != nil:
		return s.isSigned(assertion, client.ID, client.Key, r, jose.RS256, jose.PS256, jose.ES256, jose.EdDSA)
	case assertion != "":
		return s.isSigned(assertion, client.ID, []byte(client.Secret), r, jose.HS256)
	}
	return subtle.ConstantTimeCompare([]byte(client.Secret), []byte(asked.clientSecret)) == 1
}

// isShown reports whether the connection has the client's certificate (RFC 8705).
func (s *Server) isShown(client Client, r *http.Request) bool {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return false
	}
	shown := r.TLS.PeerCertificates[0]
	if client.Certificate != nil {
		return shown.Equal(client.Certificate)
	}
	roots := x509.NewCertPool()
	roots.AddCert(client.Authority)
	_, err := shown.Verify(x509.VerifyOptions{
		Roots: roots, CurrentTime: s.now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	return err == nil
}

// isSigned reports whether an assertion is valid as RFC 7523 section 3 requires. It accepts each
// assertion only once.
func (s *Server) isSigned(assertion, clientID string, key any, r *http.Request, algorithms ...jose.SignatureAlgorithm) bool {
	token, err := jwt.ParseSigned(assertion, algorithms)
	if err != nil {
		return false
	}
	claims := jwt.Claims{}
	if err := token.Claims(key, &claims); err != nil {
		return false
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if claims.ID == "" || s.assertions[claims.ID] {
		return false
	}
	s.assertions[claims.ID] = true
	return claims.ValidateWithLeeway(jwt.Expected{
		Issuer: clientID, Subject: clientID, AnyAudience: jwt.Audience{s.URL + r.URL.Path, s.URL}, Time: s.now(),
	}, 0) == nil
}

// isMet reports whether a token of another issuer is valid. That issuer has its own clock.
func (f Federation) isMet(assertion string) bool {
	token, err := jwt.ParseSigned(assertion, []jose.SignatureAlgorithm{jose.RS256, jose.ES256})
	if err != nil {
		return false
	}
	claims := jwt.Claims{}
	if err := token.Claims(f.Keys, &claims); err != nil {
		return false
	}
	return claims.Subject == f.Subject && slices.Contains(claims.Audience, f.Audience) && time.Now().Before(claims.Expiry.Time())
}
