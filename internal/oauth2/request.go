// Package oauth2 builds the request to a token endpoint and reads its response, as the declaration of
// an authorization server describes them. It is pure: it sends nothing, and the time is an argument.
package oauth2

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/redact"
)

// Grant is the input of a token request: the credentials of a client, and the access that it
// requests.
type Grant struct {
	Credentials Credentials
	Scopes      []string
	Audience    string
	// Resources are URIs (RFC 8707).
	Resources []string
	// ServiceAccountToken is the token of a ServiceAccount with the audience that
	// ServiceAccountAudience returns; empty if none is needed.
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
	// Query is appended to the query of the URL; empty if there is none.
	Query Sensitive
	// Header has the headers by their canonical names.
	Header map[string]Sensitive
	Body   Sensitive
	// TLS is the client's side of the connection.
	TLS TLS
	// Destination is the kind of URL, for messages. The zero value is a token endpoint.
	Destination Destination
	// Metadata is the metadata of the issuer, for hints; nil if the token endpoint was not discovered.
	Metadata *Metadata

	// issuer is the issuer whose metadata names the URL; empty for a declared URL.
	issuer string
	// hide adds the secrets of the request. It is a function so that no formatting can print them.
	hide  func(*redact.Secrets)
	show  func() (string, error)
	facts facts
}

// Destination is a kind of URL, and the field that declares or discovers it.
type Destination struct{ name, field string }

var (
	metadataDocument   = Destination{"metadata document", "authorizationServer.issuer"}
	revocationEndpoint = Destination{"revocation endpoint", "authorizationServer.revocation.endpoint"}
)

// Name returns the name of the URL in messages.
func (d Destination) Name() string { return cmp.Or(d.name, "token endpoint") }

// Field returns the field to check if the URL is wrong.
func (d Destination) Field() string { return cmp.Or(d.field, "authorizationServer.tokenEndpoint") }

// BuildRequest returns the token request (RFC 6749 section 4.4.2) in the dialect of a server. The
// declaration must already be completed from its profile. now is the time in assertions. If the
// declaration or the credentials do not allow a request, the error is a *problem.Problem.
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

// write builds a request from parameters and headers.
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

// headersOf returns the headers of a request by their canonical names. If two headers have the same
// name, the first one counts, because it comes from the user.
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
