package main

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

var _ = Describe("kubectl tokensync renew", func() {
	const full = "clientcredential.oauth2.tokensync.dev/"
	var namespace string

	BeforeEach(func(ctx SpecContext) {
		namespace = newNamespace(ctx)
		create(ctx, namespace, "orders", ready(time.Hour), labelled)
		create(ctx, namespace, "stock", ready(time.Hour))
	})

	It("requests the renewal of named ClientCredentials", func(ctx SpecContext) {
		before := time.Now()
		outcome := inCluster(ctx, namespace, "renew", "clientcredential/orders")
		Expect(outcome.code).To(BeZero(), outcome.err)
		Expect(outcome.out).To(Equal(full + "orders renewal requested\n"))
		requested, err := time.Parse(time.RFC3339Nano, requestOf(ctx, namespace, "orders"))
		Expect(err).NotTo(HaveOccurred())
		Expect(requested).To(And(BeTemporally(">=", before), BeTemporally("<=", time.Now())))
		Expect(managersOf(get(ctx, namespace, "orders"), annotationPath)).To(Equal([]string{"tokensync-cli"}))
		Expect(requestOf(ctx, namespace, "stock")).To(BeEmpty())
	})

	It("requests a new renewal each time", func(ctx SpecContext) {
		inCluster(ctx, namespace, "renew", "orders")
		first := requestOf(ctx, namespace, "orders")
		inCluster(ctx, namespace, "renew", "orders", "--field-manager=somebody")
		Expect(requestOf(ctx, namespace, "orders")).NotTo(Or(Equal(first), BeEmpty()))
		Expect(managersOf(get(ctx, namespace, "orders"), annotationPath)).To(Equal([]string{"somebody"}))
	})

	It("requests the renewal of all ClientCredentials, or of those with a label", func(ctx SpecContext) {
		Expect(inCluster(ctx, namespace, "renew", "-l", "team=shop").out).To(Equal(full + "orders renewal requested\n"))
		Expect(inCluster(ctx, namespace, "renew", "--all").out).To(Equal(full + "orders renewal requested\n" + full + "stock renewal requested\n"))
	})

	It("reports that nothing was selected, and does not fail", func(ctx SpecContext) {
		outcome := inCluster(ctx, namespace, "renew", "-l", "team=nobody")
		Expect(outcome.code).To(BeZero())
		Expect(outcome.err).To(Equal("No resources found in " + namespace + " namespace.\n"))
	})

	It("continues after a ClientCredential that does not exist, and fails at the end", func(ctx SpecContext) {
		outcome := inCluster(ctx, namespace, "renew", "nobody", "orders")
		Expect(outcome.code).To(Equal(1))
		Expect(outcome.out).To(Equal(full + "orders renewal requested\n"))
		Expect(outcome.err).To(ContainSubstring(`"nobody" not found`))
	})

	It("continues after a ClientCredential that it may not change, and fails at the end", func(ctx SpecContext) {
		permit(ctx, namespace, "viewer", "get", "list")
		outcome := inCluster(ctx, namespace, "renew", "--all", "--as=viewer")
		Expect(outcome.code).To(Equal(1))
		Expect(outcome.out).To(BeEmpty())
		Expect(outcome.err).To(And(
			ContainSubstring("error: change ClientCredential "+namespace+"/orders: "), ContainSubstring("error: change ClientCredential "+namespace+"/stock: "),
			ContainSubstring("forbidden")))
	})

	DescribeTable("changes nothing in a dry run", func(ctx SpecContext, dryRun, said string) {
		outcome := inCluster(ctx, namespace, "renew", "orders", "--dry-run="+dryRun)
		Expect(outcome.out).To(Equal(full + "orders renewal requested " + said + "\n"))
		printed := inCluster(ctx, namespace, "renew", "orders", "--dry-run="+dryRun, "-o", "yaml").out
		object := &unstructured.Unstructured{}
		Expect(yaml.Unmarshal([]byte(printed), &object.Object)).To(Succeed())
		Expect(object.GetAnnotations()).To(HaveKey(v1alpha1.RenewRequestedAtAnnotation))
		Expect(requestOf(ctx, namespace, "orders")).To(BeEmpty())
	},
		Entry("on the client", "client", "(dry run)"),
		Entry("on the server", "server", "(server dry run)"),
	)

	It("prints with the printers of kubectl", func(ctx SpecContext) {
		Expect(inCluster(ctx, namespace, "renew", "--all", "-o", "name").out).To(Equal(full + "orders\n" + full + "stock\n"))
		Expect(inCluster(ctx, namespace, "renew", "orders", "-o", "jsonpath={.metadata.name}").out).To(Equal("orders"))
		Expect(inCluster(ctx, namespace, "renew", "orders", "-o", "json").out).To(ContainSubstring(`"kind": "ClientCredential"`))
	})

	Describe("for a ClientCredential that is suspended", func() {
		BeforeEach(func(ctx SpecContext) { create(ctx, namespace, "paused", ready(time.Hour), suspended) })

		It("fails if it is named", func(ctx SpecContext) {
			outcome := inCluster(ctx, namespace, "renew", "paused")
			Expect(outcome.code).To(Equal(1))
			Expect(outcome.err).To(Equal("error: ClientCredential " + namespace + "/paused is suspended and is not renewed: run kubectl tokensync resume paused --namespace=" + namespace + "\n"))
			Expect(requestOf(ctx, namespace, "paused")).To(BeEmpty())
		})

		It("warns if it is selected", func(ctx SpecContext) {
			outcome := inCluster(ctx, namespace, "renew", "--all")
			Expect(outcome.code).To(BeZero())
			Expect(outcome.out).To(Equal(full + "orders renewal requested\n" + full + "stock renewal requested\n"))
			Expect(outcome.err).To(HavePrefix("warning: ClientCredential " + namespace + "/paused is suspended and is not renewed"))
		})
	})

	It("fails for a ClientCredential that is being deleted", func(ctx SpecContext) {
		gone := create(ctx, namespace, "gone", func(cc *v1alpha1.ClientCredential) { cc.Finalizers = []string{"example.com/backup"} })
		Expect(apiServer.Delete(ctx, gone)).To(Succeed())
		outcome := inCluster(ctx, namespace, "renew", "gone")
		Expect(outcome.code).To(Equal(1))
		Expect(outcome.err).To(ContainSubstring("is being deleted and is not renewed"))
		gone = get(ctx, namespace, "gone")
		gone.Finalizers = nil
		Expect(apiServer.Update(ctx, gone)).To(Succeed())
	})

	Describe("with --wait", func() {
		// waiting runs the command, and answers the request as the operator would.
		waiting := func(ctx SpecContext, answer func(*v1alpha1.ClientCredential), arguments ...string) outcome {
			GinkgoHelper()
			ended := make(chan outcome, 1)
			go func() {
				defer GinkgoRecover()
				ended <- inCluster(ctx, namespace, append([]string{"renew", "orders", "--wait", "--timeout=30s"}, arguments...)...)
			}()
			Eventually(requestOf).WithArguments(ctx, namespace, "orders").WithTimeout(10 * time.Second).ShouldNot(BeEmpty())
			cc := get(ctx, namespace, "orders")
			answer(cc)
			cc.Status.LastHandledRenewRequest = cc.Annotations[v1alpha1.RenewRequestedAtAnnotation]
			Expect(apiServer.Status().Update(ctx, cc)).To(Succeed())
			var done outcome
			Eventually(ended).WithTimeout(10 * time.Second).Should(Receive(&done))
			return done
		}
		renewed := func(cc *v1alpha1.ClientCredential) {
			ready(2 * time.Hour)(cc)
			cc.Status.Token.IssuedAt.Time = time.Now()
		}

		It("reports the new token", func(ctx SpecContext) {
			outcome := waiting(ctx, renewed)
			Expect(outcome.code).To(BeZero(), outcome.err)
			Expect(outcome.out).To(And(HavePrefix(full+"orders renewal requested\n"),
				MatchRegexp(`\nClientCredential `+namespace+`/orders: renewed: Secret "orders-token" holds a token that expires at \S+Z \(in 119m\)\n$`)))
		})

		It("reports a new token that was issued in the same second as the old one", func(ctx SpecContext) {
			outcome := waiting(ctx, func(cc *v1alpha1.ClientCredential) {
				cc.Status.Token.RenewRequest = cc.Annotations[v1alpha1.RenewRequestedAtAnnotation]
			})
			Expect(outcome.code).To(BeZero(), outcome.err)
			Expect(outcome.out).To(ContainSubstring("/orders: renewed: "))
		})

		It("reports that the server returned the same token again", func(ctx SpecContext) {
			outcome := waiting(ctx, func(*v1alpha1.ClientCredential) {})
			Expect(outcome.code).To(BeZero(), outcome.err)
			Expect(outcome.out).To(ContainSubstring("/orders: not renewed: the server returned the same token again; "))
		})

		It("prints only the requested format to standard output", func(ctx SpecContext) {
			outcome := waiting(ctx, renewed, "-o", "name")
			Expect(outcome.out).To(Equal(full + "orders\n"))
			Expect(outcome.err).To(ContainSubstring("/orders: renewed: "))
		})

		It("fails with the message of the failure", func(ctx SpecContext) {
			outcome := waiting(ctx, stalled("InvalidClient"))
			Expect(outcome.code).To(Equal(1))
			Expect(outcome.err).To(Equal("error: ClientCredential " + namespace + "/orders: not renewed: InvalidClient: message of InvalidClient\n"))
		})

		It("reads each ClientCredential once, and fails, if the timeout is too short", func(ctx SpecContext) {
			outcome := inCluster(ctx, namespace, "renew", "--all", "--wait", "--timeout=1ms")
			Expect(outcome.code).To(Equal(1))
			Expect(outcome.err).To(Equal(
				"error: ClientCredential " + namespace + "/orders: not renewed yet; --wait timed out after 1ms: run kubectl tokensync status orders --namespace=" + namespace + "\n" +
					"error: ClientCredential " + namespace + "/stock: not renewed yet; --wait timed out after 1ms: run kubectl tokensync status stock --namespace=" + namespace + "\n"))
		})
	})

	DescribeTable("refuses", func(ctx SpecContext, message string, arguments ...string) {
		outcome := inCluster(ctx, namespace, append([]string{"renew"}, arguments...)...)
		Expect(outcome.code).To(Equal(1))
		Expect(outcome.out).To(BeEmpty())
		Expect(outcome.err).To(ContainSubstring(message))
		Expect(requestOf(ctx, namespace, "orders")).To(BeEmpty())
	},
		Entry("nothing", "name a ClientCredential, or select some with --all or --selector"),
		Entry("only --all-namespaces", "name a ClientCredential, or select some", "-A"),
		Entry("names and --all", "not both", "orders", "--all"),
		Entry("--all and a selector", "cannot be used together", "--all", "-l", "team=shop"),
		Entry("a dry run without a value", "--dry-run must be none, client or server", "orders", "--dry-run"),
		Entry("--wait with a dry run", "a dry run renews nothing", "orders", "--wait", "--dry-run=server"),
		Entry("a timeout of 0", "--timeout must be more than 0", "orders", "--wait", "--timeout=0s"),
		Entry("an unknown format", `unable to match a printer suitable for the output format "xml"`, "orders", "-o", "xml"),
	)
})
