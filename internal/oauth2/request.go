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

	secrets []string
}

// BuildRequest writes the token request (RFC 6749 section 4.4.2) in the dialect
// of a server that a profile has completed.
func BuildRequest(server v1alpha1.AuthorizationServerSpec, grant Grant) (*Request, error) {
	parameters, authorization := parametersOf(server, grant)
	request := &Request{
		Method:        http.MethodPost,
		URL:           server.TokenEndpoint,
		Header:        http.Header{"Accept": {"application/json"}},
		Authorization: NewSensitive(authorization),
		secrets:       forms(grant.Credentials),
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
func parametersOf(server v1alpha1.AuthorizationServerSpec, grant Grant) (parameters map[string]string, authorization string) {
	parameters = map[string]string{"grant_type": server.Request.GrantType}
	for _, parameter := range server.Request.Parameters {
		if parameter.Value != nil {
			parameters[parameter.Name] = *parameter.Value
		}
	}
	if len(grant.Scopes) > 0 {
		parameters["scope"] = strings.Join(grant.Scopes, " ")
	}
	if grant.Audience != "" {
		parameters["audience"] = grant.Audience
	}
	switch server.ClientAuthentication.Method {
	case v1alpha1.ClientSecretBasic:
		return parameters, basicAuthorization(grant.Credentials)
	case v1alpha1.ClientSecretPost:
		parameters["client_id"] = grant.Credentials.ClientID
		parameters["client_secret"] = grant.Credentials.ClientSecret.Reveal()
	case v1alpha1.ClientAuthenticationNone:
		parameters["client_id"] = grant.Credentials.ClientID
	}
	return parameters, ""
}

// basicAuthorization form-encodes ID and secret before it joins them, as RFC
// 6749 section 2.3.1 asks.
func basicAuthorization(credentials Credentials) string {
	pair := url.QueryEscape(credentials.ClientID) + ":" + url.QueryEscape(credentials.ClientSecret.Reveal())
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(pair))
}

// forms are the texts by which a server could echo the credentials.
func forms(credentials Credentials) []string {
	secret := credentials.ClientSecret.Reveal()
	if secret == "" {
		return nil
	}
	return []string{
		strings.TrimPrefix(basicAuthorization(credentials), "Basic "),
		base64.StdEncoding.EncodeToString([]byte(credentials.ClientID + ":" + secret)),
		url.QueryEscape(secret), secret,
	}
}

// Redact removes the credentials of the request from a text that is to be shown.
func (r *Request) Redact(text string) string {
	for _, secret := range r.secrets {
		text = strings.ReplaceAll(text, secret, redacted)
	}
	return text
}
