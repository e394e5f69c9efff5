// Package controllers watches ClientCredentials and their Secrets, and leads each
// through observe, decide, act and report. The thinking is done by the packages
// under internal.
package controllers

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/fairshare"
	"github.com/tokensync/tokensync/internal/metrics"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/renewal"
	"github.com/tokensync/tokensync/internal/resolve"
	"github.com/tokensync/tokensync/internal/throttle"
	"github.com/tokensync/tokensync/internal/tokenendpoint"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// TokenEndpoint sends token requests, and finds token endpoints. Its errors are
// *problem.Problem; of Authorities also others.
type TokenEndpoint interface {
	Send(ctx context.Context, request *oauth2.Request) (oauth2.Response, error)
	// Authorities returns the authorities of a bundle that is read, until leave.
	Authorities(ctx context.Context, user tokenendpoint.BundleUser, read func() (string, error)) (authorities *oauth2.Authorities, leave func(), err error)
	Discover(ctx context.Context, issuer string, trust oauth2.TLS) (*oauth2.Metadata, error)
	// Distrust makes the next Discover read the metadata of an issuer again.
	Distrust(issuer string, trust oauth2.TLS)
}

// Reconciler keeps the token Secrets of ClientCredentials fresh. What is nil is
// taken from the manager.
type Reconciler struct {
	// Client reads from the cache and writes to the API server.
	Client client.Client
	// APIReader reads from the API server.
	APIReader client.Reader
	Recorder  events.EventRecorder
	Clock     clock.WithTicker

	TokenEndpoint TokenEndpoint
	// Throttle decides when requests are sent; nil for a new one.
	Throttle *throttle.Throttle
	// Timeout bounds what a reconcile does before it reports. Default 3 minutes.
	Timeout time.Duration
	// Policy is what the admin of the cluster permits. With NamedNamespacesOnly, the operator
	// watches no Namespaces.
	Policy resolve.Policy

	// Metrics are registered by whoever makes them.
	Metrics *metrics.Metrics
	// Tracer is for the spans of reconciles; nil for none.
	Tracer trace.Tracer

	resolver *resolve.Resolver
	memory   *memory
	// large are the slots of large tokens, and rewrites those of Secrets that are written again.
	large, rewrites *fairshare.Slots
	// progress has each controller.
	progress []*controllerProgress
	started  func() time.Time
	// apiTime returns the time of the API server.
	apiTime func(context.Context) (time.Time, error)
	// working is held for reading by each reconcile.
	working sync.RWMutex
}

// +kubebuilder:rbac:groups=oauth2.tokensync.dev,resources=clientcredentials,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=oauth2.tokensync.dev,resources=clientcredentials/status,verbs=get;patch
// +kubebuilder:rbac:groups=oauth2.tokensync.dev,resources=clientcredentials/finalizers,verbs=update
// +kubebuilder:rbac:groups=oauth2.tokensync.dev,resources=authorizationservers;clusterauthorizationservers,verbs=get;list;watch
// +kubebuilder:rbac:groups=oauth2.tokensync.dev,resources=authorizationservers/status;clusterauthorizationservers/status,verbs=get;patch
// +kubebuilder:rbac:groups="",resources=secrets,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups="",resources=configmaps,verbs=get
// +kubebuilder:rbac:groups="",resources=namespaces,verbs=get;list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Reconcile brings one ClientCredential a step further.
func (r *Reconciler) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	if ctx.Err() != nil {
		// The operator ends, and begins nothing.
		return reconcile.Result{}, nil
	}
	r.working.RLock()
	defer r.working.RUnlock()
	clientCredential := &v1alpha1.ClientCredential{}
	if err := r.Client.Get(ctx, request.NamespacedName, clientCredential); err != nil {
		if apierrors.IsNotFound(err) {
			r.memory.forget(request.NamespacedName)
			r.Throttle.Forget(request.String(), r.Clock.Now())
		}
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	if !clientCredential.DeletionTimestamp.IsZero() {
		// The garbage collector takes the token Secret away, unless it is retained. No new
		// token is asked for.
		r.Throttle.Withdraw(request.String(), r.Clock.Now())
		return r.finalize(ctx, clientCredential)
	}

	bounded, cancel := r.bound(ctx)
	defer cancel()
	observed, err := r.observe(bounded, clientCredential, r.Clock.Now())
	defer r.endJourney(observed)
	if err == nil {
		watch := r.watchExpiry(ctx, observed)
		var changed bool
		changed, err = r.ensureMetadata(bounded, observed)
		watch.end()
		if changed && err == nil {
			// The change comes back as an event, unless an admission webhook undid it.
			return requeueBy(r.Clock.Now(), observed.Now.Add(statusConflictInterval)), nil
		}
	}
	if err != nil {
		return r.reportError(ctx, observed, err)
	}
	if r.isReleasedSoon(observed) {
		// The release of the Secret comes back as an event.
		return requeueBy(r.Clock.Now(), observed.Now.Add(revocationInterval)), nil
	}
	if result, isReported := r.reportNotTakenOver(ctx, observed); isReported {
		return result, nil
	}
	decision := renewal.Decide(observed.Input)
	if observed.Suspended {
		// Suspension is a fresh start.
		r.memory.forgetAllRefused(clientCredential)
	}
	observed.expiry = r.watchExpiry(ctx, observed)
	if decision.Action != renewal.Exchange && decision.Action != renewal.Verify {
		r.Throttle.Withdraw(observed.key(), observed.Now)
	}
	outcome, err := r.act(bounded, observed, decision)
	observed.expiry.end()
	if err != nil {
		return r.reportError(ctx, observed, err)
	}
	return r.report(ctx, observed, decision, outcome), nil
}

// Finish waits for the reconciles that are under way after the manager has ended, and lets no
// other begin. A manager that loses its lease does not wait for them, but they may wait for a
// token. The error is that of the context.
func (r *Reconciler) Finish(ctx context.Context) error {
	finished := make(chan struct{})
	go func() {
		r.working.Lock()
		close(finished)
	}()
	select {
	case <-finished:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ensureMetadata sets the finalizers and the owner of the Secret, if they differ. It
// reports whether the ClientCredential changed.
func (r *Reconciler) ensureMetadata(ctx context.Context, o *observed) (changed bool, err error) {
	if failure := o.BackingOff(); failure != nil && failure.Reason == v1alpha1.ReasonAPIRequestFailed {
		// The API server may have refused just that.
		return false, nil
	}
	if changed, err = r.keepFinalizer(ctx, o); changed || err != nil {
		return changed, err
	}
	if err := r.takeOver(ctx, o); err != nil {
		return false, err
	}
	if err := r.keepReference(ctx, o); err != nil {
		return false, err
	}
	if tokensecret.IsHeld(o.owner) {
		r.hold(ctx, o)
		r.rememberNeeds(ctx, o)
	}
	return false, nil
}
