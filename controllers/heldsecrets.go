package controllers

import (
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// heldSecrets remembers the Secrets on which the operator set, or tried to set, its finalizer.
type heldSecrets struct {
	mutex   sync.Mutex
	secrets map[types.NamespacedName]*heldSecret
}

// heldSecret records when the operator set its finalizer on a Secret, and when it saw the deletion of that
// Secret.
type heldSecret struct {
	uid types.UID
	// lastAttempt is the time of the last attempt to set the finalizer; zero if there was none.
	lastAttempt time.Time
	// deletionSeenAt is when this operator first saw the deletion; zero if it has not seen it.
	deletionSeenAt time.Time
}

func newHeldSecrets() *heldSecrets {
	return &heldSecrets{secrets: map[types.NamespacedName]*heldSecret{}}
}

func (h *heldSecrets) update(secret metav1.Object, do func(*heldSecret)) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	key := types.NamespacedName{Namespace: secret.GetNamespace(), Name: secret.GetName()}
	if h.secrets[key] == nil || h.secrets[key].uid != secret.GetUID() {
		h.secrets[key] = &heldSecret{uid: secret.GetUID()}
	}
	do(h.secrets[key])
}

// beginHold reports whether the finalizer may be set on a Secret now, and records the attempt. It permits
// one attempt per holdInterval.
func (h *heldSecrets) beginHold(secret metav1.Object, now time.Time) (mayHold bool) {
	h.update(secret, func(s *heldSecret) {
		if mayHold = s.lastAttempt.IsZero() || now.Sub(s.lastAttempt).Abs() >= holdInterval; mayHold {
			s.lastAttempt = now
		}
	})
	return mayHold
}

// recordDeletion records that a Secret is being deleted, and returns when this operator first saw that, by
// its own clock. The clock of the API server may differ.
func (h *heldSecrets) recordDeletion(secret metav1.Object, now time.Time) (since time.Time) {
	h.update(secret, func(s *heldSecret) {
		if s.deletionSeenAt.IsZero() {
			s.deletionSeenAt = now
		}
		since = s.deletionSeenAt
	})
	return since
}

func (h *heldSecrets) has(secret client.Object) bool {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return h.secrets[client.ObjectKeyFromObject(secret)] != nil
}

func (h *heldSecrets) forget(key types.NamespacedName) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	delete(h.secrets, key)
}
