package tokensecret

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// IsFree reports whether any ClientCredential with this target may take the Secret. It may if the Secret does
// not exist, may be adopted, or does not name the ClientCredential that left it.
func (s *State) IsFree() bool { return s == nil || s.Adoptable || s.lacksOwnerName }

// findOwner sets the owner of the Secret from the controller reference, or else from the annotations. The
// reference may have been removed, and a Secret that outlives its ClientCredential has no reference.
func (s *State) findOwner(owner *v1alpha1.ClientCredential, secret metav1.Object) {
	s.findReferences(owner, secret)
	annotations := secret.GetAnnotations()
	_, isStripped := annotations[strippedAnnotation]
	switch controller, uid := metav1.GetControllerOf(secret), annotations[v1alpha1.OwnerUIDAnnotation]; {
	case controller != nil:
		s.Owner, s.Remedy = display(*controller), "delete that Secret"
		s.Owned = controller.UID == owner.UID
		if isFormerOwner(owner, *controller) {
			s.inherit()
		}
		return
	case uid == string(owner.UID):
		s.Owner, s.Owned = v1alpha1.ClientCredentialKind+" "+owner.Name, true
		return
	case uid == "" && isStripped:
		s.Owner = fmt.Sprintf("an unknown owner, because its metadata have more than %d KiB", maxMetadata>>10)
		s.Remedy = "remove labels and annotations that the operator did not write, delete that Secret"
		return
	case uid == "":
		s.Owner = "no controller"
	default:
		s.findFormer(owner, annotations)
	}
	agrees := annotations[v1alpha1.AdoptableByAnnotation] == owner.Name
	s.Adoptable = agrees && owner.MayAdopt() && !s.Inherited
	s.Remedy = fmt.Sprintf("delete that Secret, let it be adopted (%s)", adoptionAdvice(owner, secret.GetName(), agrees))
}

// OwnerUID returns the UID of the ClientCredential that owns a Secret, from the controller reference or else
// from an annotation. It returns an empty string if no ClientCredential owns the Secret.
func OwnerUID(secret metav1.Object) string {
	switch controller := metav1.GetControllerOfNoCopy(secret); {
	case controller == nil:
		return secret.GetAnnotations()[v1alpha1.OwnerUIDAnnotation]
	case controller.Kind == v1alpha1.ClientCredentialKind:
		return string(controller.UID)
	}
	return ""
}

func (s *State) findReferences(owner *v1alpha1.ClientCredential, secret metav1.Object) {
	s.ownerReferencesMatch = owner.RetainsTarget()
	for _, reference := range secret.GetOwnerReferences() {
		switch {
		case reference.UID == owner.UID:
			s.referenced = true
			s.ownerReferencesMatch = !owner.RetainsTarget() && equality.Semantic.DeepEqual(reference, ReferenceTo(owner))
		case isFormerOwner(owner, reference):
			s.formerOwnerUIDs = append(s.formerOwnerUIDs, reference.UID)
		}
	}
}

// NeedsReference reports whether the owner reference must change to match the deletion policy.
func (s *State) NeedsReference() bool { return s.Owned && !s.ownerReferencesMatch }

// ReferenceTo returns the reference to the owner of a token Secret, so that the Secret is deleted with its
// owner.
func ReferenceTo(owner *v1alpha1.ClientCredential) metav1.OwnerReference {
	return *metav1.NewControllerRef(owner, v1alpha1.GroupVersion.WithKind(v1alpha1.ClientCredentialKind))
}

// OwnerReferencePatch returns a strategic merge patch that sets the owner reference of a token Secret as the
// deletion policy requires. It changes no other part of the Secret, except the annotation that names the adopter.
func (s *State) OwnerReferencePatch(owner *v1alpha1.ClientCredential) []byte {
	reference, adoptableBy := any(ReferenceTo(owner)), any(nil)
	if owner.RetainsTarget() {
		reference, adoptableBy = withoutReference(owner.UID), owner.Name
	}
	return s.ownerPatch([]any{reference}, map[string]any{v1alpha1.AdoptableByAnnotation: adoptableBy})
}

// AdoptionBlocker returns why a Secret that permits adoption cannot be adopted; empty if it can.
func AdoptionBlocker(owner *v1alpha1.ClientCredential, secret *corev1.Secret) string {
	switch {
	case secret.Type != TypeOf(owner):
		return fmt.Sprintf("it has the type %s, and spec.target.template.type is %s", secret.Type, TypeOf(owner))
	case IsImmutable(secret):
		return "it is immutable"
	}
	return ""
}

// IsImmutable reports whether a Secret is immutable.
func IsImmutable(secret *corev1.Secret) bool { return secret.Immutable != nil && *secret.Immutable }

// adoptionAdvice returns the steps that allow the adoption of the Secret.
func adoptionAdvice(owner *v1alpha1.ClientCredential, secret string, agrees bool) string {
	annotate := fmt.Sprintf("kubectl annotate secret %s %s=%s", secret, v1alpha1.AdoptableByAnnotation, owner.Name)
	switch {
	case agrees:
		return "set spec.target.adopt to true"
	case owner.MayAdopt():
		return annotate
	}
	return "set spec.target.adopt to true, and " + annotate
}
