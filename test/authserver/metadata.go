package authserver

import "net/http"

// Paths of the metadata for the issuer that is the server's URL: RFC 8414 and OpenID Connect Discovery.
// OpenIDMetadataPath has no document unless RespondAt sets one.
const (
	MetadataPath       = "/.well-known/oauth-authorization-server"
	OpenIDMetadataPath = "/.well-known/openid-configuration"
)

// metadata answers with the metadata of the server (RFC 8414 section 3.2), and with 404 to all other
// paths.
func (s *Server) metadata(w http.ResponseWriter, r *http.Request) {
	s.record(r, "", nil)
	if r.URL.Path != MetadataPath {
		http.NotFound(w, r)
		return
	}
	write(w, http.StatusOK, s.Metadata())
}

// Metadata returns the metadata of the server (RFC 8414 section 2).
func (s *Server) Metadata() map[string]any {
	return map[string]any{
		"issuer":              s.URL,
		"token_endpoint":      s.URL + RFC6749Path,
		"revocation_endpoint": s.URL + RevocationPath,
	}
}

// RespondWith answers with a JSON document.
func RespondWith(document any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { write(w, http.StatusOK, document) }
}
