package tokensecret

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// State describes the target Secret by its metadata.
type State struct {
	ResourceVersion string
	UID             string
	// Owner describes, for messages, the owner of the Secret. Remedy says what to do if the Secret has
	// another owner.
	Owner, Remedy string
	// Owned is true if the Secret belongs to this ClientCredential. Adoptable is true if the Secret does not
	// belong to it, but may be adopted.
	Owned, Adoptable bool
	// Inherited is true if an earlier ClientCredential of this namespace and name left the Secret. This
	// ClientCredential takes it over and verifies its token.
	Inherited bool
	// AdoptionBlocker is why an Adoptable Secret cannot be adopted; empty if it can.
	AdoptionBlocker string
	// Finalizers are the finalizers that block the deletion of the Secret; nil if it is not being deleted.
	Finalizers []string
	// Held is true if the Secret has the finalizer that keeps it until its token is revoked.
	Held bool
	// Record describes the token; nil if the Secret has no valid record.
	Record *Record
	// Drifted is true if the Secret differs from the operator's last write, or if the template changed
	// since. Tampered is true if another field manager wrote the token or its record. It is also true
	// after the Secret was taken over, until its token is verified.
	Drifted, Tampered bool
	// Outdated is true if the Secret was written from a template with another type or other data.
	Outdated bool

	// written holds the fields whose last writer is the operator. foreign holds the fields that another
	// manager wrote, even if the operator also wrote them.
	written, foreign fields
	// referenced is true if the Secret has an owner reference to its owner. ownerReferencesMatch is true if its
	// owner references match the deletion policy.
	referenced, ownerReferencesMatch bool
	// lacksOwnerName is true if the Secret names no owner, and is inherited because its token is for the same
	// request. An older version of the operator wrote it.
	lacksOwnerName bool
	// formerOwnerUIDs are the UIDs of earlier ClientCredentials of this name to which the Secret has owner
	// references.
	formerOwnerUIDs []types.UID
}

// StateOf returns the state of an existing target Secret.
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
		state.Drifted = state.Tampered || !state.ownerReferencesMatch ||
			!state.written.hasAll(recordPaths) || !state.written.hasAll(pathsUnder(wanted.keys())) || !wanted.isIn(secret) ||
			!state.staleFields(owner).isEmpty()
	}
	return state
}

// hasRendered reports whether the keys of the template are unchanged since the operator wrote them. It
// returns true if the template changed.
func (s *State) hasRendered(owner *v1alpha1.ClientCredential) bool {
	return s.Outdated || s.written.hasAll(pathsUnder(map[string][]string{dataField: templateKeys(owner)}))
}

// hasFields reports whether the additional fields of the response, and the list of their names, are
// unchanged since the operator wrote them. Secrets of older versions have no list.
func (s *State) hasFields(secret metav1.Object) bool {
	if _, listed := secret.GetAnnotations()[v1alpha1.ResponseFieldsAnnotation]; listed && !s.written.hasAll(recordPaths) {
		return false
	}
	return s.Record == nil || s.written.hasAll(pathsUnder(map[string][]string{dataField: s.Record.Fields}))
}
