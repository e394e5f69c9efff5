package main

import (
	"os/exec"
	"regexp"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/authserver"
)

// These specs run the binary, because the Kubernetes client logs to the standard error.
var _ = Describe("kubectl tokensync with a cluster", Ordered, func() {
	const namespace = "default"
	var (
		binary string
		server *authserver.Server
	)

	BeforeAll(func(ctx SpecContext) {
		var err error
		binary, err = gexec.Build("github.com/tokensync/tokensync/cmd/kubectl-tokensync")
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(gexec.CleanupBuildArtifacts)
		server = start()

		labels := map[string]string{v1alpha1.UsageLabel: v1alpha1.UsageClientCredential}
		Expect(apiServer.Create(ctx, &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "my-client", Labels: labels},
			StringData: map[string]string{"client_id": "shop", "client_secret": secret},
		})).To(Succeed())
		Expect(apiServer.Create(ctx, &corev1.ServiceAccount{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "shop", Labels: labels},
		})).To(Succeed())
		Expect(apiServer.Create(ctx, &v1alpha1.AuthorizationServer{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "idp"},
			Spec:       v1alpha1.AuthorizationServerSpec{TokenEndpoint: server.URL + authserver.RFC6749Path},
		})).To(Succeed())
	})

	checked := func(manifest string, arguments ...string) outcome {
		GinkgoHelper()
		command := exec.Command(binary, append([]string{"check", "-f", "-", "-v=10", "--kubeconfig", kubeconfig,
			"--allow-http", "--allowed-cidrs=127.0.0.0/8"}, arguments...)...)
		command.Stdin = strings.NewReader(manifest)
		session, err := gexec.Start(command, GinkgoWriter, GinkgoWriter)
		Expect(err).NotTo(HaveOccurred())
		Eventually(session, "20s").Should(gexec.Exit())
		done := outcome{code: session.ExitCode(), out: string(session.Out.Contents()), err: string(session.Err.Contents())}
		expectNoSecrets(done.out)
		expectNoSecrets(done.err)
		return done
	}

	It("reads objects that are not in the files, and logs no secret at any verbosity", func() {
		outcome := checked(`
apiVersion: oauth2.tokensync.dev/v1alpha1
kind: ClientCredential
metadata: {name: my-api}
spec: {credentialsRef: {name: my-client}, authorizationServerRef: {name: idp}}
`)
		Expect(outcome.code).To(BeZero(), outcome.out)
		Expect(outcome.out).To(And(
			ContainSubstring(`AuthorizationServer "idp" (the cluster)`), ContainSubstring(`Secret "my-client" (the cluster)`)))
		Expect(outcome.err).To(And(ContainSubstring("-v=7 is used"), ContainSubstring("/api/v1/namespaces/default/secrets/my-client")))
	})

	It("names an object that is neither in the files nor in the cluster", func() {
		outcome := checked(strings.Replace(clientCredential("profile: Fabric"), "my-client", "nobody", 1))
		Expect(outcome.out).To(ContainSubstring(`Secret "nobody" of namespace "default" is neither in the given files nor in the cluster`))
	})

	It("does not say that an object is missing if the user may not read it", func() {
		outcome := checked(clientCredential("tokenEndpoint: "+server.URL+authserver.RFC6749Path), "--as=nobody")
		Expect(outcome.code).To(Equal(1))
		Expect(outcome.out).To(MatchRegexp(`NotChecked: Secret "my-client" of namespace "default" is not in the given files, and cannot be read from the cluster: ` +
			`secrets "my-client" is forbidden: .*: add it to the files, give its values .*, or obtain the right to read it\n`))
		Expect(outcome.err).To(ContainSubstring("error: 1 of 1 ClientCredentials could not be checked\n"))
	})

	It("reads only the metadata of Secrets for the command status, and logs none of it", func(ctx SpecContext) {
		create(ctx, namespace, "my-api")
		session, err := gexec.Start(exec.Command(binary, "status", "my-api", "-v=10", "--kubeconfig", kubeconfig, "--cache-dir", cacheDir), GinkgoWriter, GinkgoWriter)
		Expect(err).NotTo(HaveOccurred())
		Eventually(session, "20s").Should(gexec.Exit(0))
		log := string(session.Err.Contents())
		expectNoSecrets(log)
		asked := regexp.MustCompile(`verb="(\w+)" url="\S+/secrets/(\S+)" headers=<\s+Accept: [^;]+;as=(\w+);`).FindAllStringSubmatch(log, -1)
		Expect(asked).To(HaveExactElements(
			ContainElements("GET", "my-api-token", "PartialObjectMetadata"), ContainElements("GET", "my-client", "PartialObjectMetadata")))
		Expect(strings.Count(log, "/secrets/")).To(Equal(len(asked)))
	})

	Describe("and a token of a ServiceAccount", func() {
		declared := func(audience string) string {
			return strings.Replace(clientCredential("tokenEndpoint: "+server.URL+authserver.RFC6749Path,
				"clientAuthentication: {method: private_key_jwt, assertion: {serviceAccountToken: {audience: \""+audience+"\"}}}"),
				"credentialsRef: {name: my-client}", "clientID: shop\n  serviceAccountName: shop", 1)
		}

		It("requests it from the cluster, and shows it redacted", func() {
			outcome := checked(declared("https://idp.example.com"))
			Expect(outcome.out).To(ContainSubstring("client_assertion=[REDACTED]"))
		})

		// issued returns a token of the ServiceAccount. Without an audience, it is for the API server.
		issued := func(ctx SpecContext, audiences ...string) (token, audience string) {
			GinkgoHelper()
			account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "shop"}}
			request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{Audiences: audiences}}
			Expect(apiServer.SubResource("token").Create(ctx, account, request)).To(Succeed())
			return request.Status.Token, request.Spec.Audiences[0]
		}

		It("sends no token that the API server accepts", func(ctx SpecContext) {
			before := len(server.Requests(""))
			token, audience := issued(ctx)
			for _, arguments := range [][]string{nil, {"--service-account-token-file", file("token", token)}} {
				outcome := checked(declared(audience), arguments...)
				Expect(outcome.out).To(ContainSubstring("ServiceAccountTokenRefused: the API server of this cluster accepts a token for the audience"))
			}
			Expect(server.Requests("")).To(HaveLen(before))
		})

		It("sends no token for a user without the right to create TokenReviews, unless the token comes from a file", func(ctx SpecContext) {
			asUser := []string{"--as=someone"}
			create := func(object client.Object) {
				GinkgoHelper()
				Expect(apiServer.Create(ctx, object)).To(Succeed())
				DeferCleanup(func(ctx SpecContext) { Expect(apiServer.Delete(ctx, object)).To(Succeed()) })
			}
			metadata := metav1.ObjectMeta{Namespace: namespace, Name: "mints"}
			create(&rbacv1.Role{ObjectMeta: metadata, Rules: []rbacv1.PolicyRule{
				{APIGroups: []string{""}, Resources: []string{"serviceaccounts"}, Verbs: []string{"get"}},
				{APIGroups: []string{""}, Resources: []string{"serviceaccounts/token"}, Verbs: []string{"create"}},
			}})
			create(&rbacv1.RoleBinding{
				ObjectMeta: metadata, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "mints"},
				Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: "someone"}},
			})
			before := len(server.Requests(""))
			outcome := checked(declared("https://idp.example.com"), asUser...)
			Expect(outcome.out).To(And(ContainSubstring("there is no right to create TokenReviews, so the token of ServiceAccount"), ContainSubstring("--service-account-token-file")))
			Expect(server.Requests("")).To(HaveLen(before))
			token, _ := issued(ctx, "https://idp.example.com")
			outcome = checked(declared("https://idp.example.com"), append(asUser, "--service-account-token-file", file("token", token))...)
			Expect(outcome.out).To(ContainSubstring("client_assertion=[REDACTED]"))
		})

		It("takes it from a file, only for the right audience", func() {
			outcome := checked(declared("https://idp.example.com"), "--service-account-token-file", file("token", "e30.eyJhdWQiOlsib3RoZXIiXX0.c2ln\n"))
			Expect(outcome.out).To(ContainSubstring("is not for the audience"))
			outcome = checked(declared("other"), "--service-account-token-file", file("token", "e30.eyJhdWQiOlsib3RoZXIiXX0.c2ln\n"))
			Expect(outcome.out).To(ContainSubstring("client_assertion=[REDACTED]"))
		})
	})
})
