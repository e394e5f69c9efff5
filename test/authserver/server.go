// Package authserver is an authorization server for tests and the demo. It
// behaves like the token endpoints of five vendors, as their documentation
// describes them, and can be told to misbehave.
package authserver

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"
)

// Server is a running authorization server.
type Server struct {
	*httptest.Server

	mutex     sync.Mutex
	now       func() time.Time
	lifetime  time.Duration
	clients   map[string]Client
	responses map[string]http.HandlerFunc
	requests  []Request
	tokens    map[string]time.Time
}

// Client is registered at the server. Without a secret it is public.
type Client struct {
	ID     string
	Secret string
	// Scopes that it may ask for; nil allows all.
	Scopes []string
}

// Request is a token request that the server received.
type Request struct {
	Path string
	// ClientID by which the client called itself; empty when it cannot be told.
	ClientID string
	// Parameters of the body.
	Parameters map[string]string
	Header     http.Header
	// Issued tells whether the answer held a token.
	Issued bool
}

// Options of a server. Zero values are the real time and the vendors' lifetimes.
type Options struct {
	Now func() time.Time
	// Lifetime of all tokens.
	Lifetime time.Duration
	TLS      bool
}

// New starts a server on a loopback address.
func New(options Options) *Server {
	s := &Server{
		now: options.Now, lifetime: options.Lifetime,
		clients:   map[string]Client{},
		responses: map[string]http.HandlerFunc{},
		tokens:    map[string]time.Time{},
	}
	if s.now == nil {
		s.now = time.Now
	}
	mux := http.NewServeMux()
	for path, endpoint := range endpoints {
		mux.Handle(path, s.handler(endpoint))
	}
	if options.TLS {
		s.Server = httptest.NewTLSServer(mux)
	} else {
		s.Server = httptest.NewServer(mux)
	}
	return s
}

// Register makes clients known, or changes them.
func (s *Server) Register(clients ...Client) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, client := range clients {
		s.clients[client.ID] = client
	}
}

// Respond makes the server answer a client in another way; nil ends that.
func (s *Server) Respond(clientID string, response http.HandlerFunc) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.responses[clientID] = response
}

// Requests returns the requests of a client so far; of all clients for "".
func (s *Server) Requests(clientID string) []Request {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	var requests []Request
	for _, request := range s.requests {
		if clientID == "" || request.ClientID == clientID {
			requests = append(requests, request)
		}
	}
	return requests
}

// IsActive tells whether a token was issued here and has not expired.
func (s *Server) IsActive(token string) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.now().Before(s.tokens[token])
}

func (s *Server) handler(endpoint endpoint) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		parameters, clientID, clientSecret, err := endpoint.read(r)
		s.mutex.Lock()
		response := s.responses[clientID]
		s.requests = append(s.requests, Request{
			Path: r.URL.Path, ClientID: clientID, Parameters: parameters, Header: r.Header.Clone(),
		})
		index := len(s.requests) - 1
		s.mutex.Unlock()
		if response != nil {
			response(w, r)
			return
		}
		if err == nil {
			err = s.check(endpoint, parameters, clientID, clientSecret)
		}
		if err != nil {
			endpoint.fail(w, err)
			return
		}
		lifetime := endpoint.lifetime(parameters)
		if s.lifetime != 0 {
			lifetime = s.lifetime
		}
		token := s.issue(endpoint, lifetime)
		s.mutex.Lock()
		s.requests[index].Issued = true
		s.mutex.Unlock()
		write(w, http.StatusOK, endpoint.succeed(parameters, token, lifetime, s.now()))
	}
}

// check authenticates the client and looks at what it asks for.
func (s *Server) check(endpoint endpoint, parameters map[string]string, clientID, clientSecret string) *refusal {
	s.mutex.Lock()
	client, known := s.clients[clientID]
	s.mutex.Unlock()
	switch {
	case parameters["grant_type"] != "client_credentials" && (parameters["grant_type"] != "implicit" || !endpoint.implicit):
		return &refusal{http.StatusBadRequest, "unsupported_grant_type", "The grant type is not supported."}
	case !known:
		return &refusal{http.StatusUnauthorized, "invalid_client", "Client authentication failed."}
	case client.Secret != clientSecret && parameters["grant_type"] != "implicit":
		return &refusal{http.StatusUnauthorized, "invalid_client", "Client authentication failed."}
	case client.Secret == "" && endpoint.publicNeedsScope && parameters["scope"] == "":
		return &refusal{http.StatusBadRequest, "invalid_scope", "A sales channel needs a market in its scope."}
	case client.Scopes != nil && !isSubset(parameters["scope"], client.Scopes):
		return &refusal{http.StatusBadRequest, "invalid_scope", "The requested scope is invalid, unknown, or malformed."}
	}
	return nil
}

func (s *Server) issue(endpoint endpoint, lifetime time.Duration) string {
	expiresAt := s.now().Add(lifetime)
	token := rand.Text()
	if endpoint.jwt {
		// Its signature is random: nobody here verifies it.
		token = segment(map[string]any{"alg": "RS256", "typ": "JWT"}) + "." +
			segment(map[string]any{"exp": expiresAt.Unix(), "jti": rand.Text()}) + "." + token
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.tokens[token] = expiresAt
	return token
}

func segment(content any) string {
	raw, err := json.Marshal(content)
	if err != nil {
		panic(fmt.Sprintf("encode a JWT: %v", err))
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
