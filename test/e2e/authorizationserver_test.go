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

// The clients of the authorization server that exist throughout the suite; their ClientCredentials have
// the same names. The token of shortLived is renewed often, and the token of longLived never.
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

// ask calls a script of the authorization server through the API server, which does not forward the
// caller's token.
func ask(ctx context.Context, script string, query map[string]string) (string, error) {
	raw, err := clientset.CoreV1().Services(suiteNamespace).
		ProxyGet("http", "authorization-server", "http", "/cgi-bin/"+script, query).DoRaw(ctx)
	return strings.TrimSpace(string(raw)), err
}

// requests returns the number of token requests that a client has sent.
func requests(ctx context.Context, clientID string) int {
	GinkgoHelper()
	var count int
	// The proxy of the API server may fail temporarily.
	Eventually(func() error {
		answer, err := ask(ctx, "requests", map[string]string{"client": clientID})
		if err == nil {
			count, err = strconv.Atoi(answer)
		}
		return err
	}).WithContext(ctx).Should(Succeed(), "read the number of requests from the authorization server")
	return count
}

// createClientCredential creates a ClientCredential and its credentials. Its name is the client ID.
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
