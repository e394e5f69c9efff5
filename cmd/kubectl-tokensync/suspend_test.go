package main

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

var annotationPath = fieldpath.MakePathOrDie("metadata", "annotations", v1alpha1.RenewRequestedAtAnnotation)

var _ = Describe("kubectl tokensync suspend and resume", func() {
	const full = "clientcredential.oauth2.tokensync.dev/"
	var namespace string

	BeforeEach(func(ctx SpecContext) {
		namespace = newNamespace(ctx)
		create(ctx, namespace, "orders", ready(time.Hour), labelled)
	})

	It("suspends and resumes, and changes nothing if there is nothing to change", func(ctx SpecContext) {
		for _, step := range []struct {
			verb, said string
			suspend    *bool
			changes    bool
		}{
			{"resume", "is not suspended", nil, false},
			{"suspend", "suspended", ptr.To(true), true},
			{"suspend", "is suspended already", ptr.To(true), false},
			{"resume", "resumed", nil, true},
			{"resume", "is not suspended", nil, false},
		} {
			before := get(ctx, namespace, "orders").ResourceVersion
			outcome := inCluster(ctx, namespace, step.verb, "orders")
			Expect(outcome.code).To(BeZero(), outcome.err)
			Expect(outcome.err).To(BeEmpty())
			Expect(outcome.out).To(Equal(full + "orders " + step.said + "\n"))
			after := get(ctx, namespace, "orders")
			Expect(after.Spec.Suspend).To(Equal(step.suspend))
			unchanged := Equal(before)
			if step.changes {
				unchanged = Not(unchanged)
			}
			Expect(after.ResourceVersion).To(unchanged)
		}
	})

	It("sets the field under a field manager that Flux does not mistake for kubectl", func(ctx SpecContext) {
		inCluster(ctx, namespace, "suspend", "orders")
		Expect(managersOf(get(ctx, namespace, "orders"), suspendPath)).To(ConsistOf(Not(HavePrefix("kubectl"))))
	})

	It("does not change spec.suspend if it is false", func(ctx SpecContext) {
		create(ctx, namespace, "stock", func(cc *v1alpha1.ClientCredential) { cc.Spec.Suspend = ptr.To(false) })
		Expect(inCluster(ctx, namespace, "resume", "stock").out).To(Equal(full + "stock is not suspended\n"))
		Expect(get(ctx, namespace, "stock").Spec.Suspend).To(Equal(ptr.To(false)))
	})

	It("suspends and resumes all ClientCredentials, or those with a label", func(ctx SpecContext) {
		create(ctx, namespace, "stock")
		Expect(inCluster(ctx, namespace, "suspend", "--all").out).To(Equal(full + "orders suspended\n" + full + "stock suspended\n"))
		Expect(inCluster(ctx, namespace, "resume", "-l", "team=shop").out).To(Equal(full + "orders resumed\n"))
		Expect(get(ctx, namespace, "stock").IsSuspended()).To(BeTrue())
	})

	It("continues after a ClientCredential that does not exist, and fails at the end", func(ctx SpecContext) {
		outcome := inCluster(ctx, namespace, "suspend", "nobody", "orders")
		Expect(outcome.code).To(Equal(1))
		Expect(outcome.out).To(Equal(full + "orders suspended\n"))
		Expect(outcome.err).To(ContainSubstring(`"nobody" not found`))
	})

	It("changes nothing in a dry run, and prints the result", func(ctx SpecContext) {
		Expect(inCluster(ctx, namespace, "suspend", "orders", "--dry-run=client", "-o", "yaml").out).To(ContainSubstring("\n  suspend: true\n"))
		Expect(inCluster(ctx, namespace, "suspend", "orders", "--dry-run=server").out).To(Equal(full + "orders suspended (server dry run)\n"))
		Expect(get(ctx, namespace, "orders").IsSuspended()).To(BeFalse())
	})

	It("fails if it may not change the object", func(ctx SpecContext) {
		permit(ctx, namespace, "viewer", "get", "list")
		outcome := inCluster(ctx, namespace, "suspend", "orders", "--as=viewer")
		Expect(outcome.code).To(Equal(1))
		Expect(outcome.out).To(BeEmpty())
		Expect(outcome.err).To(And(HavePrefix("error: change ClientCredential "+namespace+"/orders: "), ContainSubstring("forbidden")))
	})

	It("warns if another manager sets the field", func(ctx SpecContext) {
		applied := func() {
			GinkgoHelper()
			object := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{
				"suspend": false, "clientID": "shop", "authorizationServerRef": map[string]any{"name": "idp"},
			}}}
			object.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("ClientCredential"))
			object.SetNamespace(namespace)
			object.SetName("gitops")
			Expect(apiServer.Apply(ctx, client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("kustomize-controller"), client.ForceOwnership)).To(Succeed())
		}
		applied()
		warning := "warning: spec.suspend of ClientCredential " + namespace + `/gitops was set by "kustomize-controller", which may set it back: change it at its source too` + "\n"
		outcome := inCluster(ctx, namespace, "suspend", "gitops")
		Expect(outcome.code).To(BeZero())
		Expect(outcome.err).To(Equal(warning))
		Expect(get(ctx, namespace, "gitops").IsSuspended()).To(BeTrue())

		By("applying the object again, which reverts the field")
		applied()
		Expect(get(ctx, namespace, "gitops").IsSuspended()).To(BeFalse())
	})

	It("ignores managed fields that it cannot parse", func() {
		object := &metav1.ObjectMeta{ManagedFields: []metav1.ManagedFieldsEntry{
			{Manager: "nothing"}, {Manager: "broken", FieldsV1: &metav1.FieldsV1{Raw: []byte("{")}},
			{Manager: "somebody", FieldsV1: &metav1.FieldsV1{Raw: []byte(`{"f:spec":{"f:suspend":{}}}`)}},
			{Manager: "somebody", FieldsV1: &metav1.FieldsV1{Raw: []byte(`{"f:spec":{"f:suspend":{}}}`)}, Subresource: "status"},
		}}
		Expect(managersOf(object, suspendPath)).To(Equal([]string{"somebody"}))
	})
})
