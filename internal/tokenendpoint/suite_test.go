package tokenendpoint_test

import (
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/tokenendpoint"
)

func TestTokenEndpoint(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "tokenendpoint")
}

// The credentials in requests, which must not appear in messages.
const (
	authorizationSent = "Basic c2hvcDpzM2NyM3Q="
	bodySent          = "client_secret=s3cr3t"
)

func requestTo(url string) *oauth2.Request {
	return &oauth2.Request{
		Method: http.MethodPost,
		URL:    url,
		Header: map[string]oauth2.Sensitive{
			"Content-Type":  oauth2.NewSensitive("application/x-www-form-urlencoded"),
			"Accept":        oauth2.NewSensitive("application/json"),
			"Authorization": oauth2.NewSensitive(authorizationSent),
		},
		Body: oauth2.NewSensitive(bodySent),
	}
}

// client returns a client that may connect to the servers of these tests, which run on this host,
// with and without TLS.
func client(changes ...func(*tokenendpoint.Options)) *tokenendpoint.Client {
	options := tokenendpoint.Options{
		AllowHTTP:    true,
		AllowedCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")},
		Timeout:      20 * time.Second,
	}
	for _, change := range changes {
		change(&options)
	}
	return tokenendpoint.NewClient(options)
}

func impatient(options *tokenendpoint.Options) { options.Timeout = 100 * time.Millisecond }

func trusting(server *httptest.Server) func(*tokenendpoint.Options) {
	return func(options *tokenendpoint.Options) {
		options.RootCAs = x509.NewCertPool()
		options.RootCAs.AddCert(server.Certificate())
	}
}

// plain and encrypted start servers that run until the test ends.
func plain(handler http.HandlerFunc) *httptest.Server {
	return serve(handler, (*httptest.Server).Start)
}

func encrypted(handler http.HandlerFunc) *httptest.Server {
	return serve(handler, (*httptest.Server).StartTLS)
}

func serve(handler http.HandlerFunc, start func(*httptest.Server)) *httptest.Server {
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	start(server)
	DeferCleanup(server.Close)
	return server
}

func answering(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
}

func send(c *tokenendpoint.Client, url string) (oauth2.Response, error) {
	GinkgoHelper()
	return c.Send(GinkgoT().Context(), requestTo(url))
}

// failureOf sends a request, and returns its failure. It expects a message without credentials.
func failureOf(c *tokenendpoint.Client, url string) *problem.Problem {
	GinkgoHelper()
	_, err := send(c, url)
	failure := problem.Of(err)
	Expect(failure).To(HaveOccurred(), "expected a *problem.Problem, got %v", err)
	for _, credentials := range []string{"s3cr3t", strings.TrimPrefix(authorizationSent, "Basic ")} {
		Expect(failure.Message).NotTo(ContainSubstring(credentials))
	}
	return failure
}
