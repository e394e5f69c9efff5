package main

import (
	"context"
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	authorizationv1 "k8s.io/api/authorization/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/authserver"
	"github.com/tokensync/tokensync/test/controlplane"
	"github.com/tokensync/tokensync/test/matchers"
)

// These specs install the operator as test/manifests/testdata/namespaced does: with
// config/components/namespaced, for the namespaces shop and billing.
var _ = Describe("The manager with --namespaces", Ordered, func() {
	const user = "system:serviceaccount:tokensync-system:tokensync-controller-manager"
	var (
		manifests installation
		asUser    string
	)

	// Once, because it takes some seconds.
	BeforeAll(func(ctx SpecContext) {
		manifests = render("../test/manifests/testdata/namespaced")
		for _, name := range []string{"shop", "billing", "elsewhere"} {
			newNamespace(ctx, name)
		}
		manifests.applyRights(ctx)
		asUser = "--kubeconfig=" + kubeconfigOf(user)
	})

	It("serves the named namespaces, and sends no request that is forbidden", func(ctx SpecContext) {
		server := newServer()
		for _, namespace := range []string{"shop", "billing", "elsewhere"} {
			createClients(ctx, server, namespace)
		}
		session, _ := startReady(asUser, manifests.argument("--namespaces="))
		for _, namespace := range []string{"shop", "billing"} {
			eventuallySays(ctx, namespace, "inline", matchers.HaveCondition("Ready", "True", "TokenIssued"))
			eventuallySays(ctx, namespace, "shared", matchers.HaveCondition("Ready", "True", "TokenIssued"))
			eventuallySays(ctx, namespace, "of-cluster", matchers.HaveCondition("Stalled", "True", "AuthorizationServerNotAllowed",
				ContainSubstring("works in named namespaces only")))
		}

		By("retrying a revocation, which checks the namespace")
		server.RespondAt(authserver.RevocationPath, func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusServiceUnavailable) })
		revoked := clientOf("shop", "revoked", inlineServer(server))
		revoked.Spec.AuthorizationServer.Revocation = &v1alpha1.Revocation{Endpoint: server.URL + authserver.RevocationPath, OnDelete: ptr.To(true)}
		Expect(apiServer.Create(ctx, revoked)).To(Succeed())
		eventuallySays(ctx, "shop", "revoked", matchers.HaveCondition("Ready", "True", "TokenIssued"))
		Expect(apiServer.Delete(ctx, revoked)).To(Succeed())
		Eventually(session.Err).WithTimeout(20 * time.Second).Should(gbytes.Say("The token is not revoked yet"))
		server.RespondAt(authserver.RevocationPath, nil)
		Eventually(func() error { return apiServer.Get(ctx, client.ObjectKeyFromObject(revoked), revoked) }).
			WithTimeout(20 * time.Second).ShouldNot(Succeed())

		left := &v1alpha1.ClientCredential{}
		Expect(apiServer.Get(ctx, client.ObjectKey{Namespace: "elsewhere", Name: "shared"}, left)).To(Succeed())
		Expect(left.Status.Conditions).To(BeEmpty())
		Expect(strings.ToLower(string(session.Err.Contents()))).NotTo(ContainSubstring("forbidden"))
	})

	It("serves the metrics of all named namespaces to authorized clients", func(ctx SpecContext) {
		server := newServer()
		createClients(ctx, server, "shop")
		createClients(ctx, server, "billing")
		token := tokenOf(ctx, "reader")
		mayReadMetrics(ctx, "reader")
		_, address := startReady(asUser, manifests.argument("--namespaces="))
		Eventually(func() string { _, body := scrape(ctx, "https://"+address+"/metrics", token); return body }).WithTimeout(20 * time.Second).Should(And(
			ContainSubstring(`tokensync_clientcredential_condition{name="shared",namespace="shop",reason="TokenIssued",type="Ready"} 1`),
			ContainSubstring(`tokensync_clientcredential_condition{name="shared",namespace="billing",reason="TokenIssued",type="Ready"} 1`)))
	})

	It("is denied access without the flag", func() {
		session := start(asUser, "--health-probe-bind-address=0", "--metrics-bind-address=0")
		Eventually(session.Err).WithTimeout(20 * time.Second).Should(gbytes.Say("forbidden"))
	})

	It("becomes ready once it has rights in all named namespaces", func(ctx SpecContext) {
		later := controlplane.NewNamespace(ctx, apiServer)
		probes := freeAddress()
		session := start(asUser, "--namespaces=shop,"+later, "--health-probe-bind-address", probes, "--metrics-bind-address=0")
		Eventually(session.Err).WithTimeout(20 * time.Second).Should(gbytes.Say("forbidden"))
		ready := func() (int, error) { return status("http://" + probes + "/readyz") }
		Expect(ready()).To(Equal(http.StatusInternalServerError))
		Expect(apiServer.Create(ctx, manifests.roleBinding("tokensync-manager-rolebinding", later))).To(Succeed())
		Eventually(ready).WithTimeout(30 * time.Second).Should(Equal(http.StatusOK))
	})

	It("elects a leader in the operator's own namespace", func(ctx SpecContext) {
		added, err := environment.AddUser(envtest.User{Name: user}, nil)
		Expect(err).NotTo(HaveOccurred())
		elect := managerOptions(&options{leaderElect: true, namespaces: []string{"shop", "billing"}},
			controlplane.Scheme(), metricsserver.Options{BindAddress: "0"})
		// In a Pod, this is the namespace of the Pod.
		elect.LeaderElectionNamespace = "tokensync-system"
		mgr, err := ctrl.NewManager(added.Config(), elect)
		Expect(err).NotTo(HaveOccurred())
		running, end := context.WithCancel(context.Background())
		ended := make(chan struct{})
		go func() {
			defer GinkgoRecover()
			defer close(ended)
			Expect(mgr.Start(running)).To(Succeed())
		}()
		DeferCleanup(func() { end(); Eventually(ended).WithTimeout(10 * time.Second).Should(BeClosed()) })
		Eventually(mgr.Elected()).WithTimeout(20 * time.Second).Should(BeClosed())
		lease := &coordinationv1.Lease{}
		Expect(apiServer.Get(ctx, client.ObjectKey{Namespace: "tokensync-system", Name: "tokensync.dev"}, lease)).To(Succeed())
	})

	DescribeTable("may", func(ctx SpecContext, verb, resource, namespace string, expected bool) {
		asked := authorizationv1.ResourceAttributes{Verb: verb, Namespace: namespace}
		asked.Resource, asked.Group, _ = strings.Cut(resource, ".")
		asked.Resource, asked.Subresource, _ = strings.Cut(asked.Resource, "/")
		review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{User: user, ResourceAttributes: &asked}}
		Expect(apiServer.Create(ctx, review)).To(Succeed())
		Expect(review.Status.Allowed).To(Equal(expected))
	},
		Entry("read the Secrets of a named namespace", "get", "secrets", "shop", true),
		Entry("read the Secrets of another named namespace", "get", "secrets", "billing", true),
		Entry("not read the Secrets of a third namespace", "get", "secrets", "elsewhere", false),
		Entry("not read the Secrets of its own namespace", "get", "secrets", "tokensync-system", false),
		Entry("not list the Secrets of all namespaces", "list", "secrets", "", false),
		Entry("not list the ClientCredentials of all namespaces", "list", "clientcredentials.oauth2.tokensync.dev", "", false),
		Entry("not list ClusterAuthorizationServers", "list", "clusterauthorizationservers.oauth2.tokensync.dev", "", false),
		Entry("not list namespaces", "list", "namespaces", "", false),
		Entry("request tokens of ServiceAccounts in a named namespace", "create", "serviceaccounts/token", "shop", true),
		Entry("not request tokens of ServiceAccounts in a third namespace", "create", "serviceaccounts/token", "elsewhere", false),
		Entry("create TokenReviews of such tokens", "create", "tokenreviews.authentication.k8s.io", "", true),
		Entry("hold a lease in its own namespace", "update", "leases.coordination.k8s.io", "tokensync-system", true),
		Entry("not hold a lease in a named namespace", "update", "leases.coordination.k8s.io", "shop", false),
	)

	It("has rights in the whole cluster only to authorize readers of the metrics and to review tokens", func() {
		Expect(manifests.names("ClusterRoleBinding")).To(ConsistOf("tokensync-metrics-auth-rolebinding", "tokensync-token-review"))
	})
})
