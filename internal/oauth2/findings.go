package oauth2

import (
	"github.com/tokensync/tokensync/api/v1alpha1"
)

// Place is where in a response a value lies.
type Place struct {
	// Header of the response; empty when the value lies in the body.
	Header string
	// Pointer into the body; empty for the whole body.
	Pointer v1alpha1.JSONPointer
}

// String names the place.
func (p Place) String() string {
	switch {
	case p.Header != "":
		return "header " + p.Header
	case p.Pointer == "":
		return "the whole body"
	}
	return string(p.Pointer)
}

// Findings tell where ReadResponse found what it returned.
type Findings struct {
	AccessToken Place
	// TokenType and Scope are nil where the response names none.
	TokenType, Scope *Place
	Lifetime         LifetimeSource
	// LifetimeAt is nil where the response itself names no lifetime.
	LifetimeAt *Place
}

// Explain tells where in a response the token was found that ReadResponse returned.
func Explain(server v1alpha1.AuthorizationServerSpec, response Response, token Token) Findings {
	// ReadResponse has decoded it, or read a header alone.
	document, _ := documentOf(server, response)
	findings := Findings{AccessToken: Place{Header: server.Response.AccessTokenHeader}}
	if tokenInHeader(server, response) == "" {
		findings.AccessToken = Place{}
		if at := firstAt(document, server.Response.AccessToken, textOrNumber); at != nil {
			findings.AccessToken = *at
		}
	}
	findings.TokenType = firstAt(document, server.Response.TokenType, text)
	findings.Scope = firstAt(document, server.Response.Scope, textOrTexts)
	findings.Lifetime, findings.LifetimeAt = token.Lifetime.Source, token.Lifetime.At
	return findings
}

// firstAt returns where the first pointer finds what accept takes; nil for nowhere.
func firstAt[T any](document any, pointers []v1alpha1.JSONPointer, accept func(any) (T, bool)) *Place {
	for i := range pointers {
		if _, found := first(document, pointers[i:i+1], accept); found {
			return &Place{Pointer: pointers[i]}
		}
	}
	return nil
}

// Redact removes from a text that is to be shown what is secret in an exchange:
// in the request, and in the response, in the usual encodings.
func Redact(text string, server v1alpha1.AuthorizationServerSpec, request *Request, response Response) string {
	document, _ := documentOf(server, response)
	return request.secrets(tokensIn(document, server, response)...).Cut(text)
}
