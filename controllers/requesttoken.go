package controllers

import (
	"context"
	"fmt"
	"net/http"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/fairshare"
	"github.com/tokensync/tokensync/internal/metrics"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/renewal"
	"github.com/tokensync/tokensync/internal/resolve"
	"github.com/tokensync/tokensync/internal/status"
	"github.com/tokensync/tokensync/internal/throttle"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// tokenSender requests tokens from authorization servers.
type tokenSender struct {
	sender   requestSender
	resolver *resolve.Resolver
	throttle *throttle.Throttle
	counts   *requestCounts
	// largeTokens limits how many large tokens are handled concurrently.
	largeTokens *fairshare.Slots
	live        liveReader
	memory      *memory
	metrics     *metrics.Metrics
	clock       clock.WithTicker
}

// reservation returns a reservation that reserves nothing yet.
func (s *tokenSender) reservation(o *observed) *reservation {
	return &reservation{throttle: s.throttle, counts: s.counts, largeTokens: s.largeTokens, clock: s.clock, observed: o, request: o.throttleRequest()}
}

// reserveUnlessIssued reserves a request before the credentials are read, so that a deferred request does
// not read them. If there is an unwritten token, it reserves nothing, because a request may not be
// necessary.
func (s *tokenSender) reserveUnlessIssued(o *observed, reservation *reservation) *renewal.Deferral {
	if o.remembered.unwritten != nil {
		return nil
	}
	if client := o.pausedClient(); client != nil {
		return reservation.reserveAs(*client)
	}
	return reservation.reserve()
}

// token returns the unwritten token if it is still usable, and requests a token otherwise. The outcome
// says whether the request is deferred, and whether the server refused the same request before. token
// calls beforeSend before it sends a request.
func (s *tokenSender) token(ctx context.Context, o *observed, provenance tokensecret.Provenance, reservation *reservation, beforeSend func()) (*oauth2.Token, status.Outcome, error) {
	if unwritten := o.unwrittenFor(o.remembered.unwritten); unwritten != nil && unwritten.provenance.Equal(provenance) {
		if unwritten.size() > maxSmallBytes {
			reservation.takeLargeSlot(ctx)
		}
		return &unwritten.token, status.Outcome{}, nil
	}
	digest, err := o.requestDigest(provenance.Credentials)
	if err != nil {
		return nil, status.Outcome{}, err
	}
	known := o.remembered
	if o.IsRenewRequested() {
		known.refusals = nil
		s.memory.update(o.owner, (*entry).forgetRefusals)
	}
	outcome := status.Outcome{Request: known.compareWithRefusals(digest, o.Now)}
	if outcome.Deferred = s.reserve(o, reservation, o.clientKeyFor(provenance.Credentials.ClientID.Reveal()), outcome.Request.Refused); outcome.Deferred != nil {
		return nil, outcome, nil
	}
	if err := s.confirmTarget(ctx, o); err != nil {
		return nil, outcome, err
	}
	prepared, release, err := s.prepare(ctx, o, provenance.Credentials, reservation)
	if err != nil {
		return nil, outcome, err
	}
	defer release()
	if outcome.Deferred = reservation.enterHost(prepared.URL); outcome.Deferred != nil {
		return nil, outcome, nil
	}
	token, err := s.send(ctx, o, prepared, provenance, reservation, beforeSend)
	outcome.Request.IsSent = true
	failure := problem.Of(err)
	switch {
	case err == nil:
		s.memory.update(o.owner, func(e *entry) { e.forgetRefusal(digest) })
	case failure != nil && failure.Class == problem.CredentialsRefused:
		s.memory.update(o.owner, func(e *entry) { e.addRefusal(digest, o.Now) })
	}
	return token, outcome, err
}

// reserve reserves the request of a client. The credentials must have been read.
func (s *tokenSender) reserve(o *observed, reservation *reservation, client clientKey, refused *v1alpha1.FailureStatus) *renewal.Deferral {
	if deferral := o.deferRefused(refused); deferral != nil {
		return deferral
	}
	deferral := reservation.reserveAs(client)
	if deferral != nil && deferral.Cause == renewal.ServerPaused {
		s.memory.update(o.owner, func(e *entry) { e.rememberPaused(o, client) })
	}
	return deferral
}

// confirmTarget reads the metadata of the target live before the first token request of this process. An
// earlier leader may have written a token that the cache does not show yet. If the server keeps only one
// token per client, a new request would invalidate that token. The error is errCacheBehind if the target
// has changed since it was observed.
//
// To save reads, confirmTarget skips a ClientCredential that has neither a Secret nor a token in its
// status. If an earlier leader did write its Secret, the write of the new token detects that.
func (s *tokenSender) confirmTarget(ctx context.Context, o *observed) error {
	if o.remembered.targetOf(o.owner) != nil || (o.Target == nil && o.previous.Token == nil) {
		return nil
	}
	live := secretMetadata(types.NamespacedName{Namespace: o.owner.Namespace, Name: o.TargetName})
	err := s.live.Get(ctx, client.ObjectKeyFromObject(live), live)
	switch {
	case apierrors.IsNotFound(err) && o.Target == nil:
		return nil
	case apierrors.IsNotFound(err):
		return errCacheBehind
	case err != nil:
		return fmt.Errorf("read the metadata of token Secret %q: %w", o.TargetName, err)
	}
	state := tokensecret.StateOf(o.owner, live)
	s.memory.update(o.owner, func(e *entry) { e.rememberTarget(o.owner, state) })
	if o.Target == nil || o.Target.ResourceVersion != live.ResourceVersion {
		return errCacheBehind
	}
	return nil
}

// prepare builds the token request. The caller must call release after it has sent the request.
func (s *tokenSender) prepare(ctx context.Context, o *observed, credentials oauth2.Credentials, reservation *reservation) (prepared *resolve.Request, release func(), err error) {
	bundle, release, err := s.resolver.Authorities(ctx, fairshare.Claimant{Tenant: o.owner.Namespace, Waits: true}, o.server)
	if err != nil {
		return nil, nil, err
	}
	s.memory.update(o.owner, func(e *entry) { e.rememberBundle(bundle) })
	startedAt := s.clock.Now()
	prepared, err = s.resolver.TokenRequest(ctx, o.requestParts(bundle, credentials), startedAt)
	if err != nil {
		reservation.reportResult(startedAt, err)
		release()
		return nil, nil, err
	}
	return prepared, release, nil
}

// send sends a token request. It remembers the token until it is written, reports the result to the
// throttle, and drops metadata that may be wrong.
func (s *tokenSender) send(ctx context.Context, o *observed, prepared *resolve.Request, provenance tokensecret.Provenance, reservation *reservation, beforeSend func()) (*oauth2.Token, error) {
	if err := ctx.Err(); err != nil {
		// The operator shuts down or the reconcile has timed out, so send nothing.
		return nil, err
	}
	beforeSend()
	startedAt := s.clock.Now()
	waitedSince := reservation.markSent(startedAt)
	token, err := s.exchange(ctx, o, prepared, startedAt, reservation)
	if !waitedSince.IsZero() {
		s.metrics.Waited(o.owner.Namespace, "//"+prepared.ShownHost(), startedAt.Sub(waitedSince))
	}
	s.counts.add(client.ObjectKeyFromObject(o.owner), startedAt)
	// Report the result now, so that the next request does not wait for the write of the Secret.
	reservation.reportResult(startedAt, err)
	if failure := problem.Of(err); failure != nil {
		err = s.distrustMetadata(o.server, prepared.Trust, failure)
	}
	if err != nil {
		return nil, err
	}
	s.memory.update(o.owner, func(e *entry) { e.setUnwritten(&issuedToken{token: *token, provenance: provenance}) })
	return token, nil
}

// exchange sends a token request, reads the token, and counts the request in the metrics.
func (s *tokenSender) exchange(ctx context.Context, o *observed, request *resolve.Request, startedAt time.Time, reservation *reservation) (token *oauth2.Token, err error) {
	var received time.Time
	err = s.sender.send(ctx, "token request", request.Request, func(response oauth2.Response) error {
		received = s.clock.Now()
		if response.StatusCode < http.StatusMultipleChoices && len(response.Body.Reveal()) > maxSmallBytes {
			reservation.takeLargeSlot(ctx)
		}
		token, err = oauth2.ReadResponse(request.Server, request.Request, response)
		return err
	})
	if received.IsZero() {
		received = s.clock.Now()
	}
	s.metrics.TokenRequested(o.owner.Namespace, "//"+request.ShownHost(), received.Sub(startedAt), err)
	return token, err
}

// distrustMetadata returns the failure. If the failed token endpoint comes from metadata, the next attempt
// reads the metadata again, because a server may publish a wrong endpoint while it starts. Then a failure
// of class Invalid gets the class MayPass, because new metadata may fix it.
func (s *tokenSender) distrustMetadata(declared resolve.Declaration, trust oauth2.TLS, failure *problem.Problem) error {
	if declared.TokenEndpoint != "" || failure.Class == problem.CredentialsRefused {
		return failure
	}
	s.sender.tokenEndpoint.InvalidateMetadata(declared.Issuer, trust)
	if failure.Class == problem.Invalid {
		return failure.WithClass(problem.MayPass)
	}
	return failure
}

// requestParts returns the inputs of a request for the ClientCredential.
func (o *observed) requestParts(bundle *oauth2.Authorities, credentials oauth2.Credentials) resolve.Parts {
	return resolve.Parts{Owner: o.owner, Server: o.server, Credentials: credentials, Bundle: bundle}
}
