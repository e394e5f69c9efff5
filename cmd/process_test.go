package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"github.com/onsi/gomega/gexec"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/authserver"
)

var _ = Describe("The manager", func() {
	It("sends no request after it is killed and restarted while all tokens are valid", func(ctx SpecContext) {
		const count = 5
		server := newServer()
		awaitTokens := createShops(ctx, server, "shop-1", "shop-2", "shop-3", "shop-4", "shop-5")
		session, _ := startReady()
		awaitTokens()
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

	It("ends promptly and cleanly on SIGTERM", func() {
		session, _ := startReady()
		Eventually(session.Terminate()).WithTimeout(10 * time.Second).Should(gexec.Exit(0))
	})

	It("writes the tokens of requests in flight on SIGTERM, and sends no more requests", func(ctx SpecContext) {
		const count = 10
		server := newServer()
		var asked atomic.Int64
		release := make(chan struct{})
		server.Respond("shop", func(rw http.ResponseWriter, _ *http.Request) {
			token := asked.Add(1)
			<-release
			_, _ = fmt.Fprintf(rw, `{"access_token": "t0ken-%d", "expires_in": 3600}`, token)
		})
		session, _ := startReady()
		names := make([]string, count)
		for i := range names {
			names[i] = fmt.Sprint("shop-", i)
		}
		awaitTokens := createShops(ctx, server, names...)
		Eventually(asked.Load).WithTimeout(20 * time.Second).Should(BeEquivalentTo(count))
		session.Signal(syscall.SIGTERM)
		// This token is due immediately, but the operator is ending.
		late := clientOf("default", "late", inlineServer(server))
		late.Spec.CredentialsRef.Name = "shop"
		Expect(apiServer.Create(ctx, late)).To(Succeed())
		Consistently(session).WithTimeout(time.Second).ShouldNot(gexec.Exit())
		close(release)
		Eventually(session).WithTimeout(20 * time.Second).Should(gexec.Exit(0))

		Expect(asked.Load()).To(BeEquivalentTo(count))
		Expect(apiServer.Delete(ctx, late)).To(Succeed())
		awaitTokens()
		given := map[string]bool{}
		for _, name := range names {
			secret := &corev1.Secret{}
			Expect(apiServer.Get(ctx, client.ObjectKey{Namespace: "default", Name: name + "-token"}, secret)).To(Succeed())
			given[string(secret.Data[v1alpha1.AccessTokenKey])] = true
		}
		Expect(given).To(HaveLen(count))
	})

	It("records and reports the revocations in flight on SIGTERM", func(ctx SpecContext) {
		const count = 10
		server := newServer()
		session, _ := startReady()
		names := make([]string, count)
		for i := range names {
			names[i] = fmt.Sprint("revoked-", i)
		}
		createShops(ctx, server, names...)()
		for _, name := range names {
			shop := &v1alpha1.ClientCredential{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name}}
			Expect(apiServer.Patch(ctx, shop, client.RawPatch(types.MergePatchType, fmt.Appendf(nil,
				`{"spec": {"authorizationServer": {"revocation": {"onDelete": true, "endpoint": %q}}}}`, server.URL+authserver.RevocationPath)))).To(Succeed())
			Eventually(func(g Gomega) {
				g.Expect(apiServer.Get(ctx, client.ObjectKeyFromObject(shop), shop)).To(Succeed())
				g.Expect(shop.Finalizers).NotTo(BeEmpty())
			}).WithTimeout(20 * time.Second).Should(Succeed())
		}
		var asked atomic.Int64
		release := make(chan struct{})
		server.RespondAt(authserver.RevocationPath, func(http.ResponseWriter, *http.Request) {
			asked.Add(1)
			<-release
		})
		Expect(apiServer.DeleteAllOf(ctx, &v1alpha1.ClientCredential{}, client.InNamespace("default"))).To(Succeed())
		Eventually(asked.Load).WithTimeout(20 * time.Second).Should(BeEquivalentTo(count))
		session.Signal(syscall.SIGTERM)
		Eventually(session.Err).WithTimeout(20 * time.Second).Should(gbytes.Say("Stopping and waiting for leader election runnables"))
		close(release)
		Eventually(session).WithTimeout(20 * time.Second).Should(gexec.Exit(0))

		left := &v1alpha1.ClientCredentialList{}
		Expect(apiServer.List(ctx, left, client.InNamespace("default"))).To(Succeed())
		Expect(left.Items).To(BeEmpty())
		told := map[string]int{}
		events := &eventsv1.EventList{}
		Expect(apiServer.List(ctx, events, client.InNamespace("default"))).To(Succeed())
		for _, event := range events.Items {
			if event.Reason == v1alpha1.EventTokenRevoked && strings.HasPrefix(event.Regarding.Name, "revoked-") {
				told[event.Regarding.Name]++
			}
		}
		Expect(told).To(And(HaveLen(count), HaveEach(1)))
		Expect(asked.Load()).To(BeEquivalentTo(count))
	})

	It("ends with exit code 2 if a flag is invalid", func() {
		Eventually(start("--allowed-cidrs=everywhere")).WithTimeout(10 * time.Second).Should(gexec.Exit(2))
	})

	It("ends with an error if there is no cluster", func() {
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

// writes returns the number of writes of ClientCredentials and Secrets, from the metrics
// of the API server.
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
