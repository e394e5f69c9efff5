package oauth2

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/redact"
)

// secrets returns the texts that no message about the request may show: the secrets of the request,
// and the given tokens.
func (r *Request) secrets(tokens ...string) *redact.Secrets {
	secrets := &redact.Secrets{}
	if r.hide != nil {
		r.hide(secrets)
	}
	secrets.Add(tokens...)
	return secrets
}

// hide adds the credentials, and the secret values of parameters and headers.
func hide(secrets *redact.Secrets, credentials Credentials, parameters parameters, headers map[string]value) {
	if secret := credentials.ClientSecret.Reveal(); secret != "" {
		secrets.AddAnyLength(secret)
		// A server may repeat the base64 of ID and secret with too little of the secret to find it.
		// So hide the two together as well. Add only the end of the ID, because each part of a long
		// text is hidden, and the ID may be public.
		id := credentials.ClientID.Reveal()
		secrets.Add(id[max(0, len(id)-maxPairedID):] + ":" + secret)
	}
	public := ""
	if credentials.IsClientIDPublic {
		public = credentials.ClientID.Reveal()
	}
	for _, value := range credentials.parts() {
		// The values have spec.clientID too, for templates.
		if value.Reveal() != public {
			secrets.Add(value.Reveal())
		}
	}
	add := func(v value) {
		if v.secret && v.text != public {
			secrets.AddWords(v.text)
			secrets.Add(v.leaves()...)
		}
	}
	for _, header := range headers {
		add(header)
	}
	for _, values := range parameters {
		for _, v := range values {
			add(v)
		}
	}
}

// maxPairedID is less than the length of the parts that are searched for, so that an ID without the
// secret is not hidden.
const maxPairedID = 8

// Redact removes a token, its fields and the rendered values from a text, so that the text can be
// shown.
func (t Token) Redact(text string, rendered ...Sensitive) string {
	secrets := &redact.Secrets{}
	secrets.AddAnyLength(t.AccessToken.Reveal())
	for _, other := range rendered {
		secrets.Add(other.Reveal())
	}
	for _, field := range t.Fields {
		secrets.Add(field.Reveal())
	}
	return aJWT.ReplaceAllString(secrets.Cut(text), redacted)
}

// aJWT matches a JSON Web Token or the beginning of one.
var aJWT = regexp.MustCompile(`eyJ[A-Za-z0-9+/_=.-]{8,}`)

// Show returns the request as text, with [REDACTED] in place of its secrets.
func (r *Request) Show() (string, error) { return r.show() }

func (r *Request) text(encoding v1alpha1.RequestEncoding, parameters parameters, headers map[string]value) (string, error) {
	content, err := encode(encoding, parameters.shown())
	if err != nil {
		return "", err
	}
	readable := strings.NewReplacer(url.QueryEscape(redacted), redacted)
	var out strings.Builder
	fmt.Fprintf(&out, "%s %s\n", r.Method, readable.Replace(joinQuery(r.URL, content.query)))
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		fmt.Fprintf(&out, "%s: %s\n", name, headers[name].shown().text)
	}
	if content.body != "" {
		fmt.Fprintf(&out, "\n%s\n", readable.Replace(content.body))
	}
	return out.String(), nil
}

// joinQuery adds a query to a URL that may have one.
func joinQuery(rawURL, query string) string {
	switch {
	case query == "":
		return rawURL
	case strings.Contains(rawURL, "?"):
		return rawURL + "&" + query
	}
	return rawURL + "?" + query
}

// FullURL returns the URL with the query of the request. It may hold secrets.
func (r *Request) FullURL() Sensitive {
	return NewSensitive(joinQuery(r.URL, r.Query.Reveal()))
}
