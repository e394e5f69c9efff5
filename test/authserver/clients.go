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

// Client is registered at the server. Without anything that proves who it is, it
// is public.
type Client struct {
	ID     string
	Secret string
	// Key is the public key that verifies the JWTs of private_key_jwt.
	Key any
	// Certificate that the client shows; or the Authority that it comes from.
	Certificate, Authority *x509.Certificate
	// Federation makes the client known by tokens of another issuer.
	Federation *Federation
	// Scopes that it may ask for; nil allows all.
	Scopes []string
	// SameUntil makes the server give the same token again until so little of its
	// life is left. What it tells is what remains.
	SameUntil time.Duration
	// OneToken makes each new token end the one before.
	OneToken bool
}

// Federation is whose tokens authenticate a client, such as those of a cluster's
// ServiceAccounts.
type Federation struct {
	Subject, Audience string
	Keys              jose.JSONWebKeySet
}

// isAuthentic tells whether a client proved to be itself.
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

// isShown tells whether the connection has the client's certificate (RFC 8705).
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

// isSigned verifies an assertion as RFC 7523 section 3 asks for. One that was seen
// before is refused.
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

// isMet verifies the token of another issuer, which has a clock of its own.
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
