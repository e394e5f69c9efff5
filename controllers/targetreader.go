package controllers

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// targetReader reads the state of token Secrets.
type targetReader struct {
	cache client.Reader
	live  liveReader
}

// read returns the state of the target; nil if there is no Secret. written is the state after the last
// write of this operator; nil if there was no write. If read returns an error, it also returns the last
// known state.
func (r targetReader) read(ctx context.Context, owner *v1alpha1.ClientCredential, written *tokensecret.State) (*tokensecret.State, error) {
	secret := secretMetadata(types.NamespacedName{Namespace: owner.Namespace, Name: owner.TargetName()})
	key := client.ObjectKeyFromObject(secret)
	err := r.cache.Get(ctx, key, secret)
	if client.IgnoreNotFound(err) == nil && written != nil && older(secret.ResourceVersion, written.ResourceVersion) {
		// The cache does not show the last write yet, so read the Secret live.
		secret = secretMetadata(key)
		err = r.live.Get(ctx, key, secret)
	}
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return written, fmt.Errorf("read the metadata of token Secret %q: %w", key.Name, err)
	}
	state := tokensecret.StateOf(owner, secret)
	if !state.Adoptable {
		return state, nil
	}
	// The cache holds metadata only, so read the Secret live to check whether it can be adopted.
	live := &corev1.Secret{}
	if err := r.live.Get(ctx, key, live); err != nil {
		if apierrors.IsNotFound(err) {
			return nil, nil
		}
		return state, fmt.Errorf("read Secret %q before its adoption: %w", key.Name, err)
	}
	state = tokensecret.StateOf(owner, live)
	state.AdoptionBlocker = tokensecret.AdoptionBlocker(owner, live)
	return state, nil
}
