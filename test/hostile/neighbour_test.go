package hostile_test

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/matchers"
)

// limitedTo declares a rate limit.
func limitedTo(requests int32, per time.Duration) func(*v1alpha1.ClientCredentialSpec) {
	return func(spec *v1alpha1.ClientCredentialSpec) {
		spec.AuthorizationServer.RateLimit = &v1alpha1.RateLimit{Requests: requests, Per: &metav1.Duration{Duration: per}}
	}
}

// withClientID declares a public client ID.
func withClientID(id string) func(*v1alpha1.ClientCredentialSpec) {
	return func(spec *v1alpha1.ClientCredentialSpec) { spec.ClientID = id }
}

var _ = Describe("A tenant that uses the authorization server of another tenant", func() {
	// newSharedServer starts a server that asks the client to wait for a day if the request comes from
	// the attacker.
	newSharedServer := func() *hostileServer {
		GinkgoHelper()
		return newHostileServer(func(rw http.ResponseWriter, r *http.Request) {
			_, password, _ := r.BasicAuth()
			if strings.Contains(r.RequestURI, "attacker") || strings.Contains(password, "mallory") {
				rw.Header().Set("Retry-After", "86400")
				rw.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			answers(http.StatusOK, `{"access_token": "token", "token_type": "Bearer", "expires_in": 3600}`)(rw, r)
		})
	}

	DescribeTable("does not make the other tenant wait", func(ctx SpecContext, path, clientID string, of ...func(*v1alpha1.ClientCredentialSpec)) {
		w, server := newWorld(ctx), newSharedServer()
		w.attacker.requestsToken(ctx, "mallory", server.URL+path, withClientID(clientID))
		w.attacker.reports(ctx, "mallory", matchers.HaveCondition("Ready", "False", "ServerError"))
		w.victim.requestsToken(ctx, "shop", server.URL+"/token", of...)
		w.victim.reports(ctx, "shop", matchers.HaveCondition("Ready", "True", "TokenIssued"))
	},
		Entry("by using its client ID", "/token", "shop-client", withClientID("shop-client")),
		Entry("by using its client ID and a path that only looks like the other tenant's path", "/attacker/..%2ftoken", "shop-client", withClientID("shop-client")),
		Entry("by using its client ID and a query", "/token?app=attacker", "shop-client", withClientID("shop-client")),
	)

	It("does not use up a rate limit that the other tenant declares", func(ctx SpecContext) {
		w, server := newWorld(ctx), newSharedServer()
		w.victim.requestsToken(ctx, "first", server.URL+"/token", limitedTo(2, time.Hour))
		w.victim.reports(ctx, "first", matchers.HaveCondition("Ready", "True", "TokenIssued"))
		for i := range 5 {
			name := fmt.Sprintf("mallory-%d", i)
			w.attacker.requestsToken(ctx, name, server.URL+"/token", limitedTo(100_000, time.Second))
			w.attacker.reports(ctx, name, matchers.HaveCondition("Ready", "False", "ServerError"))
		}
		w.victim.requestsToken(ctx, "second", server.URL+"/token", limitedTo(2, time.Hour))
		w.victim.reports(ctx, "second", matchers.HaveCondition("Ready", "True", "TokenIssued"))
		By("enforcing the limit for the other tenant's own requests")
		w.victim.requestsToken(ctx, "third", server.URL+"/token", limitedTo(2, time.Hour))
		w.victim.reports(ctx, "third", matchers.HaveCondition("Ready", "False", "RateLimited"))
	})

	It("does not use up a rate limit with requests that are never sent", func(ctx SpecContext) {
		w := newWorld(ctx, func(s *settings) { s.tokenEndpoint.AllowHTTP = false })
		server := newSharedServer()
		for i := range 3 {
			name := fmt.Sprintf("insecure-%d", i)
			w.victim.requestsToken(ctx, name, server.URL+"/token", limitedTo(1, time.Hour))
			w.victim.reports(ctx, name, matchers.HaveCondition("Ready", "False", "TokenEndpointInsecure"))
		}
		w.victim.requestsToken(ctx, "sent", strings.Replace(server.URL, "http:", "https:", 1)+"/token", limitedTo(1, time.Hour))
		w.victim.reports(ctx, "sent", matchers.HaveCondition("Ready", "False", "TLSFailed"))
	})
})

var _ = Describe("A namespace that is being deleted", func() {
	It("causes no token request if its token Secrets are deleted first", func(ctx SpecContext) {
		w, server := newWorld(ctx), newHostileServer(answers(http.StatusOK, `{"access_token": "token", "token_type": "Bearer", "expires_in": 3600}`))
		w.victim.isServed(ctx, "shop", server.URL)
		Expect(apiServer.Delete(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.victim.namespace}})).To(Succeed())
		Expect(apiServer.Delete(ctx, &corev1.Secret{ObjectMeta: w.victim.metadata("shop-token")})).To(Succeed())
		w.victim.reports(ctx, "shop", matchers.HaveCondition("Ready", "False", "TokenMissing", ContainSubstring("is being deleted")))
		Expect(server.requests.Load()).To(BeEquivalentTo(1))
	})
})
