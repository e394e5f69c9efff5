package recovery_test

import (
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/test/authserver"
)

// at20 returns a script in which the server gives an answer for the first twenty seconds.
func at20(answer authserver.Answer) authserver.Script {
	return authserver.Script{{Until: 20 * second, Answer: answer}}
}

// unavailable returns a scenario in which the server gives an answer of class Unavailable for twenty
// seconds.
func unavailable(reason string, answer authserver.Answer) scenario {
	return scenario{
		server: at20(answer), works: 20 * second,
		problems: oneProblem(problem.Unavailable, reason), waits: waits(5*second, 10*second, 20*second),
	}
}

// mayPass returns a scenario in which the server gives an answer of class MayPass for twenty seconds.
func mayPass(reason string, answer authserver.Answer) scenario {
	return scenario{
		server: at20(answer), works: 20 * second,
		problems: oneProblem(problem.MayPass, reason), waits: waits(15*second, 30*second),
	}
}

// refuses returns a scenario in which the server gives an answer of class CredentialsRefused for twenty
// seconds.
func refuses(reason string, answer authserver.Answer) scenario {
	return scenario{
		server: at20(answer), works: 20 * second,
		problems: oneProblem(problem.CredentialsRefused, reason), waits: refusals(minute),
	}
}

// asksToWait returns a scenario in which the server asks clients to wait for the time asked. It does so
// for the first twenty seconds.
func asksToWait(reason string, asked time.Duration, answer authserver.Answer) scenario {
	return scenario{
		server: at20(answer), works: 20 * second, within: asked + 5*minute,
		problems: oneProblem(problem.Unavailable, reason), waits: []wait{between(asked, asked+5*second)},
	}
}

var _ = Describe("A ClientCredential whose server, for its first 20 s,", Ordered, ContinueOnFailure, played(
	// Credentials refused.
	row{"answers 401 invalid_client, gets a token after a minute", refuses("InvalidClient", authserver.Refuse(http.StatusUnauthorized, "invalid_client"))},
	row{"answers 400 invalid_client, gets a token after a minute", refuses("InvalidClient", authserver.Refuse(http.StatusBadRequest, "invalid_client"))},
	row{"answers 401 with an empty body, gets a token after a minute", refuses("InvalidClient", authserver.Refuse(http.StatusUnauthorized, ""))},
	row{"answers 401 with a page, gets a token after a minute", refuses("InvalidClient", authserver.HTML(http.StatusUnauthorized))},
	row{"answers 400 unauthorized_client, gets a token after a minute", refuses("UnauthorizedClient", authserver.Refuse(http.StatusBadRequest, "unauthorized_client"))},
	row{"answers 403 access_denied, gets a token after a minute", refuses("UnauthorizedClient", authserver.Refuse(http.StatusForbidden, "access_denied"))},
	row{"answers 401 and asks to wait 90 s, gets a token after that", scenario{
		server: at20(authserver.RetryAfter("90", authserver.Refuse(http.StatusUnauthorized, "invalid_client"))),
		works:  20 * second, within: 5*minute + 90*second,
		problems: oneProblem(problem.CredentialsRefused, "InvalidClient"), waits: []wait{between(90*second, 95*second)},
	}},

	// Problems that may resolve themselves.
	row{"answers 400 invalid_request, gets a token after 45 s", mayPass("InvalidRequest", authserver.Refuse(http.StatusBadRequest, "invalid_request"))},
	row{"answers 400 invalid_scope, gets a token after 45 s", mayPass("InvalidScope", authserver.Refuse(http.StatusBadRequest, "invalid_scope"))},
	row{"answers 400 invalid_grant, gets a token after 45 s", mayPass("InvalidGrant", authserver.Refuse(http.StatusBadRequest, "invalid_grant"))},
	row{"answers 400 unsupported_grant_type, gets a token after 45 s", mayPass("UnsupportedGrantType", authserver.Refuse(http.StatusBadRequest, "unsupported_grant_type"))},
	row{"answers 400 with a code of its own, gets a token after 45 s", mayPass("RequestRefused", authserver.Refuse(http.StatusBadRequest, "tenant_not_ready"))},
	row{"answers 400 with an empty body, gets a token after 45 s", mayPass("RequestRefused", authserver.Refuse(http.StatusBadRequest, ""))},
	row{"redirects to a maintenance page, gets a token after 45 s", mayPass("RedirectRefused", authserver.Redirect("/maintenance"))},
	row{"answers 403 with the page of a firewall, gets a token after 45 s", mayPass("RequestRefused", authserver.HTML(http.StatusForbidden))},
	row{"answers 404 with plain text, gets a token after 45 s", mayPass("RequestRefused", authserver.Body(http.StatusNotFound, "text/plain", "default backend - 404"))},
	row{"answers 404 with a code, gets a token after 45 s", mayPass("RequestRefused", authserver.Refuse(http.StatusNotFound, "not_found"))},
	row{"answers 405, gets a token after 45 s", mayPass("RequestRefused", authserver.Refuse(http.StatusMethodNotAllowed, ""))},
	row{"answers 200 with a page, gets a token after 45 s", mayPass("InvalidResponse", authserver.HTML(http.StatusOK))},
	row{"answers 200 with an empty body, gets a token after 45 s", mayPass("InvalidResponse", authserver.Body(http.StatusOK, "", ""))},
	row{"answers 204, gets a token after 45 s", mayPass("InvalidResponse", authserver.Body(http.StatusNoContent, "", ""))},
	row{"answers 200 with JSON that holds no token, gets a token after 45 s", mayPass("InvalidResponse", authserver.JSON(http.StatusOK, map[string]any{"status": "starting"}))},
	row{"answers 200 with an error object, gets a token after 45 s", mayPass("RequestRefused", authserver.Refuse(http.StatusOK, "not_ready"))},
	row{"answers 200 with half of a token response, gets a token after 45 s", mayPass("InvalidResponse", authserver.Truncated)},
	row{"answers 200 with a token of 300 KiB, gets a token after 45 s", mayPass("InvalidResponse", authserver.Body(http.StatusOK, "application/json", `{"access_token": "`+strings.Repeat("x", 300<<10)+`"}`))},

	// Unavailable: the HTTP status outranks the error code.
	row{"answers 500, gets a token after 35 s", unavailable("ServerError", authserver.Refuse(http.StatusInternalServerError, ""))},
	row{"answers 500 invalid_request, gets a token after 35 s", unavailable("ServerError", authserver.Refuse(http.StatusInternalServerError, "invalid_request"))},
	row{"answers 502 with a page, gets a token after 35 s", unavailable("ServerError", authserver.HTML(http.StatusBadGateway))},
	row{"answers 502 invalid_client, gets a token after 35 s", unavailable("ServerError", authserver.Refuse(http.StatusBadGateway, "invalid_client"))},
	row{"answers 503 access_denied, gets a token after 35 s", unavailable("ServerError", authserver.Refuse(http.StatusServiceUnavailable, "access_denied"))},
	row{"answers 504, gets a token after 35 s", unavailable("ServerError", authserver.Body(http.StatusGatewayTimeout, "text/plain", "upstream request timeout"))},
	row{"answers 408 invalid_request, gets a token after 35 s", unavailable("ServerError", authserver.Refuse(http.StatusRequestTimeout, "invalid_request"))},
	row{"answers 425 invalid_client, gets a token after 35 s", unavailable("ServerError", authserver.Refuse(http.StatusTooEarly, "invalid_client"))},
	row{"answers 400 temporarily_unavailable, gets a token after 35 s", unavailable("ServerError", authserver.Refuse(http.StatusBadRequest, "temporarily_unavailable"))},
	row{"answers 429 without asking to wait, gets a token after 35 s", unavailable("RateLimited", authserver.Refuse(http.StatusTooManyRequests, ""))},
	row{"answers 429 with a date in the past, gets a token after 35 s",
		unavailable("RateLimited", authserver.RetryAfterDate(-hour, authserver.Refuse(http.StatusTooManyRequests, "")))},
	row{"hangs up, gets a token after 35 s", unavailable("TokenEndpointUnreachable", authserver.HangUp)},
	row{"hangs up in the middle of a token response, gets a token after 35 s",
		unavailable("TokenEndpointUnreachable", authserver.HangUpAfter(`{"expires_in": 3600, "access_token": "`))},
	row{"returns an expired token, gets a token after 35 s", unavailable("TokenExpired", authserver.Cached(-minute, 3600))},

	// Secrets in responses.
	row{"repeats the credentials in its refusal, gets a token after 45 s, and the secret is not shown",
		mayPass("RequestRefused", authserver.Echo(http.StatusBadRequest, "unknown_tenant"))},
	row{"answers 500 with a token in the body, gets a token after 35 s, and that token is not shown",
		unavailable("ServerError", authserver.JSON(http.StatusInternalServerError, map[string]any{"access_token": "t0ken-of-a-failure"}))},

	// Retry-After.
	row{"answers 429 unauthorized_client and asks to wait 30 s, gets a token after that",
		asksToWait("RateLimited", 30*second, authserver.RetryAfter("30", authserver.Refuse(http.StatusTooManyRequests, "unauthorized_client")))},
	row{"answers 429 and asks to wait until a date, gets a token after that",
		asksToWait("RateLimited", 40*second, authserver.RetryAfterDate(40*second, authserver.Refuse(http.StatusTooManyRequests, "")))},
	row{"answers 503 and asks to wait two minutes, gets a token after that",
		asksToWait("ServerError", 2*minute, authserver.RetryAfter("120", authserver.HTML(http.StatusServiceUnavailable)))},
	row{"answers 400 invalid_request and asks to wait 50 s, gets a token after that", scenario{
		server: at20(authserver.RetryAfter("50", authserver.Refuse(http.StatusBadRequest, "invalid_request"))),
		works:  20 * second, within: 5*minute + 50*second,
		problems: oneProblem(problem.MayPass, "InvalidRequest"), waits: []wait{between(50*second, 55*second)},
	}},
	row{"answers 429 and asks to wait 15 minutes, gets a token after that, although a renewal is requested before", scenario{
		server: at20(authserver.RetryAfter("900", authserver.Refuse(http.StatusTooManyRequests, ""))),
		works:  20 * second, within: 5*minute + 15*minute, lasts: 25 * minute, problems: oneProblem(problem.Unavailable, "RateLimited"),
		then:  []event{{10 * minute, requestRenewal}},
		waits: []wait{between(15*minute, 15*minute+6*second)},
	}},

	// Discovery.
	row{"answers its metadata request with 503 and a date, gets a token after that date", scenario{
		metadata: at20(authserver.RetryAfterDate(45*second, authserver.Refuse(http.StatusServiceUnavailable, ""))),
		works:    20 * second, within: 5*minute + 45*second,
		problems: oneProblem(problem.Unavailable, ""),
		first:    between(40*second, 55*second), waits: noWaits,
	}},
	row{"answers its metadata request with 404, gets a token after 45 s", scenario{
		metadata: at20(authserver.Body(http.StatusNotFound, "text/plain", "no such page")),
		works:    20 * second, problems: oneProblem(problem.MayPass, "DiscoveryFailed"),
		first: between(36*second, 45*second), waits: noWaits,
	}},

	// No answer at all.
	row{"does not listen, gets a token some seconds later", scenario{
		unreachable: true, works: 20 * second, then: []event{{20 * second, openServer}},
		problems: oneProblem(problem.Unavailable, "TokenEndpointUnreachable"),
		first:    between(28*second, 35*second), waits: noWaits,
	}},
))

// This scenario has its own table, because the request timeout of a table is short if a server hangs.
var _ = Describe("A ClientCredential whose server", Ordered, ContinueOnFailure, played(
	row{"hangs for 3 s gets a token after the first retry", scenario{
		server: authserver.Script{{Until: 3 * second, Answer: authserver.Hang}}, works: 3 * second, hangs: true,
		problems: oneProblem(problem.Unavailable, "Timeout"), waits: waits(5 * second),
	}},
))

var _ = Describe("A ClientCredential whose server", Ordered, ContinueOnFailure, played(
	row{"does not speak TLS gets a token once the scheme is corrected", scenario{
		spec: func(a *actor, spec *v1alpha1.ClientCredentialSpec) {
			spec.AuthorizationServer.TokenEndpoint = "https" + a.tokenEndpoint()[len("http"):]
		},
		works: 50 * second, then: []event{{50 * second, correctEndpoint}},
		problems: oneProblem(problem.Unavailable, "TLSFailed"), first: between(50*second, 50*second), waits: noWaits,
	}},
	row{"answers 503 for 3 min and then 404 for 20 s gets a token soon after", scenario{
		server: authserver.Script{
			{Until: 3 * minute, Answer: authserver.Refuse(http.StatusServiceUnavailable, "")},
			{Until: 3*minute + 20*second, Answer: authserver.Refuse(http.StatusNotFound, "")},
		},
		works: 3*minute + 20*second, problems: oneProblem(problem.Unavailable, "ServerError"),
		waits: waits(5*second, 10*second, 20*second, 40*second, 80*second, 160*second),
	}},
	row{"answers 503 for 4 min and then 404 for 90 s, while its gateway is reloaded, gets a token soon after", scenario{
		server: authserver.Script{
			{Until: 4 * minute, Answer: authserver.Refuse(http.StatusServiceUnavailable, "")},
			{Until: 330 * second, Answer: authserver.Refuse(http.StatusNotFound, "")},
		},
		works: 330 * second, within: 75 * second,
		problems: []expectedProblem{{class: problem.Unavailable, reason: "ServerError"}, {class: problem.MayPass, reason: "RequestRefused"}},
	}},
	row{"is down for 12 min gets a token within five minutes", scenario{
		server: authserver.Script{{Until: 12 * minute, Answer: authserver.Refuse(http.StatusBadGateway, "")}}, works: 12 * minute,
		problems: oneProblem(problem.Unavailable, "ServerError"),
		waits:    waits(5*second, 10*second, 20*second, 40*second, 80*second, 160*second, 300*second, 300*second),
	}},
	row{"shows its maintenance page for 4 min gets a token within five minutes", scenario{
		server: authserver.Script{{Until: 4 * minute, Answer: authserver.HTML(http.StatusOK)}}, works: 4 * minute,
		problems: oneProblem(problem.MayPass, "InvalidResponse"), waits: waits(15*second, 30*second, minute, 2*minute, 4*minute),
	}},
	row{"refuses the credentials at a renewal, and works again before the token expires, has no gap between tokens", scenario{
		server: authserver.Script{
			{Until: minute}, {Until: 450 * second, Answer: authserver.Refuse(http.StatusUnauthorized, "invalid_client")},
		},
		lifetime: 10 * minute, works: 450 * second, within: 150 * second, lasts: 14 * minute, keepsToken: true,
		problems: oneProblem(problem.CredentialsRefused, "InvalidClient"),
	}},
	row{"redirects at a renewal, and works again before the token expires, has no gap between tokens", scenario{
		server: authserver.Script{
			{Until: minute}, {Until: 9 * minute, Answer: authserver.Redirect("/login")},
		},
		lifetime: 10 * minute, works: 9 * minute, within: minute, lasts: 14 * minute, keepsToken: true,
		problems: oneProblem(problem.MayPass, "RedirectRefused"),
	}},
	row{"is down at a renewal, and works again before the token expires, has no gap between tokens", scenario{
		server: authserver.Script{
			{Until: minute}, {Until: 9 * minute, Answer: authserver.HTML(http.StatusBadGateway)},
		},
		lifetime: 10 * minute, works: 9 * minute, within: minute, lasts: 14 * minute, keepsToken: true,
		problems: oneProblem(problem.Unavailable, "ServerError"),
	}},
	row{"answers 401 when a token of 60 s expires gets a token by the third attempt", scenario{
		server: authserver.Script{
			{Until: 10 * second, Answer: shortToken}, {Until: 2 * minute, Answer: authserver.Refuse(http.StatusUnauthorized, "invalid_client")},
		},
		works: 2 * minute, problems: oneProblem(problem.CredentialsRefused, "InvalidClient"),
		waits: []wait{between(34*second, 41*second), about(minute), about(5 * minute)},
	}},
	row{"answers 302 when a token of 60 s expires gets a token soon after", scenario{
		server: authserver.Script{
			{Until: 10 * second, Answer: shortToken}, {Until: 2 * minute, Answer: authserver.Redirect("/login")},
		},
		works: 2 * minute, problems: oneProblem(problem.MayPass, "RedirectRefused"),
	}},
	row{"answers 500 when a token of 60 s expires gets a token soon after", scenario{
		server: authserver.Script{
			{Until: 10 * second, Answer: shortToken}, {Until: 2 * minute, Answer: authserver.Refuse(http.StatusInternalServerError, "")},
		},
		works: 2 * minute, problems: oneProblem(problem.Unavailable, "ServerError"),
	}},

	// Lifetimes.
	row{"returns a JWT with exp in 40 s and expires_in 120 from its cache is never Ready after exp", scenario{
		server: authserver.Script{{Until: 100 * second, Answer: authserver.Cached(40*second, 120)}},
		works:  100 * second, problems: oneProblem(problem.Unavailable, "TokenExpired"),
	}},
	row{"returns the same expired JWT for 3 min gets a token soon after", scenario{
		server: authserver.Script{{Until: 3 * minute, Answer: authserver.Cached(-minute, 3600)}},
		works:  3 * minute, problems: oneProblem(problem.Unavailable, "TokenExpired"),
		waits: waits(5*second, 10*second, 20*second, 40*second, 80*second, 160*second),
	}},
	row{"states expires_in 0:10:00 gets a new token before ten minutes are over", lifetime(authserver.Give(func(time.Time) map[string]any {
		return map[string]any{"access_token": "t0ken-of-ten-minutes", "expires_in": "0:10:00"}
	}))},
	row{"states expires_in 00:10:00 gets a new token before ten minutes are over", lifetime(authserver.Give(func(time.Time) map[string]any {
		return map[string]any{"access_token": "t0ken-of-ten-minutes", "expires_in": "00:10:00"}
	}))},
	row{"states expires_in 1,200 gets a new token before twenty minutes are over", scenario{
		server: authserver.Script{{Until: minute, Answer: authserver.Give(func(time.Time) map[string]any {
			return map[string]any{"access_token": "t0ken-of-twenty-minutes", "expires_in": "1,200"}
		})}},
		waits: []wait{between(684*second, 804*second)}, works: 804 * second, keepsToken: true,
	}},
	row{"states the expiry as Java prints it gets a new token before the expiry", expiresAt("Mon Jan 02 15:04:05 UTC 2006")},
	row{"states the expiry without seconds gets a new token before the expiry", expiresAt("2006-01-02T15:04Z")},
	row{"states the expiry with a zone in brackets gets a new token before the expiry", expiresAt("2006-01-02T15:04:05+00:00[UTC]")},
	row{"states the expiry with a day of one digit gets a new token before the expiry", expiresAt("Mon, 2 Jan 2006 15:04:05 GMT")},
	row{"states the expiry in nanoseconds since 1970 gets a new token before the expiry", withSpec(
		lifetime(authserver.Give(func(now time.Time) map[string]any {
			return map[string]any{"access_token": "t0ken-of-ten-minutes", "expires_at": now.Add(10 * minute).UnixNano()}
		})), readsExpiresAt)},
))

// shortToken answers with a token that is valid for a minute.
func shortToken(w http.ResponseWriter, r *http.Request, now time.Time) {
	authserver.JSON(http.StatusOK, map[string]any{"access_token": "t0ken-of-a-minute", "expires_in": 60})(w, r, now)
}

// lifetime returns a scenario in which the first token is valid for ten minutes.
func lifetime(first authserver.Answer) scenario {
	return scenario{
		server: authserver.Script{{Until: minute, Answer: first}},
		// At the renewal, a third of the lifetime is left, and up to a tenth more. A date without seconds
		// is up to a minute earlier.
		waits: []wait{between(5*minute, 402*second)}, works: 402 * second,
	}
}

func expiresAt(layout string) scenario {
	return withSpec(lifetime(authserver.Give(func(now time.Time) map[string]any {
		return map[string]any{"access_token": "t0ken-of-ten-minutes", "expires_at": now.Add(10 * minute).UTC().Format(layout)}
	})), readsExpiresAt)
}

func readsExpiresAt(response *v1alpha1.TokenResponse) {
	response.ExpiresAt = []v1alpha1.JSONPointer{"/expires_at"}
}

// withSpec returns the scenario with another declaration of the response in the spec.
func withSpec(s scenario, change func(*v1alpha1.TokenResponse)) scenario {
	s.spec = func(_ *actor, spec *v1alpha1.ClientCredentialSpec) {
		spec.AuthorizationServer.Response = &v1alpha1.TokenResponse{}
		change(spec.AuthorizationServer.Response)
	}
	return s
}
