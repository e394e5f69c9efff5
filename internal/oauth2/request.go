// Package oauth2 builds the request to a token endpoint and reads its response,
// both as an authorization server declares them. It is pure: it sends nothing,
// and the time is an argument.
package oauth2

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/redact"
)

// Grant is what a client asks for.
type Grant struct {
	Credentials Credentials
	Scopes      []string
	Audience    string
	// Resources are URIs (RFC 8707).
	Resources []string
	// ServiceAccountToken authenticates the client where UsesServiceAccountToken
	// says so.
	ServiceAccountToken Sensitive
}

func (g Grant) templateData() templateData {
	return templateData{credentials: g.Credentials, scopes: g.Scopes, audience: g.Audience}
}

// Request is a token request, ready to be sent.
type Request struct {
	Method string
	// URL holds nothing secret.
	URL string
	// Query is added to that of the URL; empty for none.
	Query Sensitive
	// Header by its canonical names.
	Header map[string]Sensitive
	Body   Sensitive
	// TLS is the client's side of the connection.
	TLS TLS
	// Destination names in messages what URL is; the zero value is a token endpoint.
	Destination Destination
	// Metadata of the issuer, for hints; nil if the token endpoint was not discovered.
	Metadata *Metadata

	// issuer is set if its metadata name the URL.
	issuer string
	// hide adds what is secret in the request. A function prints nothing of it.
	hide  func(*redact.Secrets)
	show  func() (string, error)
	facts facts
}

// Destination is a kind of URL and the field that leads to it.
type Destination struct{ name, field string }

var (
	metadataDocument   = Destination{"metadata document", "authorizationServer.issuer"}
	revocationEndpoint = Destination{"revocation endpoint", "authorizationServer.revocation.endpoint"}
)

// Name is what a message calls the URL.
func (d Destination) Name() string { return cmp.Or(d.name, "token endpoint") }

// Field is the field to check.
func (d Destination) Field() string { return cmp.Or(d.field, "authorizationServer.tokenEndpoint") }

// BuildRequest writes the token request (RFC 6749 section 4.4.2) in the dialect
// of a server that a profile has completed. now is the time in assertions. What
// makes no request of a declaration is an *Error.
func BuildRequest(server v1alpha1.AuthorizationServerSpec, grant Grant, now time.Time) (*Request, error) {
	assertions, err := assertionsOf(server, grant, now)
	if err != nil {
		return nil, err
	}
	templateData := grant.templateData()
	templateData.assertion = assertions.grant
	parameters, err := parametersOf(server, grant, templateData, assertions)
	if err != nil {
		return nil, err
	}
	return write(server.TokenEndpoint, server, grant, parameters, assertions, now)
}

// write puts parameters and headers together to a request.
func write(endpoint string, server v1alpha1.AuthorizationServerSpec, grant Grant, parameters parameters, assertions assertions, now time.Time) (*Request, error) {
	request := &Request{Method: string(server.Request.Method), URL: endpoint, issuer: server.Issuer}
	body, err := encode(server.Request.Encoding, parameters)
	if err != nil {
		return nil, err
	}
	templateData := grant.templateData()
	templateData.assertion = assertions.grant
	headers, err := headersOf(server, templateData, body.contentType)
	if err != nil {
		return nil, err
	}
	request.Header = make(map[string]Sensitive, len(headers))
	for name, value := range headers {
		request.Header[name] = NewSensitive(value.text)
	}
	request.Query, request.Body = NewSensitive(body.query), NewSensitive(body.body)
	request.facts = factsOf(server, grant)
	request.hide = func(secrets *redact.Secrets) { hide(secrets, grant.Credentials, parameters, headers) }
	if request.TLS, err = tlsOf(grant.Credentials, now); err != nil {
		return nil, err
	}
	request.show = func() (string, error) { return request.text(server.Request.Encoding, parameters, headers) }
	return request, nil
}

// headersOf returns the headers of a request by their canonical names. The first
// of two headers of one name counts: it is the user's.
func headersOf(server v1alpha1.AuthorizationServerSpec, templateData templateData, contentType string) (map[string]value, error) {
	headers := map[string]value{}
	var size size
	for _, header := range server.Request.Headers {
		name := http.CanonicalHeaderKey(header.Name)
		if _, set := headers[name]; set {
			continue
		}
		value, err := templateData.valueOf("header "+header.Name, v1alpha1.Parameter{
			Value: header.Value, SecretKey: header.SecretKey, Template: header.Template,
		})
		if err != nil {
			return nil, err
		}
		if err := size.add("headers", value); err != nil {
			return nil, err
		}
		if strings.ContainsFunc(value.text, isControl) {
			return nil, invalid("the value of header %s holds control characters, such as a newline, which no header can carry: correct it", header.Name)
		}
		headers[name] = value
	}
	setDefault := func(name string, v value) {
		if _, set := headers[name]; !set && v.text != "" {
			headers[name] = v
		}
	}
	setDefault("Accept", plain("application/json"))
	setDefault("Content-Type", plain(contentType))
	authenticationOf(server).setHeaders(headers, server.ClientAuthentication, templateData.credentials)
	return headers, nil
}
