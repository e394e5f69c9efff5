package controllers

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/renewal"
	"github.com/tokensync/tokensync/internal/resolve"
	"github.com/tokensync/tokensync/internal/status"
	"github.com/tokensync/tokensync/internal/tokenendpoint"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// act does what was decided. A failure is part of the outcome. The error is errCacheBehind, or
// that of the context when it ended.
func (r *Reconciler) act(ctx context.Context, o *observed, decision renewal.Decision) (status.Outcome, error) {
	switch decision.Action {
	case renewal.Exchange:
		return r.requestToken(ctx, o, decision)
	case renewal.Verify:
		return r.verifyToken(ctx, o, decision)
	case renewal.Mend:
		return r.mendTarget(ctx, o, decision)
	case renewal.Keep:
		return r.keepToken(ctx, o)
	case renewal.Wait, renewal.Refuse:
	}
	return status.Outcome{}, nil
}

// requestToken gets a new token. If that fails, it mends the Secret of the token that is there.
func (r *Reconciler) requestToken(ctx context.Context, o *observed, decision renewal.Decision) (status.Outcome, error) {
	stepCtx, end := r.step(ctx, o, "act", attribute.String("tokensync.why", decision.Why))
	logger(stepCtx).Info("Asking for a token", "why", decision.Why)
	outcome, err := r.exchange(stepCtx, o)
	endStep(end, outcome, err)
	if (err != nil || outcome.Deferred != nil) && outcome.Target == nil && r.unwritten(o) == nil {
		outcome.Target = r.mend(ctx, o).Target
	}
	return r.attempted(ctx, o, decision, outcome, err)
}

// verifyToken makes sure of the token that is there, or gets a new one.
func (r *Reconciler) verifyToken(ctx context.Context, o *observed, decision renewal.Decision) (status.Outcome, error) {
	stepCtx, end := r.step(ctx, o, "act", attribute.String("tokensync.why", decision.Why))
	outcome, err := r.verify(stepCtx, o)
	endStep(end, outcome, err)
	return r.attempted(ctx, o, decision, outcome, err)
}

// mendTarget mends the Secret while the renewal fails.
func (r *Reconciler) mendTarget(ctx context.Context, o *observed, decision renewal.Decision) (status.Outcome, error) {
	outcome := r.mend(ctx, o)
	if !outcome.Attempted {
		return outcome, nil
	}
	return r.attempted(ctx, o, decision, outcome, nil)
}

// keepToken deletes what earlier specs left. The Secret holds a good token.
func (r *Reconciler) keepToken(ctx context.Context, o *observed) (status.Outcome, error) {
	if err := r.prune(ctx, o); err != nil {
		return r.attempted(ctx, o, renewal.Decision{}, status.Outcome{}, err)
	}
	return status.Outcome{}, nil
}

// attempted completes the outcome of an attempt that ended with an error, or nil.
func (r *Reconciler) attempted(ctx context.Context, o *observed, decision renewal.Decision, outcome status.Outcome, err error) (status.Outcome, error) {
	if outcome.Deferred != nil {
		return outcome, nil
	}
	r.countRenewal(o, outcome)
	if decision.Repair && outcome.Target != nil {
		r.memory.rememberRepair(o.owner, o.Now)
	}
	outcome.Attempted = true
	switch {
	case err == nil, errors.As(err, &outcome.Failure):
		return outcome, nil
	case errors.Is(err, errCacheBehind), ctx.Err() != nil:
		return outcome, err
	}
	outcome.Failure = apiFailure(err)
	return outcome, nil
}

// countRenewal counts a new token that takes the place of another.
func (r *Reconciler) countRenewal(o *observed, outcome status.Outcome) {
	if old := o.Token(); old != nil && !o.Target.Inherited && outcome.Target != nil && !outcome.Target.Record.IssuedAt.Equal(old.IssuedAt) {
		r.Metrics.Renewed(old.IssuedAt, old.ExpiresAt, r.Clock.Now())
	}
}

// endStep ends a span, unless nothing was done in it.
func endStep(end func(error), outcome status.Outcome, err error) {
	if outcome.Deferred == nil {
		end(err)
	}
}

// exchange gets a token and delivers it.
func (r *Reconciler) exchange(ctx context.Context, o *observed) (status.Outcome, error) {
	reservation := r.reservation(o)
	defer reservation.release()
	if err := r.compareType(ctx, o); err != nil {
		return status.Outcome{}, err
	}
	if err := r.rehearse(ctx, o); err != nil {
		return status.Outcome{}, err
	}
	if deferral := r.reserveUnlessIssued(o, reservation); deferral != nil {
		return status.Outcome{Deferred: deferral}, nil
	}
	if r.lostTarget(o) {
		if err := r.confirmLoss(ctx, o); err != nil {
			return status.Outcome{}, err
		}
	}
	provenance, notices, err := r.credentials(ctx, o)
	if err != nil {
		return status.Outcome{}, err
	}
	provenance.RenewRequest = o.RenewRequest
	token, outcome, err := r.token(ctx, o, provenance, reservation)
	if err != nil || outcome.Deferred != nil {
		return outcome, err
	}
	delivered, err := r.deliver(ctx, o, *token, provenance, outcome.Request.IsSent)
	delivered.Request, delivered.Notices = outcome.Request, slices.Concat(notices, delivered.Notices)
	return delivered, err
}

// reserveUnlessIssued reserves a request before anything is read that only a request needs. A token that
// waits to be written may need no request.
func (r *Reconciler) reserveUnlessIssued(o *observed, reservation *reservation) *renewal.Deferral {
	if r.memory.unwritten(o.owner) != nil {
		return nil
	}
	if client := r.memory.pausedClient(o); client != nil {
		return reservation.reserveAs(*client)
	}
	return reservation.reserve()
}

// verify writes the token that is in the Secret again if it is still the one that
// its record tells of, and exchanges otherwise.
func (r *Reconciler) verify(ctx context.Context, o *observed) (status.Outcome, error) {
	outcome, err := r.rewrite(ctx, o)
	if err != nil || outcome.Target != nil {
		return outcome, err
	}
	logger(ctx).Info("Token Secret does not hold its token any more, or the credentials changed", "secret", o.TargetName)
	return r.exchange(ctx, o)
}

// mend puts right what the Secret of an intact token lacks, while the renewal fails. The
// status tells of the renewal. If a newer token waits to be written, mend writes that one, which
// ends the failure.
func (r *Reconciler) mend(ctx context.Context, o *observed) status.Outcome {
	if !o.MayBeIntact() || !o.Target.Drifted || !o.MayRepair() {
		return status.Outcome{}
	}
	ctx, end := r.step(ctx, o, "mend")
	outcome, err := r.rewrite(ctx, o)
	end(err)
	if err != nil {
		logger(ctx).Info("Cannot mend the token Secret", "secret", o.TargetName, "message", err.Error())
	}
	if outcome.Target == nil {
		return status.Outcome{}
	}
	if outcome.Attempted {
		return outcome
	}
	r.memory.rememberRepair(o.owner, o.Now)
	// If the request has to wait, the report rests on the mended Secret.
	o.Target = outcome.Target
	return status.Outcome{Target: outcome.Target}
}

// rewrite writes the token that is in the Secret again, or the newer one that waits to be
// written. The outcome has no target if the Secret does not hold the token that its record
// tells of.
func (r *Reconciler) rewrite(ctx context.Context, o *observed) (status.Outcome, error) {
	provenance, notices, err := r.credentials(ctx, o)
	if err != nil {
		return status.Outcome{}, err
	}
	defer r.rewrites.Enter(ctx, o.owner.Namespace)()
	secret, err := r.target(ctx, o)
	if err != nil {
		return status.Outcome{}, err
	}
	if secret.Size() > maxSmall {
		defer r.large.Enter(ctx, o.owner.Namespace)()
	}
	o.replaces = secret.Type != tokensecret.TypeOf(o.owner)
	if kept := r.unwritten(o); kept != nil && kept.provenance.Equal(provenance) {
		provenance.RenewRequest = o.RenewRequest
		outcome, err := r.deliver(ctx, o, kept.token, provenance, false)
		outcome.Attempted = true
		return outcome, err
	}
	intact := tokensecret.Intact(secret, provenance)
	if intact == nil {
		return status.Outcome{}, nil
	}
	token := tokensecret.Fit(o.owner, *intact)
	provenance.RenewRequest = o.Target.Record.RenewRequest
	target, err := r.write(ctx, o, &token, provenance)
	return status.Outcome{Target: target, Notices: notices}, err
}

// target reads the target Secret live, as it was observed.
func (r *Reconciler) target(ctx context.Context, o *observed) (*corev1.Secret, error) {
	secret := &corev1.Secret{}
	err := r.APIReader.Get(ctx, types.NamespacedName{Namespace: o.owner.Namespace, Name: o.TargetName}, secret)
	if apierrors.IsNotFound(err) || (err == nil && secret.ResourceVersion != o.Target.ResourceVersion) {
		return nil, errCacheBehind
	}
	if err != nil {
		return nil, fmt.Errorf("read token Secret %q: %w", o.TargetName, err)
	}
	return secret, nil
}

// credentials reads the credentials live: no cache holds them.
func (r *Reconciler) credentials(ctx context.Context, o *observed) (tokensecret.Provenance, []oauth2.Notice, error) {
	read, err := r.readCredentials(ctx, o)
	if read.version != "" {
		r.memory.credentials.note(o.holding(), read)
	}
	return read.provenance, read.notices, err
}

// token returns the token that could not be written last time, while it is valid, and
// requests one otherwise. The outcome says whether the request is deferred, and what is known about it.
func (r *Reconciler) token(ctx context.Context, o *observed, provenance tokensecret.Provenance, reservation *reservation) (*oauth2.Token, status.Outcome, error) {
	if kept := r.unwritten(o); kept != nil && kept.provenance.Equal(provenance) {
		if kept.size() > maxSmall {
			reservation.takeLarge(ctx)
		}
		return &kept.token, status.Outcome{}, nil
	}
	digest, err := o.requestDigest(provenance.Credentials)
	if err != nil {
		return nil, status.Outcome{}, err
	}
	if o.IsRenewRequested() {
		r.memory.forgetAllRefused(o.owner)
	}
	outcome := status.Outcome{Request: r.memory.compareRefused(o.owner, digest, o.Now)}
	client := o.client(provenance.Credentials.ClientID.Reveal())
	if outcome.Deferred = r.reserveRequest(o, reservation, client, outcome.Request.Refused); outcome.Deferred != nil {
		return nil, outcome, nil
	}
	if err := r.confirmTarget(ctx, o); err != nil {
		return nil, outcome, err
	}
	bundle, release, err := r.resolver.Authorities(ctx, tokenendpoint.BundleUser{Tenant: o.owner.Namespace, Waits: true}, o.server)
	if err != nil {
		return nil, outcome, err
	}
	defer release()
	r.memory.rememberBundle(o.owner, bundle)
	startedAt := r.Clock.Now()
	prepared, err := r.resolver.TokenRequest(ctx, o.parts(bundle, provenance.Credentials), startedAt)
	if err != nil {
		reservation.answered(startedAt, err)
		return nil, outcome, err
	}
	if outcome.Deferred = reservation.enter(prepared.URL); outcome.Deferred != nil {
		return nil, outcome, nil
	}
	token, err := r.sendTokenRequest(ctx, o, prepared, provenance, reservation)
	outcome.Request.IsSent = true
	failure := problem.Of(err)
	switch {
	case err == nil:
		r.memory.forgetRefused(o.owner, digest)
	case failure != nil && failure.Class == problem.CredentialsRefused:
		r.memory.rememberRefused(o.owner, digest)
	}
	return token, outcome, err
}

// reserveRequest reserves the request of a client, now that the credentials are known.
func (r *Reconciler) reserveRequest(o *observed, reservation *reservation, client clientKey, refused *v1alpha1.FailureStatus) *renewal.Deferral {
	if deferral := o.stillRefused(refused); deferral != nil {
		return deferral
	}
	deferral := reservation.reserveAs(client)
	if deferral != nil && deferral.Cause == renewal.ServerPaused {
		r.memory.rememberPaused(o, client)
	}
	return deferral
}

// sendTokenRequest sends a token request, and keeps what it tells beyond the token: about
// the pauses of the server, and about its metadata.
func (r *Reconciler) sendTokenRequest(ctx context.Context, o *observed, prepared *resolve.Request, provenance tokensecret.Provenance, reservation *reservation) (*oauth2.Token, error) {
	if err := ctx.Err(); err != nil {
		// The operator ends.
		return nil, err
	}
	r.tellExpired(o)
	startedAt := r.Clock.Now()
	waitedSince := reservation.sent(startedAt)
	token, err := r.ask(ctx, o, prepared, startedAt, reservation)
	if !waitedSince.IsZero() {
		r.Metrics.Waited(o.owner.Namespace, "//"+prepared.ShownHost(), startedAt.Sub(waitedSince))
	}
	r.memory.rememberRequest(o.owner, startedAt)
	// The next request need not wait until the Secret is written.
	reservation.answered(startedAt, err)
	if failure := problem.Of(err); failure != nil {
		err = r.distrustMetadata(o.server, prepared.Trust, failure)
	}
	if err != nil {
		return nil, err
	}
	r.memory.rememberUnwritten(o.owner, &issued{token: *token, provenance: provenance})
	return token, nil
}

// parts are what a request for the ClientCredential is built from.
func (o *observed) parts(bundle *oauth2.Authorities, credentials oauth2.Credentials) resolve.Parts {
	return resolve.Parts{Owner: o.owner, Server: o.server, Credentials: credentials, Bundle: bundle}
}

// distrustMetadata has the metadata read again before the next attempt, if the token
// endpoint that failed was found there: a server may have told of another one while it
// started. It returns the failure, which may pass if it lies in the metadata.
func (r *Reconciler) distrustMetadata(declared resolve.Declaration, trust oauth2.TLS, failure *problem.Problem) error {
	if declared.TokenEndpoint != "" || failure.Class == problem.CredentialsRefused {
		return failure
	}
	r.TokenEndpoint.Distrust(declared.Issuer, trust)
	if failure.Class == problem.Invalid {
		return failure.WithClass(problem.MayPass)
	}
	return failure
}
