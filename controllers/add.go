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

// AddToManager adds the controllers to a manager. The cache of the manager must have CacheOptions. Tests
// set SkipNameValidation and NewQueue in options. AddToManager sets the timeout, the workers and the backoff.
func (o *Operator) AddToManager(ctx context.Context, mgr manager.Manager, options controller.Options) error {
	o.complete(mgr)
	options.ReconciliationTimeout = o.Timeout + 2*reportTimeout
	options.MaxConcurrentReconciles = maxConcurrentReconciles
	options.RateLimiter = workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](5*time.Millisecond, time.Minute)
	if err := addIndexes(ctx, mgr.GetFieldIndexer()); err != nil {
		return fmt.Errorf("add indexes: %w", err)
	}
	apiTime, err := apiTime(mgr)
	if err != nil {
		return err
	}
	parts := newParts(o, mgr, apiTime)
	if err := o.addServers(mgr, "authorizationserver", parts.servers(func() server { return &v1alpha1.AuthorizationServer{} }), options); err != nil {
		return err
	}
	if err := o.addHolds(mgr, parts.holder, options); err != nil {
		return err
	}
	return o.addClientCredentials(mgr, parts, options)
}

// complete sets unset fields from the manager, or to their defaults.
func (o *Operator) complete(mgr manager.Manager) {
	if o.Recorder == nil {
		o.Recorder = mgr.GetEventRecorder("tokensync")
	}
	if o.Clock == nil {
		o.Clock = clock.RealClock{}
	}
	if o.Throttle == nil {
		o.Throttle = throttle.New()
	}
	o.Recorder = recorder.New(o.Recorder, o.Clock)
	o.Timeout = cmp.Or(o.Timeout, reconcileTimeout)
	if o.Metrics == nil {
		o.Metrics = metrics.New("")
	}
	o.Metrics.ReadFrom(mgr.GetCache(), mgr.Elected())
	if o.Tracer == nil {
		o.Tracer = noop.NewTracerProvider().Tracer("")
	}
	o.controllers = nil
}

// addClientCredentials adds the controller of ClientCredentials. If the operator watches all
// namespaces, it also adds the controller of ClusterAuthorizationServers.
func (o *Operator) addClientCredentials(mgr manager.Manager, parts *parts, options controller.Options) error {
	throttled, err := addWaker(mgr, o.Clock, o.Throttle)
	if err != nil {
		return err
	}
	workers, waiting, err := addWorkers(mgr, o.Clock, controllerName, options.MaxConcurrentReconciles)
	if err != nil {
		return err
	}
	watches := watches{cache: mgr.GetClient()}
	clientCredentials := builder.ControllerManagedBy(mgr).
		Named(controllerName).
		For(&v1alpha1.ClientCredential{}, builder.WithPredicates(specOrRenewRequestChanged())).
		Watches(&v1alpha1.ClientCredential{}, fanOut(watches.sharingTarget), builder.WithPredicates(targetReleased())).
		Watches(&v1alpha1.AuthorizationServer{}, fanOut(watches.usingServer), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		WatchesMetadata(&corev1.Secret{}, fanOut(watches.usingSecret)).
		WatchesRawSource(throttled).
		WatchesRawSource(waiting).
		WithOptions(options)
	if !o.Policy.NamedNamespacesOnly {
		clientCredentials.
			Watches(&v1alpha1.ClusterAuthorizationServer{}, fanOut(watches.usingServer), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
			WatchesMetadata(&corev1.Namespace{}, fanOut(watches.inNamespace), builder.WithPredicates(labelsChanged()))
		servers := parts.servers(func() server { return &v1alpha1.ClusterAuthorizationServer{} })
		if err := o.addServers(mgr, "clusterauthorizationserver", servers, options); err != nil {
			return err
		}
	}
	reconciler := runningReconciler{reconciler: parts.reconciler(), running: &o.running}
	return clientCredentials.Complete(workers.share(o.watched(controllerName, reconciler)))
}
