package oauth2_test

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
)

// mark is in every secret of the fuzz tests, and in nothing else.
const mark = "Zq7-mark_Xk9w"

var (
	parameterName = regexp.MustCompile(`^[[:graph:]]+$`)
	headerName    = regexp.MustCompile("^[-!#$%&'*+.^_`|~0-9A-Za-z]+$")
)

// completed completes a fuzzed declaration. It returns false if the API server or a profile would
// reject the declaration.
func completed(raw string) (server, bool) {
	s := rfc6749()
	fallback := *s.DeepCopy()
	if json.Unmarshal([]byte(raw), &s) != nil || s.Request == nil || s.ClientAuthentication == nil || s.Response == nil {
		return s, false
	}
	s.TokenEndpoint, s.DefaultTokenLifetime = fallback.TokenEndpoint, fallback.DefaultTokenLifetime
	if success := s.Response.Success; success != nil && (success.Pointer == nil || success.Equals == nil) {
		return s, false
	}
	if scheme := s.ClientAuthentication.AuthorizationScheme; scheme != "" && !headerName.MatchString(scheme) {
		return s, false
	}
	for _, header := range s.Request.Headers {
		if !headerName.MatchString(header.Name) || header.SecretKey == "" && header.Template == "" && header.Value == nil {
			return s, false
		}
	}
	for _, parameter := range s.Request.Parameters {
		if !parameterName.MatchString(parameter.Name) {
			return s, false
		}
	}
	return s, oauth2.Check(s) == nil
}

func FuzzBuildRequest(f *testing.F) {
	for _, declaration := range []string{
		`{}`,
		`{"clientAuthentication": {"method": "client_secret_post"}, "request": {"encoding": "JSON", "method": "PUT"}}`,
		`{"clientAuthentication": {"method": "none"}, "request": {"encoding": "Query", "method": "GET", "parameterNames": {"clientID": "", "grantType": "/a"}}}`,
		`{"clientAuthentication": {"method": "client_secret_basic", "basicEncoding": "Raw", "authorizationScheme": "ID"}}`,
		`{"clientAuthentication": {"method": "client_secret_jwt", "assertion": {"keyID": "k", "headers": [{"name": "n", "type": "Number", "value": "1"}]}}}`,
		`{"clientAuthentication": {"method": "private_key_jwt", "assertion": {"claims": [{"name": "/a/b", "secretKey": "a"}]}}, "request": {"assertion": {"algorithm": "PS256"}}}`,
		`{"request": {"encoding": "JSON", "parameters": [{"name": "/a", "type": "JSON", "secretKey": "json"}, {"name": "/a/0/b", "template": "{{ .a | b64enc }}"}]}}`,
		`{"request": {"headers": [{"name": "x-a", "template": "{{ printf \"%s:%s\" .a .client_id }}"}, {"name": "ACCEPT", "secretKey": "a"}]}}`,
		`{"request": {"scopeSeparator": "", "parameters": [{"name": "a~1", "value": "é\n"}, {"name": "a", "type": "Boolean", "template": "{{ eq .a .a }}"}]}}`,
		`{"request": {"encoding": "JSON", "parameters": [{"name": "b", "template": "{{ b64dec \"/////w==\" }}{{ toJson . }}"}]}}`,
	} {
		f.Add(declaration, "shop", "secret+/", "a\nvalue", `[{"x": "`+mark+`"}]`, "api", "s")
	}
	f.Add(`{"request": {"encoding": "JSON", "parameters": [{"name": "/j/k", "type": "JSON", "secretKey": "json"}, {"name": "/j", "value": "[REDACTED]"}]}}`,
		"\ufeffid\n", "s\x00", "\xff", `{"k": [1e400, null]}`, "\x7f", "a b")
	f.Fuzz(func(t *testing.T, declaration, id, secret, value, inJSON, audience, scope string) {
		s, ok := completed(declaration)
		if !ok || len(declaration) > 4096 || strings.Contains(declaration+id+audience+scope, mark) {
			return
		}
		source := oauth2.CredentialsSource{
			SecretName: "shop", ClientIDKey: "client_id", ClientSecretKey: "client_secret", PrivateKeyKey: "private_key",
			Data: map[string][]byte{
				"client_id": []byte(id), "client_secret": []byte(mark + secret + longSecret), "private_key": []byte(pkcs8(rsaKey)),
				"a": []byte(mark + value), "json": []byte(inJSON),
			},
		}
		read, _, err := oauth2.ReadCredentials(source, s)
		if err != nil {
			mustBeFit(t, err)
			return
		}
		grant := oauth2.Grant{Credentials: read, Scopes: []string{scope, "b"}, Audience: audience, ServiceAccountToken: oauth2.NewSensitive("eyJ" + mark)}
		request, err := oauth2.BuildRequest(s, grant, startedAt)
		if err != nil {
			mustBeFit(t, err)
			return
		}
		mustBeValid(t, s, request)
		shown, err := request.Show()
		if err != nil || strings.Contains(shown, mark) || strings.Contains(shown, url.QueryEscape(mark)) {
			t.Errorf("the shown request holds a secret:\n%s\n%v", shown, err)
		}
	})
}

func mustBeValid(t *testing.T, s server, request *oauth2.Request) {
	t.Helper()
	for name, header := range request.Header {
		if !headerName.MatchString(name) || strings.ContainsAny(header.Reveal(), "\r\n\x00") {
			t.Errorf("header %q cannot be sent", name)
		}
	}
	if _, err := url.Parse(request.FullURL().Reveal()); err != nil {
		t.Errorf("the URL cannot be requested: %v", err)
	}
	switch s.Request.Encoding {
	case v1alpha1.JSONEncoding:
		var object map[string]any
		if err := json.Unmarshal([]byte(request.Body.Reveal()), &object); err != nil {
			t.Errorf("the body is not JSON: %v", err)
		}
	case v1alpha1.FormEncoding, v1alpha1.QueryEncoding:
		if _, err := url.ParseQuery(request.Body.Reveal() + request.Query.Reveal()); err != nil {
			t.Errorf("the parameters cannot be parsed: %v", err)
		}
		if (request.Body.IsEmpty() && s.Request.Encoding == v1alpha1.FormEncoding && len(s.Request.Parameters) > 0) ||
			(!request.Body.IsEmpty() && s.Request.Encoding == v1alpha1.QueryEncoding) {
			t.Error("the parameters are in the wrong place")
		}
	default:
		t.Errorf("a request of the encoding %q was built", s.Request.Encoding)
	}
}

// mustBeFit fails the test if the message of an error is too long or holds a secret.
func mustBeFit(t *testing.T, err error) {
	t.Helper()
	message := err.Error()
	if message == "" || len(message) > 6<<10 {
		t.Errorf("a message of %d bytes", len(message))
	}
	if strings.Contains(message, mark) {
		t.Errorf("the message holds a secret: %s", message)
	}
}
