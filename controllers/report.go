package controllers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/renewal"
	"github.com/tokensync/tokensync/internal/status"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

const (
	// statusRetryInterval is how soon a status is written that could not be.
	statusRetryInterval = 30 * time.Second
	// statusConflictInterval is how soon a status is computed anew that another writer changed.
	statusConflictInterval = time.Second
	// maxStatusWrites bounds the attempts to write a status while something else changes.
	maxStatusWrites = 3
)

// report tells the world what came of a decision, if there is news.
func (r *Reconciler) report(ctx context.Context, o *observed, decision renewal.Decision, outcome status.Outcome) reconcile.Result {
	// An attempt takes up to half a minute: the token may have expired meanwhile.
	input := o.Input
	input.Now = r.Clock.Now()
	report := status.Compute(status.Input{
		Observed: input, Decision: decision, Outcome: outcome, Previous: o.previous, Told: r.memory.told(o.owner),
	})
	// A rewrite of the token that was there has no notices about it.
	if last := o.Token(); outcome.Target != nil && (last == nil || !outcome.Target.Record.IssuedAt.Equal(last.IssuedAt)) {
		r.memory.rememberTold(o.owner, outcome.Notices)
	}
	if outcome.Failure != nil {
		logger(ctx).Info("No token", "reason", outcome.Failure.Reason, "message", outcome.Failure.Message)
	}
	if outcome.Failure != nil && outcome.Failure.Class == problem.CredentialsRefused && outcome.Request.IsSent {
		r.memory.tellRefused(o.owner, report.Status.Failure)
	}
	action := decision.Action
	if outcome.Deferred != nil {
		action = renewal.Wait
	}
	for _, event := range report.Events {
		r.Recorder.Eventf(o.owner, nil, event.Type, event.Reason, string(action), "%s", shorten(event.Message))
	}
	if r.memory.isStatusUnwritten(o.owner) || !equality.Semantic.DeepEqual(o.previous, report.Status) {
		// Remembered first: a status that cannot be written still holds the backoff.
		r.memory.rememberUnwrittenStatus(o.owner, report.Status)
		ctx, cancel := finishing(ctx)
		defer cancel()
		ctx, end := r.step(ctx, o, "report")
		version, err := r.writeStatus(ctx, o, report.Status)
		end(client.IgnoreNotFound(err))
		switch {
		case r.isGone(ctx, err, clientCredentialMetadata(o.owner), o.owner.UID):
			return reconcile.Result{}
		case errors.Is(err, errCacheBehind):
			logger(ctx).Info("Another writer changed the status; looking again")
			return requeueBy(r.Clock.Now(), earliest(report.NextLook, r.Clock.Now().Add(statusConflictInterval)))
		case err != nil:
			// No error to the queue: its delays would make the next renewal late.
			logger(ctx).Error(err, "Cannot write the status; it is written later")
			return requeueBy(r.Clock.Now(), earliest(report.NextLook, r.Clock.Now().Add(statusRetryInterval)))
		}
		r.memory.rememberStatus(o.owner, report.Status, version)
	}
	return requeueBy(r.Clock.Now(), report.NextLook)
}

// writeStatus replaces the status that was observed, and returns the new resourceVersion. The
// error is errCacheBehind if there is the status of another writer, such as an operator that
// was the leader in between.
func (r *Reconciler) writeStatus(ctx context.Context, o *observed, status v1alpha1.ClientCredentialStatus) (version string, err error) {
	version = r.memory.latestVersion(o.owner)
	for range maxStatusWrites {
		written := &v1alpha1.ClientCredential{ObjectMeta: metav1.ObjectMeta{Namespace: o.owner.Namespace, Name: o.owner.Name}}
		err = r.replaceStatus(ctx, written, o.owner.UID, version, status)
		if !apierrors.IsConflict(err) {
			return written.ResourceVersion, err
		}
		live := &v1alpha1.ClientCredential{}
		readErr := r.APIReader.Get(ctx, client.ObjectKeyFromObject(o.owner), live)
		switch {
		case apierrors.IsNotFound(readErr):
			return "", readErr
		case readErr != nil:
			return "", fmt.Errorf("read ClientCredential %q after a conflict: %w", o.owner.Name, readErr)
		case live.UID == o.owner.UID && live.ResourceVersion == version:
			// An admission webhook can answer 409 too.
			return "", err
		case live.UID != o.owner.UID, !o.isKnown(live.Status):
			return "", errCacheBehind
		}
		// Something else changed, such as a label.
		version = live.ResourceVersion
	}
	return "", errCacheBehind
}

// isKnown reports whether a status is that of the cache or of the last write.
func (o *observed) isKnown(status v1alpha1.ClientCredentialStatus) bool {
	return equality.Semantic.DeepEqual(status, o.previous) || equality.Semantic.DeepEqual(status, o.owner.Status)
}

// replaceStatus writes the whole status, of which no other has a part. An apply
// would leave there what others once wrote. The error is a conflict if the object is not in
// the version that the status rests on. written names the object, and is filled with it.
func (r *Reconciler) replaceStatus(ctx context.Context, written client.Object, uid types.UID, version string, status any) error {
	patch, err := json.Marshal([]map[string]any{
		{"op": "test", "path": "/metadata/uid", "value": uid},
		// Not a test: only this makes a conflict of a difference.
		{"op": "add", "path": "/metadata/resourceVersion", "value": version},
		{"op": "add", "path": "/status", "value": status},
	})
	if err != nil {
		return fmt.Errorf("encode the status: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, reportTimeout)
	defer cancel()
	if err := r.Client.Status().Patch(ctx, written, client.RawPatch(types.JSONPatchType, patch), client.FieldOwner(tokensecret.FieldManager)); err != nil {
		return fmt.Errorf("write the status: %w", err)
	}
	return nil
}
