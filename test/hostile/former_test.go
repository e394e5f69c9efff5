package hostile_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/authserver"
	"github.com/tokensync/tokensync/test/matchers"
)

var _ = Describe("A deleted ClientCredential whose last edit led to no token", func() {
	var (
		w      *world
		server *authserver.Server
	)

	// edited issues a token, edits the spec while the server refuses token requests, and deletes the
	// ClientCredential.
	edited := func(ctx SpecContext, before, change func(*v1alpha1.ClientCredentialSpec)) (token string) {
		GinkgoHelper()
		w, server = newWorld(ctx), newHonestServer("shop")
		create(ctx, &corev1.Secret{ObjectMeta: w.victim.metadata("taken")})
		w.victim.requestsToken(ctx, "shop", tokenEndpoint(server), revokedOnDelete(server), before)
		w.victim.reports(ctx, "shop", matchers.HaveCondition("Ready", "True", "TokenIssued"))
		token = string(w.victim.secret(ctx, "shop-token").Data[v1alpha1.AccessTokenKey])
		server.RespondAt(authserver.RFC6749Path, func(rw http.ResponseWriter, _ *http.Request) {
			http.Error(rw, `{"error": "invalid_scope"}`, http.StatusBadRequest)
		})
		w.victim.editShop(ctx, change)
		Eventually(func(g Gomega) {
			g.Expect(w.victim.get(ctx, "shop")(g).Status.ObservedGeneration).To(HaveValue(BeEquivalentTo(2)))
		}).Should(Succeed())
		collectGarbage(ctx, w.victim.namespace)
		Expect(apiServer.Delete(ctx, w.victim.clientCredential("shop", ""))).To(Succeed())
		Eventually(isGone(ctx, w.victim.clientCredential("shop", ""))).WithTimeout(endsIn).Should(Succeed())
		return token
	}
	isFree := func(ctx context.Context) func(Gomega) {
		return func(g Gomega) {
			secrets := &corev1.SecretList{}
			g.Expect(apiServer.List(ctx, secrets, client.InNamespace(w.victim.namespace))).To(Succeed())
			for _, secret := range secrets.Items {
				g.Expect(secret.Finalizers).To(BeEmpty(), secret.Name)
			}
		}
	}
	same := func(*v1alpha1.ClientCredentialSpec) {}
	scopes := func(spec *v1alpha1.ClientCredentialSpec) { spec.Scopes = []string{"other"} }
	suspend := func(spec *v1alpha1.ClientCredentialSpec) { spec.Suspend = ptr.To(true) }
	target := func(name string) func(*v1alpha1.ClientCredentialSpec) {
		return func(spec *v1alpha1.ClientCredentialSpec) {
			if spec.Target == nil {
				spec.Target = &v1alpha1.TokenTarget{}
			}
			spec.Target.Name = name
		}
	}
	retain := func(spec *v1alpha1.ClientCredentialSpec) {
		spec.Target = &v1alpha1.TokenTarget{DeletionPolicy: v1alpha1.DeletionPolicyRetain}
	}
	all := func(changes ...func(*v1alpha1.ClientCredentialSpec)) func(*v1alpha1.ClientCredentialSpec) {
		return func(spec *v1alpha1.ClientCredentialSpec) {
			for _, change := range changes {
				change(spec)
			}
		}
	}

	DescribeTable("has the token in its Secret revoked once, after an edit of",
		func(ctx SpecContext, before, change func(*v1alpha1.ClientCredentialSpec)) {
			token := edited(ctx, before, change)
			Expect(revocations(server)).To(Equal(map[string]int{token: 1}))
			Eventually(func() int { return w.countEvents("TokenRevoked") }).Should(Equal(1))
			Consistently(func() int { return w.countEvents("TokenRevoked") + w.countEvents("RevocationFailed") }).Should(Equal(1))
			Eventually(isFree(ctx)).Should(Succeed())
		},
		Entry("the scope", same, scopes),
		Entry("the scope and spec.suspend", same, all(suspend, scopes)),
		Entry("the target", same, target("elsewhere")),
		Entry("the target and the scope", same, all(target("elsewhere"), scopes)),
		Entry("the target and spec.suspend", same, all(target("elsewhere"), suspend)),
		Entry("the target, which names a foreign Secret", same, target("taken")),
		Entry("the target, if the former Secret is retained", retain, target("elsewhere")),
	)

	It("causes the event RevocationFailed if the spec names another server and another target", func(ctx SpecContext) {
		other := newHostileServer(answers(http.StatusBadRequest, `{"error": "invalid_scope"}`))
		token := edited(ctx, same, all(target("elsewhere"), func(spec *v1alpha1.ClientCredentialSpec) {
			spec.AuthorizationServer = &v1alpha1.AuthorizationServerSpec{TokenEndpoint: other.URL, Revocation: &v1alpha1.Revocation{
				Endpoint: other.URL + "/revoke", OnDelete: ptr.To(true),
			}}
		}))
		Expect(revocations(server)).To(BeEmpty())
		Expect(server.IsActive(token)).To(BeTrue())
		Eventually(func() int { return w.countEvents("RevocationFailed") }).Should(Equal(1))
		Consistently(func() int { return w.countEvents("TokenRevoked") + w.countEvents("RevocationFailed") }).Should(Equal(1))
		Eventually(isFree(ctx)).Should(Succeed())
	})

	It("causes the event RevocationFailed if the spec names credentials that do not exist", func(ctx SpecContext) {
		edited(ctx, same, func(spec *v1alpha1.ClientCredentialSpec) { spec.CredentialsRef.Name = "none" })
		Expect(revocations(server)).To(BeEmpty())
		Eventually(func() int { return w.countEvents("RevocationFailed") }).Should(Equal(1))
		Eventually(isFree(ctx)).Should(Succeed())
	})
})

var _ = Describe("The Secret of a former target", func() {
	It("is released although its deletionPolicy was Retain and the new one is Delete", func(ctx SpecContext) {
		w, server := newWorld(ctx), newHonestServer("shop")
		w.victim.requestsToken(ctx, "shop", tokenEndpoint(server), revokedOnDelete(server), func(spec *v1alpha1.ClientCredentialSpec) {
			spec.Target = &v1alpha1.TokenTarget{Name: "retained", DeletionPolicy: v1alpha1.DeletionPolicyRetain}
		})
		w.victim.reports(ctx, "shop", matchers.HaveCondition("Ready", "True", "TokenIssued"))
		Eventually(func() []string { return w.victim.secret(ctx, "retained").Finalizers }).ShouldNot(BeEmpty())
		w.victim.editShop(ctx, func(spec *v1alpha1.ClientCredentialSpec) { spec.Target = nil })
		Eventually(func() []string { return w.victim.secret(ctx, "retained").Finalizers }).Should(BeEmpty())
		Expect(w.victim.secret(ctx, "retained").Data).To(HaveKey(v1alpha1.AccessTokenKey))
	})

	It("stays held while it also contains the credentials for the revocation of another token", func(ctx SpecContext) {
		w, server := newWorld(ctx), newHonestServer("shop", "tools")
		w.victim.requestsToken(ctx, "shop", tokenEndpoint(server), revokedOnDelete(server), func(spec *v1alpha1.ClientCredentialSpec) {
			spec.Target = &v1alpha1.TokenTarget{Name: "shared"}
		})
		w.victim.reports(ctx, "shop", matchers.HaveCondition("Ready", "True", "TokenIssued"))
		edit(ctx, &corev1.Secret{ObjectMeta: w.victim.metadata("shared")}, func(s *corev1.Secret) {
			s.Labels = map[string]string{v1alpha1.UsageLabel: v1alpha1.UsageClientCredential}
			s.StringData = map[string]string{"client_id": "tools", "client_secret": secretOf("tools")}
		})
		tools := w.victim.clientCredential("tools", tokenEndpoint(server), revokedOnDelete(server), func(spec *v1alpha1.ClientCredentialSpec) {
			spec.CredentialsRef.Name = "shared"
		})
		create(ctx, tools)
		w.victim.reports(ctx, "tools", matchers.HaveCondition("Ready", "True", "TokenIssued"))

		var released atomic.Int32
		w.interceptWith(func(request *http.Request) *http.Response {
			if request.Method == http.MethodPatch && strings.HasSuffix(request.URL.Path, "/secrets/shared") {
				body, _ := io.ReadAll(request.Body)
				request.Body = io.NopCloser(bytes.NewReader(body))
				if bytes.Contains(body, []byte("deleteFromPrimitiveList")) {
					released.Add(1)
				}
			}
			return nil
		})
		w.victim.editShop(ctx, func(spec *v1alpha1.ClientCredentialSpec) {
			spec.Target = &v1alpha1.TokenTarget{DeletionPolicy: v1alpha1.DeletionPolicyRetain}
		})
		Eventually(func(g Gomega) string { return w.victim.get(ctx, "shop")(g).Status.Token.SecretName }).Should(Equal("shop-token"))
		isHeld := func() []string { return w.victim.secret(ctx, "shared").Finalizers }
		Consistently(isHeld).Should(ConsistOf(v1alpha1.RevokeTokenFinalizer))
		Expect(released.Load()).To(BeZero())

		Expect(apiServer.Delete(ctx, tools)).To(Succeed())
		Eventually(isGone(ctx, tools)).WithTimeout(endsIn).Should(Succeed())
		Expect(revocations(server)).To(HaveLen(1))
		Eventually(isHeld).Should(BeEmpty())
		Expect(released.Load()).To(BeEquivalentTo(1))
	})

	DescribeTable("is released once the new Secret has a token", func(ctx SpecContext, policy v1alpha1.DeletionPolicy) {
		w, server := newWorld(ctx), newHonestServer("shop")
		w.victim.requestsToken(ctx, "shop", tokenEndpoint(server), revokedOnDelete(server), func(spec *v1alpha1.ClientCredentialSpec) {
			spec.Target = &v1alpha1.TokenTarget{DeletionPolicy: policy}
		})
		w.victim.reports(ctx, "shop", matchers.HaveCondition("Ready", "True", "TokenIssued"))
		w.victim.editShop(ctx, func(spec *v1alpha1.ClientCredentialSpec) { spec.Target.Name = "elsewhere" })
		Eventually(func(g Gomega) {
			former := &corev1.Secret{}
			if err := apiServer.Get(ctx, w.victim.key("shop-token"), former); policy == v1alpha1.DeletionPolicyDelete {
				g.Expect(apierrors.IsNotFound(err)).To(BeTrue())
				return
			}
			g.Expect(former.Finalizers).To(BeEmpty())
			g.Expect(former.Data).To(HaveKey(v1alpha1.AccessTokenKey))
		}).Should(Succeed())
		Expect(w.victim.secret(ctx, "elsewhere").Finalizers).To(ConsistOf(v1alpha1.RevokeTokenFinalizer))
		Expect(revocations(server)).To(BeEmpty())
	},
		Entry("(deletionPolicy Delete)", v1alpha1.DeletionPolicyDelete),
		Entry("(deletionPolicy Retain)", v1alpha1.DeletionPolicyRetain),
	)
})

var _ = It("A token that could not be written is not sent to another server that the spec names when the ClientCredential is deleted", func(ctx SpecContext) {
	w, server := newWorld(ctx), newHonestServer("shop")
	other := newHostileServer(answers(http.StatusBadRequest, `{"error": "invalid_scope"}`))
	w.interceptWith(func(request *http.Request) *http.Response {
		if request.Method == http.MethodPost && strings.HasSuffix(request.URL.Path, "/secrets") {
			return answered(request, http.StatusForbidden, `{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "code": 403}`)
		}
		return nil
	})
	w.victim.requestsToken(ctx, "shop", tokenEndpoint(server), revokedOnDelete(server))
	w.victim.reports(ctx, "shop", matchers.HaveCondition("Ready", "False", "SecretWriteFailed"))
	w.victim.editShop(ctx, func(spec *v1alpha1.ClientCredentialSpec) {
		spec.AuthorizationServer = &v1alpha1.AuthorizationServerSpec{TokenEndpoint: other.URL, Revocation: &v1alpha1.Revocation{
			Endpoint: other.URL + "/revoke", OnDelete: ptr.To(true),
		}}
	})
	w.victim.reports(ctx, "shop", matchers.HaveCondition("Ready", "False", "InvalidScope"))
	asked := other.requests.Load()
	Expect(apiServer.Delete(ctx, w.victim.clientCredential("shop", ""))).To(Succeed())
	Eventually(isGone(ctx, w.victim.clientCredential("shop", ""))).WithTimeout(endsIn).Should(Succeed())
	Expect(other.requests.Load()).To(Equal(asked))
	Eventually(func() int { return w.countEvents("RevocationFailed") }).Should(Equal(1))
})
