package controllers

import (
	"context"
	"errors"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// neededSecrets returns the Secrets that the revocation for a ClientCredential needs.
func (h *holder) neededSecrets(ctx context.Context, object client.Object) []reconcile.Request {
	owner, ok := object.(*v1alpha1.ClientCredential)
	if !ok {
		return nil
	}
	target := reconcile.Request{NamespacedName: client.ObjectKeyFromObject(owner)}
	target.Name = owner.TargetName()
	requests := []reconcile.Request{target}
	if reference := owner.Spec.CredentialsRef; reference != nil {
		credentials := target
		credentials.Name = reference.Name
		requests = append(requests, credentials)
	}
	former, err := formerTargetsOf(ctx, h.client, owner, owner.Status.Token)
	if err != nil {
		logger(ctx).Error(err, "Cannot list the Secrets of former targets in the cache", "namespace", owner.Namespace)
	}
	for i := range former {
		requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&former[i])})
	}
	return requests
}

// release removes the finalizer from a Secret.
func (h *holder) release(ctx context.Context, secret *metav1.PartialObjectMetadata) error {
	uid := secret.UID
	err := patchSecret(ctx, h.client, secret, tokensecret.ReleasePatch(uid, ""))
	if err != nil && !h.live.isGone(ctx, err, secretMetadata(client.ObjectKeyFromObject(secret)), uid) {
		return fmt.Errorf("remove the finalizer %s from Secret %q: %w", v1alpha1.RevokeTokenFinalizer, secret.Name, withoutMessage(err))
	}
	return nil
}

// releaseFor releases the Secrets that only the given ClientCredential needed, after its revocation has
// ended. It is used while the operator shuts down, because the operator no longer receives events.
func (h *holder) releaseFor(ctx context.Context, owner *v1alpha1.ClientCredential) error {
	var failed error
	for _, request := range h.neededSecrets(ctx, owner) {
		secret := secretMetadata(request.NamespacedName)
		err := h.client.Get(ctx, request.NamespacedName, secret)
		if apierrors.IsNotFound(err) {
			continue
		}
		var users []user
		if err == nil {
			users, err = h.usersOf(ctx, secret)
		}
		isNeeded := slices.ContainsFunc(users, func(u user) bool { return u.UID != owner.UID })
		if err == nil && !isNeeded && tokensecret.IsHeld(secret) {
			err = h.release(ctx, secret)
		}
		failed = errors.Join(failed, err)
	}
	return failed
}

// user is a ClientCredential whose revocation needs a Secret.
type user struct {
	*v1alpha1.ClientCredential
	// isOwner is true if the Secret holds its token, and false if the Secret holds its credentials.
	isOwner bool
}

func (h *holder) usersOf(ctx context.Context, secret *metav1.PartialObjectMetadata) (users []user, err error) {
	owners, err := listIn(ctx, h.client, secret.Namespace, client.MatchingFields{targetIndex: secret.Name})
	if err != nil {
		return nil, fmt.Errorf("list ClientCredentials with target %q: %w", secret.Name, err)
	}
	for i := range owners.Items {
		if owner := &owners.Items[i]; tokensecret.IsHeld(owner) && tokensecret.StateOf(owner, secret).Owned {
			users = append(users, user{owner, true})
		}
	}
	former, err := formerOwner(ctx, h.client, secret)
	if err != nil {
		return nil, fmt.Errorf("read the owner of Secret %q: %w", secret.Name, err)
	}
	if former != nil && tokensecret.IsHeld(former) {
		users = append(users, user{former, true})
	}
	if !h.credentials.stateOf(secret).Allowed {
		return users, nil
	}
	clients, err := listIn(ctx, h.client, secret.Namespace, client.MatchingFields{credentialsIndex: secret.Name})
	if err != nil {
		return nil, fmt.Errorf("list ClientCredentials with credentials %q: %w", secret.Name, err)
	}
	for i := range clients.Items {
		if tokensecret.IsHeld(&clients.Items[i]) {
			users = append(users, user{&clients.Items[i], false})
		}
	}
	return users, nil
}
