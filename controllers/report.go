package controllers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/renewal"
	"github.com/tokensync/tokensync/internal/status"
)

const (
	// statusRetryInterval is how soon a failed status write is retried.
	statusRetryInterval = 30 * time.Second
	// statusConflictInterval is how soon the reconcile is retried after another writer changed the status.
	statusConflictInterval = time.Second
	// maxStatusWrites is the maximum number of attempts to write a status while other fields change.
	maxStatusWrites = 3
)

// reporter reports the outcomes of decisions in the status, in events and in the log.
type reporter struct {
	statuses statusWriter
	live     liveReader
	recorder events.EventRecorder
	memory   *memory
	clock    clock.WithTicker
	tracing  tracing
	// timeout bounds the part of a reconcile before the report.
	timeout time.Duration
}

// report reports the outcome of a decision if anything changed, and returns when to reconcile next.
func (r *reporter) report(ctx context.Context, o *observed, decision renewal.Decision, outcome status.Outcome) reconcile.Result {
	// An attempt takes up to half a minute, so the token may have expired since the observation.
	input := o.Input
	input.Now = r.clock.Now()
	// The expiry watch may have written the status since the observation.
	known := r.memory.snapshot(o.owner)
	previous := known.statusOf(o.owner)
	report := status.Compute(status.Input{
		Observed: input, Decision: decision, Outcome: outcome, Previous: previous, ReportedNotices: known.reportedNotices,
	})
	// Remember notices only for a new token: a rewrite of the same token has no notices.
	if last := o.Token(); outcome.Target != nil && (last == nil || !outcome.Target.Record.IssuedAt.Equal(last.IssuedAt)) {
		r.memory.update(o.owner, func(e *entry) { e.rememberNotices(outcome.Notices) })
	}
	if outcome.Failure != nil {
		logger(ctx).Info("No token", "reason", outcome.Failure.Reason, "message", outcome.Failure.Message)
	}
	if outcome.Failure != nil && outcome.Failure.Class == problem.CredentialsRefused && outcome.Request.IsSent {
		r.memory.update(o.owner, func(e *entry) { e.setRefusalFailure(report.Status.Failure) })
	}
	action := decision.Action
	if outcome.Deferred != nil {
		action = renewal.Wait
	}
	for _, event := range report.Events {
		r.recorder.Eventf(o.owner, nil, event.Type, event.Reason, string(action), "%s", shorten(event.Message))
	}
	if known.isStatusUnwritten || !equality.Semantic.DeepEqual(previous, report.Status) {
		// Remember the status first, so that its backoff applies even if the write fails.
		r.memory.update(o.owner, func(e *entry) { e.rememberUnwrittenStatus(report.Status) })
		ctx, cancel := finishContext(ctx)
		defer cancel()
		ctx, end := r.tracing.step(ctx, "report")
		version, err := r.writeStatus(ctx, o.owner, previous, report.Status)
		end(client.IgnoreNotFound(err), true)
		switch {
		case r.live.isGone(ctx, err, clientCredentialMetadata(o.owner), o.owner.UID):
			return reconcile.Result{}
		case errors.Is(err, errCacheBehind):
			logger(ctx).Info("Another writer changed the status; reconciling again")
			return requeueBy(r.clock.Now(), renewal.Earliest(report.RequeueAt, r.clock.Now().Add(statusConflictInterval)))
		case err != nil:
			// Return no error: the backoff of the queue would delay the next renewal.
			logger(ctx).Error(err, "Cannot write the status; it is written later")
			return requeueBy(r.clock.Now(), renewal.Earliest(report.RequeueAt, r.clock.Now().Add(statusRetryInterval)))
		}
		r.memory.update(o.owner, func(e *entry) { e.rememberStatus(report.Status, version) })
	}
	return requeueBy(r.clock.Now(), report.RequeueAt)
}

// writeStatus replaces the observed status, and returns the new resourceVersion. The error is
// errCacheBehind if another writer has changed the status, for example another operator that was the
// leader meanwhile.
func (r *reporter) writeStatus(ctx context.Context, owner *v1alpha1.ClientCredential, previous, status v1alpha1.ClientCredentialStatus) (version string, err error) {
	version = r.memory.snapshot(owner).latestVersion(owner)
	for range maxStatusWrites {
		written := &v1alpha1.ClientCredential{ObjectMeta: metav1.ObjectMeta{Namespace: owner.Namespace, Name: owner.Name}}
		err = r.statuses.replace(ctx, written, owner.UID, version, status)
		if !apierrors.IsConflict(err) {
			return written.ResourceVersion, err
		}
		live := &v1alpha1.ClientCredential{}
		readErr := r.live.Get(ctx, client.ObjectKeyFromObject(owner), live)
		switch {
		case apierrors.IsNotFound(readErr):
			return "", readErr
		case readErr != nil:
			return "", fmt.Errorf("read ClientCredential %q after a conflict: %w", owner.Name, readErr)
		case live.UID == owner.UID && live.ResourceVersion == version:
			// An admission webhook can answer 409 too.
			return "", err
		case live.UID != owner.UID, !isKnown(live.Status, previous, owner.Status):
			return "", errCacheBehind
		}
		// Something else changed, such as a label.
		version = live.ResourceVersion
	}
	return "", errCacheBehind
}

// isKnown reports whether a status equals one of the statuses in seen.
func isKnown(status v1alpha1.ClientCredentialStatus, seen ...v1alpha1.ClientCredentialStatus) bool {
	return slices.ContainsFunc(seen, func(known v1alpha1.ClientCredentialStatus) bool { return equality.Semantic.DeepEqual(status, known) })
}
