// Package controllers watches ClientCredentials and their Secrets, and leads each
// through observe, decide, act and report. The thinking is done by the packages
// under internal.
package controllers

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/renewal"
	"github.com/tokensync/tokensync/internal/status"
	"github.com/tokensync/tokensync/internal/tokenendpoint"
)

// TokenEndpoint sends token requests. Its error is tokenendpoint.ErrBusy or an
// *oauth2.Error.
type TokenEndpoint interface {
	Send(ctx context.Context, request *oauth2.Request) (oauth2.Response, error)
}

// Reconciler keeps the token Secrets of ClientCredentials fresh. What is nil is
// taken from the manager.
type Reconciler struct {
	// Client reads from the cache and writes to the API server.
	Client client.Client
	// APIReader reads from the API server.
	APIReader client.Reader
	Recorder  events.EventRecorder
	Clock     clock.PassiveClock

	TokenEndpoint TokenEndpoint
	// RequireCredentialsLabel demands v1alpha1.UsageLabel on credentials Secrets.
	RequireCredentialsLabel bool

	memory  *memory
	started func() time.Time
}

// +kubebuilder:rbac:groups=oauth2.tokensync.dev,resources=clientcredentials,verbs=get;list;watch
// +kubebuilder:rbac:groups=oauth2.tokensync.dev,resources=clientcredentials/status,verbs=get;patch
// +kubebuilder:rbac:groups=oauth2.tokensync.dev,resources=clientcredentials/finalizers,verbs=update
// +kubebuilder:rbac:groups="",resources=secrets,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Reconcile brings one ClientCredential a step further.
func (r *Reconciler) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	clientCredential := &v1alpha1.ClientCredential{}
	if err := r.Client.Get(ctx, request.NamespacedName, clientCredential); err != nil {
		if apierrors.IsNotFound(err) {
			r.memory.forget(request.NamespacedName)
		}
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	if !clientCredential.DeletionTimestamp.IsZero() {
		// The garbage collector takes the token Secret away. No new token is asked for.
		return reconcile.Result{}, nil
	}

	observed, err := r.observe(ctx, clientCredential, r.Clock.Now())
	if err != nil {
		return reconcile.Result{}, err
	}
	decision := renewal.Decide(observed.Input)
	outcome, err := r.act(ctx, observed, decision)
	if errors.Is(err, tokenendpoint.ErrBusy) {
		return r.wait(ctx, observed)
	}
	if err != nil {
		return reconcile.Result{}, err
	}
	return r.report(ctx, observed, decision, outcome)
}

// wait tries again in a moment, and does not let the status lie meanwhile.
func (r *Reconciler) wait(ctx context.Context, o *observed) (reconcile.Result, error) {
	if !o.Valid() && meta.IsStatusConditionTrue(o.previous.Conditions, v1alpha1.ReadyCondition) {
		if _, err := r.report(ctx, o, renewal.Busy(o.server.TokenEndpoint), status.Outcome{}); err != nil {
			return reconcile.Result{}, err
		}
	}
	return r.lookAgain(r.Clock.Now().Add(time.Second+rand.N(2*time.Second)), 0), nil
}

func logger(ctx context.Context) logr.Logger { return logf.FromContext(ctx) }
