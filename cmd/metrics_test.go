package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// scrape reads the metrics as a client that speaks HTTP/2 if the server does.
func scrape(ctx SpecContext, url, token string) (*http.Response, string) {
	GinkgoHelper()
	transport := &http.Transport{
		ForceAttemptHTTP2: true, DisableKeepAlives: true,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // The tests check the certificate.
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	Expect(err).NotTo(HaveOccurred())
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := (&http.Client{Transport: transport}).Do(request)
	Expect(err).NotTo(HaveOccurred())
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	Expect(err).NotTo(HaveOccurred())
	return response, string(body)
}

// tokenOf creates a ServiceAccount and returns a token of it.
func tokenOf(ctx SpecContext, name string) string {
	GinkgoHelper()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name}}
	Expect(apiServer.Create(ctx, account)).To(Succeed())
	DeferCleanup(func(ctx SpecContext) { Expect(apiServer.Delete(ctx, account)).To(Succeed()) })
	request := &authenticationv1.TokenRequest{}
	Expect(apiServer.SubResource("token").Create(ctx, account, request)).To(Succeed())
	return request.Status.Token
}

// mayReadMetrics binds the role metrics-reader to a ServiceAccount.
func mayReadMetrics(ctx SpecContext, name string) {
	GinkgoHelper()
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "metrics-reader"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: "default", Name: name}},
	}
	Expect(apiServer.Create(ctx, binding)).To(Succeed())
	DeferCleanup(func(ctx SpecContext) { Expect(apiServer.Delete(ctx, binding)).To(Succeed()) })
}

var _ = Describe("The metrics of the manager", func() {
	It("are served over TLS, only to clients that are authorized to read them", func(ctx SpecContext) {
		anybody, prometheus := tokenOf(ctx, "anybody"), tokenOf(ctx, "prometheus")
		mayReadMetrics(ctx, "prometheus")
		awaitTokens := createShops(ctx, newServer(), "shop")
		_, address := startReady()
		awaitTokens()

		for token, expected := range map[string]int{
			"": http.StatusUnauthorized,
			// controller-runtime answers 500 to an invalid token.
			"not-a-token": http.StatusInternalServerError,
			anybody:       http.StatusForbidden,
		} {
			response, body := scrape(ctx, "https://"+address+"/metrics", token)
			Expect(response.StatusCode).To(Equal(expected))
			Expect(body).NotTo(ContainSubstring("tokensync_"))
		}

		response, body := scrape(ctx, "https://"+address+"/metrics", prometheus)
		Expect(response.StatusCode).To(Equal(http.StatusOK))
		Expect(response.ProtoMajor).To(Equal(1))
		Expect(body).To(And(
			ContainSubstring(`tokensync_build_info{version="development"} 1`),
			ContainSubstring(`tokensync_clientcredential_condition{name="shop",namespace="default",reason="TokenIssued",type="Ready"} 1`),
			ContainSubstring(`tokensync_token_requests_total{result="success",server="127.0.0.1:`),
			ContainSubstring("controller_runtime_reconcile_total"),
			Not(ContainSubstring("s3cr3t")),
		))
		if answer, err := status("http://" + address + "/metrics"); err == nil {
			Expect(answer).To(Equal(http.StatusBadRequest))
		}
	})

	It("are served to everyone with --metrics-secure=false", func(ctx SpecContext) {
		_, address := startReady("--metrics-secure=false")
		response, body := scrape(ctx, "http://"+address+"/metrics", "")
		Expect(response.StatusCode).To(Equal(http.StatusOK))
		Expect(body).To(ContainSubstring("tokensync_build_info"))
	})

	It("are served with the certificate of --metrics-cert-dir, and with the certificate that replaces it", func(ctx SpecContext) {
		folder := GinkgoT().TempDir()
		first := writeCertificate(folder)
		_, address := startReady("--metrics-cert-dir", folder)
		served := func(g Gomega) *big.Int {
			connection, err := (&tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}).DialContext(ctx, "tcp", address) //nolint:gosec // The test checks the certificate.
			g.Expect(err).NotTo(HaveOccurred())
			defer func() { _ = connection.Close() }()
			return connection.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber //nolint:forcetypeassert // It is one.
		}
		Expect(served(Default)).To(Equal(first))
		second := writeCertificate(folder)
		Eventually(served).WithTimeout(20 * time.Second).Should(Equal(second))
	})

	It("are not served if the certificate of --metrics-cert-dir is missing", func() {
		session := start("--health-probe-bind-address=0", "--metrics-bind-address", freeAddress(), "--metrics-cert-dir", GinkgoT().TempDir())
		Eventually(session).WithTimeout(10 * time.Second).Should(gexec.Exit(1))
		Expect(string(session.Err.Contents())).To(ContainSubstring("read tls.crt and tls.key of --metrics-cert-dir"))
	})
})

// writeCertificate writes a new certificate and its key, and returns its serial number.
func writeCertificate(folder string) *big.Int {
	GinkgoHelper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	Expect(err).NotTo(HaveOccurred())
	number, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	Expect(err).NotTo(HaveOccurred())
	template := &x509.Certificate{
		SerialNumber: number, Subject: pkix.Name{CommonName: "metrics"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(time.Hour),
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	Expect(err).NotTo(HaveOccurred())
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	Expect(err).NotTo(HaveOccurred())
	for name, block := range map[string]*pem.Block{
		"tls.crt": {Type: "CERTIFICATE", Bytes: certificate}, "tls.key": {Type: "PRIVATE KEY", Bytes: raw},
	} {
		Expect(os.WriteFile(filepath.Join(folder, name), pem.EncodeToMemory(block), 0o600)).To(Succeed())
	}
	return number
}
