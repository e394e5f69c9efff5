package hostile_test

import (
	"io"
	"net/http"
	"regexp"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/matchers"
)

var _ = Describe("A tenant that requests a ServiceAccount's token", func() {
	var (
		w      *world
		server *hostileServer
		// mints returns the number of token requests that the operator sent to the API server.
		mints func() int
	)

	// takes responds to each request with a token.
	takes := func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(rw, `{"access_token":"thanks","token_type":"Bearer","expires_in":3600}`)
	}
	// wants creates a ClientCredential that authenticates with a ServiceAccount token for the audience.
	wants := func(ctx SpecContext, name, audience string) {
		GinkgoHelper()
		clientCredential := w.attacker.clientCredential(name, server.URL)
		spec := &clientCredential.Spec
		spec.ClientID, spec.CredentialsRef, spec.ServiceAccountName = "mallory", nil, "robot"
		spec.AuthorizationServer.ClientAuthentication = &v1alpha1.ClientAuthentication{
			Method:    v1alpha1.PrivateKeyJWT,
			Assertion: &v1alpha1.Assertion{ServiceAccountToken: &v1alpha1.ServiceAccountToken{Audience: audience}},
		}
		create(ctx, clientCredential)
	}
	renews := func(ctx SpecContext, name string) {
		GinkgoHelper()
		edit(ctx, w.attacker.clientCredential(name, server.URL), func(c *v1alpha1.ClientCredential) {
			c.Annotations = map[string]string{v1alpha1.RenewRequestedAtAnnotation: "now"}
		})
	}
	// reviews sets the answer to the operator's TokenReviews.
	reviews := func(answer func(*http.Request) *http.Response) {
		w.interceptWith(func(request *http.Request) *http.Response {
			if strings.HasSuffix(request.URL.Path, "/tokenreviews") {
				return answer(request)
			}
			return nil
		})
	}

	BeforeEach(func(ctx SpecContext) {
		w = newWorld(ctx)
		server = newHostileServer(takes)
		metadata := w.attacker.metadata("robot")
		metadata.Labels = map[string]string{v1alpha1.UsageLabel: v1alpha1.UsageClientCredential}
		create(ctx, &corev1.ServiceAccount{ObjectMeta: metadata})
		mints = func() (count int) {
			for _, request := range w.writes() {
				if strings.HasSuffix(request, "/serviceaccounts/robot/token") {
					count++
				}
			}
			return count
		}
	})

	DescribeTable("gets no token that the API server accepts",
		func(ctx SpecContext, audience string) {
			wants(ctx, "mallory", audience)
			w.attacker.reports(ctx, "mallory",
				matchers.HaveCondition("Ready", "False", "ServiceAccountTokenRefused", ContainSubstring("the API server of this cluster accepts a token for the audience")),
				matchers.HaveCondition("Stalled", "True", "ServiceAccountTokenRefused"))
			Consistently(server.requests.Load).Should(BeZero())
			Expect(mints()).To(Equal(1))
		},
		Entry("for an audience that is neither the API server's issuer nor its name", apiAudience),
		Entry("for another audience of the API server, which is a URL", "https://API.example.com/"),
	)

	DescribeTable("gets a token for an audience that only looks like an audience of the API server,",
		func(ctx SpecContext, audience string) {
			wants(ctx, "mallory", audience)
			w.attacker.reports(ctx, "mallory", matchers.HaveCondition("Ready", "True", "TokenIssued"))
			Expect(server.requests.Load()).To(BeEquivalentTo(1))
		},
		Entry("but differs in upper and lower case", "https://api.example.com/"),
		Entry("but lacks the slash at the end", "https://API.example.com"),
		Entry("but is the default audience, which this API server does not accept", "https://kubernetes.default.svc.cluster.local"),
	)

	DescribeTable("gets no token if the API server cannot say whether it accepts the token,",
		func(ctx SpecContext, answer func(*http.Request) *http.Response, message string) {
			reviews(answer)
			wants(ctx, "mallory", "api://elsewhere")
			w.attacker.reports(ctx, "mallory", matchers.HaveCondition("Ready", "False", "ServiceAccountTokenRefused", ContainSubstring(message)))
			Consistently(server.requests.Load).Should(BeZero())

			By("requesting a renewal once the API server can say so")
			w.interceptWith(nil)
			renews(ctx, "mallory")
			w.attacker.reports(ctx, "mallory", matchers.HaveCondition("Ready", "True", "TokenIssued"))
		},
		Entry("because the operator lacks the right, as before an upgrade of the component", func(request *http.Request) *http.Response {
			return answered(request, http.StatusForbidden, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403,"message":"tokenreviews.authentication.k8s.io is forbidden"}`)
		}, "is not sent: install the current config/components/serviceaccount-token"),
		Entry("because the TokenReview fails", func(request *http.Request) *http.Response {
			return answered(request, http.StatusInternalServerError, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"InternalError","code":500,"message":"etcd is gone"}`)
		}, "etcd is gone"),
		Entry("because none of its authenticators recognizes the token", func(request *http.Request) *http.Response {
			return answered(request, http.StatusCreated, `{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","status":{"error":"the webhook of the authentication is gone"}}`)
		}, "does not recognize"),
	)

	It("gets no token once the API server accepts the audience", func(ctx SpecContext) {
		wants(ctx, "mallory", "api://elsewhere")
		w.attacker.reports(ctx, "mallory", matchers.HaveCondition("Ready", "True", "TokenIssued"))
		reviews(func(request *http.Request) *http.Response {
			return answered(request, http.StatusCreated, `{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","status":{"authenticated":true}}`)
		})
		renews(ctx, "mallory")
		w.attacker.reports(ctx, "mallory", matchers.HaveCondition("RenewalFailing", "True", "ServiceAccountTokenRefused"))
		Expect(server.requests.Load()).To(BeEquivalentTo(1))
	})

	It("does not see the token in logs, events or the ClientCredential", func(ctx SpecContext) {
		var minted []string
		// The status is written after the review.
		reviews(func(request *http.Request) *http.Response {
			body, err := request.GetBody()
			if err != nil {
				return nil
			}
			raw, _ := io.ReadAll(body)
			minted = append(minted, regexp.MustCompile(`eyJ[\w-]+[.][\w-]+[.][\w-]+`).FindString(string(raw)))
			return nil
		})
		wants(ctx, "mallory", apiAudience)
		w.attacker.reports(ctx, "mallory", matchers.HaveCondition("Ready", "False", "ServiceAccountTokenRefused"))
		Expect(minted).To(HaveExactElements(HavePrefix("eyJ")))
		Expect(w.shown(ctx, w.attacker.clientCredential("mallory", server.URL))).NotTo(ContainSubstring(minted[0]))
	})

})
