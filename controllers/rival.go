package controllers

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// rival returns the name of another ClientCredential with the same target that goes first; empty
// without one. The one that holds the target goes first: its Secret may be replaced just now. Then
// the oldest does.
func (r *Reconciler) rival(ctx context.Context, owner *v1alpha1.ClientCredential) (name string, err error) {
	// A thousand ClientCredentials may have one target, so the last answer comes first.
	last, err := r.lastRival(ctx, owner)
	if last != "" || err != nil {
		return last, err
	}
	rivals, err := listIn(ctx, r.Client, owner.Namespace, client.MatchingFields{targetIndex: owner.TargetName()})
	if err != nil {
		return "", fmt.Errorf("list ClientCredentials with target %q: %w", owner.TargetName(), err)
	}
	name, isHeld := r.memory.holder(owner, rivals.Items)
	if !isHeld {
		name = elderOf(owner, rivals.Items)
	}
	r.memory.rememberRival(owner, name)
	return name, nil
}

// lastRival returns the last rival, if that still goes first; empty otherwise.
func (r *Reconciler) lastRival(ctx context.Context, owner *v1alpha1.ClientCredential) (name string, err error) {
	if name = r.memory.lastRival(owner); name == "" {
		return "", nil
	}
	rival := &v1alpha1.ClientCredential{}
	err = r.Client.Get(ctx, types.NamespacedName{Namespace: owner.Namespace, Name: name}, rival, client.UnsafeDisableDeepCopy)
	switch {
	case apierrors.IsNotFound(err):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("read ClientCredential %q with target %q: %w", name, owner.TargetName(), err)
	case !isRival(owner, rival), rival.TargetName() != owner.TargetName():
		return "", nil
	}
	holder, isHeld := r.memory.holder(owner, []v1alpha1.ClientCredential{*rival})
	if isHeld {
		return holder, nil
	}
	return elderOf(owner, []v1alpha1.ClientCredential{*rival}), nil
}

// isRival reports whether another ClientCredential with the same target is not being deleted.
func isRival(owner, other *v1alpha1.ClientCredential) bool {
	return other.DeletionTimestamp.IsZero() && other.UID != owner.UID
}

// elderOf returns the name of the oldest rival that is older than the owner; empty without one.
func elderOf(owner *v1alpha1.ClientCredential, rivals []v1alpha1.ClientCredential) string {
	elder := owner
	for i := range rivals {
		if rival := &rivals[i]; isRival(owner, rival) && isElder(rival, elder) {
			elder = rival
		}
	}
	if elder == owner {
		return ""
	}
	return elder.Name
}

func isElder(a, b metav1.Object) bool {
	before, after := a.GetCreationTimestamp(), b.GetCreationTimestamp()
	if before.Equal(&after) {
		return a.GetUID() < b.GetUID()
	}
	return before.Before(&after)
}

func (m *memory) lastRival(owner *v1alpha1.ClientCredential) (name string) {
	m.with(owner, func(e *entry) { name = e.rival })
	return name
}

func (m *memory) rememberRival(owner *v1alpha1.ClientCredential, name string) {
	m.with(owner, func(e *entry) { e.rival = name })
}

// holder returns the name of the rival that holds the target which all of them name; empty if the owner
// itself holds it. There may be thousands of rivals, so that the mutex is locked once.
func (m *memory) holder(owner *v1alpha1.ClientCredential, rivals []v1alpha1.ClientCredential) (name string, isHeld bool) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.holdsTarget(owner) {
		return "", true
	}
	for i := range rivals {
		if rival := &rivals[i]; isRival(owner, rival) && m.holdsTarget(rival) {
			return rival.Name, true
		}
	}
	return "", false
}

// holdsTarget reports whether a ClientCredential has its Secret, or a token that it is about to write.
// The mutex is locked.
func (m *memory) holdsTarget(owner *v1alpha1.ClientCredential) bool {
	token := owner.Status.Token
	if e := m.entries[client.ObjectKeyFromObject(owner)]; e != nil && e.uid == owner.UID {
		if e.unwritten != nil {
			return true
		}
		if e.isNewer(owner) {
			token = e.status.Token
		}
	}
	return token != nil && token.SecretName == owner.TargetName()
}
