package controllers

import (
	"context"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/renewal"
	"github.com/tokensync/tokensync/internal/status"
	"github.com/tokensync/tokensync/internal/throttle"
)

// reconciler keeps the token Secrets of ClientCredentials up to date.
type reconciler struct {
	cache    client.Reader
	observer *observer
	metadata *metadataWriter
	actor    *actor
	reporter *reporter
	deleter  *deleter
	memory   *memory
	throttle *throttle.Throttle
	clock    clock.PassiveClock
	// timeout bounds the part of a reconcile before the report.
	timeout time.Duration
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

// Reconcile observes one ClientCredential, decides, acts and reports.
func (r *reconciler) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	owner, err := r.get(ctx, request.NamespacedName)
	switch {
	case owner == nil:
		return reconcile.Result{}, err
	case !owner.DeletionTimestamp.IsZero():
		// Request no token. The garbage collector deletes the token Secret, unless it is retained.
		r.throttle.Withdraw(request.String(), r.clock.Now())
		return r.deleter.finalize(ctx, owner)
	}
	now := r.clock.Now()
	ctx, endTrace := r.reporter.tracing.begin(ctx, owner, now)
	defer endTrace()
	bounded, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()

	observed, err := r.observer.observe(bounded, owner, now)
	if err != nil {
		return r.reporter.reportError(ctx, observed, err)
	}
	observed, result, err := r.ensureMetadata(ctx, bounded, observed)
	if result != nil || err != nil {
		return r.done(ctx, observed, result, err)
	}
	decision := renewal.Decide(observed.Input)
	outcome, err := r.act(ctx, bounded, observed, decision)
	if err != nil {
		return r.reporter.reportError(ctx, observed, err)
	}
	return r.reporter.report(ctx, observed, decision, outcome), nil
}

// get returns a ClientCredential from the cache. If it does not exist, get drops what is remembered about it,
// and returns nil.
func (r *reconciler) get(ctx context.Context, name types.NamespacedName) (*v1alpha1.ClientCredential, error) {
	owner := &v1alpha1.ClientCredential{}
	if err := r.cache.Get(ctx, name, owner); err != nil {
		if apierrors.IsNotFound(err) {
			r.memory.forget(name)
			r.throttle.Forget(name.String(), r.clock.Now())
		}
		return nil, client.IgnoreNotFound(err)
	}
	r.memory.update(owner, func(e *entry) { e.dropSeenStatus(owner) })
	return owner, nil
}

// ensureMetadata sets finalizers and owners. It returns the new observation, or a result if the reconcile
// must end without a decision.
func (r *reconciler) ensureMetadata(ctx, bounded context.Context, o *observed) (after *observed, result *reconcile.Result, err error) {
	watch := r.reporter.watchExpiry(ctx, o)
	ensured, err := r.metadata.ensure(bounded, o)
	watch.stop()
	switch {
	case err != nil:
		return ensured.observed, nil, err
	case ensured.isChanged:
		// The change triggers an event, unless an admission webhook reverted it.
		return o, r.requeueBy(o.Now.Add(statusConflictInterval)), nil
	case r.isReleasePending(ensured.observed):
		// The release of the Secret triggers an event.
		return o, r.requeueBy(o.Now.Add(revocationInterval)), nil
	}
	return ensured.observed, r.reporter.reportTakeOverProblem(ctx, ensured.observed, ensured.takeOverProblem), nil
}

// done ends a reconcile without a decision.
func (r *reconciler) done(ctx context.Context, o *observed, result *reconcile.Result, err error) (reconcile.Result, error) {
	if err != nil {
		return r.reporter.reportError(ctx, o, err)
	}
	return *result, nil
}

func (r *reconciler) requeueBy(at time.Time) *reconcile.Result {
	result := requeueBy(r.clock.Now(), at)
	return &result
}

// releaseTimeout is how long the operator may take to release a token Secret that is being deleted. After
// that, the status reports a conflict.
const releaseTimeout = maxHold + revocationInterval

// isReleasePending reports whether the token Secret is being deleted and waits only for this operator. It
// returns false after releaseTimeout, because the API server may refuse the release.
func (r *reconciler) isReleasePending(o *observed) bool {
	if !o.Target.IsTerminating() {
		return false
	}
	since := o.remembered.targetTerminatingSince(o.Target.UID, o.Now)
	r.memory.update(o.owner, func(e *entry) { e.terminatingTarget, e.terminatingSince = o.Target.UID, since })
	return o.Now.Before(since.Add(releaseTimeout))
}

// act carries out a decision. If the token expires meanwhile, act reports that.
func (r *reconciler) act(ctx, bounded context.Context, o *observed, decision renewal.Decision) (status.Outcome, error) {
	if o.Suspended {
		// Forget the refused requests of a suspended ClientCredential.
		r.memory.update(o.owner, (*entry).forgetRefusals)
	}
	if decision.Action != renewal.Exchange && decision.Action != renewal.Verify {
		r.throttle.Withdraw(o.throttleID(), o.Now)
	}
	watch := r.reporter.watchExpiry(ctx, o)
	defer watch.stop()
	return r.actor.act(bounded, o, decision, func() {
		if token := o.Token(); token != nil && !r.clock.Now().Before(token.ExpiresAt) {
			watch.reportNow()
		}
	})
}
