package oauth2

import (
	"net/url"
	"strings"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
)

func isRedirect(status int) bool { return status >= 300 && status <= 399 }

func redirected(endpoint string, request *Request, response Response) *Error {
	where := ""
	if location := locationOf(request, response); location != "" {
		where = " to " + location
	}
	return newError(response, problem.MayPass, v1alpha1.ReasonRedirectRefused,
		"token endpoint %s answered HTTP %d, a redirect%s: credentials are never sent elsewhere; set authorizationServer.tokenEndpoint to the right URL",
		endpoint, response.StatusCode, where)
}

// locationOf returns the URL that a redirect leads to; empty if there is none.
func locationOf(request *Request, response Response) string {
	secrets := request.secrets()
	base, err := url.Parse(request.URL)
	// Write the mark without its brackets, which are not allowed everywhere in a URL.
	raw := strings.ReplaceAll(readable(response.Header.Get("Location"), secrets), redacted, strings.Trim(redacted, "[]"))
	if err != nil || raw == "" {
		return ""
	}
	location, err := base.Parse(raw)
	if err != nil || location.Host == "" {
		return ""
	}
	return shorten(displayURL(location.String()), secrets)
}

// displayURL drops user, query and fragment, which may hold secrets.
func displayURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "(not a URL)"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
