package controllers_test

import (
	"encoding/json"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/authserver"
	"github.com/tokensync/tokensync/test/matchers"
)

var _ = Describe("An AuthorizationServer", func() {
	var (
		w   *world
		idp *v1alpha1.AuthorizationServer
	)

	BeforeEach(func(ctx SpecContext) {
		w = newWorld(ctx)
		idp = w.authorizationServer("idp", v1alpha1.AuthorizationServerSpec{TokenEndpoint: w.server.URL + authserver.RFC6749Path})
		create(ctx, w.shopCredentials())
	})

	eventuallySaysOfServer := func(ctx SpecContext, conditions OmegaMatcher) {
		GinkgoHelper()
		Eventually(func(g Gomega) {
			g.Expect(apiServer.Get(ctx, client.ObjectKeyFromObject(idp), idp)).To(Succeed())
			g.Expect(idp.Status.ObservedGeneration).To(HaveValue(Equal(idp.Generation)))
			g.Expect(idp.Status.Conditions).To(conditions)
		}).Should(Succeed())
	}

	It("issues the tokens of all ClientCredentials that name it, and reports that it is usable", func(ctx SpecContext) {
		create(ctx, idp, w.clientOf("idp", "one"), w.clientOf("idp", "two"))
		one, two := w.eventuallyReady(ctx, "one"), w.eventuallyReady(ctx, "two")
		Expect(w.server.IsActive(string(one.Data["access_token"]))).To(BeTrue())
		Expect(w.server.IsActive(string(two.Data["access_token"]))).To(BeTrue())
		Expect(one.Data["access_token"]).NotTo(Equal(two.Data["access_token"]))

		eventuallySaysOfServer(ctx, And(HaveLen(1), matchers.HaveCondition("Ready", "True", "Usable", ContainSubstring(w.server.URL))))
		Expect(idp.Status.TokenEndpoint).To(Equal(w.server.URL + authserver.RFC6749Path))
		Expect(printed(ctx, w.namespace, "idp")).To(And(
			HaveKeyWithValue("Ready", "True"), HaveKeyWithValue("Token Endpoint", w.server.URL+authserver.RFC6749Path)))
	})

	It("reports an error in its spec until it is corrected, and so do the ClientCredentials that name it", func(ctx SpecContext) {
		idp.Spec.Profile = "Unheard"
		create(ctx, idp, w.clientOf("idp", "one"))
		unknown := And(
			matchers.HaveCondition("Ready", "False", "ProfileUnknown", ContainSubstring(`no profile "Unheard"`)),
			matchers.HaveCondition("Stalled", "True", "ProfileUnknown"), HaveLen(2))
		eventuallySaysOfServer(ctx, unknown)
		w.eventuallySays(ctx, "one", unknown)

		edit(ctx, idp, func(s *v1alpha1.AuthorizationServer) { s.Spec.Profile = "RFC6749" })
		eventuallySaysOfServer(ctx, And(HaveLen(1), matchers.HaveCondition("Ready", "True", "Usable")))
		w.eventuallyReady(ctx, "one")
	})

	It("makes its ClientCredentials wait until it exists", func(ctx SpecContext) {
		create(ctx, w.clientOf("idp", "one"))
		missing := ContainSubstring(`AuthorizationServer "idp" does not exist: create it`)
		w.eventuallySays(ctx, "one",
			matchers.HaveCondition("Ready", "False", "AuthorizationServerNotFound", missing),
			matchers.HaveCondition("Reconciling", "True", "AuthorizationServerNotFound", missing))
		create(ctx, idp)
		w.eventuallyReady(ctx, "one")
	})

	It("does not renew valid tokens when it changes, but triggers an immediate attempt for a missing token", func(ctx SpecContext) {
		w.server.Register(authserver.Client{ID: "late", Secret: "s3cr3t"})
		w.server.Respond("late", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusUnauthorized) })
		late := w.clientOf("idp", "late")
		late.Spec.CredentialsRef.Name = "late"
		create(ctx, idp, w.clientOf("idp", "shop"), late,
			w.credentials("late", map[string]string{"client_id": "late", "client_secret": "s3cr3t"}))
		first := w.eventuallyReady(ctx, "shop")
		w.eventuallySays(ctx, "late", matchers.HaveCondition("Reconciling", "True", "InvalidClient"))
		w.server.Respond("late", nil)

		edit(ctx, idp, func(s *v1alpha1.AuthorizationServer) {
			s.Spec.ClientAuthentication = method(v1alpha1.ClientSecretPost)
			s.Spec.Request = &v1alpha1.TokenRequest{Parameters: []v1alpha1.Parameter{{Name: "tenant", Value: ptr.To("north")}}}
		})
		w.eventuallyReady(ctx, "late")
		Expect(w.server.Requests("late")).To(HaveLen(2))
		Consistently(w.tokenRequests).Should(Equal(1))
		Expect(w.secret(ctx, "shop-token").Data).To(Equal(first.Data))

		By("renewing with the current spec")
		w.within(time.Hour, func(g Gomega) { g.Expect(w.tokenRequests()).To(Equal(2)) })
		Expect(w.server.Requests("shop")[1].Parameters).To(And(
			HaveKeyWithValue("tenant", "north"), HaveKeyWithValue("client_secret", "s3cr3t-of-the-shop")))
		w.eventuallyReady(ctx, "shop")
	})

	It("leaves valid tokens unchanged when it is deleted, and its ClientCredentials report that their renewal fails", func(ctx SpecContext) {
		create(ctx, idp, w.clientOf("idp", "shop"))
		w.eventuallyReady(ctx, "shop")
		Expect(apiServer.Delete(ctx, idp.DeepCopy())).To(Succeed())
		w.eventuallySays(ctx, "shop",
			matchers.HaveCondition("Ready", "True", "TokenIssued"),
			matchers.HaveCondition("RenewalFailing", "True", "AuthorizationServerNotFound"))

		By("not being Ready after the token expires")
		w.saysWithin(ctx, "shop", 2*time.Hour,
			matchers.HaveCondition("Ready", "False", "AuthorizationServerNotFound"),
			Not(matchers.HaveConditionType("RenewalFailing")))
		Expect(w.tokenRequests()).To(Equal(1))

		create(ctx, w.authorizationServer("idp", idp.Spec))
		w.eventuallyReady(ctx, "shop")
		Expect(w.tokenRequests()).To(Equal(2))
	})

	It("keeps valid tokens when it is deleted and recreated", func(ctx SpecContext) {
		create(ctx, idp, w.clientOf("idp", "shop"))
		w.eventuallyReady(ctx, "shop")
		Expect(apiServer.Delete(ctx, idp.DeepCopy())).To(Succeed())
		w.eventuallySays(ctx, "shop", matchers.HaveConditionType("RenewalFailing"))
		create(ctx, w.authorizationServer("idp", idp.Spec))
		w.eventuallyReady(ctx, "shop")
		Consistently(w.tokenRequests).Should(Equal(1))
	})
})

var _ = Describe("A ClusterAuthorizationServer", func() {
	It("serves the namespaces whose labels it selects", func(ctx SpecContext) {
		w := newWorld(ctx)
		cluster := w.clusterServer(ctx, v1alpha1.ClusterAuthorizationServerSpec{
			AuthorizationServerSpec: v1alpha1.AuthorizationServerSpec{TokenEndpoint: w.server.URL + authserver.RFC6749Path},
			AllowedNamespaces:       &metav1.LabelSelector{MatchLabels: map[string]string{"team": "shop"}},
		})
		create(ctx, w.shopCredentials(), w.clientOfCluster(cluster, "shop"))
		w.eventuallySays(ctx, "shop",
			matchers.HaveCondition("Ready", "False", "AuthorizationServerNotAllowed", ContainSubstring("is not for namespace")),
			matchers.HaveCondition("Reconciling", "True", "AuthorizationServerNotAllowed"))
		Expect(w.tokenRequests()).To(BeZero())

		By("admitting a namespace that gets the label")
		label := func(value string) {
			edit(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.namespace}}, func(n *corev1.Namespace) { n.Labels["team"] = value })
		}
		label("shop")
		w.eventuallyReady(ctx, "shop")

		By("refusing a namespace that loses the label, without deleting its token")
		label("warehouse")
		w.eventuallySays(ctx, "shop",
			matchers.HaveCondition("Ready", "True", "TokenIssued"),
			matchers.HaveCondition("RenewalFailing", "True", "AuthorizationServerNotAllowed"))
		w.step(50 * time.Minute)
		Consistently(w.tokenRequests).Should(Equal(1))
	})

	It("serves all namespaces if it does not set allowedNamespaces", func(ctx SpecContext) {
		w := newWorld(ctx)
		cluster := w.clusterServer(ctx, v1alpha1.ClusterAuthorizationServerSpec{
			AuthorizationServerSpec: v1alpha1.AuthorizationServerSpec{TokenEndpoint: w.server.URL + authserver.RFC6749Path},
		})
		create(ctx, w.shopCredentials(), w.clientOfCluster(cluster, "shop"))
		w.eventuallyReady(ctx, "shop")
		Eventually(func(g Gomega) {
			g.Expect(apiServer.Get(ctx, client.ObjectKeyFromObject(cluster), cluster)).To(Succeed())
			g.Expect(cluster.Status.Conditions).To(matchers.HaveCondition("Ready", "True", "Usable"))
			g.Expect(cluster.Status.TokenEndpoint).To(Equal(w.server.URL + authserver.RFC6749Path))
		}).Should(Succeed())
	})
})

var _ = Describe("An authorization server inside a ClientCredential", func() {
	It("is refused when the operator forbids it, and valid tokens are kept", func(ctx SpecContext) {
		w := newWorld(ctx)
		idp := w.authorizationServer("idp", v1alpha1.AuthorizationServerSpec{TokenEndpoint: w.server.URL + authserver.RFC6749Path})
		create(ctx, w.shopCredentials(), w.clientCredential("shop"), idp)
		w.eventuallyReady(ctx, "shop")
		w.stop()
		w.forbidInline = true
		w.start()
		forbidden := ContainSubstring("set spec.authorizationServerRef")
		w.eventuallySays(ctx, "shop",
			matchers.HaveCondition("Ready", "True", "TokenIssued"),
			matchers.HaveCondition("RenewalFailing", "True", "InlineAuthorizationServerForbidden", forbidden),
			matchers.HaveCondition("Stalled", "True", "InlineAuthorizationServerForbidden", forbidden))
		create(ctx, w.clientCredential("fresh"), w.clientOf("idp", "referring"))
		w.eventuallySays(ctx, "fresh", matchers.HaveCondition("Ready", "False", "InlineAuthorizationServerForbidden", forbidden))
		w.eventuallyReady(ctx, "referring")
		Expect(w.tokenRequests()).To(Equal(2))

		By("using it again when the operator allows it again")
		w.stop()
		w.forbidInline = false
		w.start()
		w.eventuallyReady(ctx, "shop")
		w.eventuallyReady(ctx, "fresh")
		Expect(w.tokenRequests()).To(Equal(3))
	})
})

// printed returns the columns that kubectl get shows for an AuthorizationServer.
func printed(ctx SpecContext, namespace, name string) map[string]any {
	GinkgoHelper()
	raw := rawGet(ctx, "/apis/oauth2.tokensync.dev/v1alpha1/namespaces/"+namespace+"/authorizationservers/"+name,
		"application/json;as=Table;v=v1;g=meta.k8s.io")
	table := metav1.Table{}
	Expect(json.Unmarshal(raw, &table)).To(Succeed())
	Expect(table.Rows).To(HaveLen(1))
	cells := map[string]any{}
	for i, column := range table.ColumnDefinitions {
		cells[column.Name] = table.Rows[0].Cells[i]
	}
	return cells
}

// rawGet sends a GET request that the client of the tests does not support.
func rawGet(ctx SpecContext, path, accept string) []byte {
	GinkgoHelper()
	clientset, err := kubernetes.NewForConfig(restConfig)
	Expect(err).NotTo(HaveOccurred())
	raw, err := clientset.RESTClient().Get().AbsPath(path).SetHeader("Accept", accept).DoRaw(ctx)
	Expect(err).NotTo(HaveOccurred())
	return raw
}
