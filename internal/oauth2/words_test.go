package oauth2_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
)

const asHTML, asText = "text/html; charset=utf-8", "text/plain"

var _ = Describe("the words of a server", func() {
	DescribeTable("are found in all common places:",
		func(status int, body, answer string, header ...string) {
			failure := failureIn(rfc6749(), answerOf(status, body, header...))
			Expect(failure.Message).To(HavePrefix("token endpoint https://idp.example.com/token answered " + answer + ": "))
		},
		Entry("RFC 6749", 400, `{"error": "invalid_scope", "error_description": "no scope x"}`, `HTTP 400 invalid_scope ("no scope x")`),
		Entry("only a message", 400, `{"message": "no such client"}`, `HTTP 400 ("no such client")`),
		Entry("a message that is one word", 401, `{"message": "Unauthorized"}`, `HTTP 401 ("Unauthorized")`),
		Entry("a message in capitals (.NET)", 400, `{"Message": "An error has occurred.", "ExceptionMessage": "x"}`, `HTTP 400 ("An error has occurred.")`),
		Entry("a message as a list (NestJS)", 400, `{"statusCode": 400, "message": ["id must be a string", "key must be a string"], "error": "Bad Request"}`, `HTTP 400 ("id must be a string; key must be a string")`),
		Entry("the code and the message (Twilio)", 401, `{"code": 20003, "message": "Authenticate", "status": 401}`, `HTTP 401 20003 ("Authenticate")`),
		Entry("error_code and error_msg (Huawei)", 401, `{"error_code": "LOGIN.0002", "error_msg": "Invalid account name or password."}`, `HTTP 401 LOGIN.0002 ("Invalid account name or password.")`),
		Entry("errcode and errmsg (WeChat)", 400, `{"errcode": 40013, "errmsg": "invalid appid hint"}`, `HTTP 400 40013 ("invalid appid hint")`),
		Entry("errorCode and errorSummary (Okta)", 403, `{"errorCode": "E0000006", "errorSummary": "You do not have permission", "errorId": "oaeQ1w2e3r4t5y6u7", "errorCauses": []}`, `HTTP 403 E0000006 ("You do not have permission")`),
		Entry("a cause in addition to the summary (Okta)", 400, `{"errorSummary": "Api validation failed: id", "errorCauses": [{"errorSummary": "id: The field cannot be blank"}]}`, `HTTP 400 ("Api validation failed: id; id: The field cannot be blank")`),
		Entry("ErrorCode and Error (Apigee)", 400, `{"ErrorCode": "E12", "Error": "ClientId is Invalid"}`, `HTTP 400 E12 ("ClientId is Invalid")`),
		Entry("a fault (Apigee)", 400, `{"fault": {"faultstring": "Invalid ApiKey", "detail": {"errorcode": "oauth.v2.InvalidApiKey"}}}`, `HTTP 400 oauth.v2.InvalidApiKey ("Invalid ApiKey")`),
		Entry("an error object (Google)", 400, `{"error": {"code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT"}}`, `HTTP 400 ("API key not valid.")`),
		Entry("an error object with its own code", 400, `{"error": {"code": "E17", "message": "no such application"}}`, `HTTP 400 E17 ("no such application")`),
		Entry("a list of errors", 400, `{"errors": [{"code": "INVALID_LOGIN", "message": "this account may not sign in"}]}`, `HTTP 400 INVALID_LOGIN ("this account may not sign in")`),
		Entry("a list of errors (JSON:API)", 400, `{"errors": [{"status": "400", "title": "Bad Request", "detail": "no such client"}]}`, `HTTP 400 ("no such client")`),
		Entry("a list of texts", 400, `{"errors": ["Invalid credentials"]}`, `HTTP 400 ("Invalid credentials")`),
		Entry("a document that is a list", 400, `[{"errorCode": "INVALID_SESSION", "message": "Session expired or invalid"}]`, `HTTP 400 INVALID_SESSION ("Session expired or invalid")`),
		Entry("an explanation for each field (Laravel)", 422, `{"message": "The given data was invalid.", "errors": {"email": ["The email field is required."]}}`, `HTTP 422 ("The given data was invalid.; The email field is required.")`),
		Entry("non_field_errors (Django)", 400, `{"non_field_errors": ["Unable to log in with provided credentials."]}`, `HTTP 400 ("Unable to log in with provided credentials.")`),
		Entry("a detail (FastAPI)", 403, `{"detail": "Incorrect username or password"}`, `HTTP 403 ("Incorrect username or password")`),
		Entry("details of the request (FastAPI)", 422, `{"detail": [{"loc": ["body", "username"], "msg": "field required", "type": "value_error.missing"}]}`, `HTTP 422 ("field required")`),
		Entry("a problem (RFC 9457)", 403, `{"type": "about:blank", "title": "Forbidden", "status": 403, "detail": "the client is disabled"}`, `HTTP 403 ("the client is disabled")`),
		Entry("a problem with only a title (RFC 9457)", 403, `{"title": "the client is disabled", "status": 403}`, `HTTP 403 ("the client is disabled")`),
		Entry("a sentence in place of the code", 400, `{"error": "Invalid credentials"}`, `HTTP 400 ("Invalid credentials")`),
		Entry("a sentence in place of the code, with the code elsewhere", 400, `{"error": "Invalid credentials", "code": "E17"}`, `HTTP 400 E17 ("Invalid credentials")`),
		Entry("a status object", 400, `{"status": {"code": 1203, "message": "not active"}}`, `HTTP 400 1203 ("not active")`),
		Entry("a code of RFC 6749 deep inside (commercetools)", 400, `{"statusCode": 400, "message": "wrong credentials", "errors": [{"code": "invalid_client"}]}`, `HTTP 400 invalid_client ("wrong credentials")`),
		Entry("an error of GraphQL", 400, `{"errors": [{"message": "not signed in", "extensions": {"code": "UNAUTHENTICATED"}}]}`, `HTTP 400 UNAUTHENTICATED ("not signed in")`),
		Entry("a form, which some old servers return", 400, "error=invalid_scope&error_description=no+scope+x", `HTTP 400 invalid_scope ("no scope x")`, "Content-Type", asForm),
		Entry("a header with an empty body (RFC 6750)", 401, "", `HTTP 401 invalid_client ("no such client")`, "WWW-Authenticate", `Bearer realm="x", error="invalid_client", error_description="no such client"`),
		Entry("plain text", 400, "Invalid client: shop", `HTTP 400 ("Invalid client: shop")`, "Content-Type", asText),
		Entry("plain text without a content type", 401, "Unauthorized\r\n", `HTTP 401 ("Unauthorized")`),
		Entry("plain text that claims to be JSON", 400, "no such client", `HTTP 400 ("no such client")`, "Content-Type", "application/json"),
		Entry("a JSON string", 400, `"no such client"`, `HTTP 400 ("no such client")`),
		Entry("the title of a page", 503, "<!DOCTYPE html><html><head><title>\n Down for\nmaintenance</title></head></html>", `HTTP 503 (an HTML page titled "Down for maintenance")`, "Content-Type", asHTML),
		Entry("not the title of a page that repeats the status", 502, "<html><title>502 Bad Gateway</title>MARK</html>", `HTTP 502 (an HTML page)`, "Content-Type", asHTML),
		Entry("a fault of SOAP", 500, `<?xml version="1.0"?><s:Envelope><s:Body><s:Fault><faultstring xml:lang="en">no such user</faultstring></s:Fault></s:Body></s:Envelope>`, `HTTP 500 (an XML document titled "no such user")`),
		Entry("not a code that repeats the status", 401, `{"error": 401}`, "HTTP 401"),
		Entry("not an ID in place of a code", 400, `{"code": "3f2a8b10-77c4-4d2e-9d5e-0b9a6f1c2d3e"}`, "HTTP 400"),
		Entry("not data in place of a message", 400, `{"message": "q8fJ2kLp9sDk3mZx"}`, "HTTP 400"),
		Entry("not broken JSON", 400, `{"message": "no such client"`, "HTTP 400"),
		Entry("not binary data", 400, "\x1f\x8b\x08\x00\x01\x02\x03 \x00\xff", "HTTP 400"),
	)

	DescribeTable("classify a failure:",
		func(status int, body string, class problem.Class, credentialErrors ...string) {
			s := rfc6749(func(s *server) { s.Response.CredentialErrors = credentialErrors })
			Expect(failureIn(s, answerOf(status, body)).Class).To(Equal(class))
		},
		Entry("a code of RFC 6749 in an undeclared location", 400, `{"errors": [{"code": "invalid_client"}]}`, problem.CredentialsRefused),
		Entry("a code of RFC 6749 next to a sentence", 400, `{"error": "Client refused", "code": "invalid_client"}`, problem.CredentialsRefused),
		Entry("a sentence that the declaration names", 400, `{"error": "Invalid login", "code": "E17"}`, problem.CredentialsRefused, "Invalid login"),
		Entry("a code that the declaration names, in an undeclared location", 400, `{"message": "no", "code": "E17"}`, problem.CredentialsRefused, "E17"),
		Entry("a code that the declaration names, in an undeclared location of a 2xx response", 200, `{"message": "no", "code": "E17"}`, problem.CredentialsRefused, "E17"),
		Entry("but not a code in an undeclared location, which does not override 401", 401, `{"ErrorCode": "invalid_request", "Error": "ClientId is Invalid"}`, problem.CredentialsRefused),
		Entry("but never by their text", 400, `{"message": "invalid_client"}`, problem.MayPass),
	)

	It("in a declared location take precedence", func() {
		s := rfc6749(func(s *server) { s.Response.ErrorDescription = at("/hint") })
		Expect(failureIn(s, answerOf(400, `{"message": "Bad Request", "hint": "check the key"}`)).Message).To(ContainSubstring(`HTTP 400 ("check the key"):`))
	})

	DescribeTable("do not turn a success into a failure if they are in an undeclared location",
		func(body string) { Expect(tokenIn(rfc6749(), answerOf(200, body)).AccessToken.Reveal()).To(Equal("t")) },
		Entry("a code", `{"access_token": "t", "code": "E17"}`),
		Entry("a code of RFC 6749", `{"access_token": "t", "errorCode": "invalid_client"}`),
		Entry("a message", `{"access_token": "t", "message": "this endpoint is deprecated"}`),
		Entry("a list of errors", `{"access_token": "t", "errors": [{"message": "no such field"}]}`),
	)

	DescribeTable("are shown for a 2xx response without a token:",
		func(body, reason, shown string) {
			failure := failureIn(rfc6749(), answerOf(200, body))
			Expect(failure.Reason).To(Equal(reason))
			Expect(failure.Message).To(ContainSubstring(shown))
		},
		Entry("a message", `{"status": "error", "message": "no such client"}`, v1alpha1.ReasonInvalidResponse,
			`there is no token at "/access_token", and the server says ("no such client"): check`),
		Entry("a code and a message", `{"code": 1203, "message": "not active"}`, v1alpha1.ReasonInvalidResponse, `, and the server says 1203 ("not active"): check`),
		Entry("a code of RFC 6749", `{"errors": [{"code": "invalid_client", "message": "no such client"}]}`, v1alpha1.ReasonInvalidClient, `HTTP 200 invalid_client ("no such client")`),
		Entry("a title with brackets", `<title>Sign in (SSO) to Acme</title>`, v1alpha1.ReasonInvalidResponse, `not JSON, but an HTML page titled "Sign in (SSO) to Acme": check`),
		Entry("the title of a page", `<title>Sign in to your account</title>`, v1alpha1.ReasonInvalidResponse, `not JSON, but an HTML page titled "Sign in to your account": check`),
		Entry("not a code and a message that mean success", `{"code": 200, "message": "OK", "data": {}}`, v1alpha1.ReasonInvalidResponse, `there is no token at "/access_token": check`),
	)

	DescribeTable("do not hold a token",
		func(status int, body string, header ...string) {
			s := rfc6749(func(s *server) { s.Response.AccessToken = at("/access_token", "") })
			for _, s := range []server{rfc6749(), s} {
				_, err := oauth2.ReadResponse(s, requestTo(s, oauth2.Grant{Credentials: credentials}), answerOf(status, body, header...))
				if err != nil {
					Expect(err).To(MatchError(Not(ContainSubstring("q8fJ2kLp9sDk3mZx"))))
				}
			}
		},
		Entry("that is the body of a failure", 400, "q8fJ2kLp9sDk3mZx"),
		Entry("that is the body of a failure, with its scheme", 400, "Bearer q8fJ2kLp9sDk3mZx"),
		Entry("that is a JSON string", 400, `"q8fJ2kLp9sDk3mZx"`),
		Entry("that is in a form", 400, "access_token=q8fJ2kLp9sDk3mZx&error_description=not+q8fJ2kLp9sDk3mZx", "Content-Type", asForm),
		Entry("that is the message", 200, `{"message": "q8fJ2kLp9sDk3mZx"}`),
		Entry("that is in a message", 200, `{"message": "your key is q8fJ2kLp9sDk3mZx"}`),
		Entry("that is in plain text", 400, `your key is q8fJ2kLp9sDk3mZx.`),
		Entry("that is the code", 200, `{"code": "q8fJ2kLp9sDk3mZx"}`),
		Entry("that is in the title of a page", 200, `<title>Your code: q8fJ2kLp9sDk3mZx</title>`),
		Entry("that is in a header", 401, "", "WWW-Authenticate", `Bearer error_description="not q8fJ2kLp9sDk3mZx"`),
		Entry("that another member holds", 400, `{"message": "not q8fJ2kLp9sDk3mZx", "data": {"refresh_token": "q8fJ2kLp9sDk3mZx"}}`),
	)

	It("are cut after a word and marked, and keep the sentence with the reason", func() {
		long := strings.Repeat("The request could not be handled. ", 10) + "The client is disabled. " + strings.Repeat("word ", 200)
		message := failureIn(rfc6749(), answerOf(400, `{"message": "`+long+`"}`)).Message
		Expect(message).To(And(ContainSubstring("The client is disabled."), ContainSubstring(`word ..."`)))
	})

	DescribeTable("do not hold the client secret that the server echoes in",
		func(status int, body string, header ...string) {
			const id, secret = "shop", `p4ss w0rd&/ <"+é of the shop`
			s := rfc6749()
			request := requestTo(s, oauth2.Grant{Credentials: oauth2.Credentials{ClientID: oauth2.NewSensitive(id), IsClientIDPublic: true, ClientSecret: oauth2.NewSensitive(secret)}})
			for _, form := range []string{
				secret, url.QueryEscape(secret), url.PathEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret)),
				base64.StdEncoding.EncodeToString([]byte(id + ":" + url.QueryEscape(secret))), `p4ss w0rd\u0026/ \u003c\"+é of the shop`,
				secret[:5] + "\x01" + secret[5:], secret[:5] + "\u200b" + secret[5:], secret[:5] + "\u00ad" + secret[5:],
			} {
				echo := func(text string) string { return strings.ReplaceAll(text, "ECHO", form) }
				response := answerOf(status, echo(body))
				for i := 0; i < len(header); i += 2 {
					response.Header.Set(header[i], echo(header[i+1]))
				}
				_, err := oauth2.ReadResponse(s, request, response)
				Expect(err).To(MatchError(And(Not(ContainSubstring("w0rd")), Not(ContainSubstring(form)))))
			}
		},
		Entry("a message", 400, `{"message": "bad secret ECHO"}`),
		Entry("a message of a 2xx response", 200, `{"message": "bad secret ECHO"}`),
		Entry("a list", 400, `{"errors": [{"message": "bad secret ECHO"}]}`),
		Entry("a list of texts", 400, `{"errors": ["bad", "ECHO"]}`),
		Entry("the code", 400, `{"code": "ECHO"}`),
		Entry("the code, as a sentence", 400, `{"error": "bad ECHO"}`),
		Entry("plain text", 400, `bad secret ECHO`),
		Entry("only plain text", 400, `ECHO`),
		Entry("a title", 400, `<title>bad secret ECHO</title>`),
		Entry("a fault", 400, `<?xml version="1.0"?><message>bad secret ECHO</message>`),
		Entry("a form", 400, `error_description=bad+secret+ECHO`, "Content-Type", asForm),
		Entry("a header", 401, ``, "WWW-Authenticate", `Basic error="ECHO", error_description="bad secret ECHO"`),
		Entry("a relative location", http.StatusFound, ``, "Location", `/login/ECHO?secret=ECHO`),
	)

	DescribeTable("do not hold a secret that a JSON string escapes",
		func(secret, echoed string) {
			s := rfc6749()
			request := requestTo(s, oauth2.Grant{Credentials: oauth2.Credentials{ClientID: oauth2.NewSensitive("shop"), IsClientIDPublic: true, ClientSecret: oauth2.NewSensitive(secret)}})
			_, err := oauth2.ReadResponse(s, request, answerOf(401, `"Invalid secret `+echoed+`"`))
			Expect(err).To(MatchError(ContainSubstring(`("Invalid secret [REDACTED]")`)))
		},
		Entry("as .NET does", "ab+cdEF12gh==", `ab\u002BcdEF12gh==`),
		Entry("as PHP does", "a&b/cdefgh", `a&b\/cdefgh`),
		Entry("as servers that escape all characters beyond ASCII", "pässwörd1", `p\u00E4ssw\u00F6rd1`),
	)

	DescribeTable("do not hold a short token of a 2xx response",
		func(token, body string) {
			Expect(failureIn(rfc6749(), answerOf(200, body)).Message).NotTo(ContainSubstring(token))
		},
		Entry("of groups", "Xk3-9fQ2-zzPw-11ab", `{"message": "Your token is Xk3-9fQ2-zzPw-11ab"}`),
		Entry("of twelve digits and letters", "7f3a9c2b41d8", `{"status": "ok", "text": "Token issued 7f3a9c2b41d8"}`),
		Entry("of only letters", "abcdefghijklmnopqrstuvwx", `{"message": "token issued abcdefghijklmnopqrstuvwx"}`),
		Entry("of an XML document", "Kj8hGf5dSa2", `<?xml version="1.0"?><r><message>session Kj8hGf5dSa2 made</message></r>`),
	)

	It("are short, even if the body is large and deep", func() {
		wide := `{"errors":{` + strings.Repeat(`"a":{"message":"x"},`, 8000) + `"message":"no such client"}}`
		deep := strings.Repeat(`{"error":{"errors":[`, 4000) + "1" + strings.Repeat("]}}", 4000)
		many := `{"errors":[` + strings.Repeat(`{"message":"`+strings.Repeat("word ", 10)+`"},`, 3000) + `{}]}`
		for _, body := range []string{wide, deep, many, strings.Repeat("word ", 50000), "<title>" + strings.Repeat("<title", 40000)} {
			Expect(len(failureIn(rfc6749(), answerOf(400, body)).Message)).To(BeNumerically("<", 1000))
		}
	})
})

// answerOf calls answer. Tests with a parameter named answer use it.
func answerOf(status int, body string, header ...string) oauth2.Response {
	return answer(status, body, header...)
}
