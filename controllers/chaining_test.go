package controllers_test

import (
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/authserver"
	"github.com/tokensync/tokensync/test/matchers"
)

var _ = DescribeTable("A ClientCredential can use another ClientCredential's token as its credentials", func(ctx SpecContext, request v1alpha1.TokenRequest) {
	w := newWorld(ctx)
	one, two := w.clientCredential("one"), w.clientCredential("two")
	one.Spec.Target = &v1alpha1.TokenTarget{Template: &v1alpha1.TokenSecretTemplate{Metadata: &v1alpha1.TokenSecretMetadata{
		Labels: map[string]string{v1alpha1.UsageLabel: v1alpha1.UsageClientCredential},
	}}}
	two.Spec.AuthorizationServer = &v1alpha1.AuthorizationServerSpec{
		TokenEndpoint: w.server.URL + authserver.ExchangePath, ClientAuthentication: method(v1alpha1.ClientAuthenticationNone), Request: &request,
	}
	two.Spec.ClientID, two.Spec.CredentialsRef.Name = "public", "one-token"
	// The second token outlives the first, so it is renewed only after a renewal of the first.
	two.Spec.Scopes = []string{"lifetime:86400"}

	By("waiting for the first token")
	create(ctx, two)
	w.eventuallySays(ctx, "two", matchers.HaveCondition("Reconciling", "True", "CredentialsNotFound", ContainSubstring(`"one-token"`)))
	create(ctx, w.shopCredentials(), one)
	first, second := w.eventuallyReady(ctx, "one"), w.eventuallyReady(ctx, "two")
	exchanges := func() []authserver.Request { return w.server.RequestsTo(authserver.ExchangePath) }
	shown := func(r authserver.Request) string {
		return strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ") + r.Parameters["assertion"]
	}
	Expect(exchanges()).To(HaveLen(1))
	Expect(shown(exchanges()[0])).To(Equal(string(first.Data["access_token"])))
	Expect(w.server.IsActive(string(second.Data["access_token"]))).To(BeTrue())

	By("renewing the second token once for each renewal of the first")
	w.within(time.Hour, func(g Gomega) { g.Expect(w.tokenRequests()).To(Equal(2)) })
	Eventually(exchanges).Should(HaveLen(2))
	w.eventuallyReady(ctx, "one")
	w.eventuallyReady(ctx, "two")
	Expect(shown(exchanges()[1])).To(Equal(string(w.secret(ctx, "one-token").Data["access_token"])))
	Consistently(exchanges).Should(HaveLen(2))
	Expect(w.tokenRequests()).To(Equal(2))

	By("renewing neither token when a label of the first Secret changes")
	edit(ctx, w.secret(ctx, "one-token"), func(s *corev1.Secret) { metav1.SetMetaDataLabel(&s.ObjectMeta, "team", "shop") })
	Consistently(exchanges).Should(HaveLen(2))

	By("keeping the second token and reporting the failure when the first is deleted")
	second = w.secret(ctx, "two-token")
	Expect(apiServer.Delete(ctx, one)).To(Succeed())
	// This control plane has no garbage collector.
	Expect(apiServer.Delete(ctx, w.secret(ctx, "one-token"))).To(Succeed())
	w.eventuallySays(ctx, "two",
		matchers.HaveCondition("Ready", "True", "TokenIssued"),
		matchers.HaveCondition("RenewalFailing", "True", "CredentialsNotFound"))
	Expect(w.secret(ctx, "two-token").Data).To(Equal(second.Data))
	Expect(exchanges()).To(HaveLen(2))
},
	Entry("in the Authorization header", v1alpha1.TokenRequest{
		Headers: []v1alpha1.RequestHeader{{Name: "Authorization", Template: "Bearer {{ .access_token }}"}},
	}),
	Entry("as an assertion", v1alpha1.TokenRequest{
		GrantType:  "urn:ietf:params:oauth:grant-type:jwt-bearer",
		Parameters: []v1alpha1.Parameter{{Name: "assertion", SecretKey: "access_token"}},
	}),
)

var _ = It("Two tokens that are each other's credentials do not renew each other endlessly", func(ctx SpecContext) {
	w := newWorld(ctx)
	usable := &v1alpha1.TokenTarget{Template: &v1alpha1.TokenSecretTemplate{Metadata: &v1alpha1.TokenSecretMetadata{
		Labels: map[string]string{v1alpha1.UsageLabel: v1alpha1.UsageClientCredential},
	}}}
	chained := func(c *v1alpha1.ClientCredential, to string) {
		c.Spec.AuthorizationServer = &v1alpha1.AuthorizationServerSpec{
			TokenEndpoint: w.server.URL + authserver.ExchangePath, ClientAuthentication: method(v1alpha1.ClientAuthenticationNone),
			Request: &v1alpha1.TokenRequest{Headers: []v1alpha1.RequestHeader{{Name: "Authorization", Template: "Bearer {{ .access_token }}"}}},
		}
		c.Spec.ClientID, c.Spec.CredentialsRef.Name = "public", to
	}
	one, two := w.clientCredential("one"), w.clientCredential("two")
	one.Spec.Target, two.Spec.Target = usable, usable
	chained(two, "one-token")
	create(ctx, w.shopCredentials(), one, two)
	w.eventuallyReady(ctx, "two")
	edit(ctx, one, func(c *v1alpha1.ClientCredential) { chained(c, "two-token") })
	Eventually(w.server.RequestsTo).WithArguments(authserver.ExchangePath).Should(HaveLen(2))
	Consistently(func() int { return len(w.server.RequestsTo(authserver.ExchangePath)) }).Should(BeNumerically("<=", 4))
})
