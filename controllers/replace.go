package controllers

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/internal/tokensecret"
)

// compareType finds out, before a token is asked for, whether the target has another
// type than is wanted. No cache knows it.
func (r *Reconciler) compareType(ctx context.Context, o *observed) error {
	if o.Target == nil || o.replaces || !o.Target.Drifted {
		return nil
	}
	secret, err := r.target(ctx, o)
	if err != nil {
		return err
	}
	o.replaces = secret.Type != tokensecret.TypeOf(o.owner)
	return nil
}

// overwrite writes over the target, or replaces it where that is impossible: its type
// is another one, or somebody made it immutable.
func (r *Reconciler) overwrite(ctx context.Context, o *observed, configuration *corev1ac.SecretApplyConfiguration, token *issued) error {
	if !o.replaces {
		err := r.Client.Apply(ctx, configuration, client.FieldOwner(tokensecret.FieldManager), client.ForceOwnership)
		if !r.isImmutable(ctx, o, err) {
			return err
		}
		o.replaces = true
	}
	r.memory.rememberUnwritten(o.owner, token)
	return r.replace(ctx, o, configuration)
}

// replace deletes the target and makes it anew, after the API server agreed to the
// new one: the last good Secret must not be lost to one that cannot be made.
func (r *Reconciler) replace(ctx context.Context, o *observed, configuration *corev1ac.SecretApplyConfiguration) error {
	configuration.UID, configuration.ResourceVersion = nil, nil
	rehearsal, err := secretOf(configuration)
	if err != nil {
		return err
	}
	rehearsal.Name, rehearsal.GenerateName = "", o.TargetName+"-"
	if err := r.Client.Create(ctx, rehearsal, client.DryRunAll, client.FieldOwner(tokensecret.FieldManager)); err != nil {
		return err
	}
	uid, resourceVersion := types.UID(o.Target.UID), o.Target.ResourceVersion
	current := secretMetadata(types.NamespacedName{Namespace: o.owner.Namespace, Name: o.TargetName})
	if o.Target.Held {
		// The finalizer would keep the Secret, and so its name.
		if err := r.patchSecret(ctx, current, tokensecret.Release(uid, resourceVersion)); err != nil {
			return err
		}
		resourceVersion = current.ResourceVersion
	}
	err = r.Client.Delete(ctx, current, client.Preconditions{UID: &uid, ResourceVersion: &resourceVersion},
		client.PropagationPolicy(metav1.DeletePropagationBackground))
	if client.IgnoreNotFound(err) != nil {
		return err
	}
	logger(ctx).Info("Replaces the token Secret, whose type cannot be changed", "secret", o.TargetName)
	return r.create(ctx, configuration)
}
