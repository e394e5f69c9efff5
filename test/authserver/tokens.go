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

// Paths of the revocation endpoints: that of RFC 7009, and Commerce Layer's, which
// takes JSON.
const (
	RevocationPath              = "/oauth2/revoke"
	CommerceLayerRevocationPath = "/commercelayer/oauth/revoke"
)

// IsActive tells whether a token was issued here, has not expired and was not
// revoked.
func (s *Server) IsActive(token string) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.now().Before(s.tokens[token])
}

// issue gives the token that the client is to have, and how long it lives.
func (s *Server) issue(endpoint endpoint, asked asked) (token string, lifetime time.Duration) {
	lifetime = s.lifetimeOf(endpoint, asked.parameters)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	client, now := s.clients[asked.clientID], s.now()
	given := s.given[client.ID]
	if left := s.tokens[given].Sub(now); client.SameUntil > 0 && left > client.SameUntil {
		return given, left
	}
	if client.OneToken {
		delete(s.tokens, given)
	}
	token = rand.Text()
	if endpoint.jwt {
		// Nobody here verifies its signature.
		token = JWT(now.Add(lifetime))
	}
	s.tokens[token], s.given[client.ID] = now.Add(lifetime), token
	return token, lifetime
}

// lifetimeScope before a number of seconds is a scope that asks for tokens which
// live so long.
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

// revocation is the endpoint of RFC 7009: it answers 200 also to a token that it
// does not know.
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
