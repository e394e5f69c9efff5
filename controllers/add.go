package controllers

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/trace/noop"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/metrics"
	"github.com/tokensync/tokensync/internal/recorder"
	"github.com/tokensync/tokensync/internal/throttle"
)

const controllerName = "clientcredential"

// maxConcurrentReconciles is high, because a worker mostly waits for a token endpoint.
const maxConcurrentReconciles = 256

// AddToManager adds the controllers to a manager. The cache of the manager must have CacheOptions. The
// zero value of options selects the defaults; only tests set options.
func (r *Operator) AddToManager(ctx context.Context, mgr manager.Manager, options controller.Options) error {
	r.complete(mgr)
	options.ReconciliationTimeout = cmp.Or(options.ReconciliationTimeout, r.Timeout+2*reportTimeout)
	options.MaxConcurrentReconciles = cmp.Or(options.MaxConcurrentReconciles, maxConcurrentReconciles)
	if options.RateLimiter == nil {
		options.RateLimiter = workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](5*time.Millisecond, time.Minute)
	}
	if err := addIndexes(ctx, mgr.GetFieldIndexer()); err != nil {
		return fmt.Errorf("add indexes: %w", err)
	}
	apiTime, err := apiTime(mgr)
	if err != nil {
		return err
	}
	parts := r.parts(apiTime)
	if err := r.addServers(mgr, "authorizationserver", parts.servers("", func() server { return &v1alpha1.AuthorizationServer{} }), options); err != nil {
		return err
	}
	if err := r.addHolds(mgr, parts.holder, options); err != nil {
		return err
	}
	return r.addClientCredentials(mgr, parts, options)
}

// complete sets unset fields from the manager, or to their defaults.
func (r *Operator) complete(mgr manager.Manager) {
	if r.Client == nil {
		r.Client = mgr.GetClient()
	}
	if r.APIReader == nil {
		r.APIReader = mgr.GetAPIReader()
	}
	if r.Recorder == nil {
		r.Recorder = mgr.GetEventRecorder("tokensync")
	}
	if r.Clock == nil {
		r.Clock = clock.RealClock{}
	}
	if r.Throttle == nil {
		r.Throttle = throttle.New()
	}
	r.Recorder = recorder.New(r.Recorder, r.Clock)
	r.Timeout = cmp.Or(r.Timeout, reconcileTimeout)
	if r.Metrics == nil {
		r.Metrics = metrics.New("")
	}
	r.Metrics.ReadFrom(mgr.GetCache(), mgr.Elected())
	if r.Tracer == nil {
		r.Tracer = noop.NewTracerProvider().Tracer("")
	}
	r.controllers = nil
}

// addClientCredentials adds the controller of ClientCredentials. If the operator watches all
// namespaces, it also adds the controller of ClusterAuthorizationServers.
func (r *Operator) addClientCredentials(mgr manager.Manager, parts *parts, options controller.Options) error {
	throttled, err := addWaker(mgr, r.Clock, r.Throttle)
	if err != nil {
		return err
	}
	workers, waiting, err := addWorkers(mgr, r.Clock, controllerName, options.MaxConcurrentReconciles)
	if err != nil {
		return err
	}
	watches := watches{cache: r.Client}
	clientCredentials := builder.ControllerManagedBy(mgr).
		Named(controllerName).
		For(&v1alpha1.ClientCredential{}, builder.WithPredicates(specOrRenewRequestChanged())).
		Watches(&v1alpha1.ClientCredential{}, fanOut(watches.sharingTarget), builder.WithPredicates(targetReleased())).
		Watches(&v1alpha1.AuthorizationServer{}, fanOut(watches.usingServer), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		WatchesMetadata(&corev1.Secret{}, fanOut(watches.usingSecret)).
		WatchesRawSource(throttled).
		WatchesRawSource(waiting).
		WithOptions(options)
	if !r.Policy.NamedNamespacesOnly {
		clientCredentials.
			Watches(&v1alpha1.ClusterAuthorizationServer{}, fanOut(watches.usingServer), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
			WatchesMetadata(&corev1.Namespace{}, fanOut(watches.inNamespace), builder.WithPredicates(labelsChanged()))
		servers := parts.servers(r.Policy.ClusterResourceNamespace, func() server { return &v1alpha1.ClusterAuthorizationServer{} })
		if err := r.addServers(mgr, "clusterauthorizationserver", servers, options); err != nil {
			return err
		}
	}
	reconciler := runningReconciler{reconciler: parts.reconciler(), running: &r.running}
	return clientCredentials.Complete(workers.share(r.watched(controllerName, reconciler)))
}
