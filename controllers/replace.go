package controllers

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/internal/tokensecret"
)

// needsReplacement reports whether the target has the wrong type. It reads the target live, because the
// cache does not hold the type.
func (w *secretWriter) needsReplacement(ctx context.Context, o *observed) (bool, error) {
	if o.Target == nil || !o.Target.Drifted {
		return false, nil
	}
	secret, err := w.targets.live.target(ctx, o)
	if err != nil {
		return false, err
	}
	return secret.Type != tokensecret.TypeOf(o.owner), nil
}

// overwrite overwrites the target. If the target has the wrong type or is immutable, overwrite replaces
// it.
func (w *secretWriter) overwrite(ctx context.Context, o *observed, configuration *corev1ac.SecretApplyConfiguration, d delivery) (isReplaced bool, err error) {
	if !d.mustReplace {
		err := w.client.Apply(ctx, configuration, client.FieldOwner(tokensecret.FieldManager), client.ForceOwnership)
		if !w.isImmutable(ctx, o, err) {
			return false, err
		}
	}
	w.memory.update(o.owner, func(e *entry) { e.setUnwritten(&issuedToken{token: *d.token, provenance: d.provenance}) })
	return true, w.replace(ctx, o, configuration)
}

// replace deletes the target and creates it again. Before that, it creates the new Secret as a dry run: if
// the new Secret cannot be created, the old Secret must not be lost.
func (w *secretWriter) replace(ctx context.Context, o *observed, configuration *corev1ac.SecretApplyConfiguration) error {
	configuration.UID, configuration.ResourceVersion = nil, nil
	dryRun, err := secretOf(configuration)
	if err != nil {
		return err
	}
	dryRun.Name, dryRun.GenerateName = "", o.TargetName+"-"
	if err := w.client.Create(ctx, dryRun, client.DryRunAll, client.FieldOwner(tokensecret.FieldManager)); err != nil {
		return err
	}
	uid, resourceVersion := types.UID(o.Target.UID), o.Target.ResourceVersion
	current := secretMetadata(types.NamespacedName{Namespace: o.owner.Namespace, Name: o.TargetName})
	if o.Target.Held {
		// The finalizer would keep the Secret, so its name would not become free.
		if err := patchSecret(ctx, w.client, current, tokensecret.ReleasePatch(uid, resourceVersion)); err != nil {
			return err
		}
		resourceVersion = current.ResourceVersion
	}
	err = w.client.Delete(ctx, current, client.Preconditions{UID: &uid, ResourceVersion: &resourceVersion},
		client.PropagationPolicy(metav1.DeletePropagationBackground))
	if client.IgnoreNotFound(err) != nil {
		return err
	}
	logger(ctx).Info("Replacing the token Secret, because it is immutable or has the wrong type", "secret", o.TargetName)
	return w.create(ctx, configuration)
}
