package main

import (
	"encoding/json"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/explain"
)

// statuses is the document that -o json prints.
type statuses struct {
	ClientCredentials []explain.Explanation `json:"clientCredentials"`
}

var _ = Describe("kubectl tokensync status", func() {
	var namespace string

	BeforeEach(func(ctx SpecContext) { namespace = newNamespace(ctx) })

	Describe("without names", func() {
		BeforeEach(func(ctx SpecContext) {
			create(ctx, namespace, "well", ready(time.Hour), labelled)
			create(ctx, namespace, "sooner", ready(30*time.Minute+50*time.Second))
			create(ctx, namespace, "broken", stalled("InvalidClient"))
			create(ctx, namespace, "new")
		})

		It("shows a table, the most urgent first", func(ctx SpecContext) {
			outcome := inCluster(ctx, namespace, "status")
			Expect(outcome.code).To(BeZero(), outcome.err)
			Expect(outcome.out).To(MatchRegexp(`^NAME +STATE +EXPIRES +SUMMARY
broken +Stalled +- +InvalidClient: action required
new +NotObserved +- +generation 1 has not been reconciled yet: check that the operator is running
sooner +Ready +in 30m +the token is renewed in 15m
well +Ready +in 59m +the token is renewed in 29m
$`))
		})

		It("shows more columns, for all namespaces and a selector", func(ctx SpecContext) {
			other := newNamespace(ctx)
			create(ctx, other, "well", ready(time.Hour), func(cc *v1alpha1.ClientCredential) { cc.Labels = map[string]string{"of": namespace} })
			outcome := inCluster(ctx, namespace, "status", "-A", "-l", "of="+namespace, "-o", "wide")
			Expect(outcome.out).To(MatchRegexp(`^NAMESPACE +NAME +STATE +EXPIRES +RENEWAL +SECRET +REASON +SUMMARY
` + other + ` +well +Ready +in 59m +in 29m +well-token +TokenIssued +the token is renewed in 29m
$`))
		})

		It("prints names, in the same order", func(ctx SpecContext) {
			outcome := inCluster(ctx, namespace, "status", "-o", "name")
			Expect(outcome.out).To(Equal(`clientcredential.oauth2.tokensync.dev/broken
clientcredential.oauth2.tokensync.dev/new
clientcredential.oauth2.tokensync.dev/sooner
clientcredential.oauth2.tokensync.dev/well
`))
		})

		DescribeTable("prints documents", func(ctx SpecContext, format string, read func([]byte, any) error) {
			outcome := inCluster(ctx, namespace, "status", "-o", format)
			var printed statuses
			Expect(read([]byte(outcome.out), &printed)).To(Succeed())
			Expect(printed.ClientCredentials).To(HaveExactElements(
				And(HaveField("Name", "broken"), HaveField("State", explain.StateStalled), HaveField("TokenValid", false)),
				HaveField("Name", "new"), HaveField("Name", "sooner"),
				And(HaveField("Name", "well"), HaveField("TokenValid", true), HaveField("Token.SecretName", "well-token")),
			))
		},
			Entry("JSON", "json", json.Unmarshal),
			Entry("YAML", "yaml", func(raw []byte, into any) error { return yaml.Unmarshal(raw, into) }),
		)
	})

	It("reports that there are no ClientCredentials, and does not fail", func(ctx SpecContext) {
		outcome := inCluster(ctx, namespace, "status")
		Expect(outcome.code).To(BeZero())
		Expect(outcome.out).To(BeEmpty())
		Expect(outcome.err).To(Equal("No resources found in " + namespace + " namespace.\n"))
		Expect(inCluster(ctx, namespace, "status", "-o", "json").out).To(MatchJSON(`{"clientCredentials": []}`))
	})

	Describe("with names", func() {
		It("explains each, and reads the objects that it names", func(ctx SpecContext) {
			owner := create(ctx, namespace, "orders", ready(time.Hour))
			create(ctx, namespace, "broken", stalled("InvalidClient"))
			Expect(apiServer.Create(ctx, &v1alpha1.AuthorizationServer{
				ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "idp"},
				Spec:       v1alpha1.AuthorizationServerSpec{TokenEndpoint: "https://idp.example.com/token"},
			})).To(Succeed())
			Expect(apiServer.Create(ctx, &corev1.Secret{
				ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "my-client"}, StringData: map[string]string{"client_secret": secret},
			})).To(Succeed())
			Expect(apiServer.Create(ctx, &corev1.Secret{
				ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "orders-token", OwnerReferences: []metav1.OwnerReference{{
					APIVersion: "apps/v1", Kind: "Deployment", Name: "shop", UID: "other", Controller: ptr.To(true),
				}}},
			})).To(Succeed())
			Expect(apiServer.Create(ctx, &corev1.Event{
				ObjectMeta:     metav1.ObjectMeta{Namespace: namespace, Name: "orders.1"},
				InvolvedObject: corev1.ObjectReference{Kind: "ClientCredential", Namespace: namespace, Name: "orders", UID: owner.UID},
				Type:           "Normal", Reason: "TokenIssued", Message: "there is a token", LastTimestamp: metav1.Now(), Count: 1,
			})).To(Succeed())

			outcome := inCluster(ctx, namespace, "status", "orders", "cc/broken")
			Expect(outcome.code).To(BeZero(), outcome.err)
			Expect(outcome.out).To(And(
				HavePrefix("ClientCredential "+namespace+"/orders\n  state    Ready: the token is renewed in 29m\n"),
				ContainSubstring("\n\nClientCredential "+namespace+"/broken\n  state    Stalled: InvalidClient"),
				ContainSubstring("\nNeeds\n  message of InvalidClient\n"),
				ContainSubstring(`Secret "my-client" with the credentials does not carry the label`),
				ContainSubstring(`Secret "orders-token" belongs to Deployment shop`),
				ContainSubstring(`AuthorizationServer "idp" has not been reconciled in its current generation`),
				ContainSubstring("Normal   TokenIssued: there is a token"),
				Not(ContainSubstring("Unknown")),
			))
		})

		It("reads a ClusterAuthorizationServer too", func(ctx SpecContext) {
			create(ctx, namespace, "orders", ready(time.Hour), func(cc *v1alpha1.ClientCredential) {
				cc.Spec.AuthorizationServerRef.Kind = v1alpha1.AuthorizationServerCluster
				cc.Spec.AuthorizationServerRef.Name = namespace
			})
			Expect(inCluster(ctx, namespace, "status", "orders").out).To(ContainSubstring(`ClusterAuthorizationServer "` + namespace + `" does not exist`))
		})

		It("continues after a ClientCredential that does not exist, and fails at the end", func(ctx SpecContext) {
			create(ctx, namespace, "orders", ready(time.Hour))
			outcome := inCluster(ctx, namespace, "status", "nobody", "orders", "no-one")
			Expect(outcome.code).To(Equal(1))
			Expect(outcome.out).To(HavePrefix("ClientCredential " + namespace + "/orders\n"))
			Expect(outcome.err).To(Equal(`error: clientcredentials.oauth2.tokensync.dev "nobody" not found
error: clientcredentials.oauth2.tokensync.dev "no-one" not found
`))
		})

		It("lists objects that it may not read on one line, and does not fail", func(ctx SpecContext) {
			create(ctx, namespace, "orders", ready(time.Hour))
			permit(ctx, namespace, "viewer", "get", "list")
			outcome := inCluster(ctx, namespace, "status", "orders", "--as=viewer")
			Expect(outcome.code).To(BeZero(), outcome.err)
			Expect(outcome.out).To(HaveSuffix(`
Unknown
  you may not read Secret "my-client", Secret "orders-token", AuthorizationServer "idp", its events
`))
		})
	})

	DescribeTable("refuses", func(ctx SpecContext, message string, arguments ...string) {
		outcome := inCluster(ctx, namespace, append([]string{"status"}, arguments...)...)
		Expect(outcome.code).To(Equal(1))
		Expect(outcome.out).To(BeEmpty())
		Expect(outcome.err).To(ContainSubstring(message))
	},
		Entry("another kind", `"pod/orders" names no ClientCredential`, "pod/orders"),
		Entry("a name with two slashes", `"cc/shop/orders" names no ClientCredential`, "cc/shop/orders"),
		Entry("names and a selector", "not both", "orders", "-l", "team=shop"),
		Entry("a name in all namespaces", "cannot be named across all namespaces", "orders", "-A"),
		Entry("an unknown format", `there is no output format "xml"`, "-o", "xml"),
		Entry("an invalid selector", `match label selector "a=b=c"`, "-l", "a=b=c"),
	)

	It("fails if it may not read anything", func(ctx SpecContext) {
		outcome := inCluster(ctx, namespace, "status", "--as=nobody")
		Expect(outcome.code).To(Equal(1))
		Expect(outcome.err).To(ContainSubstring("forbidden"))
	})

	It("completes names, except names that are already given", func(ctx SpecContext) {
		for _, name := range []string{"orders", "order-items", "stock"} {
			create(ctx, namespace, name)
		}
		completed := func(arguments ...string) string {
			return command(ctx, "", append([]string{"__complete", "status", "--kubeconfig", kubeconfig, "--namespace", namespace}, arguments...)...).out
		}
		Expect(completed("order")).To(Equal("order-items\norders\n:4\n"))
		Expect(completed("orders", "")).To(Equal("order-items\nstock\n:4\n"))
		Expect(completed("--as=nobody", "")).To(Equal(":4\n"))
	})
})

// permit grants a user verbs on the ClientCredentials of a namespace, and nothing else.
func permit(ctx SpecContext, namespace, user string, verbs ...string) {
	GinkgoHelper()
	Expect(apiServer.Create(ctx, &rbacv1.Role{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: user},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{v1alpha1.GroupVersion.Group}, Resources: []string{"clientcredentials"}, Verbs: verbs}},
	})).To(Succeed())
	Expect(apiServer.Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: user},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: user},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: user}},
	})).To(Succeed())
}
