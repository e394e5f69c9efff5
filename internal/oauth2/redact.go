package oauth2

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// echoes are the texts by which a server could repeat what is secret in a request,
// the longest first.
func echoes(credentials Credentials, parameters parameters, headers map[string]value) []Sensitive {
	secret := credentials.ClientSecret.Reveal()
	var texts []string
	if secret != "" {
		texts = append(encodings(secret), encodings(credentials.ClientID+":"+secret)...)
	}
	add := func(v value) {
		// Shorter ones would blot out words.
		const least = 4
		for _, text := range slices.Concat(strings.Fields(v.text), []string{v.text}, v.leaves()) {
			if v.secret && len(text) >= least {
				texts = append(texts, encodings(text)...)
			}
		}
	}
	for _, values := range parameters {
		for _, value := range values {
			add(value)
		}
	}
	for _, value := range headers {
		add(value)
	}
	for _, value := range credentials.Values {
		add(hidden(value))
	}
	slices.Sort(texts)
	texts = slices.Compact(texts)
	slices.SortStableFunc(texts, func(a, b string) int { return len(b) - len(a) })
	echoes := make([]Sensitive, len(texts))
	for i, text := range texts {
		echoes[i] = NewSensitive(text)
	}
	return echoes
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

// redact removes what is secret in the request, and other texts, from a text that
// is to be shown.
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

// Show is the request as text, with [REDACTED] in the place of what is secret.
func (r *Request) Show() string { return r.shown }

func (r *Request) show(encoding v1alpha1.RequestEncoding, parameters parameters, headers map[string]value) error {
	content, err := encode(encoding, parameters.shown())
	if err != nil {
		return err
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
	r.shown = out.String()
	return nil
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

// FullURL is the URL with the query of the request. It may hold what is secret.
func (r *Request) FullURL() Sensitive {
	return NewSensitive(joinQuery(r.URL, r.Query.Reveal()))
}
