//go:build e2e

package e2e_test

import (
	"context"
	"strconv"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/matchers"
)

// The clients of the authorization server that are there all the time, and the names of their
// ClientCredentials. The token of the one is renewed often, that of the other never.
const (
	shortLived = "short-lived"
	longLived  = "long-lived"
)

// startAuthorizationServer starts the authorization server and the API in the namespace of the suite.
func startAuthorizationServer(ctx context.Context) {
	GinkgoHelper()
	apply(ctx, suiteNamespace, "authorization-server.yaml",
		"BUSYBOX_IMG", environment.busybox,
		"TOKEN_LIFETIME", strconv.Itoa(int(environment.tokenLifetime.Seconds())))
	kubectl(ctx, "wait", "--namespace", suiteNamespace, "--for=condition=Ready", "--timeout=2m", "pod/authorization-server")
	Eventually(func() bool {
		_, err := ask(ctx, "api", nil)
		return apierrors.IsUnauthorized(err)
	}).WithContext(ctx).Should(BeTrue(), "the API refuses calls without a token")
}

// ask calls a script of the authorization server through the API server, which passes no token on.
func ask(ctx context.Context, script string, query map[string]string) (string, error) {
	raw, err := clientset.CoreV1().Services(suiteNamespace).
		ProxyGet("http", "authorization-server", "http", "/cgi-bin/"+script, query).DoRaw(ctx)
	return strings.TrimSpace(string(raw)), err
}

// requests is how many token requests a client has sent.
func requests(ctx context.Context, clientID string) int {
	GinkgoHelper()
	var count int
	// The API server's proxy may fail for a moment.
	Eventually(func() error {
		answer, err := ask(ctx, "requests", map[string]string{"client": clientID})
		if err == nil {
			count, err = strconv.Atoi(answer)
		}
		return err
	}).WithContext(ctx).Should(Succeed(), "ask the authorization server for its number of requests")
	return count
}

// createClientCredential makes a ClientCredential and its credentials; its name is the client ID.
func createClientCredential(ctx context.Context, namespace, name string) {
	GinkgoHelper()
	apply(ctx, namespace, "clientcredential.yaml", "NAME", name)
}

// awaitToken waits until a ClientCredential is Ready, and returns it.
func awaitToken(ctx context.Context, namespace, name string) *v1alpha1.ClientCredential {
	GinkgoHelper()
	credential := &v1alpha1.ClientCredential{}
	Eventually(func(g Gomega) {
		g.Expect(apiServer.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, credential)).To(Succeed())
		g.Expect(credential.Status.Conditions).To(matchers.HaveCondition("Ready", "True", "TokenIssued"))
	}).WithContext(ctx).Should(Succeed())
	return credential
}
