package controllers

import (
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// heldSecrets remember the Secrets that the operator held, or tried to hold.
type heldSecrets struct {
	mutex   sync.Mutex
	secrets map[types.NamespacedName]*heldSecret
}

// heldSecret is what the operator did to a Secret lately.
type heldSecret struct {
	uid types.UID
	// heldAt is when the finalizer was set, or was tried to be set.
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

// begin reports whether the finalizer may be set on a Secret, and notes that it is set now: not again within
// holdInterval.
func (h *heldSecrets) begin(secret metav1.Object, now time.Time) (may bool) {
	h.with(secret, func(s *heldSecret) {
		if may = s.heldAt.IsZero() || now.Sub(s.heldAt).Abs() >= holdInterval; may {
			s.heldAt = now
		}
	})
	return may
}

// seeEnding notes that a Secret is being deleted, and returns when this operator first saw that. Its own clock
// tells how long a Secret is held: that of the API server may show another time.
func (h *heldSecrets) seeEnding(secret metav1.Object, now time.Time) (since time.Time) {
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
