package check

import (
	"fmt"
	"maps"
	"mime"
	"regexp"
	"slices"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
)

// exchanged is a request with its response.
type exchanged struct {
	server   v1alpha1.AuthorizationServerSpec
	request  *oauth2.Request
	response oauth2.Response
}

// redact removes the secrets of the request and the response from a text.
func (x exchanged) redact(text string) string {
	return oauth2.Redact(text, x.server, x.request, x.response)
}

var (
	// A declaration may point to the wrong member. So a value is shown only if the name of its member
	// also says that it is no secret.
	typeName     = regexp.MustCompile(`(?i)type[^/]*$`)
	scopeName    = regexp.MustCompile(`(?i)(scope|permission|role)[^/]*$`)
	lifetimeName = regexp.MustCompile(`(?i)((expir|lifetime|ttl|valid)[^/]*|/exp)$`)
	// tokenType matches one word, such as Bearer or N_A.
	tokenType = regexp.MustCompile(`^[A-Za-z_-]{1,20}$`)
)

// shape returns the shape of the response. It shows the number at lifetime, unless lifetime is nil or
// the name of the member does not look like a lifetime.
func (x exchanged) shape(lifetime *oauth2.Location) *Response {
	shaper := shaper{redact: x.redact}
	if lifetime != nil && lifetimeName.MatchString(string(lifetime.Pointer)) {
		shaper.shown = string(lifetime.Pointer)
	}
	shaped := &Response{Status: x.response.StatusCode, Body: shaper.shape(x.response.Body.Reveal())}
	if contentType := x.response.Header.Get("Content-Type"); contentType != "" {
		shaped.ContentType = "(not a media type)"
		if mediaType, _, err := mime.ParseMediaType(x.redact(contentType)); err == nil && isName(mediaType) {
			shaped.ContentType = mediaType
		}
	}
	return shaped
}

// found returns the values that were found in the response, and their locations.
func (x exchanged) found(token oauth2.Token, findings oauth2.Findings) *Found {
	return &Found{
		AccessToken: Value{Shown: describeText(token.AccessToken.Reveal()), At: findings.AccessToken.String(), By: tokenField(findings.AccessToken)},
		TokenType:   x.tokenType(token, findings.TokenType),
		Scope:       x.scope(token, findings.Scope),
		Lifetime:    lifetime(token, findings),
		Fields:      slices.Sorted(maps.Keys(token.Fields)),
		ExpiresAt:   token.ExpiresAt.UTC(),
		issuedAt:    token.IssuedAt,
	}
}

func tokenField(at oauth2.Location) string {
	if at.Header != "" {
		return "response.accessTokenHeader"
	}
	return "response.accessToken"
}

func (x exchanged) tokenType(token oauth2.Token, at *oauth2.Location) Value {
	if at == nil {
		return Value{Shown: token.Type}
	}
	value := Value{Shown: describeText(token.Type), At: at.String(), By: "response.tokenType"}
	if typeName.MatchString(string(at.Pointer)) && tokenType.MatchString(token.Type) {
		value.Shown = x.redact(token.Type)
	}
	return value
}

func (x exchanged) scope(token oauth2.Token, at *oauth2.Location) Value {
	if at == nil {
		return Value{}
	}
	value := Value{Shown: describeText(token.Scope), At: at.String(), By: "response.scope"}
	switch {
	case token.Scope == "":
		value.Shown = "not stored, because it holds a secret"
	case scopeName.MatchString(string(at.Pointer)):
		value.Shown = x.redact(token.Scope)
	}
	return value
}

func lifetime(token oauth2.Token, findings oauth2.Findings) Value {
	value := Value{Shown: fmt.Sprint(token.ExpiresAt.Sub(token.IssuedAt)), By: string(findings.Lifetime)}
	if findings.LifetimeAt != nil {
		value.At = findings.LifetimeAt.String()
	}
	return value
}
