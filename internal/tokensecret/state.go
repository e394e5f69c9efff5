package tokensecret

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// State is what the metadata of the target Secret tells.
type State struct {
	ResourceVersion string
	UID             string
	// Owner names in words whom the Secret belongs to, and Remedy what to do when
	// that is somebody else, for messages.
	Owner, Remedy string
	// Owned tells that the Secret belongs to the ClientCredential in question, and
	// Adoptable that it does not, but may be taken over.
	Owned, Adoptable bool
	// Inherited is true if an earlier ClientCredential of this namespace and name left the
	// Secret, so that it is taken over, and its token verified.
	Inherited bool
	// AdoptionBlocker is why it cannot be taken over all the same; empty for nothing.
	AdoptionBlocker string
	// Finalizers that hold up the deletion of the Secret; empty when it is not being
	// deleted.
	Finalizers []string
	// Held is true if the Secret has the finalizer that keeps it until its token is revoked.
	Held bool
	// Record of the token; nil when there is none that can be read.
	Record *Record
	// Drifted is true if the Secret differs from the operator's last write, or if the template
	// changed since. Tampered is true if another field manager wrote the token or its record,
	// or if the Secret was taken over and its token is not verified yet.
	Drifted, Tampered bool
	// Outdated tells that the Secret was made from another template of type and data.
	Outdated bool

	// written is what the operator wrote and nobody else since; foreign is what
	// others wrote, alone or too.
	written, foreign fields
	// referenced tells that the Secret has an owner reference to its owner, and
	// asWanted that its owner references are what the deletion policy asks for.
	referenced, asWanted bool
	// unnamed is true if the Secret is inherited because it holds a token for the same
	// request: an older version noted no name.
	unnamed bool
	// namesakes are the UIDs of earlier ClientCredentials of this name that the Secret has
	// owner references to.
	namesakes []types.UID
}

// StateOf reads the state of an existing target Secret.
func StateOf(owner *v1alpha1.ClientCredential, secret metav1.Object) *State {
	state := &State{
		ResourceVersion: secret.GetResourceVersion(),
		UID:             string(secret.GetUID()),
		Record:          RecordOf(secret.GetAnnotations()),
		Held:            IsHeld(secret),
	}
	if secret.GetDeletionTimestamp() != nil {
		state.Finalizers = append([]string{}, secret.GetFinalizers()...)
	}
	state.findOwner(owner, secret)
	if state.Owned {
		state.written, state.foreign = fieldsBy(secret, ours), fieldsBy(secret, others)
		wanted := metadataOf(owner).knownTo(secret)
		hash, isVerified := secret.GetAnnotations()[v1alpha1.TemplateHashAnnotation]
		state.Outdated = hash != TemplateHash(owner)
		state.Tampered = !isVerified || !state.written.hasAll(tokenPaths) || !state.hasFields(secret) || !state.hasRendered(owner)
		state.Drifted = state.Tampered || !state.asWanted ||
			!state.written.hasAll(recordPaths) || !state.written.hasAll(pathsUnder(wanted.keys())) || !wanted.isIn(secret) ||
			!state.staleFields(owner).isEmpty()
	}
	return state
}

// hasRendered tells whether the keys of the template are as written, if it is still
// the same template.
func (s *State) hasRendered(owner *v1alpha1.ClientCredential) bool {
	return s.Outdated || s.written.hasAll(pathsUnder(map[string][]string{dataField: templateKeys(owner)}))
}

// hasFields tells whether the further fields of the response, and the list of
// them, are as written. A Secret of an older version has no list yet.
func (s *State) hasFields(secret metav1.Object) bool {
	if _, listed := secret.GetAnnotations()[v1alpha1.ResponseFieldsAnnotation]; listed && !s.written.hasAll(recordPaths) {
		return false
	}
	return s.Record == nil || s.written.hasAll(pathsUnder(map[string][]string{dataField: s.Record.Fields}))
}
