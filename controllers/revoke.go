package controllers

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/throttle"
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
	var left error
	switch {
	case unwritten == nil || !o.Now.Before(unwritten.token.ExpiresAt):
	case !r.isOfServer(o, unwritten.provenance.RequestHash):
		left = problem.Stalled(v1alpha1.EventRevocationFailed, "the token that could not be written is of an earlier spec, and perhaps of another authorization server")
	default:
		if err := r.sendRevocation(ctx, o, unwritten.token.AccessToken); err != nil {
			return false, err
		}
		r.memory.rememberUnwritten(owner, nil)
		revoked = true
	}
	held, ofOthers, err := r.tokensToRevoke(ctx, o)
	if err != nil {
		return revoked, err
	}
	for _, token := range held {
		if !revoked || token.value.Reveal() != unwritten.token.AccessToken.Reveal() {
			if err := r.sendRevocation(ctx, o, token.value); err != nil {
				return false, err
			}
		}
		r.endToken(ctx, o, token)
	}
	if failed := cmp.Or(left, ofOthers); failed != nil {
		return false, failed
	}
	return revoked || len(held) > 0, nil
}

// heldToken is an unexpired token that a Secret holds.
type heldToken struct {
	secret string
	state  *tokensecret.State
	value  oauth2.Sensitive
}

// tokensToRevoke reads the tokens that the Secret holds, and those of former targets. ofOthers is about
// a token that perhaps another authorization server issued.
func (r *Reconciler) tokensToRevoke(ctx context.Context, o *observed) (tokens []heldToken, ofOthers, err error) {
	token, err := r.tokenToRevoke(ctx, o)
	if err != nil {
		return nil, nil, err
	}
	if token != nil {
		tokens = append(tokens, *token)
	}
	former, err := r.formerTargets(ctx, o.owner, o.previous.Token)
	if err != nil {
		return nil, nil, err
	}
	for i := range former {
		state := tokensecret.StateOf(o.owner, &former[i])
		if !r.mayRevoke(o, state) {
			if state.HoldsToken(o.Now) {
				ofOthers = problem.Stalled(v1alpha1.EventRevocationFailed, "Secret %q does not hold the token of this spec", former[i].Name)
			}
			continue
		}
		token, err := r.readToken(ctx, o, former[i].Name)
		if client.IgnoreNotFound(err) != nil {
			return nil, nil, err
		}
		if token != nil {
			tokens = append(tokens, *token)
		}
	}
	if last := o.previous.Token; len(tokens) == 0 && ofOthers == nil && isOfFormer(o, last) && o.Now.Before(last.ExpiresAt.Time) {
		return nil, nil, problem.Stalled(v1alpha1.EventRevocationFailed, "Secret %q with the token is gone", last.SecretName)
	}
	return tokens, ofOthers, nil
}

// tokenToRevoke reads the token that the Secret holds; it returns nil if there is none.
func (r *Reconciler) tokenToRevoke(ctx context.Context, o *observed) (*heldToken, error) {
	last, record := o.previous.Token, o.Token()
	switch {
	case record != nil && !o.Now.Before(record.ExpiresAt):
		// The token has expired. Or an earlier attempt has revoked it, and could not remove the
		// finalizer.
		return nil, nil
	case r.mayRevoke(o, o.Target):
	case last == nil, !o.Now.Before(last.ExpiresAt.Time), isOfFormer(o, last):
		return nil, nil
	default:
		return nil, problem.Stalled(v1alpha1.EventRevocationFailed,
			"Secret %q does not hold the token of this spec any more", o.TargetName)
	}
	token, err := r.readToken(ctx, o, o.TargetName)
	if apierrors.IsNotFound(err) {
		return nil, problem.Stalled(v1alpha1.EventRevocationFailed, "Secret %q with the token is gone", o.TargetName)
	}
	return token, err
}

// mayRevoke reports whether a Secret holds a token that may be sent to the authorization server of
// the spec.
func (r *Reconciler) mayRevoke(o *observed, state *tokensecret.State) bool {
	return state.HoldsToken(o.Now) && r.isOfServer(o, state.Record.RequestHash)
}

// isOfServer reports whether a token with a request hash is of the authorization server of the spec. It may be
// that of an earlier spec, if this process remembers that the same server issued it.
func (r *Reconciler) isOfServer(o *observed, requestHash string) bool {
	if requestHash == o.RequestHash {
		return true
	}
	needs := r.memory.needs(o.owner)
	return needs != nil && needs.issuedFor == requestHash && needs.issuedBy == o.serverDigest()
}

// isOfFormer reports whether a token status is about a former target.
func isOfFormer(o *observed, token *v1alpha1.TokenStatus) bool {
	return token != nil && token.SecretName != "" && token.SecretName != o.TargetName
}

// readToken reads the token of a Secret live. The error is errCacheBehind if it is not there any
// more.
func (r *Reconciler) readToken(ctx context.Context, o *observed, name string) (*heldToken, error) {
	secret := &corev1.Secret{}
	if err := r.APIReader.Get(ctx, types.NamespacedName{Namespace: o.owner.Namespace, Name: name}, secret); err != nil {
		return nil, fmt.Errorf("read token Secret %q: %w", name, err)
	}
	state := tokensecret.StateOf(o.owner, secret)
	if !r.mayRevoke(o, state) {
		return nil, errCacheBehind
	}
	return &heldToken{secret: name, state: state, value: oauth2.NewSensitive(string(secret.Data[v1alpha1.AccessTokenKey]))}, nil
}

// endToken notes in the Secret that its token is dead, as long as the Secret lives. A
// failure does not repeat the revocation: only a ClientCredential that inherits the
// Secret, and the next leader, read the note.
func (r *Reconciler) endToken(ctx context.Context, o *observed, token heldToken) {
	secret := secretMetadata(types.NamespacedName{Namespace: o.owner.Namespace, Name: token.secret})
	err := insist(ctx, func(ctx context.Context) error {
		err := r.patchSecret(ctx, secret, token.state.End(o.Now))
		if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
			// The Secret is gone, or another one has its name.
			return nil
		}
		return err
	})
	if err != nil {
		logger(ctx).Info("Cannot note in the token Secret that its token was revoked", "secret", token.secret, "message", quiet(err).Error())
	}
}

func (r *Reconciler) sendRevocation(ctx context.Context, o *observed, token oauth2.Sensitive) (err error) {
	switch {
	case o.Declaration != nil:
		return o.Declaration
	case o.Credentials != nil && (o.Credentials.Version == "" || !o.Credentials.Allowed):
		return problem.Stalled(v1alpha1.ReasonCredentialsNotFound,
			"Secret %q with the client's credentials is gone, or lost its label", o.Credentials.Name)
	}
	defer func() { r.Throttle.Release(o.key(), r.Clock.Now()) }()
	if err := r.enterHost(o, o.server.URL()); err != nil {
		return err
	}
	ctx, end := r.step(ctx, o, "revoke")
	defer func() { end(err) }()
	provenance, _, err := r.credentials(ctx, o)
	if err != nil {
		return err
	}
	bundle, leave, err := r.bundleToRevoke(ctx, o)
	if err != nil {
		return err
	}
	defer leave()
	request, err := r.resolver.RevocationRequest(ctx, o.parts(bundle, provenance.Credentials), token, o.Now)
	if err != nil {
		return err
	}
	if err := r.enterHost(o, request.URL); err != nil {
		return err
	}
	return r.send(ctx, "revocation request", request.Request, func(response oauth2.Response) error {
		return oauth2.ReadRevocation(request.Server, request.Request, response)
	})
}

// errHostBusy tells that too many requests to the host, or of the namespace, are in flight. Nothing was
// sent.
var errHostBusy = errors.New("too many requests to this host, or of this namespace, are in flight")

// enterHost takes a place for a request to the host of a URL. The error is errHostBusy if there is
// none; the ClientCredential is called when there is one.
func (r *Reconciler) enterHost(o *observed, rawURL string) error {
	request := o.throttled()
	request.Host = throttle.HostKey(rawURL)
	if r.Throttle.Enter(request, r.Clock.Now()) != nil {
		return errHostBusy
	}
	return nil
}
