package tokensecret

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// anEarlier describes, in messages, an owner with the same name but another UID.
const anEarlier = "an earlier ClientCredential of this name"

// isFormerOwner reports whether a reference is to an earlier ClientCredential, with the same name but another
// UID.
func isFormerOwner(owner *v1alpha1.ClientCredential, reference metav1.OwnerReference) bool {
	return isClientCredential(reference) && reference.Name == owner.Name && reference.UID != owner.UID
}

func isClientCredential(reference metav1.OwnerReference) bool {
	return reference.Kind == v1alpha1.ClientCredentialKind && groupOf(reference) == v1alpha1.GroupVersion.Group
}

func groupOf(reference metav1.OwnerReference) string {
	return schema.FromAPIVersionAndKind(reference.APIVersion, reference.Kind).Group
}

// display describes the controller of a Secret for a message.
func display(controller metav1.OwnerReference) string {
	kind := controller.Kind
	if kind == v1alpha1.ClientCredentialKind && !isClientCredential(controller) {
		kind += "." + groupOf(controller)
	}
	return kind + " " + controller.Name
}

// isComplete reports whether a record has all values that every version of the operator writes.
func (r *Record) isComplete() bool {
	return r != nil && r.RequestHash != "" && r.Fingerprint != ""
}

// findFormer sets the owner of a Secret without a controller to the ClientCredential that left the Secret.
// That may be an earlier ClientCredential of this name.
func (s *State) findFormer(owner *v1alpha1.ClientCredential, annotations map[string]string) {
	name, adopter := annotations[v1alpha1.OwnerNameAnnotation], annotations[v1alpha1.AdoptableByAnnotation]
	if name == "" {
		// Older versions recorded no name. For a retained Secret they recorded the adopter, which is
		// the same ClientCredential.
		name = adopter
	}
	switch {
	case name == "":
		s.Owner = "another ClientCredential, or to one that was deleted"
		hash, err := RequestHash(owner.Spec)
		s.lacksOwnerName = err == nil && s.Record.isComplete() && s.Record.RequestHash == hash
		s.Inherited = s.lacksOwnerName
	case name != owner.Name:
		s.Owner = v1alpha1.ClientCredentialKind + " " + name
	case adopter != "" && adopter != owner.Name:
		s.Owner = fmt.Sprintf("%s, and may be adopted by ClientCredential %s", anEarlier, adopter)
	default:
		s.inherit()
	}
}

// inherit records that an earlier ClientCredential of this name left the Secret.
func (s *State) inherit() {
	s.Owner, s.Inherited = anEarlier, s.Record.isComplete()
	if !s.Inherited {
		s.Owner += ", and has no complete record of a token"
	}
}

// TakeOverPatch returns a strategic merge patch that makes the ClientCredential the owner of a Secret left by
// an earlier ClientCredential of its name. The patch removes the hash of the template, so that the Secret counts
// as tampered with until its token is verified and written again.
func (s *State) TakeOverPatch(owner *v1alpha1.ClientCredential) []byte {
	references := []any{}
	for _, uid := range s.formerOwnerUIDs {
		references = append(references, withoutReference(uid))
	}
	annotations := map[string]any{
		v1alpha1.OwnerUIDAnnotation:     owner.UID,
		v1alpha1.OwnerNameAnnotation:    owner.Name,
		v1alpha1.AdoptableByAnnotation:  nil,
		v1alpha1.TemplateHashAnnotation: nil,
	}
	if owner.RetainsTarget() {
		annotations[v1alpha1.AdoptableByAnnotation] = owner.Name
	} else {
		references = append(references, ReferenceTo(owner))
	}
	return s.ownerPatch(references, annotations)
}

// RevokedPatch returns a strategic merge patch that sets the recorded expiry of a revoked token to now. The next
// ClientCredential of this name must not keep the token.
func (s *State) RevokedPatch(now time.Time) []byte {
	return metadataPatch(map[string]any{
		"uid":         s.UID,
		"annotations": map[string]any{v1alpha1.ExpiresAtAnnotation: now.UTC().Format(time.RFC3339)},
	})
}

func withoutReference(uid types.UID) any { return map[string]any{"$patch": "delete", "uid": uid} }

// ownerPatch returns a strategic merge patch that fails if the Secret changed since it was observed.
func (s *State) ownerPatch(references []any, annotations map[string]any) []byte {
	return metadataPatch(map[string]any{
		"uid": s.UID, "resourceVersion": s.ResourceVersion,
		"ownerReferences": references,
		"annotations":     annotations,
	})
}
