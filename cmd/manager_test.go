package main

import (
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/yaml"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/authserver"
	"github.com/tokensync/tokensync/test/matchers"
)

// installRoles installs config/rbac, before kustomize renames anything.
func installRoles(ctx SpecContext) {
	GinkgoHelper()
	Expect(apiServer.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "system"}})).To(Succeed())
	files, err := filepath.Glob(filepath.Join("..", "config", "rbac", "*.yaml"))
	Expect(err).NotTo(HaveOccurred())
	Expect(files).NotTo(BeEmpty())
	for _, file := range files {
		if filepath.Base(file) == "kustomization.yaml" {
			continue
		}
		raw, err := os.ReadFile(file)
		Expect(err).NotTo(HaveOccurred())
		object := &unstructured.Unstructured{}
		Expect(yaml.Unmarshal(raw, &object.Object)).To(Succeed(), file)
		Expect(apiServer.Create(ctx, object)).To(Succeed(), file)
	}
}

// kubeconfigOf writes a kubeconfig for a user whose only rights come from its roles.
func kubeconfigOf(name string) string {
	GinkgoHelper()
	user, err := environment.AddUser(envtest.User{Name: name}, nil)
	Expect(err).NotTo(HaveOccurred())
	raw, err := user.KubeConfig()
	Expect(err).NotTo(HaveOccurred())
	path := filepath.Join(GinkgoT().TempDir(), "kubeconfig")
	Expect(os.WriteFile(path, raw, 0o600)).To(Succeed())
	return path
}

// start starts the manager.
func start(arguments ...string) *gexec.Session {
	GinkgoHelper()
	command := exec.CommandContext(context.Background(), binary, append([]string{"--kubeconfig", kubeconfig}, arguments...)...)
	session, err := gexec.Start(command, GinkgoWriter, GinkgoWriter)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() { session.Kill().Wait("10s") })
	return session
}

// startReady starts the manager on its own ports and waits until it is ready. It returns the address of
// the metrics.
func startReady(arguments ...string) (session *gexec.Session, metrics string) {
	GinkgoHelper()
	probes, metrics := freeAddress(), freeAddress()
	session = start(append([]string{
		"--allow-http", "--allowed-cidrs=127.0.0.0/8",
		"--health-probe-bind-address", probes, "--metrics-bind-address", metrics,
	}, arguments...)...)
	for _, url := range []string{"http://" + probes + "/healthz/progress", "http://" + probes + "/readyz/caches"} {
		Eventually(func() (int, error) { return status(url) }).WithTimeout(20 * time.Second).Should(Equal(http.StatusOK))
	}
	Eventually(func() error {
		connection, err := net.Dial("tcp", metrics) //nolint:noctx // It is closed immediately.
		if err == nil {
			err = connection.Close()
		}
		return err
	}).WithTimeout(20 * time.Second).Should(Succeed())
	return session, metrics
}

// newServer starts an authorization server that knows the client shop.
func newServer() *authserver.Server {
	server := authserver.New(authserver.Options{})
	DeferCleanup(server.Close)
	server.Register(authserver.Client{ID: "shop", Secret: "s3cr3t"})
	return server
}

// createShops creates ClientCredentials, and returns a function that waits for their tokens.
func createShops(ctx SpecContext, server *authserver.Server, names ...string) (awaitTokens func()) {
	GinkgoHelper()
	create := func(object client.Object) {
		GinkgoHelper()
		Expect(apiServer.Create(ctx, object)).To(Succeed())
	}
	// The control plane of the tests has no garbage collector.
	for _, kind := range []client.Object{&corev1.Secret{}, &v1alpha1.ClientCredential{}} {
		DeferCleanup(func(ctx SpecContext) {
			Expect(apiServer.DeleteAllOf(ctx, kind, client.InNamespace("default"))).To(Succeed())
		})
	}
	create(&corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "default", Name: "shop",
			Labels: map[string]string{v1alpha1.UsageLabel: v1alpha1.UsageClientCredential},
		},
		StringData: map[string]string{"client_id": "shop", "client_secret": "s3cr3t"},
	})
	for _, name := range names {
		create(&v1alpha1.ClientCredential{
			ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name},
			Spec: v1alpha1.ClientCredentialSpec{
				AuthorizationServer: &v1alpha1.AuthorizationServerSpec{TokenEndpoint: server.URL + authserver.RFC6749Path},
				CredentialsRef:      &v1alpha1.CredentialsReference{Name: "shop"},
			},
		})
	}
	return func() {
		GinkgoHelper()
		Eventually(func(g Gomega) {
			list := &v1alpha1.ClientCredentialList{}
			g.Expect(apiServer.List(ctx, list, client.InNamespace("default"))).To(Succeed())
			g.Expect(list.Items).To(HaveLen(len(names)))
			for i := range list.Items {
				g.Expect(list.Items[i].Status.Conditions).To(matchers.HaveCondition("Ready", "True", "TokenIssued"))
			}
		}).WithTimeout(20 * time.Second).Should(Succeed())
	}
}

func freeAddress() string {
	GinkgoHelper()
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // It is closed immediately.
	Expect(err).NotTo(HaveOccurred())
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}
