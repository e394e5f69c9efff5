package controllers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/tokenendpoint"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

const (
	// revocationPatience is how long a deletion waits for the revocation, and
	// revocationInterval how long after one attempt the next comes.
	revocationPatience = time.Minute
	revocationInterval = 5 * time.Second
)

// keepFinalizer puts the finalizer on a ClientCredential whose token is to be
// revoked with it, and takes it off others. It tells whether it changed something.
func (r *Reconciler) keepFinalizer(ctx context.Context, o *observed) (changed bool, err error) {
	if o.Declaration != nil {
		return false, nil //nolint:nilerr // What a wrong declaration wants cannot be told.
	}
	wanted := oauth2.RevokesOnDelete(o.server.AuthorizationServerSpec)
	switch has := slices.Contains(o.owner.Finalizers, v1alpha1.RevokeTokenFinalizer); {
	case wanted && !has:
		return true, r.addFinalizer(ctx, o.owner)
	case !wanted && has:
		return true, r.removeFinalizer(ctx, o.owner)
	}
	return false, nil
}

func (r *Reconciler) addFinalizer(ctx context.Context, owner *v1alpha1.ClientCredential) error {
	changed := owner.DeepCopy()
	controllerutil.AddFinalizer(changed, v1alpha1.RevokeTokenFinalizer)
	// With the resourceVersion: a list is patched as a whole.
	patch := client.MergeFromWithOptions(owner, client.MergeFromWithOptimisticLock{})
	err := client.IgnoreNotFound(r.Client.Patch(ctx, changed, patch, client.FieldOwner(tokensecret.FieldManager)))
	if err != nil {
		err = r.conflictOr(ctx, err, clientCredentialMetadata(owner), string(owner.UID), owner.ResourceVersion)
		return fmt.Errorf("set the finalizer %s: %w", v1alpha1.RevokeTokenFinalizer, err)
	}
	return nil
}

// removeFinalizer goes by the finalizer's place in the list, so that it succeeds
// although something else changed meanwhile.
func (r *Reconciler) removeFinalizer(ctx context.Context, owner *v1alpha1.ClientCredential) error {
	place := fmt.Sprintf("/metadata/finalizers/%d", slices.Index(owner.Finalizers, v1alpha1.RevokeTokenFinalizer))
	patch, err := json.Marshal([]map[string]any{
		{"op": "test", "path": "/metadata/uid", "value": owner.UID},
		{"op": "test", "path": place, "value": v1alpha1.RevokeTokenFinalizer},
		{"op": "remove", "path": place},
	})
	if err != nil {
		return fmt.Errorf("encode the removal of the finalizer: %w", err)
	}
	err = r.Client.Patch(ctx, owner.DeepCopy(), client.RawPatch(types.JSONPatchType, patch), client.FieldOwner(tokensecret.FieldManager))
	if client.IgnoreNotFound(err) != nil {
		err = r.conflictOr(ctx, err, clientCredentialMetadata(owner), string(owner.UID), owner.ResourceVersion)
		return fmt.Errorf("remove the finalizer %s: %w", v1alpha1.RevokeTokenFinalizer, err)
	}
	return nil
}

// finalize revokes the token of a ClientCredential that is being deleted. It ends
// in bounded time, and at once where nothing can be done.
func (r *Reconciler) finalize(ctx context.Context, owner *v1alpha1.ClientCredential) (reconcile.Result, error) {
	if !slices.Contains(owner.Finalizers, v1alpha1.RevokeTokenFinalizer) {
		return reconcile.Result{}, nil
	}
	revoked, err := r.revoke(ctx, owner)
	var failure *oauth2.Error
	// Refused credentials are not tried again and again: servers lock accounts.
	mayHelp := !errors.As(err, &failure) || failure.Class == oauth2.Unavailable || failure.Class == oauth2.MayPass
	deadline := owner.DeletionTimestamp.Add(revocationPatience)
	switch now := r.Clock.Now(); {
	case err != nil && mayHelp && now.Before(deadline) && !r.isEnding(ctx, owner.Namespace):
		logger(ctx).Info("The token is not revoked yet", "message", err.Error())
		next := revocationInterval
		if failure != nil {
			next = max(next, failure.RetryAfter)
		}
		return r.lookAgain(now.Add(min(next, deadline.Sub(now)))), nil
	case revoked:
		r.Recorder.Eventf(owner, nil, corev1.EventTypeNormal, v1alpha1.EventTokenRevoked, "Revoke", "the token was revoked")
	case err != nil:
		r.Recorder.Eventf(owner, nil, corev1.EventTypeWarning, v1alpha1.EventRevocationFailed, "Revoke",
			"the token was not revoked, and lives until it expires: %s", shorten(err.Error()))
	}
	return reconcile.Result{}, r.removeFinalizer(ctx, owner)
}

// isEnding tells whether a namespace is being deleted: then nothing may hold it up.
// An operator in named namespaces has no cache of them, so the API server is asked.
func (r *Reconciler) isEnding(ctx context.Context, name string) bool {
	namespace := namespaceMetadata(name)
	err := r.APIReader.Get(ctx, client.ObjectKeyFromObject(namespace), namespace)
	return err != nil || !namespace.DeletionTimestamp.IsZero()
}

// revoke revokes the token that the Secret holds (RFC 7009), if there is one.
func (r *Reconciler) revoke(ctx context.Context, owner *v1alpha1.ClientCredential) (revoked bool, err error) {
	ctx, cancel := r.bound(ctx)
	defer cancel()
	o, err := r.observe(ctx, owner, r.Clock.Now())
	switch {
	case err != nil:
		return false, err
	case o.Declaration != nil:
		return false, o.Declaration
	case o.previous.Token == nil || !o.Now.Before(o.previous.Token.ExpiresAt.Time):
		return false, nil
	case o.Token() != nil && !o.Now.Before(o.Token().ExpiresAt):
		// An attempt before has revoked it, and could not remove the finalizer.
		return false, nil
	case !o.Valid():
		return false, declarationError(v1alpha1.EventRevocationFailed,
			"Secret %q does not hold the token of this spec any more", o.TargetName)
	case o.Credentials != nil && (o.Credentials.Version == "" || !o.Credentials.Allowed):
		return false, declarationError(v1alpha1.ReasonCredentialsNotFound,
			"Secret %q with the client's credentials is gone, or lost its label", o.Credentials.Name)
	}
	secret := &corev1.Secret{}
	if err := r.APIReader.Get(ctx, types.NamespacedName{Namespace: owner.Namespace, Name: o.TargetName}, secret); err != nil {
		if client.IgnoreNotFound(err) != nil {
			return false, err
		}
		return false, declarationError(v1alpha1.EventRevocationFailed, "Secret %q with the token is gone", o.TargetName)
	}
	if o.Target = tokensecret.StateOf(owner, secret); !o.Valid() {
		return false, errCacheBehind
	}
	defer r.endJourney(o)
	if err := r.sendRevocation(ctx, o, oauth2.NewSensitive(string(secret.Data[v1alpha1.AccessTokenKey]))); err != nil {
		return false, err
	}
	r.endToken(ctx, o)
	return true, nil
}

// endToken notes in the Secret that its token is dead, as long as the Secret lives. A
// failure does not repeat the revocation: only a ClientCredential that inherits the
// Secret reads the note.
func (r *Reconciler) endToken(ctx context.Context, o *observed) {
	secret := secretMetadata(types.NamespacedName{Namespace: o.owner.Namespace, Name: o.TargetName})
	patch := client.RawPatch(types.StrategicMergePatchType, o.Target.End(o.Now))
	err := r.Client.Patch(ctx, secret, patch, client.FieldOwner(tokensecret.FieldManager))
	// Without an error, or where the Secret is gone or another one has its name, there is
	// nothing to tell.
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		logger(ctx).Info("Cannot note in the token Secret that its token was revoked", "secret", o.TargetName, "message", quiet(err).Error())
	}
}

func (r *Reconciler) sendRevocation(ctx context.Context, o *observed, token oauth2.Sensitive) (err error) {
	ctx, end := r.step(ctx, o, "revoke")
	defer func() { end(err) }()
	ctx = tokenendpoint.AskingFor(ctx, o.asker())
	provenance, _, err := r.credentials(ctx, o)
	if err != nil {
		return err
	}
	bundle, err := r.bundle(ctx, o.server)
	if err != nil {
		return err
	}
	server, _, err := r.discovered(ctx, o.server, bundle)
	if err != nil {
		return err
	}
	assertion, err := r.serviceAccountToken(ctx, o)
	if err != nil {
		return err
	}
	request, err := oauth2.BuildRevocation(server,
		o.grant(provenance.Credentials, assertion), token, o.Now)
	if err != nil {
		return err
	}
	request.TLS = request.TLS.Trusting(bundle)
	return r.send(ctx, "revocation request", request, func(response oauth2.Response) error {
		return oauth2.ReadRevocation(server, request, response)
	})
}
