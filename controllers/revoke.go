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
	observer     *observer
	credentials  *credentialsReader
	dependencies dependencyStore
	sender       requestSender
	client       client.Client
	throttle     *throttle.Throttle
	memory       *memory
	clock        clock.PassiveClock
	tracing      tracing
}

// revoke revokes the tokens of a ClientCredential, if there are any (RFC 7009).
func (r *revoker) revoke(ctx context.Context, owner *v1alpha1.ClientCredential) (revoked bool, err error) {
	now := r.clock.Now()
	ctx, end := r.tracing.begin(ctx, owner, now)
	defer end()
	o, err := r.observer.observe(ctx, owner, now)
	if err != nil {
		return false, err
	}
	o = o.withRememberedServer()
	// An unwritten token is the newest token. The Secret may hold an older token.
	unwritten := o.remembered.unwritten
	var unwrittenErr error
	switch {
	case unwritten == nil || !o.Now.Before(unwritten.token.ExpiresAt):
	case !o.isIssuedByServer(unwritten.provenance.RequestHash):
		unwrittenErr = problem.Stalled(v1alpha1.EventRevocationFailed, "the token that could not be written belongs to an earlier spec, and perhaps to another authorization server")
	default:
		if err := r.sendRevocation(ctx, o, unwritten.token.AccessToken); err != nil {
			return false, err
		}
		r.memory.update(owner, func(e *entry) { e.setUnwritten(nil) })
		revoked = true
	}
	tokens, formerErr, err := r.tokensToRevoke(ctx, o)
	if err != nil {
		return revoked, err
	}
	for _, token := range tokens {
		if !revoked || token.value.Reveal() != unwritten.token.AccessToken.Reveal() {
			if err := r.sendRevocation(ctx, o, token.value); err != nil {
				return false, err
			}
		}
		r.markRevoked(ctx, o, token)
	}
	if failed := cmp.Or(unwrittenErr, formerErr); failed != nil {
		return false, failed
	}
	return revoked || len(tokens) > 0, nil
}

// storedToken is an unexpired token in a Secret.
type storedToken struct {
	secret string
	state  *tokensecret.State
	value  oauth2.Sensitive
}

// tokensToRevoke reads the tokens in the target and in former targets. formerErr reports a token in a
// former target that another authorization server may have issued.
func (r *revoker) tokensToRevoke(ctx context.Context, o *observed) (tokens []storedToken, formerErr, err error) {
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
				formerErr = problem.Stalled(v1alpha1.EventRevocationFailed, "Secret %q holds a token of an earlier spec, and perhaps of another authorization server", former[i].Name)
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
	if last := o.previous.Token; len(tokens) == 0 && formerErr == nil && isInFormerTarget(o, last) && o.Now.Before(last.ExpiresAt.Time) {
		return nil, nil, problem.Stalled(v1alpha1.EventRevocationFailed, "Secret %q with the token is gone", last.SecretName)
	}
	return tokens, formerErr, nil
}

// tokenToRevoke reads the token in the target. It returns nil if there is no token to revoke.
func (r *revoker) tokenToRevoke(ctx context.Context, o *observed) (*storedToken, error) {
	last, record := o.previous.Token, o.Token()
	switch {
	case record != nil && !o.Now.Before(record.ExpiresAt):
		// The token has expired, or an earlier attempt revoked it but could not remove the finalizer.
		return nil, nil
	case o.mayRevoke(o.Target):
	case last == nil, !o.Now.Before(last.ExpiresAt.Time), isInFormerTarget(o, last):
		return nil, nil
	default:
		return nil, problem.Stalled(v1alpha1.EventRevocationFailed,
			"Secret %q holds no token of this spec", o.TargetName)
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
	return state.HoldsToken(o.Now) && o.isIssuedByServer(state.Record.RequestHash)
}

// isIssuedByServer reports whether the authorization server of the spec issued a token, given the hash of the
// token's request. It also returns true for the hash of an earlier spec, if this process remembers that the
// same server issued the token.
func (o *observed) isIssuedByServer(requestHash string) bool {
	if requestHash == o.RequestHash {
		return true
	}
	dependencies := o.remembered.dependencies
	return dependencies != nil && dependencies.issuedFor == requestHash && dependencies.issuedBy == o.serverDigest()
}

// isInFormerTarget reports whether the token of a status is in a former target.
func isInFormerTarget(o *observed, token *v1alpha1.TokenStatus) bool {
	return token != nil && token.SecretName != "" && token.SecretName != o.TargetName
}

// readToken reads the token of a Secret live. The error is errCacheBehind if the Secret no longer holds
// a token to revoke.
func (r *revoker) readToken(ctx context.Context, o *observed, name string) (*storedToken, error) {
	secret := &corev1.Secret{}
	if err := r.observer.targets.live.Get(ctx, types.NamespacedName{Namespace: o.owner.Namespace, Name: name}, secret); err != nil {
		return nil, fmt.Errorf("read token Secret %q: %w", name, err)
	}
	state := tokensecret.StateOf(o.owner, secret)
	if !o.mayRevoke(state) {
		return nil, errCacheBehind
	}
	return &storedToken{secret: name, state: state, value: oauth2.NewSensitive(string(secret.Data[v1alpha1.AccessTokenKey]))}, nil
}

// markRevoked records in the Secret that its token was revoked, if the Secret still exists. It only logs a
// failure, because only the next leader and a ClientCredential that inherits the Secret read the record.
func (r *revoker) markRevoked(ctx context.Context, o *observed, token storedToken) {
	secret := secretMetadata(types.NamespacedName{Namespace: o.owner.Namespace, Name: token.secret})
	err := retryAtShutdown(ctx, func(ctx context.Context) error {
		err := patchSecret(ctx, r.client, secret, token.state.RevokedPatch(o.Now))
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
	if found := cmp.Or(o.DeclarationProblem, o.Credentials.Problem()); found != nil {
		return found
	}
	defer func() { r.throttle.Release(o.throttleID(), r.clock.Now()) }()
	if err := r.enterHost(o, o.server.URL()); err != nil {
		return err
	}
	ctx, end := r.tracing.step(ctx, "revoke")
	defer func() { end(err, !errors.Is(err, errHostBusy)) }()
	read, err := r.credentials.read(ctx, o)
	if err != nil {
		return err
	}
	bundle, release, err := r.dependencies.bundle(ctx, o)
	if err != nil {
		return err
	}
	defer release()
	request, err := r.observer.resolver.RevocationRequest(ctx, o.requestParts(bundle, read.provenance.Credentials), token, o.Now)
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

// errHostBusy means that too many requests to the host or from the namespace are in flight. Nothing was
// sent.
var errHostBusy = errors.New("too many requests to this host or from this namespace are in flight")

// enterHost reserves a request to the host of a URL. If too many requests are in flight, the error is
// errHostBusy, and the ClientCredential is enqueued when its request may be sent.
func (r *revoker) enterHost(o *observed, rawURL string) error {
	request := o.throttleRequest()
	request.Host = throttle.HostKey(rawURL)
	if r.throttle.Enter(request, r.clock.Now()) != nil {
		return errHostBusy
	}
	return nil
}
