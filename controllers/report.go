package controllers

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/renewal"
	"github.com/tokensync/tokensync/internal/status"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// report tells the world what came of a decision, if there is news.
func (r *Reconciler) report(ctx context.Context, o *observed, decision renewal.Decision, outcome status.Outcome) (reconcile.Result, error) {
	report := status.Compute(status.Input{
		Observed: o.Input, Decision: decision, Outcome: outcome, Previous: o.previous,
	})
	if outcome.Failure != nil {
		logger(ctx).Info("No token", "reason", outcome.Failure.Reason, "message", outcome.Failure.Message)
	}
	for _, event := range report.Events {
		r.Recorder.Eventf(o.owner, nil, event.Type, event.Reason, string(decision.Action), "%s", shorten(event.Message))
	}
	if r.memory.isStatusUnwritten(o.owner) || !equality.Semantic.DeepEqual(o.previous, report.Status) {
		// Remembered first: a status that cannot be written still holds the backoff.
		r.memory.rememberStatus(o.owner, report.Status, "")
		version, err := r.applyStatus(ctx, o.owner, report.Status)
		if err != nil {
			return reconcile.Result{}, client.IgnoreNotFound(err)
		}
		r.memory.rememberStatus(o.owner, report.Status, version)
	}
	if report.NextLook.IsZero() {
		return reconcile.Result{}, nil
	}
	// An explicit priority: else an object that came with the initial list would
	// stay behind all others for ever.
	return reconcile.Result{RequeueAfter: max(report.NextLook.Sub(o.Now), 1), Priority: ptr.To(0)}, nil
}

// applyStatus writes the whole status, of which no other has a part.
func (r *Reconciler) applyStatus(ctx context.Context, owner *v1alpha1.ClientCredential, status v1alpha1.ClientCredentialStatus) (version string, err error) {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&status)
	if err != nil {
		return "", fmt.Errorf("convert the status: %w", err)
	}
	configuration := &unstructured.Unstructured{Object: map[string]any{"status": content}}
	configuration.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(clientCredentialKind))
	configuration.SetNamespace(owner.Namespace)
	configuration.SetName(owner.Name)
	configuration.SetUID(owner.UID)
	err = r.Client.Status().Apply(ctx, client.ApplyConfigurationFromUnstructured(configuration),
		client.FieldOwner(tokensecret.FieldManager), client.ForceOwnership)
	if err != nil {
		return "", fmt.Errorf("write the status: %w", err)
	}
	return configuration.GetResourceVersion(), nil
}

// shorten respects the bound of an event's note.
func shorten(note string) string {
	const most = 1000
	if len(note) <= most {
		return note
	}
	return note[:most] + "..."
}
