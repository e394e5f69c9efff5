package controllers

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// holdInterval is how soon a finalizer is set again on the same Secret. Another controller may
// remove it again and again, or a policy refuse it.
const holdInterval = 5 * time.Minute

// hold sets the finalizer on the token Secret and the credentials Secret of a ClientCredential
// whose token must be revoked. So they outlive a deletion of all of them together. A Secret
// that cannot be held is no reason to have no token.
func (r *Reconciler) hold(ctx context.Context, o *observed) {
	if o.Target != nil && o.Target.Owned && !o.Target.Held && o.Target.Finalizers == nil {
		target := secretMetadata(types.NamespacedName{Namespace: o.owner.Namespace, Name: o.TargetName})
		target.UID = types.UID(o.Target.UID)
		if r.holdSecret(ctx, target) {
			o.Target = tokensecret.StateOf(o.owner, target)
			r.memory.rememberTarget(o.owner, o.Target)
		}
	}
	if o.owner.Spec.CredentialsRef == nil || o.Credentials == nil || !o.Credentials.Allowed {
		return
	}
	credentials := secretMetadata(types.NamespacedName{Namespace: o.owner.Namespace, Name: o.Credentials.Name})
	if r.Client.Get(ctx, client.ObjectKeyFromObject(credentials), credentials) != nil ||
		tokensecret.IsHeld(credentials) || credentials.DeletionTimestamp != nil {
		return
	}
	if r.holdSecret(ctx, credentials) {
		o.Credentials = r.credentialsOf(credentials)
	}
}

// holdSecret reports whether it set the finalizer on a Secret, and fills in what came of it.
func (r *Reconciler) holdSecret(ctx context.Context, secret *metav1.PartialObjectMetadata) bool {
	if !r.memory.mayHold(secret, r.Clock.Now()) {
		return false
	}
	if err := r.patchSecret(ctx, secret, tokensecret.Hold(secret.UID)); err != nil {
		logger(ctx).Info("Cannot set the finalizer on a Secret that the revocation of the token needs",
			"secret", secret.Name, "message", quiet(err).Error())
		return false
	}
	return true
}

// patchSecret sends a strategic merge patch of the metadata, and fills in what came of it.
func (r *Reconciler) patchSecret(ctx context.Context, secret *metav1.PartialObjectMetadata, patch []byte) error {
	return r.Client.Patch(ctx, secret, client.RawPatch(types.StrategicMergePatchType, patch), client.FieldOwner(tokensecret.FieldManager))
}

// releasePatience is how long the operator may take to release a token Secret that is being deleted,
// before the status reports a conflict.
const releasePatience = maxHold + revocationInterval

// isReleasedSoon reports whether the token Secret is being deleted, has no finalizer but the operator's,
// and has not waited for longer than releasePatience. The API server may refuse the release.
func (r *Reconciler) isReleasedSoon(o *observed) bool {
	return o.Target.IsEnding() && o.Now.Before(r.memory.targetEndsSince(o.owner, o.Target.UID, o.Now).Add(releasePatience))
}

// targetEndsSince returns when a ClientCredential first saw the deletion of its token Secret.
func (m *memory) targetEndsSince(owner *v1alpha1.ClientCredential, uid string, now time.Time) (since time.Time) {
	m.with(owner, func(e *entry) {
		if e.endingTarget != uid {
			e.endingTarget, e.endingSince = uid, now
		}
		since = e.endingSince
	})
	return since
}

// heldSecret is what the operator did to a Secret lately.
type heldSecret struct {
	uid types.UID
	// heldAt is when the finalizer was set, or was tried to be set.
	heldAt time.Time
	// endsSince is when this operator first saw the deletion; zero before.
	endsSince time.Time
}

func (m *memory) withSecret(secret metav1.Object, do func(*heldSecret)) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	key := types.NamespacedName{Namespace: secret.GetNamespace(), Name: secret.GetName()}
	if m.secrets[key] == nil || m.secrets[key].uid != secret.GetUID() {
		m.secrets[key] = &heldSecret{uid: secret.GetUID()}
	}
	do(m.secrets[key])
}

// mayHold reports whether the finalizer was not set on a Secret within holdInterval, and
// notes that it is set now.
func (m *memory) mayHold(secret metav1.Object, now time.Time) (may bool) {
	m.withSecret(secret, func(s *heldSecret) {
		if may = s.heldAt.IsZero() || now.Sub(s.heldAt).Abs() >= holdInterval; may {
			s.heldAt = now
		}
	})
	return may
}

// endsSince returns when this operator first saw the deletion of a Secret. Its own clock tells
// how long a Secret is held: that of the API server may show another time.
func (m *memory) endsSince(secret metav1.Object, now time.Time) (since time.Time) {
	m.withSecret(secret, func(s *heldSecret) {
		if s.endsSince.IsZero() {
			s.endsSince = now
		}
		since = s.endsSince
	})
	return since
}

func (m *memory) hasSecret(key types.NamespacedName) bool {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return m.secrets[key] != nil
}

func (m *memory) forgetSecret(key types.NamespacedName) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	delete(m.secrets, key)
}
