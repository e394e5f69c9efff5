package authserver

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Paths of the revocation endpoints: the endpoint of RFC 7009, and the endpoint of Commerce Layer,
// which takes JSON.
const (
	RevocationPath              = "/oauth2/revoke"
	CommerceLayerRevocationPath = "/commercelayer/oauth/revoke"
)

// IsActive reports whether the server issued a token that has neither expired nor been revoked.
func (s *Server) IsActive(token string) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.now().Before(s.tokens[token])
}

// issue returns the token for the client, and its lifetime.
func (s *Server) issue(endpoint endpoint, asked asked) (token string, lifetime time.Duration) {
	lifetime = s.lifetimeOf(endpoint, asked.parameters)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	client, now := s.clients[asked.clientID], s.now()
	given := s.lastTokens[client.ID]
	if left := s.tokens[given].Sub(now); client.SameUntil > 0 && left > client.SameUntil {
		return given, left
	}
	if client.OneToken {
		delete(s.tokens, given)
	}
	token = rand.Text()
	if endpoint.jwt {
		// No code here verifies the signature.
		token = JWT(now.Add(lifetime))
	}
	s.tokens[token], s.lastTokens[client.ID] = now.Add(lifetime), token
	return token, lifetime
}

// lifetimeScope, followed by a number of seconds, is a scope that requests a token with that lifetime.
const lifetimeScope = "lifetime:"

func (s *Server) lifetimeOf(endpoint endpoint, parameters map[string]string) time.Duration {
	for scope := range strings.FieldsSeq(parameters["scope"]) {
		if asked, ok := strings.CutPrefix(scope, lifetimeScope); ok {
			if seconds, err := strconv.Atoi(asked); err == nil {
				return time.Duration(seconds) * time.Second
			}
		}
	}
	if s.lifetime != 0 {
		return s.lifetime
	}
	return endpoint.lifetime(parameters)
}

// revocation is the endpoint of RFC 7009. It answers 200 even if it does not know the token.
func (s *Server) revocation(endpoint endpoint) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		asked, refused := endpoint.read(r)
		s.record(r, asked.clientID, asked.parameters)
		s.mutex.Lock()
		client, known := s.clients[asked.clientID]
		s.mutex.Unlock()
		if refused == nil && (!known || !s.isAuthentic(client, asked, r)) {
			refused = &refusal{http.StatusUnauthorized, "invalid_client", "Client authentication failed."}
		}
		if refused != nil {
			endpoint.fail(w, refused)
			return
		}
		s.mutex.Lock()
		defer s.mutex.Unlock()
		delete(s.tokens, asked.parameters["token"])
	}
}

func segment(content any) string {
	raw, err := json.Marshal(content)
	if err != nil {
		panic(fmt.Sprintf("encode a JWT: %v", err))
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}
