package states_test

import (
	"fmt"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/authserver"
	"github.com/tokensync/tokensync/test/matchers"
)

var _ = Describe("A ClientCredential in Git", func() {
	var w *world

	BeforeEach(func(ctx SpecContext) {
		w = newWorld(ctx)
		create(ctx, w.credentials())
	})

	manifest := func(text string) string { return strings.ReplaceAll(text, "SERVER", w.server.URL) }
	object := func(text string) *unstructured.Unstructured {
		GinkgoHelper()
		object := &unstructured.Unstructured{}
		raw, err := yaml.YAMLToJSON([]byte(manifest(text)))
		Expect(err).NotTo(HaveOccurred())
		Expect(object.UnmarshalJSON(raw)).To(Succeed())
		object.SetNamespace(w.namespace)
		return object
	}
	live := func(ctx SpecContext) *unstructured.Unstructured {
		GinkgoHelper()
		return unstructuredOf(ctx, Default, w.clientCredential("shop"))
	}
	// atWork waits until the operator has finished its writes to the object.
	atWork := func(ctx SpecContext, text string) {
		GinkgoHelper()
		w.eventuallySays(ctx, "shop", matchers.HaveCondition("Ready", "True", "TokenIssued"))
		if strings.Contains(text, "onDelete: true") {
			Eventually(func(g Gomega) {
				g.Expect(w.get(ctx, g, "shop").Finalizers).To(ConsistOf(v1alpha1.RevokeTokenFinalizer))
			}).Should(Succeed())
		}
	}
	// used simulates an hour of use: a user requests a renewal, and the hour passes.
	used := func(ctx SpecContext, hour int) {
		GinkgoHelper()
		requests := len(w.server.RequestsTo(authserver.RFC6749Path))
		w.edit(ctx, func(c *v1alpha1.ClientCredential) {
			metav1.SetMetaDataAnnotation(&c.ObjectMeta, v1alpha1.RenewRequestedAtAnnotation, fmt.Sprintf("hour %d", hour))
		})
		for _, renewals := range []int{1, 2} {
			Eventually(func(g Gomega) {
				w.nudge()
				g.Expect(w.server.RequestsTo(authserver.RFC6749Path)).To(HaveLen(requests + renewals))
				g.Expect(w.get(ctx, g, "shop").Status.Token.IssuedAt.Time).To(BeTemporally("~", w.clock.Now(), 2*time.Second))
			}).Should(Succeed())
			w.after(time.Duration(hour) * time.Hour)
		}
	}

	DescribeTable("can be applied repeatedly by server-side apply without a difference", func(ctx SpecContext, manager, text string) {
		apply := func(options ...client.ApplyOption) *unstructured.Unstructured {
			GinkgoHelper()
			wanted := object(text)
			Expect(apiServer.Apply(ctx, client.ApplyConfigurationFromUnstructured(wanted),
				append(options, client.FieldOwner(manager), client.ForceOwnership)...)).To(Succeed())
			return wanted
		}
		apply()
		atWork(ctx, text)
		for hour := range 2 {
			before := live(ctx)
			Expect(before.Object["spec"]).To(Equal(object(text).Object["spec"]), "the spec is the applied spec, without defaults")
			Expect(apply(client.DryRunAll).Object).To(Equal(before.Object), "a dry run finds no difference")
			Expect(apply().GetResourceVersion()).To(Equal(before.GetResourceVersion()), "nothing is written")
			used(ctx, hour+1)
		}
	},
		Entry("by Argo CD, with few fields", argoCD, shortManifest),
		Entry("by Argo CD, with many fields", argoCD, longManifest),
		Entry("by Flux, with few fields", flux, shortManifest),
		Entry("by Flux, with many fields", flux, longManifest),
	)

	DescribeTable("can be applied repeatedly by client-side apply without a difference", func(ctx SpecContext, text string) {
		const name = "clientcredential.oauth2.tokensync.dev/shop "
		Expect(kubectlApply(ctx, w.namespace, manifest(text))).To(Equal(name + "created"))
		atWork(ctx, text)
		for hour := range 2 {
			before := live(ctx)
			Expect(kubectlApply(ctx, w.namespace, manifest(text), "--dry-run=server")).To(Equal(name + "unchanged (server dry run)"))
			Expect(kubectlApply(ctx, w.namespace, manifest(text))).To(Equal(name + "unchanged"))
			Expect(live(ctx).Object).To(Equal(before.Object))
			used(ctx, hour+1)
		}
	},
		Entry("with few fields", shortManifest),
		Entry("with many fields", longManifest),
	)

	It("can change from client-side to server-side apply without a difference", func(ctx SpecContext) {
		kubectlApply(ctx, w.namespace, manifest(longManifest))
		atWork(ctx, longManifest)
		before := live(ctx)
		kubectlApply(ctx, w.namespace, manifest(longManifest), "--server-side", "--force-conflicts", "--field-manager="+argoCD)
		after := live(ctx)
		Expect(after.Object["spec"]).To(Equal(before.Object["spec"]))
		Expect(after.Object["status"]).To(Equal(before.Object["status"]))
		Expect(after.GetGeneration()).To(Equal(before.GetGeneration()))
		Expect(after.GetFinalizers()).To(Equal(before.GetFinalizers()))
		Consistently(func() []authserver.Request { return w.server.RequestsTo(authserver.RFC6749Path) }).Should(HaveLen(1))
	})

	It("stays suspended if another field manager suspended it and Git does not set suspend", func(ctx SpecContext) {
		wanted := client.ApplyConfigurationFromUnstructured(object(shortManifest))
		Expect(apiServer.Apply(ctx, wanted, client.FieldOwner(flux))).To(Succeed())
		w.edit(ctx, func(c *v1alpha1.ClientCredential) { c.Spec.Suspend = ptr.To(true) })
		wanted = client.ApplyConfigurationFromUnstructured(object(shortManifest))
		Expect(apiServer.Apply(ctx, wanted, client.FieldOwner(flux), client.ForceOwnership)).To(Succeed())
		Expect(w.get(ctx, Default, "shop").IsSuspended()).To(BeTrue())
	})

	It("is not renewed again when a GitOps tool removes the renewal request", func(ctx SpecContext) {
		create(ctx, w.clientCredential("shop"))
		atWork(ctx, shortManifest)
		used(ctx, 1)
		requests := len(w.server.RequestsTo(authserver.RFC6749Path))
		w.edit(ctx, func(c *v1alpha1.ClientCredential) { delete(c.Annotations, v1alpha1.RenewRequestedAtAnnotation) })
		Consistently(func() int { return len(w.server.RequestsTo(authserver.RFC6749Path)) }).Should(Equal(requests))
	})

	It("owns its token Secret, which no GitOps tool mistakes for an object from Git", func(ctx SpecContext) {
		Expect(apiServer.Apply(ctx, client.ApplyConfigurationFromUnstructured(object(longManifest)), client.FieldOwner(argoCD))).To(Succeed())
		atWork(ctx, longManifest)
		secret := &corev1.Secret{}
		Expect(apiServer.Get(ctx, w.key("shop-token"), secret)).To(Succeed())
		yes := true
		Expect(secret.OwnerReferences).To(Equal([]metav1.OwnerReference{{
			APIVersion: "oauth2.tokensync.dev/v1alpha1", Kind: "ClientCredential", Name: "shop", UID: live(ctx).GetUID(),
			Controller: &yes, BlockOwnerDeletion: &yes,
		}}))
		Expect(secret.Labels).To(Equal(map[string]string{"app.kubernetes.io/managed-by": "tokensync", "team": "shop"}))
		for annotation := range secret.Annotations {
			Expect(annotation).To(Or(Equal("owner"), HavePrefix("oauth2.tokensync.dev/")))
		}
	})

	DescribeTable("gives its token Secret no label by which Argo CD, Flux or Helm recognize their objects", func(ctx SpecContext, label string) {
		wanted := object(shortManifest)
		Expect(unstructured.SetNestedStringMap(wanted.Object, map[string]string{label: "shop"}, "spec", "target", "template", "metadata", "labels")).To(Succeed())
		err := apiServer.Apply(ctx, client.ApplyConfigurationFromUnstructured(wanted), client.FieldOwner(argoCD))
		Expect(err).To(MatchError(ContainSubstring("are reserved: use another prefix")))
	},
		Entry("Argo CD", "app.kubernetes.io/instance"),
		Entry("Argo CD with another label", "argocd.argoproj.io/instance"),
		Entry("Flux", "kustomize.toolkit.fluxcd.io/name"),
		Entry("Helm", "helm.sh/chart"),
	)
})
