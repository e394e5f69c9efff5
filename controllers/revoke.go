package controllers

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/tokenendpoint"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

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
