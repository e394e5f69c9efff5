package oauth2

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/template"
)

const (
	// leastEcho is the length of what is cut out of a text: shorter ones would blot
	// out words.
	leastEcho = 4
	// mostEchoes bounds what is looked for; the longest count.
	mostEchoes = 4096
)

// echoes are the texts by which a server could repeat what is secret in a request,
// the longest first.
func echoes(credentials Credentials, parameters parameters, headers map[string]value) []Sensitive {
	var texts []string
	add := func(parts ...string) {
		for _, text := range parts {
			if len(text) >= leastEcho && len(text) <= template.MaxBytes {
				texts = append(texts, encodings(text)...)
			}
		}
	}
	if secret := credentials.ClientSecret.Reveal(); secret != "" {
		texts = append(encodings(secret), encodings(credentials.ClientID+":"+secret)...)
	}
	sent := slices.Collect(maps.Values(headers))
	for _, values := range parameters {
		sent = append(sent, values...)
	}
	for _, value := range sent {
		if value.secret {
			add(append(append(strings.Fields(value.text), value.text), value.leaves()...)...)
		}
	}
	for _, value := range credentials.Values {
		add(value.Reveal())
	}
	longestFirst(texts)
	texts = slices.Compact(texts)
	texts = texts[:min(len(texts), mostEchoes)]
	echoes := make([]Sensitive, len(texts))
	for i, text := range texts {
		echoes[i] = NewSensitive(text)
	}
	return echoes
}

// longestFirst brings equal texts together.
func longestFirst(texts []string) {
	slices.SortFunc(texts, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
}

// encodings are the forms in which a text may be repeated.
func encodings(text string) []string {
	inJSON := jsonEscape(text)
	forms := []string{
		text, inJSON, strings.ReplaceAll(inJSON, "/", `\/`), strings.Trim(strconv.QuoteToASCII(text), `"`), html.EscapeString(text),
		url.QueryEscape(text), url.PathEscape(text), (&url.URL{Path: text}).EscapedPath(),
		base64.StdEncoding.EncodeToString([]byte(text)), base64.RawURLEncoding.EncodeToString([]byte(text)),
	}
	for _, form := range forms[5:8] {
		forms = append(forms, percent.ReplaceAllStringFunc(form, strings.ToLower))
	}
	slices.Sort(forms)
	return slices.Compact(forms)
}

// percent is an octet as URLs write it.
var percent = regexp.MustCompile(`%[0-9A-F]{2}`)

// Redact removes a token, what came with it and what was made of it, from a text
// that is to be shown.
func (t Token) Redact(text string, made ...Sensitive) string {
	hidden := encodings(t.AccessToken.Reveal())
	for _, other := range made {
		if value := other.Reveal(); len(value) >= leastEcho {
			hidden = append(hidden, encodings(value)...)
		}
	}
	for _, field := range t.Fields {
		if value := field.Reveal(); len(value) >= leastEcho {
			hidden = append(hidden, encodings(value)...)
		}
	}
	return aJWT.ReplaceAllString(redactTexts(text, hidden), redacted)
}

// aJWT is a JSON Web Token, or what is left of one.
var aJWT = regexp.MustCompile(`eyJ[A-Za-z0-9+/_=.-]{8,}`)

// jsonEscape writes a text as it looks inside a JSON string.
func jsonEscape(text string) string {
	// A string can always be encoded.
	raw, _ := json.Marshal(text)
	return strings.Trim(string(raw), `"`)
}

// redact removes what is secret in the request, and other texts, from a text that
// is to be shown.
func (r *Request) redact(text string, others ...string) string {
	hidden := slices.Clone(others)
	for _, echo := range r.echoes {
		hidden = append(hidden, echo.Reveal())
	}
	return redactTexts(text, hidden)
}

// redactTexts goes over a text once: what stands for the hidden must not be
// replaced in turn.
func redactTexts(text string, hidden []string) string {
	longestFirst(hidden)
	var pairs []string
	for _, other := range hidden {
		if other != "" {
			pairs = append(pairs, other, redacted)
		}
	}
	return strings.NewReplacer(pairs...).Replace(text)
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
