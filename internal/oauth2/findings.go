package oauth2

import (
	"github.com/tokensync/tokensync/api/v1alpha1"
)

// Location is the location of a value in a response.
type Location struct {
	// Header is the name of the response header; empty if the value is in the body.
	Header string
	// Pointer points to the value in the body; empty for the whole body.
	Pointer v1alpha1.JSONPointer
}

// String describes the location for a message.
func (p Location) String() string {
	switch {
	case p.Header != "":
		return "header " + p.Header
	case p.Pointer == "":
		return "the whole body"
	}
	return string(p.Pointer)
}

// Findings are the locations of the values that ReadResponse found.
type Findings struct {
	AccessToken Location
	// TokenType and Scope are nil if the response has none.
	TokenType, Scope *Location
	Lifetime         LifetimeSource
	// LifetimeAt is nil if the response itself has no lifetime.
	LifetimeAt *Location
}

// Locate returns the locations in a response where ReadResponse found the token and its other
// values.
func Locate(server v1alpha1.AuthorizationServerSpec, response Response, token Token) Findings {
	// An error does not matter: ReadResponse has decoded the body already, or read only a header.
	document, _ := documentOf(server, response)
	findings := Findings{AccessToken: Location{Header: server.Response.AccessTokenHeader}}
	if tokenInHeader(server, response) == "" {
		findings.AccessToken = Location{}
		if at := firstAt(document, server.Response.AccessToken, textOrNumber); at != nil {
			findings.AccessToken = *at
		}
	}
	findings.TokenType = firstAt(document, server.Response.TokenType, text)
	findings.Scope = firstAt(document, server.Response.Scope, textOrTexts)
	findings.Lifetime, findings.LifetimeAt = token.Lifetime.Source, token.Lifetime.At
	return findings
}

// firstAt returns the location of the first value that accept accepts, or nil.
func firstAt[T any](document any, pointers []v1alpha1.JSONPointer, accept func(any) (T, bool)) *Location {
	for i := range pointers {
		if _, found := first(document, pointers[i:i+1], accept); found {
			return &Location{Pointer: pointers[i]}
		}
	}
	return nil
}

// Redact removes the secrets of a request and its response from a text, in the common encodings, so
// that the text can be shown.
func Redact(text string, server v1alpha1.AuthorizationServerSpec, request *Request, response Response) string {
	document, _ := documentOf(server, response)
	return request.secrets(tokensIn(document, server, response)...).Cut(text)
}
