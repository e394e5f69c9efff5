package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/authserver"
	"github.com/tokensync/tokensync/test/matchers"
)

// The binary itself, as a process that can be killed.
var _ = Describe("The manager", Ordered, func() {
	var (
		environment *envtest.Environment
		apiServer   client.Client
		binary      string
		kubeconfig  string
		server      *authserver.Server
	)

	BeforeAll(func() {
		var err error
		binary, err = gexec.Build("github.com/tokensync/tokensync/cmd")
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(gexec.CleanupBuildArtifacts)

		environment = &envtest.Environment{
			CRDDirectoryPaths:     []string{filepath.Join("..", "config", "crd", "bases")},
			ErrorIfCRDPathMissing: true,
		}
		config, err := environment.Start()
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(environment.Stop)
		kubeconfig = filepath.Join(GinkgoT().TempDir(), "kubeconfig")
		Expect(os.WriteFile(kubeconfig, environment.KubeConfig, 0o600)).To(Succeed())

		scheme := runtime.NewScheme()
		Expect(clientgoscheme.AddToScheme(scheme)).To(Succeed())
		Expect(v1alpha1.AddToScheme(scheme)).To(Succeed())
		apiServer, err = client.New(config, client.Options{Scheme: scheme})
		Expect(err).NotTo(HaveOccurred())
		server = authserver.New(authserver.Options{})
		DeferCleanup(server.Close)
		server.Register(authserver.Client{ID: "shop", Secret: "s3cr3t"})
	})

	start := func(arguments ...string) *gexec.Session {
		GinkgoHelper()
		command := exec.Command(binary, append([]string{"--kubeconfig", kubeconfig}, arguments...)...)
		session, err := gexec.Start(command, GinkgoWriter, GinkgoWriter)
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(func() { session.Kill().Wait("10s") })
		return session
	}

	// startReady starts it on ports of its own and waits until it is ready.
	startReady := func() *gexec.Session {
		GinkgoHelper()
		probes, metrics := freeAddress(), freeAddress()
		session := start("--allow-http", "--allowed-cidrs=127.0.0.0/8",
			"--health-probe-bind-address", probes, "--metrics-bind-address", metrics)
		for _, url := range []string{"http://" + probes + "/healthz", "http://" + probes + "/readyz", "http://" + metrics + "/metrics"} {
			Eventually(func() (int, error) { return status(url) }).WithTimeout(20 * time.Second).Should(Equal(http.StatusOK))
		}
		return session
	}

	It("sends no request anywhere when it is killed and started with valid tokens in place", func(ctx SpecContext) {
		const count = 5
		Expect(apiServer.Create(ctx, &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: "default", Name: "shop",
				Labels: map[string]string{v1alpha1.UsageLabel: v1alpha1.UsageClientCredential},
			},
			StringData: map[string]string{"client_id": "shop", "client_secret": "s3cr3t"},
		})).To(Succeed())
		for i := range count {
			Expect(apiServer.Create(ctx, &v1alpha1.ClientCredential{
				ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: fmt.Sprintf("shop-%d", i)},
				Spec: v1alpha1.ClientCredentialSpec{
					AuthorizationServer: &v1alpha1.AuthorizationServerSpec{TokenEndpoint: server.URL + authserver.RFC6749Path},
					CredentialsRef:      &v1alpha1.CredentialsReference{Name: "shop"},
				},
			})).To(Succeed())
		}
		session := startReady()
		Eventually(func(g Gomega) {
			list := &v1alpha1.ClientCredentialList{}
			g.Expect(apiServer.List(ctx, list)).To(Succeed())
			for i := range list.Items {
				g.Expect(list.Items[i].Status.Conditions).To(matchers.HaveCondition("Ready", "True", "TokenIssued"))
			}
		}).WithTimeout(20 * time.Second).Should(Succeed())
		Expect(server.Requests("")).To(HaveLen(count))
		session.Signal(syscall.SIGKILL)
		Eventually(session).WithTimeout(10 * time.Second).Should(gexec.Exit())

		clientset, err := kubernetes.NewForConfig(environment.Config)
		Expect(err).NotTo(HaveOccurred())
		before := writes(ctx, clientset)
		startReady()
		Consistently(func() []authserver.Request { return server.Requests("") }).WithTimeout(2 * time.Second).Should(HaveLen(count))
		Expect(writes(ctx, clientset)).To(Equal(before))
	})

	It("ends at once and cleanly when it is told to", func() {
		session := startReady()
		Eventually(session.Terminate()).WithTimeout(10 * time.Second).Should(gexec.Exit(0))
	})

	It("says what is wrong with a flag", func() {
		Eventually(start("--allowed-cidrs=everywhere")).WithTimeout(10 * time.Second).Should(gexec.Exit(2))
	})

	It("ends with an error when there is no cluster", func() {
		session := start("--kubeconfig", filepath.Join(GinkgoT().TempDir(), "none"))
		Eventually(session).WithTimeout(10 * time.Second).Should(gexec.Exit(1))
		Expect(string(session.Err.Contents())).To(ContainSubstring("find a kubeconfig"))
	})

	It("switches its listeners off with 0", func() {
		session := start("--health-probe-bind-address=0", "--metrics-bind-address=0")
		Eventually(func() string { return string(session.Err.Contents()) }).WithTimeout(20 * time.Second).
			Should(ContainSubstring("Starting workers"))
		Expect(string(session.Err.Contents())).NotTo(ContainSubstring("Serving metrics server"))
	})
})

func freeAddress() string {
	GinkgoHelper()
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // It is closed at once.
	Expect(err).NotTo(HaveOccurred())
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

func status(url string) (int, error) {
	response, err := http.Get(url) //nolint:gosec,noctx // An address of this test.
	if err != nil {
		return 0, err
	}
	defer func() { _ = response.Body.Close() }()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}

var writeRequests = regexp.MustCompile(
	`^apiserver_request_total\{.*resource="(clientcredentials|secrets)".*verb="(POST|PUT|PATCH|APPLY|DELETE)".*\} ([0-9.e+]+)$`)

// writes counts, by the API server's own metrics, the writes of ClientCredentials
// and Secrets.
func writes(ctx SpecContext, clientset *kubernetes.Clientset) (total float64) {
	GinkgoHelper()
	raw, err := clientset.RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
	Expect(err).NotTo(HaveOccurred())
	lines := bufio.NewScanner(bytes.NewReader(raw))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if match := writeRequests.FindStringSubmatch(lines.Text()); match != nil {
			count, err := strconv.ParseFloat(match[3], 64)
			Expect(err).NotTo(HaveOccurred())
			total += count
		}
	}
	Expect(lines.Err()).NotTo(HaveOccurred())
	Expect(total).To(BeNumerically(">", 0))
	return total
}
