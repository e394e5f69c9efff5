package controllers

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// compareType finds out, before a token is asked for, whether the target has another
// type than is wanted. No cache knows it. Only a Secret of our own is replaced.
func (r *Reconciler) compareType(ctx context.Context, o *observed) error {
	if o.Target == nil || o.replaces || (!o.Target.Drifted && !o.Target.Adoptable) {
		return nil
	}
	secret, err := r.target(ctx, o)
	if err != nil {
		return err
	}
	wanted := tokensecret.TypeOf(o.owner)
	if secret.Type != wanted && !o.Target.Owned {
		return &oauth2.Error{
			Reason: v1alpha1.ReasonTargetConflict, Class: oauth2.WaitForChange,
			Message: fmt.Sprintf("Secret %q cannot be adopted: it has the type %s, and spec.target.template.type is %s: make them the same, delete that Secret, or set spec.target.name to another name",
				o.TargetName, secret.Type, wanted),
		}
	}
	o.replaces = secret.Type != wanted
	return nil
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
	uid := types.UID(o.Target.UID)
	current := secretMetadata(types.NamespacedName{Namespace: o.owner.Namespace, Name: o.TargetName})
	err = r.Client.Delete(ctx, current, client.Preconditions{UID: &uid, ResourceVersion: &o.Target.ResourceVersion},
		client.PropagationPolicy(metav1.DeletePropagationBackground))
	if client.IgnoreNotFound(err) != nil {
		return err
	}
	logger(ctx).Info("Replaces the token Secret, whose type cannot be changed", "secret", o.TargetName)
	return r.create(ctx, configuration)
}
