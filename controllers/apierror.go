package controllers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/renewal"
	"github.com/tokensync/tokensync/internal/status"
)

// reportError ends a reconcile in which a request to the API server failed. The cause
// and the backoff are in the status, and Ready is True no longer than the token lives.
func (r *Reconciler) reportError(ctx context.Context, o *observed, err error) (reconcile.Result, error) {
	if ctx.Err() != nil {
		// The operator ends. The next one tries again.
		return reconcile.Result{}, err
	}
	if errors.Is(err, errCacheBehind) {
		if meta.IsStatusConditionTrue(o.previous.Conditions, v1alpha1.ReadyCondition) && o.Token() != nil && !o.Valid() {
			r.report(ctx, o, renewal.Decision{Action: renewal.Wait, Why: "the cache is behind"}, status.Outcome{})
		}
		return reconcile.Result{}, err
	}
	outcome := status.Outcome{Attempted: true, Failure: apiFailure(err)}
	return r.report(ctx, o, renewal.Decision{Action: renewal.Wait, Why: "the API server"}, outcome), nil
}

// apiFailure is the failure of a request to the API server.
func apiFailure(err error) *oauth2.Error {
	failure := &oauth2.Error{
		Reason: v1alpha1.ReasonAPIRequestFailed, Class: apiFailureClass(err),
		Message: fmt.Sprintf("cannot %s; the request is retried", quoted(err)),
	}
	if apierrors.IsForbidden(err) {
		failure.Message = fmt.Sprintf("cannot %s; check the operator's role and the admission policies", quoted(err))
	}
	if seconds, ok := apierrors.SuggestsClientDelay(err); ok {
		failure.RetryAfter = time.Duration(seconds) * time.Second
	}
	return failure
}

// apiFailureClass tells a refusal from an API server that cannot be reached or fails.
func apiFailureClass(err error) oauth2.Class {
	var refused apierrors.APIStatus
	if !errors.As(err, &refused) {
		return oauth2.Unavailable
	}
	switch code := refused.Status().Code; {
	case code == http.StatusTooManyRequests, code == http.StatusRequestTimeout, code < 400, code >= 500:
		return oauth2.Unavailable
	}
	return oauth2.MayPass
}

// maxQuoted bounds what is quoted of the API server, so that a status can hold it.
const maxQuoted = 1024

func quoted(err error) string { return cut(err.Error()) }

func cut(text string) string {
	if len(text) <= maxQuoted {
		return text
	}
	return strings.ToValidUTF8(text[:maxQuoted], "") + "..."
}

// conflictOr returns errCacheBehind if a write was refused because the object is not as
// it was seen, and otherwise err, the error of the write: an admission webhook can answer
// 409 too. uid and resourceVersion are those seen; empty for an object that did not
// exist. live names the object.
func (r *Reconciler) conflictOr(ctx context.Context, err error, live client.Object, uid, resourceVersion string) error {
	if !apierrors.IsConflict(err) && !apierrors.IsAlreadyExists(err) && !apierrors.IsNotFound(err) && !apierrors.IsInvalid(err) {
		return err
	}
	readErr := r.APIReader.Get(ctx, client.ObjectKeyFromObject(live), live)
	switch {
	case apierrors.IsNotFound(readErr) && resourceVersion == "":
		return err
	case apierrors.IsNotFound(readErr):
		return errCacheBehind
	case readErr != nil:
		return fmt.Errorf("read %s %q after a conflict: %w", kindName(live), live.GetName(), readErr)
	case string(live.GetUID()) != uid, live.GetResourceVersion() != resourceVersion:
		return errCacheBehind
	}
	return err
}

func kindName(object client.Object) string { return object.GetObjectKind().GroupVersionKind().Kind }

// clientCredentialMetadata is read live to tell a conflict.
func clientCredentialMetadata(owner *v1alpha1.ClientCredential) *metav1.PartialObjectMetadata {
	return &metav1.PartialObjectMetadata{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: clientCredentialKind},
		ObjectMeta: metav1.ObjectMeta{Namespace: owner.Namespace, Name: owner.Name},
	}
}
