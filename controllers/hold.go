package controllers

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/internal/tokensecret"
)

// holdInterval is the minimum time between two attempts to set a finalizer on the same object, because
// another controller may keep removing it or a policy may refuse it.
const holdInterval = 5 * time.Minute

// holder sets a finalizer on the Secrets that a revocation needs. The finalizer keeps them until the
// revocation ends, even if they are deleted together with the ClientCredential.
type holder struct {
	client      client.Client
	live        liveReader
	credentials *credentialsReader
	memory      *memory
	held        *heldSecrets
	clock       clock.PassiveClock
}

// hold sets the finalizer on the token Secret and the credentials Secret of a ClientCredential whose token
// must be revoked. It returns the new observation. If a finalizer cannot be set, the token is renewed
// anyway.
func (h *holder) hold(ctx context.Context, o *observed) *observed {
	if o.Target != nil && o.Target.Owned && !o.Target.Held && o.Target.Finalizers == nil {
		target := secretMetadata(types.NamespacedName{Namespace: o.owner.Namespace, Name: o.TargetName})
		target.UID = types.UID(o.Target.UID)
		if h.holdSecret(ctx, target) {
			state := tokensecret.StateOf(o.owner, target)
			h.memory.update(o.owner, func(e *entry) { e.rememberTarget(o.owner, state) })
			o = o.withTarget(state)
		}
	}
	if o.owner.Spec.CredentialsRef == nil || o.Credentials == nil || !o.Credentials.Allowed {
		return o
	}
	credentials := secretMetadata(types.NamespacedName{Namespace: o.owner.Namespace, Name: o.Credentials.Name})
	if h.client.Get(ctx, client.ObjectKeyFromObject(credentials), credentials) != nil ||
		tokensecret.IsHeld(credentials) || credentials.DeletionTimestamp != nil {
		return o
	}
	if h.holdSecret(ctx, credentials) {
		return o.withCredentials(h.credentials.stateOf(credentials))
	}
	return o
}

// holdSecret sets the finalizer on a Secret and updates secret. It reports whether the finalizer was set.
func (h *holder) holdSecret(ctx context.Context, secret *metav1.PartialObjectMetadata) bool {
	if !h.held.beginHold(secret, h.clock.Now()) {
		return false
	}
	if err := patchSecret(ctx, h.client, secret, tokensecret.HoldPatch(secret.UID)); err != nil {
		logger(ctx).Info("Cannot set the finalizer on a Secret that the revocation of the token needs",
			"secret", secret.Name, "message", withoutMessage(err).Error())
		return false
	}
	return true
}
