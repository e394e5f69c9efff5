package tokenendpoint_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	testingclock "k8s.io/utils/clock/testing"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/tokenendpoint"
)

// issuer serves metadata by path, and counts the requests.
type issuer struct {
	*httptest.Server
	requests atomic.Int32
}

// newIssuer starts an issuer. answer returns the status and the body for a path.
func newIssuer(answer func(issuer, path string) (int, string)) *issuer {
	i := &issuer{}
	i.Server = plain(func(w http.ResponseWriter, r *http.Request) {
		i.requests.Add(1)
		status, body := answer(i.URL, r.URL.Path)
		w.WriteHeader(status)
		_, _ = fmt.Fprint(w, body)
	})
	return i
}

func metadata(issuer string) string {
	return fmt.Sprintf(`{"issuer": %q, "token_endpoint": "%s/token", "revocation_endpoint": "%s/revoke",
		"mtls_endpoint_aliases": {"token_endpoint": "%s/mtls/token"}}`, issuer, issuer, issuer, issuer)
}

const (
	rfc8414Path = "/.well-known/oauth-authorization-server"
	openIDPath  = "/.well-known/openid-configuration"
)

var _ = Describe("discovery", func() {
	start := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

	DescribeTable("finds the metadata of an issuer",
		func(suffix, at string, requests int) {
			server := newIssuer(func(issuer, path string) (int, string) {
				if path != at {
					return http.StatusNotFound, "no such page"
				}
				return http.StatusOK, metadata(issuer + suffix)
			})
			found, err := client().Discover(GinkgoT().Context(), server.URL+suffix, oauth2.TLS{})
			Expect(err).NotTo(HaveOccurred())
			Expect(found.TokenEndpoint).To(Equal(server.URL + suffix + "/token"))
			Expect(found.RevocationEndpoint).To(Equal(server.URL + suffix + "/revoke"))
			Expect(found.MTLSEndpointAliases.TokenEndpoint).To(Equal(server.URL + suffix + "/mtls/token"))
			Expect(server.requests.Load()).To(BeEquivalentTo(requests))
		},
		Entry("at the URL of RFC 8414", "", rfc8414Path, 1),
		Entry("at the URL of RFC 8414 for an issuer with a path", "/realms/shop", rfc8414Path+"/realms/shop", 1),
		Entry("at the URL of OpenID Connect, which is requested second", "", openIDPath, 2),
		Entry("at the URL of OpenID Connect for an issuer with a path", "/realms/shop", "/realms/shop"+openIDPath, 2),
	)

	It("uses the second URL if the first URL has the metadata of another issuer", func() {
		server := newIssuer(func(issuer, path string) (int, string) {
			if path == rfc8414Path {
				return http.StatusOK, metadata("https://other.example.com")
			}
			return http.StatusOK, metadata(issuer)
		})
		found, err := client().Discover(GinkgoT().Context(), server.URL, oauth2.TLS{})
		Expect(err).NotTo(HaveOccurred())
		Expect(found.Issuer).To(Equal(server.URL))
	})

	DescribeTable("fails with a reason",
		func(status int, body func(issuer string) string, class problem.Class, said string) {
			server := newIssuer(func(issuer, _ string) (int, string) { return status, body(issuer) })
			_, err := client().Discover(GinkgoT().Context(), server.URL, oauth2.TLS{})
			Expect(err).To(MatchError(ContainSubstring(said)))
			var failure *oauth2.Error
			Expect(err).To(BeAssignableToTypeOf(failure))
			Expect(err).To(HaveField("Reason", v1alpha1.ReasonDiscoveryFailed))
			Expect(err).To(HaveField("Class", class))
		},
		Entry("if there are no metadata", http.StatusNotFound, func(string) string { return "" }, problem.MayPass, "answered HTTP 404, and not with the metadata"),
		Entry("if the metadata are not JSON", http.StatusOK, func(string) string { return "<html>" }, problem.MayPass, "not JSON"),
		Entry("if the metadata name a similar issuer", http.StatusOK, func(issuer string) string { return metadata(issuer + "/") }, problem.MayPass,
			"set authorizationServer.issuer to exactly that"),
		Entry("if the metadata name no token endpoint", http.StatusOK, func(issuer string) string { return fmt.Sprintf(`{"issuer": %q}`, issuer) }, problem.MayPass,
			"names no token endpoint"),
		Entry("if the token endpoint is not a URL", http.StatusOK, func(issuer string) string {
			return fmt.Sprintf(`{"issuer": %q, "token_endpoint": "/token"}`, issuer)
		}, problem.MayPass, "names no token endpoint"),
		Entry("if the server fails", http.StatusServiceUnavailable, func(string) string { return "" }, problem.Unavailable, "answered HTTP 503"),
	)

	It("caches metadata for an hour", func() {
		server := newIssuer(func(issuer, _ string) (int, string) { return http.StatusOK, metadata(issuer) })
		clock := testingclock.NewFakeClock(start)
		c := client(func(o *tokenendpoint.Options) { o.Clock = clock })
		for _, later := range []time.Duration{0, time.Minute, 59 * time.Minute} {
			clock.SetTime(start.Add(later))
			_, err := c.Discover(GinkgoT().Context(), server.URL, oauth2.TLS{})
			Expect(err).NotTo(HaveOccurred())
		}
		Expect(server.requests.Load()).To(BeEquivalentTo(1))
		clock.SetTime(start.Add(time.Hour))
		_, err := c.Discover(GinkgoT().Context(), server.URL, oauth2.TLS{})
		Expect(err).NotTo(HaveOccurred())
		Expect(server.requests.Load()).To(BeEquivalentTo(2))
	})

	It("reads metadata again after a failure at the endpoint, but not within a minute", func() {
		server := newIssuer(func(issuer, _ string) (int, string) { return http.StatusOK, metadata(issuer) })
		clock := testingclock.NewFakeClock(start)
		c := client(func(o *tokenendpoint.Options) { o.Clock = clock })
		for later, requests := range []int32{1, 1, 2, 2} {
			clock.SetTime(start.Add(time.Duration(later) * 30 * time.Second))
			c.InvalidateMetadata(server.URL, oauth2.TLS{})
			_, err := c.Discover(GinkgoT().Context(), server.URL, oauth2.TLS{})
			Expect(err).NotTo(HaveOccurred())
			Expect(server.requests.Load()).To(Equal(requests))
		}
	})

	It("obeys the Retry-After of a metadata document, also as a date", func() {
		clock := testingclock.NewFakeClock(start)
		server := plain(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", start.Add(30*time.Second).Format(http.TimeFormat))
			w.WriteHeader(http.StatusServiceUnavailable)
		})
		_, err := client(func(o *tokenendpoint.Options) { o.Clock = clock }).Discover(GinkgoT().Context(), server.URL, oauth2.TLS{})
		Expect(err).To(And(HaveField("Class", problem.Unavailable), HaveField("RetryAfter", 30*time.Second)))
	})

	It("caches the failure of an issuer without metadata for 10 seconds", func() {
		server := newIssuer(func(string, string) (int, string) { return http.StatusNotFound, "" })
		clock := testingclock.NewFakeClock(start)
		c := client(func(o *tokenendpoint.Options) { o.Clock = clock })
		for _, later := range []time.Duration{0, 9 * time.Second, 10 * time.Second} {
			clock.SetTime(start.Add(later))
			_, err := c.Discover(GinkgoT().Context(), server.URL, oauth2.TLS{})
			Expect(err).To(HaveOccurred())
		}
		Expect(server.requests.Load()).To(BeEquivalentTo(2*2), "two URLs, twice")
	})

	It("caches metadata separately for different authorities", func() {
		server := newIssuer(func(issuer, _ string) (int, string) { return http.StatusOK, metadata(issuer) })
		c := client()
		for _, trust := range []oauth2.TLS{{}, {Key: "one"}, {Key: "two"}, {Key: "one"}} {
			_, err := c.Discover(GinkgoT().Context(), server.URL, trust)
			Expect(err).NotTo(HaveOccurred())
		}
		Expect(server.requests.Load()).To(BeEquivalentTo(3))
	})

	It("follows the same rules as a token request", func() {
		_, err := client(func(o *tokenendpoint.Options) { o.AllowHTTP = false }).
			Discover(GinkgoT().Context(), "http://127.0.0.1:1/", oauth2.TLS{})
		Expect(err).To(HaveField("Reason", v1alpha1.ReasonTokenEndpointInsecure))
		server := plain(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) })
		_, err = client().Discover(GinkgoT().Context(), server.URL, oauth2.TLS{})
		Expect(err).To(MatchError(ContainSubstring("HTTP 302")))
	})
})
