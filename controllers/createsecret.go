package controllers

import (
	"context"
	"encoding/json"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/internal/tokensecret"
)

// isImmutable reports whether a write was refused because the target is immutable. It returns false if the
// ClientCredential does not own the target, because only an owned Secret may be replaced.
func (w *secretWriter) isImmutable(ctx context.Context, o *observed, refusal error) bool {
	if !apierrors.IsInvalid(refusal) || o.Target == nil || !o.Target.Owned {
		return false
	}
	secret, err := w.targets.live.target(ctx, o)
	return err == nil && tokensecret.IsImmutable(secret)
}

// create creates the Secret of a configuration, and sets its UID and resourceVersion in the configuration.
func (w *secretWriter) create(ctx context.Context, configuration *corev1ac.SecretApplyConfiguration) error {
	secret, err := secretOf(configuration)
	if err != nil {
		return err
	}
	if err := w.client.Create(ctx, secret, client.FieldOwner(tokensecret.FieldManager)); err != nil {
		return err
	}
	configuration.WithUID(secret.UID).WithResourceVersion(secret.ResourceVersion)
	return nil
}

func secretOf(configuration *corev1ac.SecretApplyConfiguration) (*corev1.Secret, error) {
	raw, err := json.Marshal(configuration)
	if err != nil {
		return nil, err
	}
	secret := &corev1.Secret{}
	return secret, json.Unmarshal(raw, secret)
}
