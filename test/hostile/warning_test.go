package hostile_test

import (
	"context"
	"encoding/base64"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

var _ = Describe("An admission policy that quotes a token Secret in a warning", func() {
	It("does not reveal the token in the log", func(ctx SpecContext) {
		t := newTenant(ctx)
		t.warnsOfTokens(ctx)
		p := startProcess(t.namespace)
		t.isServed(ctx, "shop", tokenEndpoint(newHonestServer("shop")))
		Eventually(p.Err).Should(gbytes.Say("The API server warns about requests of the operator"))
		token := t.secret(ctx, "shop-token").Data[v1alpha1.AccessTokenKey]
		printed := string(p.Out.Contents()) + string(p.Err.Contents())
		Expect(printed).NotTo(Or(ContainSubstring(string(token)), ContainSubstring(base64.StdEncoding.EncodeToString(token))))
	})
})

// warnsOfTokens creates a policy that quotes each token Secret of the namespace in a warning, and waits
// until the policy is in force.
func (t *tenant) warnsOfTokens(ctx context.Context) {
	GinkgoHelper()
	metadata := metav1.ObjectMeta{Name: "warns-in-" + t.namespace}
	policy := &admissionv1.ValidatingAdmissionPolicy{ObjectMeta: metadata, Spec: admissionv1.ValidatingAdmissionPolicySpec{
		MatchConstraints: &admissionv1.MatchResources{
			ResourceRules: []admissionv1.NamedRuleWithOperations{{RuleWithOperations: admissionv1.RuleWithOperations{
				Operations: []admissionv1.OperationType{admissionv1.Create, admissionv1.Update},
				Rule:       admissionv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"secrets"}},
			}}},
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: t.namespace}},
		},
		Validations: []admissionv1.Validation{{
			Expression:        "!has(object.data) || !('access_token' in object.data)",
			MessageExpression: "'the token is ' + string(object.data['access_token'])",
		}},
	}}
	binding := &admissionv1.ValidatingAdmissionPolicyBinding{ObjectMeta: metadata, Spec: admissionv1.ValidatingAdmissionPolicyBindingSpec{
		PolicyName: metadata.Name, ValidationActions: []admissionv1.ValidationAction{admissionv1.Warn},
	}}
	create(ctx, policy, binding)
	DeferCleanup(func(ctx SpecContext) {
		Expect(apiServer.Delete(ctx, binding)).To(Succeed())
		Expect(apiServer.Delete(ctx, policy)).To(Succeed())
	})
	warned := &warned{}
	config := rest.CopyConfig(restConfig)
	config.WarningHandlerWithContext = warned
	probing, err := client.New(config, client.Options{})
	Expect(err).NotTo(HaveOccurred())
	probe := &corev1.Secret{ObjectMeta: t.metadata("probe"), StringData: map[string]string{v1alpha1.AccessTokenKey: "probe"}}
	Eventually(func() bool {
		Expect(probing.Create(ctx, probe.DeepCopy(), client.DryRunAll)).To(Succeed())
		return warned.Load()
	}).WithTimeout(30 * time.Second).Should(BeTrue())
}

// warned is true once the API server has warned.
type warned struct{ atomic.Bool }

func (w *warned) HandleWarningHeaderWithContext(context.Context, int, string, string) { w.Store(true) }
