package controllers

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/throttle"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// revoker revokes tokens.
type revoker struct {
	observer    *observer
	credentials *credentialsReader
	needs       needsKeeper
	sender      requestSender
	client      client.Client
	throttle    *throttle.Throttle
	memory      *memory
	clock       clock.PassiveClock
	tracing     tracing
}

// revoke revokes the tokens of a ClientCredential (RFC 7009), if there are any.
func (r *revoker) revoke(ctx context.Context, owner *v1alpha1.ClientCredential) (revoked bool, err error) {
	now := r.clock.Now()
	ctx, end := r.tracing.begin(ctx, owner, now)
	defer end()
	o, err := r.observer.observe(ctx, owner, now)
	if err != nil {
		return false, err
	}
	o = o.recallServer()
	// An unwritten token is the newest token. The Secret may hold an older token.
	unwritten := o.remembered.unwritten
	var left error
	switch {
	case unwritten == nil || !o.Now.Before(unwritten.token.ExpiresAt):
	case !o.isOfServer(unwritten.provenance.RequestHash):
		left = problem.Stalled(v1alpha1.EventRevocationFailed, "the token that could not be written belongs to an earlier spec, and perhaps to another authorization server")
	default:
		if err := r.sendRevocation(ctx, o, unwritten.token.AccessToken); err != nil {
			return false, err
		}
		r.memory.update(owner, func(e *entry) { e.keepUnwritten(nil) })
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

// tokensToRevoke reads the tokens that the target and former targets hold. ofOthers is an error about a
// token that another authorization server may have issued.
func (r *revoker) tokensToRevoke(ctx context.Context, o *observed) (tokens []heldToken, ofOthers, err error) {
	token, err := r.tokenToRevoke(ctx, o)
	if err != nil {
		return nil, nil, err
	}
	if token != nil {
		tokens = append(tokens, *token)
	}
	former, err := formerTargetsOf(ctx, r.client, o.owner, o.previous.Token)
	if err != nil {
		return nil, nil, err
	}
	for i := range former {
		state := tokensecret.StateOf(o.owner, &former[i])
		if !o.mayRevoke(state) {
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

// tokenToRevoke reads the token that the target holds. It returns nil if there is no token to revoke.
func (r *revoker) tokenToRevoke(ctx context.Context, o *observed) (*heldToken, error) {
	last, record := o.previous.Token, o.Token()
	switch {
	case record != nil && !o.Now.Before(record.ExpiresAt):
		// The token has expired. Or an earlier attempt revoked it, but could not remove the
		// finalizer.
		return nil, nil
	case o.mayRevoke(o.Target):
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
func (o *observed) mayRevoke(state *tokensecret.State) bool {
	return state.HoldsToken(o.Now) && o.isOfServer(state.Record.RequestHash)
}

// isOfServer reports whether the authorization server of the spec issued the token with a request hash.
// The hash may be that of an earlier spec, if this process remembers that the same server issued the
// token.
func (o *observed) isOfServer(requestHash string) bool {
	if requestHash == o.RequestHash {
		return true
	}
	needs := o.remembered.needs
	return needs != nil && needs.issuedFor == requestHash && needs.issuedBy == o.serverDigest()
}

// isOfFormer reports whether a token status is about a former target.
func isOfFormer(o *observed, token *v1alpha1.TokenStatus) bool {
	return token != nil && token.SecretName != "" && token.SecretName != o.TargetName
}

// readToken reads the token of a Secret live. The error is errCacheBehind if the Secret no longer holds
// a token to revoke.
func (r *revoker) readToken(ctx context.Context, o *observed, name string) (*heldToken, error) {
	secret := &corev1.Secret{}
	if err := r.observer.targets.live.Get(ctx, types.NamespacedName{Namespace: o.owner.Namespace, Name: name}, secret); err != nil {
		return nil, fmt.Errorf("read token Secret %q: %w", name, err)
	}
	state := tokensecret.StateOf(o.owner, secret)
	if !o.mayRevoke(state) {
		return nil, errCacheBehind
	}
	return &heldToken{secret: name, state: state, value: oauth2.NewSensitive(string(secret.Data[v1alpha1.AccessTokenKey]))}, nil
}

// endToken notes in the Secret that its token was revoked, if the Secret still exists. A failure does not
// repeat the revocation: only the next leader and a ClientCredential that inherits the Secret read the
// note.
func (r *revoker) endToken(ctx context.Context, o *observed, token heldToken) {
	secret := secretMetadata(types.NamespacedName{Namespace: o.owner.Namespace, Name: token.secret})
	err := retryAtShutdown(ctx, func(ctx context.Context) error {
		err := patchSecret(ctx, r.client, secret, token.state.End(o.Now))
		if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
			// The Secret is gone, or another Secret has its name.
			return nil
		}
		return err
	})
	if err != nil {
		logger(ctx).Info("Cannot note in the token Secret that its token was revoked", "secret", token.secret, "message", withoutMessage(err).Error())
	}
}

func (r *revoker) sendRevocation(ctx context.Context, o *observed, token oauth2.Sensitive) (err error) {
	switch {
	case o.Declaration != nil:
		return o.Declaration
	case o.Credentials != nil && (o.Credentials.Version == "" || !o.Credentials.Allowed):
		return problem.Stalled(v1alpha1.ReasonCredentialsNotFound,
			"Secret %q with the client's credentials is gone, or lost its label", o.Credentials.Name)
	}
	defer func() { r.throttle.Release(o.key(), r.clock.Now()) }()
	if err := r.enterHost(o, o.server.URL()); err != nil {
		return err
	}
	ctx, end := r.tracing.step(ctx, "revoke")
	defer func() { end(err, !errors.Is(err, errHostBusy)) }()
	read, err := r.credentials.read(ctx, o)
	if err != nil {
		return err
	}
	bundle, release, err := r.needs.bundle(ctx, o)
	if err != nil {
		return err
	}
	defer release()
	request, err := r.observer.resolver.RevocationRequest(ctx, o.parts(bundle, read.provenance.Credentials), token, o.Now)
	if err != nil {
		return err
	}
	if err := r.enterHost(o, request.URL); err != nil {
		return err
	}
	return r.sender.send(ctx, "revocation request", request.Request, func(response oauth2.Response) error {
		return oauth2.ReadRevocation(request.Server, request.Request, response)
	})
}

// errHostBusy means that too many requests to the host, or of the namespace, are in flight. Nothing was
// sent.
var errHostBusy = errors.New("too many requests to this host, or of this namespace, are in flight")

// enterHost reserves a request to the host of a URL. If too many requests are in flight, the error is
// errHostBusy, and the ClientCredential is enqueued when its request may be sent.
func (r *revoker) enterHost(o *observed, rawURL string) error {
	request := o.throttled()
	request.Host = throttle.HostKey(rawURL)
	if r.throttle.Enter(request, r.clock.Now()) != nil {
		return errHostBusy
	}
	return nil
}
