package hostile_test

import (
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/authserver"
	"github.com/tokensync/tokensync/test/matchers"
)

// manyScopes returns scopes of 190 KiB in total.
func manyScopes() (scopes []string) {
	for i := range 95 {
		scopes = append(scopes, fmt.Sprintf("%d", i)+strings.Repeat("s", 2000))
	}
	return scopes
}

// manyFinalizers returns finalizers of 100 KiB in total.
func manyFinalizers() (finalizers []string) {
	for i := range 400 {
		finalizers = append(finalizers, fmt.Sprintf("example.com/%s-%d", strings.Repeat("f", 55), i))
	}
	return append(finalizers, manyHosts()...)
}

func manyHosts() (finalizers []string) {
	for i := range 300 {
		finalizers = append(finalizers, fmt.Sprintf("%s%d.example.com/f", strings.Repeat("host.", 45), i))
	}
	return finalizers
}

var _ = Describe("An object that is too large for the cache", func() {
	var (
		w      *world
		server *authserver.Server
	)

	BeforeEach(func(ctx SpecContext) {
		w = newWorld(ctx)
		server = newHonestServer("shop")
	})
	shop := func() *v1alpha1.ClientCredential {
		return &v1alpha1.ClientCredential{ObjectMeta: w.victim.metadata("shop")}
	}
	keepsItsToken := func(ctx SpecContext, change, back func(*v1alpha1.ClientCredential)) {
		GinkgoHelper()
		before := w.victim.secret(ctx, "shop-token")
		edit(ctx, shop(), change)
		w.victim.reports(ctx, "shop", matchers.HaveCondition("Stalled", "True", "SpecTooLarge", ContainSubstring("64 KiB")))
		Expect(w.victim.secret(ctx, "shop-token")).To(Equal(before))
		edit(ctx, shop(), back)
		w.victim.reports(ctx, "shop", matchers.HaveCondition("Ready", "True", "TokenIssued"), HaveLen(1))
		Expect(w.victim.secret(ctx, "shop-token")).To(Equal(before))
		Expect(server.Requests("shop")).To(HaveLen(1))
	}

	It("because of its spec is reported, and keeps its token", func(ctx SpecContext) {
		w.victim.requestsToken(ctx, "shop", tokenEndpoint(server), func(spec *v1alpha1.ClientCredentialSpec) {
			spec.Target = &v1alpha1.TokenTarget{Name: "shop-token", Template: &v1alpha1.TokenSecretTemplate{
				Data: map[string]string{"header": "Bearer {{ .access_token }}"},
			}}
		})
		w.victim.reports(ctx, "shop", matchers.HaveCondition("Ready", "True", "TokenIssued"))
		keepsItsToken(ctx,
			func(c *v1alpha1.ClientCredential) { c.Spec.Scopes = manyScopes() },
			func(c *v1alpha1.ClientCredential) { c.Spec.Scopes = nil })
	})

	It("because of its finalizers is reported, and keeps all finalizers", func(ctx SpecContext) {
		w.victim.requestsToken(ctx, "shop", tokenEndpoint(server), revokedOnDelete(server))
		w.victim.reports(ctx, "shop", matchers.HaveCondition("Ready", "True", "TokenIssued"))
		keepsItsToken(ctx,
			func(c *v1alpha1.ClientCredential) { c.Finalizers = append(c.Finalizers, manyFinalizers()...) },
			func(c *v1alpha1.ClientCredential) { c.Finalizers = []string{v1alpha1.RevokeTokenFinalizer} })
	})

	It("can be deleted", func(ctx SpecContext) {
		w.victim.requestsToken(ctx, "shop", tokenEndpoint(server), revokedOnDelete(server))
		w.victim.reports(ctx, "shop", matchers.HaveCondition("Ready", "True", "TokenIssued"))
		edit(ctx, shop(), func(c *v1alpha1.ClientCredential) { c.Finalizers = append(manyFinalizers(), c.Finalizers...) })
		w.victim.reports(ctx, "shop", matchers.HaveCondition("Stalled", "True", "SpecTooLarge"))
		Expect(apiServer.Delete(ctx, shop())).To(Succeed())
		Eventually(func(g Gomega) {
			g.Expect(w.victim.get(ctx, "shop")(g).Finalizers).To(ConsistOf(manyFinalizers()))
		}).Should(Succeed())
		Expect(w.countEvents("RevocationFailed")).To(Equal(1), "the spec is not read, so the token is not revoked")
		Expect(w.countEvents("TokenRevoked")).To(BeZero())
		edit(ctx, shop(), func(c *v1alpha1.ClientCredential) { c.Finalizers = nil })
	})

	It("is reported if it is an authorization server, also by the ClientCredentials that use it", func(ctx SpecContext) {
		idp := &v1alpha1.AuthorizationServer{
			ObjectMeta: w.victim.metadata("idp"), Spec: v1alpha1.AuthorizationServerSpec{TokenEndpoint: tokenEndpoint(server)},
		}
		create(ctx, idp)
		w.victim.requestsToken(ctx, "shop", "", func(spec *v1alpha1.ClientCredentialSpec) {
			spec.AuthorizationServer = nil
			spec.AuthorizationServerRef = &v1alpha1.AuthorizationServerReference{Name: "idp"}
		})
		w.victim.reports(ctx, "shop", matchers.HaveCondition("Ready", "True", "TokenIssued"))
		edit(ctx, idp, func(idp *v1alpha1.AuthorizationServer) {
			idp.Spec.Request = &v1alpha1.TokenRequest{}
			for i := range 32 {
				idp.Spec.Request.Parameters = append(idp.Spec.Request.Parameters,
					v1alpha1.Parameter{Name: fmt.Sprintf("p%d", i), Value: ptr.To(strings.Repeat("v", 4000))})
			}
		})
		Eventually(func(g Gomega) {
			g.Expect(apiServer.Get(ctx, client.ObjectKeyFromObject(idp), idp)).To(Succeed())
			g.Expect(idp.Status.Conditions).To(matchers.HaveCondition("Ready", "False", "SpecTooLarge"))
		}).Should(Succeed())
		w.victim.reports(ctx, "shop", matchers.HaveCondition("Stalled", "True", "SpecTooLarge", ContainSubstring(`AuthorizationServer "idp"`)))
		edit(ctx, idp, func(idp *v1alpha1.AuthorizationServer) { idp.Spec.Request = nil })
		w.victim.reports(ctx, "shop", matchers.HaveCondition("Ready", "True", "TokenIssued"))
		Expect(server.Requests("shop")).To(HaveLen(1))
	})

	DescribeTable("causes no token request if it is a token Secret with too much data", func(ctx SpecContext, change, back func(*corev1.Secret)) {
		w.victim.isServed(ctx, "shop", tokenEndpoint(server))
		secret := &corev1.Secret{ObjectMeta: w.victim.metadata("shop-token")}
		edit(ctx, secret, change)
		w.victim.reports(ctx, "shop", matchers.HaveCondition("Ready", "False", "TargetConflict", ContainSubstring("more than 64 KiB")))
		Consistently(func() []authserver.Request { return server.Requests("shop") }).Should(HaveLen(1))
		edit(ctx, secret, back)
		w.victim.reports(ctx, "shop", matchers.HaveCondition("Ready", "True", "TokenIssued"), HaveLen(1))
		Expect(server.Requests("shop")).To(HaveLen(1))
	},
		Entry("in an annotation", func(s *corev1.Secret) { s.Annotations["much"] = strings.Repeat("m", 200<<10) },
			func(s *corev1.Secret) { delete(s.Annotations, "much") }),
		Entry("in labels", func(s *corev1.Secret) {
			for i := range 2000 {
				s.Labels[fmt.Sprintf("label-%d", i)] = strings.Repeat("m", 63)
			}
		}, func(s *corev1.Secret) {
			for i := range 2000 {
				delete(s.Labels, fmt.Sprintf("label-%d", i))
			}
		}),
	)

	It("is treated as a foreign Secret if its record is forged", func(ctx SpecContext) {
		forged := &corev1.Secret{ObjectMeta: w.victim.metadata("shop-token")}
		forged.Annotations = map[string]string{
			v1alpha1.OwnerUIDAnnotation: "forged", v1alpha1.FingerprintAnnotation: strings.Repeat("f", 200<<10),
		}
		create(ctx, forged)
		w.victim.requestsToken(ctx, "shop", tokenEndpoint(server))
		w.victim.reports(ctx, "shop", matchers.HaveCondition("Ready", "False", "TargetConflict"))
		Expect(apiServer.Delete(ctx, forged)).To(Succeed())
		w.victim.reports(ctx, "shop", matchers.HaveCondition("Ready", "True", "TokenIssued"))
	})
})
