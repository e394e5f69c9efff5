// Package authserver provides an authorization server for tests and the demo. Its token endpoints behave
// as the documentation of several vendors describes. Tests can make it misbehave.
package authserver

import (
	"crypto/tls"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"
)

// Server is a running authorization server.
type Server struct {
	*httptest.Server

	mutex           sync.Mutex
	now             func() time.Time
	lifetime        time.Duration
	clients         map[string]Client
	clientResponses map[string]played
	pathResponses   map[string]played
	requests        []Request
	tokens          map[string]time.Time
	// lastTokens holds the last token of each client. assertions holds the IDs of the assertions seen so
	// far.
	lastTokens map[string]string
	assertions map[string]bool
}

// Request is a request that the server received.
type Request struct {
	At   time.Time
	Path string
	// ClientID is the client ID in the request; empty if the request has no readable client ID.
	ClientID string
	// Parameters are the parameters of the body or the query.
	Parameters map[string]string
	Header     http.Header
	// Issued reports whether the response contained a token.
	Issued bool
}

// Options are the options of a server. Zero values mean the real time and the vendors' lifetimes.
type Options struct {
	Now func() time.Time
	// Lifetime is the lifetime of all tokens.
	Lifetime time.Duration
	TLS      bool
	// ClientCertificates sets whether a server with TLS requests a client certificate.
	ClientCertificates tls.ClientAuthType
	// Listener accepts the connections; nil means a new listener.
	Listener net.Listener
}

// New starts a server on a loopback address.
func New(options Options) *Server {
	s := &Server{
		now: options.Now, lifetime: options.Lifetime,
		clients:         map[string]Client{},
		clientResponses: map[string]played{},
		pathResponses:   map[string]played{},
		tokens:          map[string]time.Time{},
		lastTokens:      map[string]string{},
		assertions:      map[string]bool{},
	}
	if s.now == nil {
		s.now = time.Now
	}
	mux := http.NewServeMux()
	for path, endpoint := range endpoints {
		mux.Handle(path, s.handler(endpoint))
	}
	for path, isJSON := range map[string]bool{RevocationPath: false, CommerceLayerRevocationPath: true} {
		mux.Handle(path, s.revocation(endpoint{form: !isJSON, basic: !isJSON, json: isJSON, refuse: rfc6749Error}))
	}
	mux.HandleFunc("/", s.metadata)
	s.Server = httptest.NewUnstartedServer(s.withPathResponses(mux))
	if options.Listener != nil {
		_ = s.Listener.Close()
		s.Listener = options.Listener
	}
	if options.TLS {
		s.TLS = &tls.Config{ClientAuth: options.ClientCertificates, MinVersion: tls.VersionTLS12}
		s.StartTLS()
	} else {
		s.Start()
	}
	return s
}

// Register adds clients, or replaces them.
func (s *Server) Register(clients ...Client) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, client := range clients {
		s.clients[client.ID] = client
	}
}

// Respond makes the server answer a client with response; nil restores the normal answers.
func (s *Server) Respond(clientID string, response http.HandlerFunc) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.clientResponses[clientID] = always(response)
}

// RespondAt makes the server answer all requests to a path with response; nil restores the normal
// answers.
func (s *Server) RespondAt(path string, response http.HandlerFunc) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.pathResponses[path] = always(response)
}

// Requests returns the requests of a client so far, or of all clients if clientID is empty.
func (s *Server) Requests(clientID string) []Request {
	return s.requestsThat(func(r Request) bool { return clientID == "" || r.ClientID == clientID })
}

// RequestsTo returns the requests to a path so far.
func (s *Server) RequestsTo(path string) []Request {
	return s.requestsThat(func(r Request) bool { return r.Path == path })
}

func (s *Server) requestsThat(match func(Request) bool) []Request {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	var requests []Request
	for _, request := range s.requests {
		if match(request) {
			requests = append(requests, request)
		}
	}
	return requests
}

// withPathResponses answers with the handlers that RespondAt set, and passes on all other requests.
func (s *Server) withPathResponses(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mutex.Lock()
		response := s.pathResponses[r.URL.Path].answer(s.now())
		s.mutex.Unlock()
		if response == nil {
			next.ServeHTTP(w, r)
			return
		}
		s.record(r, "", nil)
		response(w, r)
	})
}

// record stores a request. The function that it returns marks the request as answered with a token.
func (s *Server) record(r *http.Request, clientID string, parameters map[string]string) (issued func()) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.requests = append(s.requests, Request{
		At: s.now(), Path: r.URL.Path, ClientID: clientID, Parameters: parameters, Header: r.Header.Clone(),
	})
	index := len(s.requests) - 1
	return func() {
		s.mutex.Lock()
		defer s.mutex.Unlock()
		s.requests[index].Issued = true
	}
}

func (s *Server) handler(endpoint endpoint) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		asked, refused := endpoint.read(r)
		issued := s.record(r, asked.clientID, asked.parameters)
		s.mutex.Lock()
		response := s.clientResponses[asked.clientID].answer(s.now())
		s.mutex.Unlock()
		if response != nil {
			response(w, r)
			return
		}
		if refused == nil {
			refused = s.check(endpoint, asked, r)
		}
		if refused != nil {
			endpoint.fail(w, refused)
			return
		}
		token, lifetime := s.issue(endpoint, asked)
		issued()
		write(w, http.StatusOK, endpoint.succeed(asked.parameters, token, lifetime, s.now()))
	}
}

// check authenticates the client and checks its request.
func (s *Server) check(endpoint endpoint, asked asked, r *http.Request) *refusal {
	s.mutex.Lock()
	client, known := s.clients[asked.clientID]
	s.mutex.Unlock()
	parameters := asked.parameters
	switch {
	case endpoint.exchange:
		return s.checkExchange(parameters, r)
	case parameters["grant_type"] != "client_credentials" && (parameters["grant_type"] != "implicit" || !endpoint.implicit):
		return &refusal{http.StatusBadRequest, "unsupported_grant_type", "The grant type is not supported."}
	case !known, parameters["grant_type"] != "implicit" && !s.isAuthentic(client, asked, r):
		return &refusal{http.StatusUnauthorized, "invalid_client", "Client authentication failed."}
	case client.Secret == "" && endpoint.publicNeedsScope && parameters["scope"] == "":
		return &refusal{http.StatusBadRequest, "invalid_scope", "A sales channel needs a market in its scope."}
	case client.Scopes != nil && !isSubset(parameters["scope"], client.Scopes):
		return &refusal{http.StatusBadRequest, "invalid_scope", "The requested scope is invalid, unknown, or malformed."}
	}
	return nil
}

// checkExchange requires a token of this server, either in the Authorization header or as an assertion.
func (s *Server) checkExchange(parameters map[string]string, r *http.Request) *refusal {
	bearer, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !s.IsActive(bearer) && !s.IsActive(parameters["assertion"]) {
		return &refusal{http.StatusBadRequest, "invalid_grant", "The assertion is not an active token."}
	}
	return nil
}

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
