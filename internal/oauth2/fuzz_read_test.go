package oauth2_test

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
)

func FuzzReadResponse(f *testing.F) {
	token := "tok" + mark
	for _, body := range []string{
		`{"access_token": "TOKEN", "token_type": "Bearer", "expires_in": 3600, "scope": "a b"}`,
		`{"access_token": "TOKEN", "error": "TOKEN", "error_description": "about TOKEN\u0000!"}`,
		`{"access_token": "TOKEN", "error": {"code": 1}, "error_description": ["TOKEN"]}`,
		`{"access_token": "Bearer TOKEN", "expires_in": "PT1H30M", "expires_at": "20260301130000"}`,
		`{"access_token": "TOKEN", "expires_at": "/Date(1772370000000)/", "expires_in": "1h 30 minutes"}`,
		`{"access_token": "TOKEN", "expires_at": "Sun, 01 Mar 2026 13:00:00 GMT", "expires_in": -1e400}`,
		`{"access_token": "TOKEN", "expires_at": 1e300, "expires_in": null, "scope": "TOKEN"}`,
		`{"access_token": "TOKEN", "expires_at": "Fri Nov 27 23:21:00 UTC 2026", "expires_in": "1.00:10:00,5"}`,
		`{"access_token": "TOKEN", "expires_at": "27-NOV-26 11.21.00.000000 PM +00:00", "expires_in": "3,600"}`,
		`{"access_token": "TOKEN", "expires_at": "2026-11-27T23:21+00:00[UTC]", "expires_in": "1,5 TOKEN"}`,
		`{"access_token": "TOKEN", "expires_at": 639155604000000000, "expires_in": "TOKEN"}`,
		`{"access_token": "TOKEN", "expires_at": "11/27/2026 11:21:00 PM", "expires_in": {"TOKEN": 3600}}`,
		`{"data": [{"token": "TOKEN"}], "success": false, "code": 0}`,
		`{"access_token": 12345678901234567890, "token_type": "DPoP"}`,
		`{"error_description": "half TO\ufffdKEN", "refresh_token": "TOKEN"}`,
		`{"message": "not TOKEN, nor ECHO", "errors": [{"code": "ECHO", "detail": "bad ECHO"}], "refresh_token": "TOKEN"}`,
		`{"fault": {"faultstring": "bad ECHO", "detail": {"errorcode": "TOKEN"}}, "access_token": "TOKEN"}`,
		`{"errors": {"secret": ["bad ECHO"], "id": ["bad TOKEN"]}, "access_token": "TOKEN"}`,
		`{"error": "HEX", "error_description": "UPPER FORM"}`, `{"message": "bad BASE64", "errors": [{"detail": "HEX"}]}`,
		`{"error_description": "bad UNICODE"}`, `error_description=FORM&error=HEX`, `<title>UPPER</title>`, `bad secret BASE64`,
		`error=invalid_client&error_description=bad+ECHO`, `bad secret ECHO`, `<title>bad ECHO</title>`, `<?xml version="1.0"?><message>bad ECHO</message>`,
		`TOKEN`, `"Bearer TOKEN"`, `Bearer TOKEN`, `<html>TOKEN</html>`, "\ufeff{}", ``, `null`, `[]`, `{"access_token": "TOKEN`, `eyJhbGciOiJub25lIn0.eyJleHAiOjF9.TOKEN`,
	} {
		for _, status := range []int{200, 400} {
			f.Add(body, status, "text/plain", "https://TOKEN.example.com/TOKEN", "/access_token", "/expires_in", "/expires_at", "/error", "/success", "true", "+01:00", "MM/DD/YYYY hh:mm:ss A")
		}
	}
	f.Add(``, 401, `Bearer error="invalid_client", error_description="bad ECHO"`, "/login/ECHO", "", "", "", "", "", "0", "Z", "")
	f.Add(`error=x&error_description=bad+ECHO&access_token=TOKEN`, 400, "application/x-www-form-urlencoded", "", "", "", "", "", "", "", "", "")
	f.Add(``, 204, "TOKEN", "TOKEN", "", "", "", "", "", "0", "Z", "")
	f.Add(`{"access_token": "TOKEN"}`, 302, "text/TOKEN", "https://%zz", "/a~1b/0/-1", "/", "x", "//", "/access_token", "", "", "YYYYMMDDHHmmss.SSSZ")

	f.Fuzz(func(t *testing.T, body string, status int, contentType, location, accessToken, expiresIn, expiresAt, errorCode, success, equals, zone, layout string) {
		const echo = mark + "+/ of the client"
		fill := strings.NewReplacer(
			"TOKEN", token, "ECHO", echo, "UPPER", strings.ToUpper(echo), "HEX", hex.EncodeToString([]byte(echo)),
			"FORM", url.QueryEscape(echo), "BASE64", base64.StdEncoding.EncodeToString([]byte("id:"+echo)),
			"UNICODE", strings.ReplaceAll(fmt.Sprintf("%+q", echo), "+", `\u002b`),
		).Replace
		s := rfc6749(func(s *server) {
			// The API accepts pointers up to this length.
			pointer := func(p string) v1alpha1.JSONPointer { return v1alpha1.JSONPointer(p[:min(len(p), 256)]) }
			s.Response.AccessToken = at(pointer(accessToken), "/data/0/token", "")
			s.Response.ExpiresIn, s.Response.ExpiresAt = at(pointer(expiresIn)), at(pointer(expiresAt))
			s.Response.ErrorCode, s.Response.ExpiresAtZone = at(pointer(errorCode)), zone
			s.Response.AccessTokenHeader, s.Response.ExpiresAtLayout = "X-Token", layout
			if at := pointer(success); at != "" {
				s.Response.Success = &v1alpha1.ResponseSuccess{Pointer: &at, Equals: &equals}
			}
		})
		secret := oauth2.Credentials{ClientID: oauth2.NewSensitive("shop"), IsClientIDPublic: true, ClientSecret: oauth2.NewSensitive(echo)}
		request, err := oauth2.BuildRequest(s, oauth2.Grant{Credentials: secret}, startedAt)
		if err != nil {
			t.Fatal(err)
		}
		response := oauth2.Response{
			StatusCode: status, Body: oauth2.NewSensitive(fill(body)), StartedAt: startedAt, ReceivedAt: receivedAt,
			Header: http.Header{"Content-Type": {contentType}, "Location": {location}, "Retry-After": {zone}, "Www-Authenticate": {fill(contentType)}},
		}
		read, err := oauth2.ReadResponse(s, request, response)
		if err != nil {
			mustBeReadable(t, err, tokenToHide(s, request, response))
			mustBeReadable(t, err, echo)
			mustHide(t, err.Error(), echo)
			return
		}
		text := read.AccessToken.Reveal()
		if text == "" || strings.ContainsFunc(text, func(r rune) bool { return r < 0x20 || r > 0x7e }) {
			t.Errorf("a token of %q", text)
		}
		if !read.ExpiresAt.After(receivedAt) || read.ExpiresAt.After(startedAt.Add(tenYears+time.Second)) {
			t.Errorf("a token that expires at %s", read.ExpiresAt)
		}
		if notice := read.Lifetime.Notice(); notice != nil {
			mustBeReadable(t, errors.New(notice.Message), text)
		}
		if len(read.Scope) > 4096 || strings.ContainsFunc(read.Scope, isControl) || strings.ContainsFunc(read.Type, isControl) {
			t.Errorf("a token of scope %q and type %q", read.Scope, read.Type)
		}
	})
}

// tokenToHide returns the token of a response that has the mark; empty for none. A message may hold
// tokens without the mark, which can be ordinary words.
func tokenToHide(s server, request *oauth2.Request, response oauth2.Response) string {
	lenient := *s.DeepCopy()
	lenient.Response.ErrorCode, lenient.Response.Success = nil, nil
	lenient.Response.ExpiresIn, lenient.Response.ExpiresAt = nil, nil
	lenient.Response.TokenType, lenient.Response.Scope = nil, nil
	response.StatusCode = http.StatusOK
	token, err := oauth2.ReadResponse(lenient, request, response)
	if err != nil || !strings.Contains(token.AccessToken.Reveal(), mark) {
		return ""
	}
	return token.AccessToken.Reveal()
}

func mustBeReadable(t *testing.T, err error, token string) {
	t.Helper()
	message := err.Error()
	if len(message) > 4<<10 || strings.ContainsFunc(message, isControl) || strings.Contains(message, "\ufffd") {
		t.Errorf("a message of %d bytes: %q", len(message), message)
	}
	if token != "" && strings.Contains(message, token) {
		t.Errorf("the message holds the token: %s", message)
	}
}

// mustHide fails if a text holds a secret, in one of the encodings of the corpus.
func mustHide(t *testing.T, text, secret string) {
	t.Helper()
	lower := strings.ToLower(text)
	for _, form := range []string{
		secret, hex.EncodeToString([]byte(secret)), url.QueryEscape(secret), url.QueryEscape(url.QueryEscape(secret)),
		base64.StdEncoding.EncodeToString([]byte("id:" + secret)),
	} {
		if strings.Contains(lower, strings.ToLower(form)) {
			t.Errorf("the message holds the secret as %s: %s", form, text)
		}
	}
}

func isControl(r rune) bool { return r < 0x20 || (r >= 0x7f && r < 0xa0) }
