package main

import (
	"bytes"
	"encoding/pem"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/tokensync/tokensync/test/authserver"
)

func TestKubectlTokensync(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "kubectl-tokensync")
}

const (
	secret      = "s3cr3t-of-the-shop"
	wrongSecret = "wr0ng-of-the-shop"
)

// outcome is the result of a command.
type outcome struct {
	code     int
	out, err string
}

// tokens matches the tokens of the authorization server.
var tokens = regexp.MustCompile(`[A-Z2-7]{26}|eyJ`)

// expectNoSecrets expects that a text contains neither a secret nor a token.
func expectNoSecrets(text string) {
	GinkgoHelper()
	Expect(text).NotTo(ContainSubstring(secret))
	Expect(text).NotTo(ContainSubstring(wrongSecret))
	Expect(text).NotTo(MatchRegexp("(?i)basic [a-z0-9]"))
	Expect(tokens.FindString(text)).To(BeEmpty())
}

// command runs a command line without a cluster.
func command(ctx SpecContext, stdin string, arguments ...string) outcome {
	GinkgoHelper()
	var out, errOut bytes.Buffer
	streams := genericiooptions.IOStreams{In: strings.NewReader(stdin), Out: &out, ErrOut: &errOut}
	code := run(ctx, streams, arguments)
	expectNoSecrets(out.String())
	expectNoSecrets(errOut.String())
	return outcome{code: code, out: out.String(), err: errOut.String()}
}

// checked runs the command check on manifests, without a cluster.
func checked(ctx SpecContext, manifests string, arguments ...string) outcome {
	GinkgoHelper()
	return command(ctx, manifests, append([]string{"check", "-f", "-", "--server=https://127.0.0.1:1",
		"--kubeconfig", file("kubeconfig", "apiVersion: v1\nkind: Config\n"),
		"--allow-http", "--allowed-cidrs=127.0.0.0/8"}, arguments...)...)
}

// file writes a file that is deleted after the test.
func file(name, content string) string {
	GinkgoHelper()
	path := filepath.Join(GinkgoT().TempDir(), name)
	Expect(os.WriteFile(path, []byte(content), 0o600)).To(Succeed())
	return path
}

// credentials returns the manifest of a Secret with the credentials of the client "shop".
func credentials(secret string) string {
	return `
---
apiVersion: v1
kind: Secret
metadata: {name: my-client, labels: {oauth2.tokensync.dev/usage: client-credential}}
stringData: {client_id: shop, client_secret: ` + secret + `}
`
}

// clientCredential returns the manifest of a ClientCredential. The lines are the fields of its authorization
// server.
func clientCredential(server ...string) string {
	return `
---
apiVersion: oauth2.tokensync.dev/v1alpha1
kind: ClientCredential
metadata: {name: my-api}
spec:
  credentialsRef: {name: my-client}
  scopes: [read]
  authorizationServer:
    ` + strings.Join(server, "\n    ") + "\n"
}

// start starts an authorization server that knows the client "shop".
func start() *authserver.Server {
	server := authserver.New(authserver.Options{})
	DeferCleanup(server.Close)
	server.Register(authserver.Client{ID: "shop", Secret: secret})
	return server
}

// certificateOf returns the certificate of a server in PEM.
func certificateOf(server *authserver.Server) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
}
