package tokensecret

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// IsFree tells that the target may be taken: there is none, or it may be adopted.
func (s *State) IsFree() bool { return s == nil || s.Adoptable }

// findOwner tells whose the Secret is. A controller reference says so, and where
// there is none, the UID that the operator noted: a reference may have been removed,
// and a Secret that outlives its ClientCredential has none.
func (s *State) findOwner(owner *v1alpha1.ClientCredential, secret metav1.Object) {
	annotations := secret.GetAnnotations()
	if controller := metav1.GetControllerOf(secret); controller != nil {
		s.Owner, s.Remedy = controller.Kind+" "+controller.Name, "delete that Secret"
		s.referenced = controller.UID == owner.UID
		s.Owned = s.referenced
		return
	}
	if annotations[v1alpha1.OwnerUIDAnnotation] == string(owner.UID) {
		s.Owner, s.Owned = "ClientCredential "+owner.Name, true
		return
	}
	agrees := annotations[v1alpha1.AdoptableByAnnotation] == owner.Name
	s.Adoptable = agrees && owner.MayAdopt()
	s.Owner = "no controller"
	if annotations[v1alpha1.OwnerUIDAnnotation] != "" {
		s.Owner = "another ClientCredential, or to one that was deleted"
	}
	s.Remedy = fmt.Sprintf("delete that Secret, let it be adopted (%s)", howToAdopt(owner, secret.GetName(), agrees))
}

// howToAdopt says what is missing for that.
func howToAdopt(owner *v1alpha1.ClientCredential, secret string, agrees bool) string {
	annotate := fmt.Sprintf("kubectl annotate secret %s %s=%s", secret, v1alpha1.AdoptableByAnnotation, owner.Name)
	switch {
	case agrees:
		return "set spec.target.adopt to true"
	case owner.MayAdopt():
		return annotate
	}
	return "set spec.target.adopt to true, and " + annotate
}
