package controllers

import (
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// heldSecrets remembers the Secrets that the operator set its finalizer on, or tried to.
type heldSecrets struct {
	mutex   sync.Mutex
	secrets map[types.NamespacedName]*heldSecret
}

// heldSecret records when the operator held a Secret, and when it saw its deletion.
type heldSecret struct {
	uid types.UID
	// heldAt is the time of the last attempt to set the finalizer; zero before.
	heldAt time.Time
	// endsSince is when this operator first saw the deletion; zero before.
	endsSince time.Time
}

func newHeldSecrets() *heldSecrets {
	return &heldSecrets{secrets: map[types.NamespacedName]*heldSecret{}}
}

func (h *heldSecrets) with(secret metav1.Object, do func(*heldSecret)) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	key := types.NamespacedName{Namespace: secret.GetNamespace(), Name: secret.GetName()}
	if h.secrets[key] == nil || h.secrets[key].uid != secret.GetUID() {
		h.secrets[key] = &heldSecret{uid: secret.GetUID()}
	}
	do(h.secrets[key])
}

// begin reports whether the finalizer may be set on a Secret now, and records the attempt. There is one
// attempt per holdInterval.
func (h *heldSecrets) begin(secret metav1.Object, now time.Time) (may bool) {
	h.with(secret, func(s *heldSecret) {
		if may = s.heldAt.IsZero() || now.Sub(s.heldAt).Abs() >= holdInterval; may {
			s.heldAt = now
		}
	})
	return may
}

// noteDeletion records that a Secret is being deleted, and returns when this operator first saw that. The
// hold is measured by the clock of the operator, because the clock of the API server may show another
// time.
func (h *heldSecrets) noteDeletion(secret metav1.Object, now time.Time) (since time.Time) {
	h.with(secret, func(s *heldSecret) {
		if s.endsSince.IsZero() {
			s.endsSince = now
		}
		since = s.endsSince
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
