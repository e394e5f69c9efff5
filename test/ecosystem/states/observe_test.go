package states_test

import (
	"fmt"
	"strings"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// seen is an object as the tools show it.
type seen struct {
	// Get holds the cells of "kubectl get". They are Ready and Reason, followed by Failing, Secret,
	// Expires and Renews for a ClientCredential, or by Token Endpoint for an authorization server.
	Get []string
	// Conditions are in the order of the status.
	Conditions []condition
	KStatus    status.Status
	// Argo is the health that Argo CD shows. Tells is the type of the condition whose message Argo CD
	// shows, or the message in quotes if no condition has it.
	Argo, Tells string
	// Wait reports whether "kubectl wait --for=condition=Ready" succeeds.
	Wait bool
	// Alerts lists the alerts that fire if the state lasts.
	Alerts []string
}

// condition is a condition of the status.
type condition struct{ Type, Status, Reason, Message string }

// commonStatus holds the status fields that all kinds have.
type commonStatus struct {
	Status struct {
		ObservedGeneration *int64                `json:"observedGeneration"`
		Conditions         []metav1.Condition    `json:"conditions"`
		Token              *v1alpha1.TokenStatus `json:"token"`
	} `json:"status"`
}

// observe returns the results of all tools for the same version of an object.
func (w *world) observe(ctx SpecContext, g Gomega, key client.Object) sight {
	object := unstructuredOf(ctx, g, key)
	common := commonStatusOf(g, object)
	conditions, reader := common.Status.Conditions, w.reader(common.Status.Token)
	resource := strings.ToLower(object.GetKind()) + "s"
	seen := seen{KStatus: kstatus(g, object), Wait: kubectlWait(ctx, object.GetNamespace(), resource+"/"+object.GetName())}
	columns, cells := kubectlGet(ctx, resource, object.GetNamespace(), object.GetName())
	for _, cell := range cells {
		seen.Get = append(seen.Get, reader.cell(cell))
	}
	for _, c := range conditions {
		seen.Conditions = append(seen.Conditions, condition{c.Type, string(c.Status), c.Reason, reader.message(c.Message)})
	}
	argo, err := argoHealth(object.Object)
	g.Expect(err).NotTo(HaveOccurred())
	seen.Argo, seen.Tells = argo.Status, tells(conditions, argo.Message)
	// All tools must have read the same version of the object.
	g.Expect(unstructuredOf(ctx, g, key).GetResourceVersion()).To(Equal(object.GetResourceVersion()))
	return sight{seen, columns}
}

func commonStatusOf(g Gomega, object *unstructured.Unstructured) (common commonStatus) {
	g.Expect(runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &common)).To(Succeed())
	return common
}

func unstructuredOf(ctx SpecContext, g Gomega, key client.Object) *unstructured.Unstructured {
	gvk, err := apiServer.GroupVersionKindFor(key)
	g.Expect(err).NotTo(HaveOccurred())
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(gvk)
	g.Expect(apiServer.Get(ctx, client.ObjectKeyFromObject(key), object)).To(Succeed())
	return object
}

// kstatus returns the status that Flux computes for an object.
func kstatus(g Gomega, object *unstructured.Unstructured) status.Status {
	result, err := status.Compute(object)
	g.Expect(err).NotTo(HaveOccurred())
	return result.Status
}

// tells returns the type of the condition with the given message, or the message itself if no condition
// has it. If several conditions have the message, it returns the most informative type.
func tells(conditions []metav1.Condition, message string) string {
	for _, conditionType := range []string{
		v1alpha1.StalledCondition, v1alpha1.ReconcilingCondition, v1alpha1.RenewalFailingCondition,
		v1alpha1.LifetimeUnknownCondition, v1alpha1.ReadyCondition,
	} {
		for _, c := range conditions {
			if c.Type == conditionType && c.Message == message {
				return conditionType
			}
		}
	}
	return fmt.Sprintf("%q", message)
}
