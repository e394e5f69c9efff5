//go:build e2e

package e2e_test

import (
	"context"
	"crypto/tls"
	"net/http"
	"os/exec"
	"regexp"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"github.com/onsi/gomega/gexec"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/controlplane"
)

func access() {
	DescribeTable("to ClientCredentials comes with the role", func(ctx SpecContext, role string, allowed bool) {
		namespace := newNamespace(ctx)
		user := userWith(ctx, namespace, role)
		credentials := &v1alpha1.ClientCredentialList{}
		// Kubernetes aggregates the rules into its roles a moment after the installation.
		Eventually(func() error { return user.List(ctx, credentials, client.InNamespace(namespace)) }).WithContext(ctx).Should(Succeed())

		created := user.Create(ctx, &v1alpha1.ClientCredential{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "mine"},
			Spec: v1alpha1.ClientCredentialSpec{
				AuthorizationServer: &v1alpha1.AuthorizationServerSpec{TokenEndpoint: "https://idp.example.com/oauth2/token"},
				ClientID:            "mine",
			},
		}, client.DryRunAll)
		if allowed {
			Expect(created).To(Succeed())
		} else {
			Expect(created).To(MatchError(ContainSubstring("forbidden")))
		}
	},
		Entry("edit, which may create them", "edit", true),
		Entry("view, which may only read them", "view", false),
	)

	It("to the metrics needs a role", func(ctx SpecContext) {
		namespace := newNamespace(ctx)
		binding := &rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: namespace},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "tokensync-metrics-reader"},
			Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: "prometheus"}},
		}
		Expect(apiServer.Create(ctx, binding)).To(Succeed())
		DeferCleanup(func(ctx SpecContext) { Expect(apiServer.Delete(ctx, binding)).To(Succeed()) })

		address := forward(operatorNamespace, "service/tokensync-controller-manager-metrics-service", "8443")
		scrape := func(account string) int {
			return get(ctx, "https://"+address+"/metrics", tokenOf(ctx, namespace, account))
		}
		Expect(scrape("prometheus")).To(Equal(http.StatusOK))
		Expect(scrape("anybody")).To(Equal(http.StatusForbidden))
	})
}

// userWith returns a client for a user that has a ClusterRole in a namespace.
func userWith(ctx context.Context, namespace, role string) client.Client {
	GinkgoHelper()
	name := "user-of-" + namespace
	Expect(apiServer.Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: role},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: name}},
	})).To(Succeed())
	config := rest.CopyConfig(restConfig)
	config.Impersonate = rest.ImpersonationConfig{UserName: name, Groups: []string{"system:authenticated"}}
	user, err := client.New(config, client.Options{Scheme: controlplane.Scheme()})
	Expect(err).NotTo(HaveOccurred())
	return user
}

// tokenOf creates a ServiceAccount and returns its token.
func tokenOf(ctx context.Context, namespace, name string) string {
	GinkgoHelper()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	Expect(apiServer.Create(ctx, account)).To(Succeed())
	request := &authenticationv1.TokenRequest{}
	Expect(apiServer.SubResource("token").Create(ctx, account, request)).To(Succeed())
	return request.Status.Token
}

// forward forwards a local port to a port of the cluster, and returns the local address.
func forward(namespace, target, port string) string {
	GinkgoHelper()
	command := exec.CommandContext(context.Background(), environment.kubectl,
		"port-forward", "--namespace", namespace, "--address", "127.0.0.1", target, ":"+port)
	session, err := gexec.Start(command, GinkgoWriter, GinkgoWriter)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() { session.Interrupt().Wait("10s") })
	Eventually(session).WithTimeout(20 * time.Second).Should(gbytes.Say(`Forwarding from 127.0.0.1:\d+`))
	return regexp.MustCompile(`127.0.0.1:\d+`).FindString(string(session.Out.Contents()))
}

// get returns the status code of a response. It accepts any certificate, because the operator's
// certificate is self-signed.
func get(ctx context.Context, url, token string) int {
	GinkgoHelper()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	Expect(err).NotTo(HaveOccurred())
	request.Header.Set("Authorization", "Bearer "+token)
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true} //nolint:gosec // The request stays on this machine.
	response, err := (&http.Client{Transport: transport}).Do(request)
	Expect(err).NotTo(HaveOccurred())
	Expect(response.Body.Close()).To(Succeed())
	return response.StatusCode
}
