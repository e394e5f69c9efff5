package main

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"github.com/onsi/gomega/gexec"
	"go.uber.org/zap/zapcore"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/controlplane"
	"github.com/tokensync/tokensync/test/matchers"
)

// kubeconfigWithToken returns a kubeconfig that authenticates with the token of the
// operator's ServiceAccount, and that token.
func kubeconfigWithToken(ctx SpecContext) (path, token string) {
	GinkgoHelper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "system"}}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "system", Name: "controller-manager"}}
	for _, object := range []client.Object{namespace, account} {
		if err := apiServer.Create(ctx, object); !apierrors.IsAlreadyExists(err) {
			Expect(err).NotTo(HaveOccurred())
		}
	}
	request := &authenticationv1.TokenRequest{}
	Expect(apiServer.SubResource("token").Create(ctx, account, request)).To(Succeed())
	token = request.Status.Token
	config := clientcmdapi.NewConfig()
	config.Clusters["c"] = &clientcmdapi.Cluster{Server: environment.Config.Host, CertificateAuthorityData: environment.Config.CAData}
	config.AuthInfos["u"] = &clientcmdapi.AuthInfo{Token: token}
	config.Contexts["x"] = &clientcmdapi.Context{Cluster: "c", AuthInfo: "u"}
	config.CurrentContext = "x"
	path = filepath.Join(GinkgoT().TempDir(), "kubeconfig")
	Expect(clientcmd.WriteToFile(*config, path)).To(Succeed())
	return path, token
}

// newTalkingServer starts a server that answers each request, and then keeps sending unsolicited bytes.
func newTalkingServer(ctx SpecContext, body, more string) string {
	GinkgoHelper()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(listener.Close)
	talk := func(connection net.Conn) {
		defer func() { _ = connection.Close() }()
		if _, err := connection.Read(make([]byte, 64<<10)); err != nil {
			return
		}
		_, err := fmt.Fprintf(connection, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		// Repeat it: at least one write must come while the connection is idle.
		ticker := time.NewTicker(20 * time.Millisecond)
		defer ticker.Stop()
		for err == nil {
			<-ticker.C
			_, err = connection.Write([]byte(more))
		}
	}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go talk(connection)
		}
	}()
	return "http://" + listener.Addr().String()
}

// undumped returns the content of the hex dumps in a text. The Kubernetes client logs bodies as hex
// dumps, whose lines split a secret at any letter.
func undumped(text string) string {
	var decoded []byte
	for _, line := range regexp.MustCompile(`[0-9a-f]{8}  ((?:[0-9a-f]{2} +)+)\|`).FindAllStringSubmatch(text, -1) {
		raw, err := hex.DecodeString(strings.ReplaceAll(line[1], " ", ""))
		Expect(err).NotTo(HaveOccurred())
		decoded = append(decoded, raw...)
	}
	return string(decoded)
}

var _ = Describe("The log of the manager", func() {
	DescribeTable("shows no secret at any level, with any debug setting", func(ctx SpecContext, level, debug string, environmentOfProcess ...string) {
		const clientID, clientSecret = "c4nary-of-the-client-id", "c4nary-of-the-client-secret"
		const token, more = "c4nary-of-the-token", "c4nary-of-what-nobody-asked-for"
		name := strings.NewReplacer(" ", "-", "=", "-").Replace("log-" + level)
		namespace := controlplane.NewNamespace(ctx, apiServer)
		config, accountToken := kubeconfigWithToken(ctx)
		server := newTalkingServer(ctx, `{"access_token": "`+token+`", "expires_in": 3600, "scope": "c4nary-of-the-scope"}`, more)
		collector := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			http.Error(rw, "bad "+r.Header.Get("X-Token"), http.StatusBadRequest)
		}))
		DeferCleanup(collector.Close)

		command := exec.CommandContext(context.WithoutCancel(ctx), binary, "--kubeconfig", config, "--allow-http", "--allowed-cidrs=127.0.0.0/8",
			"--health-probe-bind-address=0", "--metrics-bind-address=0", "--namespaces", namespace, "--tracing-endpoint", collector.URL, "--zap-log-level", level)
		if debug == "devel" {
			command.Args = append(command.Args, "--zap-devel")
		}
		command.Env = append(append(os.Environ(), environmentOfProcess...), "OTEL_EXPORTER_OTLP_HEADERS=x-token=c4nary-of-the-collector")
		session, err := gexec.Start(command, GinkgoWriter, GinkgoWriter)
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(func() { session.Kill().Wait("10s") })

		// The operators of other specs serve all namespaces.
		DeferCleanup(func(ctx SpecContext) {
			Expect(apiServer.DeleteAllOf(ctx, &v1alpha1.ClientCredential{}, client.InNamespace(namespace))).To(Succeed())
		})
		metadata := metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{v1alpha1.UsageLabel: v1alpha1.UsageClientCredential}}
		Expect(apiServer.Create(ctx, &corev1.Secret{ObjectMeta: metadata, StringData: map[string]string{"client_id": clientID, "client_secret": clientSecret}})).To(Succeed())
		Expect(apiServer.Create(ctx, &v1alpha1.ClientCredential{ObjectMeta: metadata, Spec: v1alpha1.ClientCredentialSpec{
			CredentialsRef:      &v1alpha1.CredentialsReference{Name: name},
			AuthorizationServer: &v1alpha1.AuthorizationServerSpec{TokenEndpoint: server},
			Target:              &v1alpha1.TokenTarget{Name: name + "-token"},
		}})).To(Succeed())
		eventuallySays(ctx, namespace, name, matchers.HaveCondition("Ready", "True", "TokenIssued"))
		// Wait until the unsolicited bytes were read.
		Eventually(func() string { return string(session.Err.Contents()) }).WithTimeout(20 * time.Second).
			Should(ContainSubstring("Dropped lines that a library wrote to the standard logger"))
		Eventually(session.Terminate()).WithTimeout(20 * time.Second).Should(gexec.Exit(0))

		printed := string(session.Out.Contents()) + string(session.Err.Contents())
		printed += undumped(printed)
		Expect(printed).To(ContainSubstring("Wrote the token"))
		for _, secret := range []string{clientID, clientSecret, token, more, accountToken, "c4nary-of-the-collector"} {
			for _, form := range []string{
				secret, base64.StdEncoding.EncodeToString([]byte(secret))[:20], base64.RawURLEncoding.EncodeToString([]byte(secret))[:20],
				hex.EncodeToString([]byte(secret)),
			} {
				Expect(printed).NotTo(ContainSubstring(form))
			}
		}
	},
		Entry("at the level that logs responses", "10", ""),
		Entry("at the highest possible level", "127", ""),
		Entry("with --zap-devel", "12", "devel"),
		Entry("with the debug log of HTTP/2", "10", "", "GODEBUG=http2debug=2,http2client=1"),
		Entry("with headers of the collector that cannot be parsed", "5", "", "OTEL_EXPORTER_OTLP_TRACES_HEADERS=c4nary-of-the-collector"),
		Entry("with the environment variables of Kubernetes programs", "9", "", "KUBERNETES_LOG_LEVEL=10", "KUBE_LOG_LEVEL=10", "LOG_LEVEL=debug", "OTEL_LOG_LEVEL=debug", "KUBE_FEATURE_WatchListClient=false"),
	)
})

var _ = Describe("The logger", Serial, func() {
	var out *gbytes.Buffer
	BeforeEach(func() {
		out = gbytes.NewBuffer()
		slogBefore, flags, writer := slog.Default(), log.Flags(), log.Writer()
		logTo(zap.New(zap.WriteTo(out), zap.Level(zapcore.Level(-127))))
		DeferCleanup(func() {
			klog.ClearLogger()
			slog.SetDefault(slogBefore)
			log.SetFlags(flags)
			log.SetOutput(writer)
		})
	})

	It("is the logger of klog, without bodies", func() {
		klog.Background().Info("shown")
		klog.InfoS("shown too")
		for _, level := range []int{6, 7, 8, 9, 10, 100} {
			Expect(klog.FromContext(logf.IntoContext(context.Background(), klog.Background())).V(level).Enabled()).To(BeFalse())
			Expect(klog.Background().V(level).Enabled()).To(BeFalse())
			klog.Background().WithName("a").WithValues("b", 1).V(level).Info("c4nary")
		}
		Expect(string(out.Contents())).To(And(ContainSubstring("shown"), ContainSubstring("shown too"), Not(ContainSubstring("c4nary"))))
	})

	It("logs no Secret that a client of the API server reads", func(ctx SpecContext) {
		server := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Type", "application/json")
			_, _ = rw.Write([]byte(`{"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "a"}, "data": {"a": "YzRuYXJ5"}}`))
		}))
		DeferCleanup(server.Close)
		clientset, err := kubernetes.NewForConfig(&rest.Config{Host: server.URL, BearerToken: "c4nary", TLSClientConfig: rest.TLSClientConfig{Insecure: true}})
		Expect(err).NotTo(HaveOccurred())
		secret, err := clientset.CoreV1().Secrets("default").Get(logf.IntoContext(ctx, klog.Background()), "a", metav1.GetOptions{})
		Expect(err).NotTo(HaveOccurred())
		Expect(string(secret.Data["a"])).To(Equal("c4nary"))
		Expect(string(out.Contents())).NotTo(Or(ContainSubstring("c4nary"), ContainSubstring("YzRuYXJ5")))
	})

	It("logs the names of objects, and drops possible bodies", func() {
		secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "name"}, StringData: map[string]string{"a": "c4nary"}}
		values := []any{"object", secret, "list", &corev1.SecretList{Items: []corev1.Secret{*secret}}, "raw", []byte("c4nary"),
			"header", http.Header{"Authorization": {"c4nary"}}, "request", &http.Request{Header: http.Header{"A": {"c4nary"}}}}
		klog.Background().Info("info", values...)
		klog.Background().Error(errors.New("failed"), "error", values...)
		klog.Background().WithValues(values...).Info("with values")
		Expect(string(out.Contents())).To(And(ContainSubstring(`"ns"`), ContainSubstring("failed"), Not(ContainSubstring("c4nary")), Not(ContainSubstring("YzRuYXJ5"))))
	})

	It("counts the lines of the standard logger, and quotes none of them", func() {
		for range 150 {
			log.Printf("Unsolicited response received on idle HTTP channel starting with %q", "c4nary")
		}
		slog.Info("from slog", "body", "c4nary")
		Expect(strings.Count(string(out.Contents()), "Dropped lines that a library wrote")).To(Equal(3))
		Expect(string(out.Contents())).To(And(ContainSubstring(`"lines":100`), ContainSubstring("from slog"), Not(ContainSubstring("c4nary"))))
	})

	It("does not repeat the response of a trace collector", func() {
		refused := &net.OpError{Op: "dial", Err: errors.New("connection refused")}
		Expect(withoutBody(fmt.Errorf("send: %w", refused))).To(MatchError(ContainSubstring("connection refused")))
		Expect(withoutBody(fmt.Errorf("send: %w (c4nary)", context.DeadlineExceeded))).To(MatchError(context.DeadlineExceeded))
		Expect(withoutBody(errors.New("body: c4nary"))).To(MatchError(Not(ContainSubstring("c4nary"))))
	})
})
