package controllers

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// conflictingOwner returns the name of another ClientCredential that takes precedence for the same target;
// empty if the owner does. The current owner of the target takes precedence, even while its Secret is
// being replaced. If the target has no owner, the oldest ClientCredential takes precedence.
func (r *observer) conflictingOwner(ctx context.Context, owner *v1alpha1.ClientCredential, known remembered) (name string, err error) {
	// A thousand ClientCredentials may share a target, so check the last known conflicting owner first.
	last, err := r.lastConflictingOwner(ctx, owner, known.conflictingOwner)
	if last != "" || err != nil {
		return last, err
	}
	others, err := listIn(ctx, r.cache, owner.Namespace, client.MatchingFields{targetIndex: owner.TargetName()})
	if err != nil {
		return "", fmt.Errorf("list ClientCredentials with target %q: %w", owner.TargetName(), err)
	}
	name = r.precedingOwner(owner, others.Items)
	r.memory.update(owner, func(e *entry) { e.conflictingOwner = name })
	return name, nil
}

// precedingOwner returns the name of the ClientCredential that takes precedence for the target; empty if
// the owner does.
func (r *observer) precedingOwner(owner *v1alpha1.ClientCredential, others []v1alpha1.ClientCredential) string {
	all := []*v1alpha1.ClientCredential{owner}
	for i := range others {
		if other := &others[i]; isConflicting(owner, other) {
			all = append(all, other)
		}
	}
	name, found := r.memory.targetOwner(all...)
	if !found {
		name = slices.MinFunc(all, compareAge).Name
	}
	if name == owner.Name {
		return ""
	}
	return name
}

// lastConflictingOwner returns the last known conflicting owner if it still takes precedence; empty
// otherwise.
func (r *observer) lastConflictingOwner(ctx context.Context, owner *v1alpha1.ClientCredential, last string) (name string, err error) {
	if last == "" {
		return "", nil
	}
	other := &v1alpha1.ClientCredential{}
	err = r.cache.Get(ctx, types.NamespacedName{Namespace: owner.Namespace, Name: last}, other, client.UnsafeDisableDeepCopy)
	switch {
	case apierrors.IsNotFound(err):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("read ClientCredential %q with target %q: %w", last, owner.TargetName(), err)
	case !isConflicting(owner, other), other.TargetName() != owner.TargetName():
		return "", nil
	}
	return r.precedingOwner(owner, []v1alpha1.ClientCredential{*other}), nil
}

// isConflicting reports whether other is a different ClientCredential that is not being deleted.
func isConflicting(owner, other *v1alpha1.ClientCredential) bool {
	return other.DeletionTimestamp.IsZero() && other.UID != owner.UID
}

// compareAge orders the oldest first.
func compareAge(a, b *v1alpha1.ClientCredential) int {
	return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.UID, b.UID))
}
