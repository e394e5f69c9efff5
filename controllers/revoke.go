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
	// maxRevocation is how long after the deletion, by the clock of the API server alone, the last
	// attempt comes: an operator that is restarted again and again starts revocationPatience anew.
	maxRevocation = time.Hour
)

// revocation is how far the revocation of a token is.
type revocation struct {
	// since is when this operator first saw the deletion. Its own clock tells how long the
	// deletion waits: that of the API server may show another time.
	since time.Time
	// until is when the last attempt comes; zero before the first one has failed.
	until time.Time
	// ended is true once the end was told, and released once the finalizer is gone: the cache
	// may go on to show the ClientCredential as it was.
	ended, released bool
}

// keepFinalizer puts the finalizer on a ClientCredential whose token is to be
// revoked with it, and takes it off others. It tells whether it changed something.
func (r *Reconciler) keepFinalizer(ctx context.Context, o *observed) (changed bool, err error) {
	if o.Declaration != nil {
		return false, nil //nolint:nilerr // What a wrong declaration wants cannot be told.
	}
	wanted := oauth2.RevokesOnDelete(o.server.AuthorizationServerSpec)
	switch has := tokensecret.IsHeld(o.owner); {
	case wanted && !has:
		if !r.memory.mayFinalize(o.owner, o.Now) {
			return false, nil
		}
		err = r.addFinalizer(ctx, o.owner)
	case !wanted && has:
		err = r.removeFinalizer(ctx, o.owner)
	default:
		return false, nil
	}
	if err == nil {
		r.memory.rememberFinalized(o.owner, wanted, o.Now)
	}
	return true, err
}

// mayFinalize reports whether the finalizer was not set within holdInterval: another controller
// may remove it again and again.
func (m *memory) mayFinalize(owner *v1alpha1.ClientCredential, now time.Time) (may bool) {
	m.with(owner, func(e *entry) { may = e.finalizedAt.IsZero() || now.Sub(e.finalizedAt).Abs() >= holdInterval })
	return may
}

func (m *memory) rememberFinalized(owner *v1alpha1.ClientCredential, isSet bool, now time.Time) {
	m.with(owner, func(e *entry) {
		if e.finalizedAt = (time.Time{}); isSet {
			e.finalizedAt = now
		}
	})
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
	finalizers := owner.Finalizers
	if isOutline(owner) {
		live := clientCredentialMetadata(owner)
		if err := r.APIReader.Get(ctx, client.ObjectKeyFromObject(owner), live); err != nil {
			return client.IgnoreNotFound(err)
		}
		finalizers = live.Finalizers
	}
	place := fmt.Sprintf("/metadata/finalizers/%d", slices.Index(finalizers, v1alpha1.RevokeTokenFinalizer))
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
	if !tokensecret.IsHeld(owner) {
		return reconcile.Result{}, nil
	}
	state := r.memory.revocation(owner, r.Clock.Now())
	if !state.ended {
		revoked, err := r.revoke(ctx, owner)
		if isInterrupted(ctx, err) {
			// The next operator goes on.
			return reconcile.Result{}, nil
		}
		if next := r.nextRevocation(ctx, owner, state, err); !next.IsZero() {
			logger(ctx).Info("The token is not revoked yet", "message", err.Error())
			return r.lookAgain(next), nil
		}
		r.memory.updateRevocation(owner, func(state *revocation) { state.ended = true })
		r.tellRevocation(owner, revoked, err)
	}
	if state.released {
		return reconcile.Result{}, nil
	}
	if err := insist(ctx, func(ctx context.Context) error { return r.removeFinalizer(ctx, owner) }); err != nil {
		return reconcile.Result{}, err
	}
	r.memory.updateRevocation(owner, func(state *revocation) { state.released = true })
	if ctx.Err() == nil {
		return reconcile.Result{}, nil
	}
	return reconcile.Result{}, insist(ctx, func(ctx context.Context) error { return (&holdReconciler{r}).releaseFor(ctx, owner) })
}

// isInterrupted reports whether a revocation failed while the operator ends, and another attempt
// may help.
func isInterrupted(ctx context.Context, err error) bool {
	return err != nil && errors.Is(ctx.Err(), context.Canceled) && (errors.Is(err, context.Canceled) || isRetryable(err))
}

// isRetryable reports whether a revocation that failed may succeed later. Refused credentials are not
// tried again and again: servers lock accounts.
func isRetryable(err error) bool {
	var failure *oauth2.Error
	return !errors.As(err, &failure) || failure.Class == oauth2.Unavailable || failure.Class == oauth2.MayPass
}

// nextRevocation returns when the revocation is tried again after an error; zero for never.
func (r *Reconciler) nextRevocation(ctx context.Context, owner *v1alpha1.ClientCredential, state revocation, err error) time.Time {
	if err == nil || !isRetryable(err) {
		return time.Time{}
	}
	deadline := r.revocationDeadline(ctx, owner, state)
	now := r.Clock.Now()
	if !now.Before(deadline) {
		return time.Time{}
	}
	next := revocationInterval
	var failure *oauth2.Error
	if errors.As(err, &failure) {
		if r.isEnding(ctx, owner.Namespace) {
			return time.Time{}
		}
		next = max(next, failure.RetryAfter)
	}
	if errors.Is(err, errCacheBehind) {
		next = time.Second
	}
	return earliest(now.Add(next), deadline)
}

// revocationDeadline returns when the last attempt comes, by the clock of the operator. It asks
// the API server once for its time, to know for how long the deletion has waited by that.
func (r *Reconciler) revocationDeadline(ctx context.Context, owner *v1alpha1.ClientCredential, state revocation) time.Time {
	if !state.until.IsZero() {
		return state.until
	}
	deadline := state.since.Add(revocationPatience)
	finish, cancel := finishing(ctx)
	defer cancel()
	if now, err := r.apiTime(finish); err != nil {
		logger(ctx).Info("The API server does not tell its time, so the revocation is tried for a minute", "message", err.Error())
	} else {
		left := owner.DeletionTimestamp.Add(maxRevocation).Sub(now)
		deadline = earliest(deadline, r.Clock.Now().Add(left))
	}
	r.memory.updateRevocation(owner, func(state *revocation) { state.until = deadline })
	return deadline
}

func (r *Reconciler) tellRevocation(owner *v1alpha1.ClientCredential, revoked bool, err error) {
	switch {
	case revoked:
		r.Recorder.Eventf(owner, nil, corev1.EventTypeNormal, v1alpha1.EventTokenRevoked, "Revoke", "the token was revoked")
	case err != nil:
		r.Recorder.Eventf(owner, nil, corev1.EventTypeWarning, v1alpha1.EventRevocationFailed, "Revoke",
			"the token was not revoked, and lives until it expires: %s", shorten(err.Error()))
	}
}

// isEnding reports whether a namespace is being deleted. No server may hold up its deletion.
func (r *Reconciler) isEnding(ctx context.Context, name string) bool {
	ends, err := r.namespaceEnds(ctx, name)
	return err != nil || ends
}

// namespaceEnds reports whether a namespace is being deleted. An operator in named namespaces
// has no cache of them, so the API server is asked.
func (r *Reconciler) namespaceEnds(ctx context.Context, name string) (bool, error) {
	namespace := namespaceMetadata(name)
	if err := r.APIReader.Get(ctx, client.ObjectKeyFromObject(namespace), namespace); err != nil {
		return false, fmt.Errorf("read namespace %q: %w", name, err)
	}
	return !namespace.DeletionTimestamp.IsZero(), nil
}

// revoke revokes the tokens of a ClientCredential (RFC 7009), if there are any.
func (r *Reconciler) revoke(ctx context.Context, owner *v1alpha1.ClientCredential) (revoked bool, err error) {
	ctx, cancel := r.bound(ctx)
	defer cancel()
	o, err := r.observe(ctx, owner, r.Clock.Now())
	if err != nil {
		return false, err
	}
	r.recallServer(o)
	defer r.endJourney(o)
	// A token that could not be written is the newest one. The Secret may hold an older one.
	unwritten := r.memory.unwritten(owner)
	if unwritten != nil && o.Now.Before(unwritten.token.ExpiresAt) {
		if err := r.sendRevocation(ctx, o, unwritten.token.AccessToken); err != nil {
			return false, err
		}
		r.memory.rememberUnwritten(owner, nil)
		revoked = true
	}
	token, err := r.tokenToRevoke(ctx, o)
	if err != nil || token.IsEmpty() {
		return revoked, err
	}
	if !revoked || token.Reveal() != unwritten.token.AccessToken.Reveal() {
		if err := r.sendRevocation(ctx, o, token); err != nil {
			return false, err
		}
	}
	r.endToken(ctx, o)
	return true, nil
}

// tokenToRevoke reads the token that the Secret holds; it is empty if there is none.
func (r *Reconciler) tokenToRevoke(ctx context.Context, o *observed) (none oauth2.Sensitive, err error) {
	last, record := o.previous.Token, o.Token()
	switch {
	case record != nil && !o.Now.Before(record.ExpiresAt):
		// The token has expired. Or an earlier attempt has revoked it, and could not remove the
		// finalizer.
		return none, nil
	case o.Valid():
	case last == nil, !o.Now.Before(last.ExpiresAt.Time):
		return none, nil
	default:
		return none, declarationError(v1alpha1.EventRevocationFailed,
			"Secret %q does not hold the token of this spec any more", o.TargetName)
	}
	secret := &corev1.Secret{}
	if err := r.APIReader.Get(ctx, types.NamespacedName{Namespace: o.owner.Namespace, Name: o.TargetName}, secret); err != nil {
		if client.IgnoreNotFound(err) != nil {
			return none, fmt.Errorf("read token Secret %q: %w", o.TargetName, err)
		}
		return none, declarationError(v1alpha1.EventRevocationFailed, "Secret %q with the token is gone", o.TargetName)
	}
	if o.Target = tokensecret.StateOf(o.owner, secret); !o.Valid() {
		return none, errCacheBehind
	}
	return oauth2.NewSensitive(string(secret.Data[v1alpha1.AccessTokenKey])), nil
}

// endToken notes in the Secret that its token is dead, as long as the Secret lives. A
// failure does not repeat the revocation: only a ClientCredential that inherits the
// Secret, and the next leader, read the note.
func (r *Reconciler) endToken(ctx context.Context, o *observed) {
	secret := secretMetadata(types.NamespacedName{Namespace: o.owner.Namespace, Name: o.TargetName})
	err := insist(ctx, func(ctx context.Context) error {
		err := r.patchSecret(ctx, secret, o.Target.End(o.Now))
		if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
			// The Secret is gone, or another one has its name.
			return nil
		}
		return err
	})
	if err != nil {
		logger(ctx).Info("Cannot note in the token Secret that its token was revoked", "secret", o.TargetName, "message", quiet(err).Error())
	}
}

func (r *Reconciler) sendRevocation(ctx context.Context, o *observed, token oauth2.Sensitive) (err error) {
	switch {
	case o.Declaration != nil:
		return o.Declaration
	case o.Credentials != nil && (o.Credentials.Version == "" || !o.Credentials.Allowed):
		return declarationError(v1alpha1.ReasonCredentialsNotFound,
			"Secret %q with the client's credentials is gone, or lost its label", o.Credentials.Name)
	}
	ctx, end := r.step(ctx, o, "revoke")
	defer func() { end(err) }()
	ctx = tokenendpoint.AskingFor(ctx, o.asker())
	provenance, _, err := r.credentials(ctx, o)
	if err != nil {
		return err
	}
	bundle, leave, err := r.bundleToRevoke(ctx, o)
	if err != nil {
		return err
	}
	defer leave()
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

// revocation returns how far the revocation for an owner is, which begins now if it has not.
func (m *memory) revocation(owner *v1alpha1.ClientCredential, now time.Time) (state revocation) {
	m.updateRevocation(owner, func(begun *revocation) {
		if begun.since.IsZero() {
			begun.since = now
		}
		state = *begun
	})
	return state
}

func (m *memory) updateRevocation(owner *v1alpha1.ClientCredential, do func(*revocation)) {
	m.with(owner, func(e *entry) {
		if e.revocation == nil {
			e.revocation = &revocation{}
		}
		do(e.revocation)
	})
}
