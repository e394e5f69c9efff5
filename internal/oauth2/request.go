// Package oauth2 builds the request to a token endpoint and reads its response,
// both as an authorization server declares them. It is pure: it sends nothing,
// and the time is an argument.
package oauth2

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// Grant is what a client asks for.
type Grant struct {
	Credentials Credentials
	Scopes      []string
	Audience    string
}

// Request is a token request, ready to be sent.
type Request struct {
	Method string
	URL    string
	// Header holds nothing secret.
	Header http.Header
	// Authorization is the value of the header of that name; empty for none.
	Authorization Sensitive
	Body          Sensitive

	echoes []Sensitive
}

// BuildRequest writes the token request (RFC 6749 section 4.4.2) in the dialect
// of a server that a profile has completed.
func BuildRequest(server v1alpha1.AuthorizationServerSpec, grant Grant) (*Request, error) {
	parameters, authorization, err := parametersOf(server, grant)
	if err != nil {
		return nil, err
	}
	request := &Request{
		Method:        http.MethodPost,
		URL:           server.TokenEndpoint,
		Header:        http.Header{"Accept": {"application/json"}},
		Authorization: NewSensitive(authorization),
		echoes:        echoes(grant.Credentials),
	}
	switch encoding := server.Request.Encoding; encoding {
	case v1alpha1.FormEncoding:
		form := url.Values{}
		for name, value := range parameters {
			form.Set(name, value)
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Body = NewSensitive(form.Encode())
	case v1alpha1.JSONEncoding:
		body, err := json.Marshal(parameters)
		if err != nil {
			return nil, fmt.Errorf("encode the token request as JSON: %w", err)
		}
		request.Header.Set("Content-Type", "application/json")
		request.Body = NewSensitive(string(body))
	default:
		return nil, fmt.Errorf("request encoding %q is not known", encoding)
	}
	return request, nil
}

// parametersOf returns the parameters of the body and the value of the header
// Authorization. What the user names as a parameter stands in for nothing else.
func parametersOf(server v1alpha1.AuthorizationServerSpec, grant Grant) (parameters map[string]string, authorization string, err error) {
	parameters = map[string]string{}
	for _, parameter := range server.Request.Parameters {
		if parameter.Value != nil {
			parameters[parameter.Name] = *parameter.Value
		}
	}
	parameters["grant_type"] = server.Request.GrantType
	if len(grant.Scopes) > 0 {
		parameters["scope"] = strings.Join(grant.Scopes, " ")
	}
	if grant.Audience != "" {
		parameters["audience"] = grant.Audience
	}
	switch method := server.ClientAuthentication.Method; method {
	case v1alpha1.ClientSecretBasic:
		authorization = basicAuthorization(grant.Credentials)
	case v1alpha1.ClientSecretPost:
		parameters["client_id"] = grant.Credentials.ClientID
		parameters["client_secret"] = grant.Credentials.ClientSecret.Reveal()
	case v1alpha1.ClientAuthenticationNone:
		parameters["client_id"] = grant.Credentials.ClientID
	default:
		err = fmt.Errorf("client authentication method %q is not known", method)
	}
	return parameters, authorization, err
}

// basicAuthorization form-encodes ID and secret before it joins them, as RFC
// 6749 section 2.3.1 asks.
func basicAuthorization(credentials Credentials) string {
	pair := url.QueryEscape(credentials.ClientID) + ":" + url.QueryEscape(credentials.ClientSecret.Reveal())
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(pair))
}

// echoes are the texts by which a server could repeat the credentials, the
// longest first.
func echoes(credentials Credentials) []Sensitive {
	secret := credentials.ClientSecret.Reveal()
	if secret == "" {
		return nil
	}
	texts := append(encodings(secret), encodings(credentials.ClientID+":"+secret)...)
	texts = append(texts, strings.TrimPrefix(basicAuthorization(credentials), "Basic "))
	slices.SortFunc(texts, func(a, b string) int { return len(b) - len(a) })
	hidden := make([]Sensitive, len(texts))
	for i, text := range texts {
		hidden[i] = NewSensitive(text)
	}
	return hidden
}

// encodings are the forms in which a text may be repeated.
func encodings(text string) []string {
	return []string{
		text, jsonEscape(text), url.QueryEscape(text), url.PathEscape(text), (&url.URL{Path: text}).EscapedPath(),
		base64.StdEncoding.EncodeToString([]byte(text)), base64.RawURLEncoding.EncodeToString([]byte(text)),
	}
}

// Redact removes a token from a text that is to be shown.
func (t Token) Redact(text string) string {
	return redactTexts(text, encodings(t.AccessToken.Reveal()))
}

// jsonEscape writes a text as it looks inside a JSON string.
func jsonEscape(text string) string {
	// A string can always be encoded.
	raw, _ := json.Marshal(text)
	return strings.Trim(string(raw), `"`)
}

// redact removes the credentials of the request, and other texts, from a text
// that is to be shown.
func (r *Request) redact(text string, others ...string) string {
	for _, echo := range r.echoes {
		text = strings.ReplaceAll(text, echo.Reveal(), redacted)
	}
	return redactTexts(text, others)
}

func redactTexts(text string, hidden []string) string {
	for _, other := range hidden {
		text = strings.ReplaceAll(text, other, redacted)
	}
	return text
}
