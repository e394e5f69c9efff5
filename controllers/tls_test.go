package controllers_test

import (
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/authserver"
	"github.com/tokensync/tokensync/test/matchers"
)

// bundle returns a ConfigMap or Secret with a CA bundle.
func bundle(kind v1alpha1.CABundleKind, namespace, pem string) client.Object {
	metadata := metav1.ObjectMeta{Namespace: namespace, Name: "authorities"}
	if kind == "Secret" {
		return &corev1.Secret{ObjectMeta: metadata, Data: map[string][]byte{"ca.crt": []byte(pem)}}
	}
	return &corev1.ConfigMap{ObjectMeta: metadata, Data: map[string]string{"ca.crt": pem}}
}

func trusting(kind v1alpha1.CABundleKind) *v1alpha1.TLSClient {
	return &v1alpha1.TLSClient{CABundleRef: &v1alpha1.CABundleReference{Kind: kind, Name: "authorities"}}
}

var _ = Describe("An authorization server with a private CA", func() {
	var (
		w       *world
		private *authserver.Server
		pem     string
	)

	BeforeEach(func(ctx SpecContext) {
		w = newWorld(ctx)
		private = w.newServer(authserver.Options{TLS: true})
		pem = certificatePEM(private.Certificate())
		create(ctx, w.shopCredentials())
	})

	DescribeTable("is trusted through a CA bundle that is read live from a", func(ctx SpecContext, kind v1alpha1.CABundleKind) {
		idp := w.authorizationServer("idp", v1alpha1.AuthorizationServerSpec{
			TokenEndpoint: private.URL + authserver.RFC6749Path, TLS: trusting(kind),
		})
		create(ctx, idp, w.clientOf("idp", "shop"))
		unusable := func(message string) OmegaMatcher {
			return And(
				matchers.HaveCondition("Ready", "False", "CABundleUnusable", ContainSubstring(message)),
				matchers.HaveCondition("Reconciling", "True", "CABundleUnusable"), HaveLen(2))
		}
		serverSays := func(g Gomega, conditions OmegaMatcher) {
			g.Expect(apiServer.Get(ctx, w.key("idp"), idp)).To(Succeed())
			g.Expect(idp.Status.Conditions).To(conditions)
		}

		By("waiting for the bundle")
		missing := unusable(string(kind) + ` "authorities" does not exist in namespace "` + w.namespace + `": create it`)
		w.eventuallySays(ctx, "shop", missing)
		Eventually(func(g Gomega) { serverSays(g, missing) }).Should(Succeed())

		By("reporting that the bundle is empty")
		create(ctx, bundle(kind, w.namespace, ""))
		empty := unusable(`key "ca.crt" of ` + string(kind) + ` "authorities" holds no certificate in PEM`)
		w.within(2*time.Minute, func(g Gomega) {
			g.Expect(w.get(ctx, "shop")(g).Status.Conditions).To(empty)
			serverSays(g, empty)
		})
		Expect(private.Requests("")).To(BeEmpty())

		By("reporting that the bundle holds the wrong authority")
		foreign := selfSigned("foreign", w.clock.Now().Add(-time.Hour), w.clock.Now().Add(time.Hour))
		Expect(apiServer.Update(ctx, bundle(kind, w.namespace, certificatePEM(foreign.Certificate)))).To(Succeed())
		w.saysWithin(ctx, "shop", 2*time.Minute,
			matchers.HaveCondition("Ready", "False", "TLSFailed", ContainSubstring("an authority that the operator does not know")))

		By("using the corrected bundle")
		Expect(apiServer.Update(ctx, bundle(kind, w.namespace, pem))).To(Succeed())
		w.within(5*time.Minute, func(g Gomega) {
			g.Expect(w.get(ctx, "shop")(g).Status.Conditions).To(And(HaveLen(1), matchers.HaveCondition("Ready", "True", "TokenIssued")))
			serverSays(g, And(HaveLen(1), matchers.HaveCondition("Ready", "True", "Usable")))
		})
		Expect(private.Requests("shop")).To(HaveLen(1))
	},
		Entry("ConfigMap", v1alpha1.CABundleKind("ConfigMap")),
		Entry("Secret", v1alpha1.CABundleKind("Secret")),
	)

	It("is not blamed if the API server fails to return the bundle", func(ctx SpecContext) {
		w.traffic.respondWhen(func(r *http.Request) *http.Response {
			if r.Method != http.MethodGet || !strings.HasSuffix(r.URL.Path, "/configmaps/authorities") {
				return nil
			}
			return answered(r, http.StatusServiceUnavailable,
				`{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "ServiceUnavailable", "code": 503, "message": "etcd is gone"}`)
		})
		idp := w.authorizationServer("idp", v1alpha1.AuthorizationServerSpec{
			TokenEndpoint: private.URL + authserver.RFC6749Path, TLS: trusting(""),
		})
		create(ctx, bundle("ConfigMap", w.namespace, pem), idp, w.clientOf("idp", "shop"))
		said := `cannot read ConfigMap "authorities" of namespace "` + w.namespace + `": etcd is gone; the request is retried`
		unread := And(
			matchers.HaveCondition("Ready", "False", "APIRequestFailed", Equal(said)),
			matchers.HaveCondition("Reconciling", "True", "APIRequestFailed"), HaveLen(2))
		w.eventuallySays(ctx, "shop", unread)
		Eventually(func(g Gomega) {
			g.Expect(apiServer.Get(ctx, w.key("idp"), idp)).To(Succeed())
			g.Expect(idp.Status.Conditions).To(unread)
		}).Should(Succeed())

		w.traffic.respondWhen(nil)
		w.within(time.Minute, func(g Gomega) {
			g.Expect(w.get(ctx, "shop")(g).Status.Conditions).To(And(HaveLen(1), matchers.HaveCondition("Ready", "True", "TokenIssued")))
			g.Expect(apiServer.Get(ctx, w.key("idp"), idp)).To(Succeed())
			g.Expect(idp.Status.Conditions).To(And(HaveLen(1), matchers.HaveCondition("Ready", "True", "Usable")))
		})
	})

	It("keeps valid tokens when the bundle is deleted, and the next renewal reports the missing bundle", func(ctx SpecContext) {
		authorities := bundle("ConfigMap", w.namespace, pem)
		shop := w.clientCredential("shop")
		shop.Spec.AuthorizationServer = &v1alpha1.AuthorizationServerSpec{
			TokenEndpoint: private.URL + authserver.RFC6749Path, TLS: trusting(""),
		}
		create(ctx, authorities, shop)
		w.eventuallyReady(ctx, "shop")
		Expect(apiServer.Delete(ctx, authorities)).To(Succeed())
		w.saysWithin(ctx, "shop", time.Hour,
			matchers.HaveCondition("Ready", "True", "TokenIssued"),
			matchers.HaveCondition("RenewalFailing", "True", "CABundleUnusable", ContainSubstring("does not exist")))
		create(ctx, bundle("ConfigMap", w.namespace, pem))
		w.within(10*time.Minute, func(g Gomega) { g.Expect(private.Requests("shop")).To(HaveLen(2)) })
		w.eventuallyReady(ctx, "shop")
	})

	It("that is declared for the cluster uses only a bundle in the cluster resource namespace", func(ctx SpecContext) {
		cluster := w.clusterServer(ctx, v1alpha1.ClusterAuthorizationServerSpec{
			AuthorizationServerSpec: v1alpha1.AuthorizationServerSpec{
				TokenEndpoint: private.URL + authserver.RFC6749Path, TLS: trusting(""),
			},
		})
		// A bundle in the user's own namespace is not trusted.
		create(ctx, bundle("ConfigMap", w.namespace, pem), w.clientOfCluster(cluster, "shop"))
		w.eventuallySays(ctx, "shop",
			matchers.HaveCondition("Ready", "False", "CABundleUnusable", ContainSubstring("--cluster-resource-namespace")))

		w.stop()
		w.resources = newNamespace(ctx)
		w.start()
		w.saysWithin(ctx, "shop", time.Minute,
			matchers.HaveCondition("Ready", "False", "CABundleUnusable", ContainSubstring("does not exist in namespace %q", w.resources)))
		create(ctx, bundle("ConfigMap", w.resources, pem))
		w.saysWithin(ctx, "shop", 2*time.Minute, HaveLen(1), matchers.HaveCondition("Ready", "True", "TokenIssued"))
		w.within(2*time.Minute, func(g Gomega) {
			g.Expect(apiServer.Get(ctx, types.NamespacedName{Name: cluster.Name}, cluster)).To(Succeed())
			g.Expect(cluster.Status.Conditions).To(And(HaveLen(1), matchers.HaveCondition("Ready", "True", "Usable")))
		})
	})
})
