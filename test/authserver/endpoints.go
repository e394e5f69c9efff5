package authserver

import (
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Paths of the token endpoints.
const (
	RFC6749Path       = "/oauth2/token"
	FabricPath        = "/fabric/platform/v1/auth/token"
	ElasticPathPath   = "/elasticpath/oauth/access_token"
	CommerceLayerPath = "/commercelayer/oauth/token"
	OroCommercePath   = "/orocommerce/oauth2-token"
	// MarketoPath reads the parameters from the query.
	MarketoPath = "/marketo/identity/oauth/token"
	// SalesforcePath returns an instance_url but no lifetime.
	SalesforcePath = "/salesforce/services/oauth2/token"
	// ExchangePath issues a token in exchange for a token of this server.
	ExchangePath = "/exchange/token"
)

// endpoint describes the behaviour of a vendor's token endpoint.
type endpoint struct {
	// json, form and query are the encodings that the endpoint accepts. basic is set if it accepts
	// client_secret_basic.
	json, form, query, basic bool
	// implicit is set if the endpoint accepts the implicit grant, which needs no secret.
	implicit bool
	// publicNeedsScope is set if a client without a secret must name a scope.
	publicNeedsScope bool
	// jwt is set if the tokens are JWTs.
	jwt bool
	// exchange is set if a token of this server replaces the client's credentials.
	exchange bool
	lifetime func(parameters map[string]string) time.Duration
	succeed  func(parameters map[string]string, token string, lifetime time.Duration, now time.Time) any
	refuse   func(refusal) any
}

// refusal is the reason why a request gets no token.
type refusal struct {
	status      int
	code        string
	description string
}

var endpoints = map[string]endpoint{
	RFC6749Path: {
		form: true, basic: true,
		lifetime: oneHour, succeed: bare, refuse: rfc6749Error,
	},
	FabricPath: {
		json:     true,
		lifetime: oneHour,
		succeed: func(_ map[string]string, token string, lifetime time.Duration, _ time.Time) any {
			return map[string]any{"access_token": token, "token_type": "bearer", "expires_in": seconds(lifetime), "scope": ""}
		},
		refuse: func(r refusal) any {
			message, kind := "Bad request", "CLIENT_ERROR"
			switch {
			case r.status == http.StatusUnauthorized:
				message = "Unauthorized request"
			case r.status >= 500:
				message, kind = "Internal server error", "SERVER_ERROR"
			default:
				return map[string]any{"message": message, "type": kind,
					"errors": []any{map[string]any{"message": "Invalid request", "type": kind}}}
			}
			return map[string]any{"message": message, "type": kind}
		},
	},
	ElasticPathPath: {
		form: true, implicit: true,
		lifetime: oneHour,
		succeed: func(parameters map[string]string, token string, lifetime time.Duration, now time.Time) any {
			return map[string]any{"data": map[string]any{
				"access_token": token, "token_type": "Bearer", "expires_in": seconds(lifetime),
				"expires": now.Add(lifetime).Unix(), "identifier": parameters["grant_type"],
			}}
		},
		refuse: func(r refusal) any {
			return map[string]any{"errors": []any{map[string]any{
				"title": http.StatusText(r.status), "status": strconv.Itoa(r.status), "detail": r.description,
			}}}
		},
	},
	CommerceLayerPath: {
		json: true, publicNeedsScope: true,
		lifetime: func(parameters map[string]string) time.Duration {
			if parameters["client_secret"] == "" {
				return 4 * time.Hour
			}
			return 2 * time.Hour
		},
		succeed: func(parameters map[string]string, token string, lifetime time.Duration, now time.Time) any {
			scope := parameters["scope"]
			if scope == "" {
				scope = "market:all"
			}
			return map[string]any{"access_token": token, "token_type": "bearer", "expires_in": seconds(lifetime),
				"scope": scope, "created_at": now.Unix()}
		},
		refuse: rfc6749Error,
	},
	OroCommercePath: {
		json: true, jwt: true,
		lifetime: oneHour,
		succeed: func(_ map[string]string, token string, lifetime time.Duration, _ time.Time) any {
			return map[string]any{"token_type": "Bearer", "expires_in": seconds(lifetime), "access_token": token}
		},
		refuse: func(r refusal) any {
			return map[string]any{"error": r.code, "error_description": r.description,
				"hint": "Check the application's credentials.", "message": r.description}
		},
	},
	MarketoPath: {
		query:    true,
		lifetime: oneHour,
		succeed: func(_ map[string]string, token string, lifetime time.Duration, _ time.Time) any {
			return map[string]any{"access_token": token, "token_type": "bearer", "expires_in": seconds(lifetime), "scope": "api@example.com"}
		},
		refuse: rfc6749Error,
	},
	SalesforcePath: {
		form:     true,
		lifetime: oneHour,
		succeed: func(_ map[string]string, token string, _ time.Duration, now time.Time) any {
			return map[string]any{"access_token": token, "token_type": "Bearer", "instance_url": "https://shop.my.salesforce.com",
				"issued_at": strconv.FormatInt(now.UnixMilli(), 10)}
		},
		refuse: rfc6749Error,
	},
	ExchangePath: {
		form: true, exchange: true,
		lifetime: oneHour, succeed: bare, refuse: rfc6749Error,
	},
}

// asked holds the parameters of a request and the credentials of its client.
type asked struct {
	parameters             map[string]string
	clientID, clientSecret string
}

func oneHour(map[string]string) time.Duration { return time.Hour }

func bare(parameters map[string]string, token string, lifetime time.Duration, _ time.Time) any {
	response := map[string]any{"access_token": token, "token_type": "Bearer", "expires_in": seconds(lifetime)}
	if scope := parameters["scope"]; scope != "" {
		response["scope"] = scope
	}
	return response
}

func rfc6749Error(r refusal) any {
	return map[string]any{"error": r.code, "error_description": r.description}
}

func seconds(d time.Duration) int { return int(d / time.Second) }

func (e endpoint) fail(w http.ResponseWriter, r *refusal) { write(w, r.status, e.refuse(*r)) }

// read reads the parameters from the body or the query. It reads the client's credentials from there or
// from the Authorization header.
func (e endpoint) read(r *http.Request) (asked, *refusal) {
	asked := asked{parameters: map[string]string{}}
	if err := e.readParameters(r, asked.parameters); err != nil {
		return asked, err
	}
	asked.clientID, asked.clientSecret = asked.parameters["client_id"], asked.parameters["client_secret"]
	if user, password, ok := r.BasicAuth(); ok && e.basic {
		// Both parts are form-encoded (RFC 6749 section 2.3.1).
		id, idErr := url.QueryUnescape(user)
		secret, secretErr := url.QueryUnescape(password)
		if idErr != nil || secretErr != nil {
			return asked, &refusal{http.StatusUnauthorized, "invalid_client", "The credentials are not form-encoded."}
		}
		asked.clientID, asked.clientSecret = id, secret
	}
	return asked, nil
}

func (e endpoint) readParameters(r *http.Request, parameters map[string]string) *refusal {
	if r.Method == http.MethodGet && e.query {
		for name := range r.URL.Query() {
			parameters[name] = r.URL.Query().Get(name)
		}
		return nil
	}
	if r.Method != http.MethodPost {
		return &refusal{http.StatusMethodNotAllowed, "invalid_request", "Use POST."}
	}
	mediaType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case mediaType == "application/json" && e.json:
		if err := json.NewDecoder(r.Body).Decode(&parameters); err != nil {
			return &refusal{http.StatusBadRequest, "invalid_request", "The body is not a JSON object of strings."}
		}
	case mediaType == "application/x-www-form-urlencoded" && e.form:
		if err := r.ParseForm(); err != nil {
			return &refusal{http.StatusBadRequest, "invalid_request", "The body is not a form."}
		}
		for name := range r.PostForm {
			parameters[name] = r.PostForm.Get(name)
		}
	default:
		return &refusal{http.StatusUnsupportedMediaType, "invalid_request", "The content type is not supported."}
	}
	return nil
}

func isSubset(scope string, allowed []string) bool {
	for item := range strings.FieldsSeq(scope) {
		if !slices.Contains(allowed, item) {
			return false
		}
	}
	return true
}
