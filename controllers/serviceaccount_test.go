package controllers_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/authserver"
	"github.com/tokensync/tokensync/test/matchers"
)

var _ = Describe("The token of a ServiceAccount", func() {
	const audience = "api://AzureADTokenExchange"
	var (
		w       *world
		shop    *v1alpha1.ClientCredential
		account *corev1.ServiceAccount
	)

	BeforeEach(func(ctx SpecContext) {
		w = newWorld(ctx)
		keys := jose.JSONWebKeySet{}
		Expect(json.Unmarshal(rawGet(ctx, "/openid/v1/jwks", "application/jwk-set+json"), &keys)).To(Succeed())
		w.server.Register(authserver.Client{ID: "shop", Federation: &authserver.Federation{
			Subject: "system:serviceaccount:" + w.namespace + ":shop", Audience: audience, Keys: keys,
		}})
		account = &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{
			Namespace: w.namespace, Name: "shop", Labels: map[string]string{v1alpha1.UsageLabel: v1alpha1.UsageClientCredential},
		}}
		shop = w.clientCredential("shop")
		shop.Spec.ClientID, shop.Spec.CredentialsRef, shop.Spec.ServiceAccountName = "shop", nil, "shop"
		shop.Spec.AuthorizationServer.Profile = "EntraIDFederated"
	})

	It("authenticates the client instead of a stored secret", func(ctx SpecContext) {
		create(ctx, account, shop)
		secret := w.eventuallyReady(ctx, "shop")
		Expect(w.server.IsActive(string(secret.Data["access_token"]))).To(BeTrue())
		parameters := w.server.Requests("shop")[0].Parameters
		Expect(parameters).To(And(
			HaveKeyWithValue("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
			HaveKeyWithValue("client_id", "shop"), Not(HaveKey("client_secret"))))
		token, err := jwt.ParseSigned(parameters["client_assertion"], []jose.SignatureAlgorithm{jose.RS256, jose.ES256})
		Expect(err).NotTo(HaveOccurred())
		claims := jwt.Claims{}
		Expect(token.UnsafeClaimsWithoutVerification(&claims)).To(Succeed())
		Expect(claims.Subject).To(Equal("system:serviceaccount:" + w.namespace + ":shop"))
		Expect(claims.Audience).To(Equal(jwt.Audience{audience}))
		Expect(claims.Expiry.Time()).To(BeTemporally("~", time.Now().Add(10*time.Minute), time.Minute))
		Expect(everythingShown(ctx, w)).NotTo(ContainSubstring(parameters["client_assertion"]))

		By("sending a new token at each renewal")
		w.within(time.Hour, func(g Gomega) { g.Expect(w.tokenRequests()).To(Equal(2)) })
		w.eventuallyReady(ctx, "shop")
		Expect(w.server.Requests("shop")[1].Parameters["client_assertion"]).NotTo(Equal(parameters["client_assertion"]))
	})

	It("is not sent until the ServiceAccount exists and has the label", func(ctx SpecContext) {
		create(ctx, shop)
		w.eventuallySays(ctx, "shop",
			matchers.HaveCondition("Ready", "False", "ServiceAccountNotFound", ContainSubstring(`ServiceAccount "shop" does not exist: create it`)))
		account.Labels = nil
		create(ctx, account)
		w.saysWithin(ctx, "shop", time.Minute, matchers.HaveCondition("Ready", "False", "ServiceAccountNotLabelled",
			ContainSubstring("kubectl label serviceaccount shop oauth2.tokensync.dev/usage=client-credential")))
		Expect(w.server.Requests("")).To(BeEmpty())
		edit(ctx, account, func(a *corev1.ServiceAccount) {
			metav1.SetMetaDataLabel(&a.ObjectMeta, v1alpha1.UsageLabel, v1alpha1.UsageClientCredential)
		})
		w.saysWithin(ctx, "shop", time.Minute, HaveLen(1), matchers.HaveCondition("Ready", "True", "TokenIssued"))
	})

	DescribeTable("is not requested if the ServiceAccount cannot be read",
		func(ctx SpecContext, code int, status, reason, said string) {
			create(ctx, account)
			w.traffic.respondWhen(func(r *http.Request) *http.Response {
				if r.Method != http.MethodGet || !strings.HasSuffix(r.URL.Path, "/serviceaccounts/shop") {
					return nil
				}
				return answered(r, code, fmt.Sprintf(
					`{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": %q, "code": %d, "message": "not now"}`, status, code))
			})
			create(ctx, shop)
			w.eventuallySays(ctx, "shop", matchers.HaveCondition("Ready", "False", reason, HavePrefix(said)))
			w.traffic.respondWhen(nil)
			w.saysWithin(ctx, "shop", time.Minute, HaveLen(1), matchers.HaveCondition("Ready", "True", "TokenIssued"))
		},
		Entry("because the API server fails", http.StatusInternalServerError, "InternalError", "APIRequestFailed", `cannot read ServiceAccount "shop": not now; the request is retried`),
		Entry("because the operator lacks the right", http.StatusForbidden, "Forbidden", "ServiceAccountTokenRefused", `there is no right to use ServiceAccount "shop": install the current`),
	)

	It("needs no label if the admin does not require it", func(ctx SpecContext) {
		w.stop()
		w.requireLabel = false
		w.start()
		account.Labels = nil
		create(ctx, account, shop)
		w.eventuallyReady(ctx, "shop")
	})

	It("is never sent if the API server of the cluster accepts it", func(ctx SpecContext) {
		var configuration struct {
			Issuer string `json:"issuer"`
		}
		Expect(json.Unmarshal(rawGet(ctx, "/.well-known/openid-configuration", "application/json"), &configuration)).To(Succeed())
		create(ctx, account)
		shop.Spec.AuthorizationServer.ClientAuthentication = &v1alpha1.ClientAuthentication{
			Assertion: &v1alpha1.Assertion{ServiceAccountToken: &v1alpha1.ServiceAccountToken{Audience: configuration.Issuer}},
		}
		create(ctx, shop)
		w.eventuallySays(ctx, "shop",
			matchers.HaveCondition("Ready", "False", "ServiceAccountTokenRefused", ContainSubstring("the API server of this cluster accepts a token for the audience")),
			matchers.HaveCondition("Stalled", "True", "ServiceAccountTokenRefused"))
		Expect(w.server.Requests("")).To(BeEmpty())
	})
})
