package controllers

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace/noop"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/fairshare"
	"github.com/tokensync/tokensync/internal/metrics"
	"github.com/tokensync/tokensync/internal/recorder"
	"github.com/tokensync/tokensync/internal/resolve"
	"github.com/tokensync/tokensync/internal/throttle"
)

const controllerName = "clientcredential"

// maxConcurrentReconciles is generous, because a worker mostly waits for a token
// endpoint.
const maxConcurrentReconciles = 256

// AddToManager adds the reconciler to a manager whose cache has CacheOptions.
// The options are for tests; zero values are the right ones.
func (r *Reconciler) AddToManager(ctx context.Context, mgr manager.Manager, options controller.Options) error {
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
	if options.ReconciliationTimeout == 0 {
		options.ReconciliationTimeout = r.Timeout + 2*reportTimeout
	}
	if r.Metrics == nil {
		r.Metrics = metrics.New("")
	}
	r.Metrics.ReadFrom(mgr.GetCache(), mgr.Elected())
	if r.Tracer == nil {
		r.Tracer = noop.NewTracerProvider().Tracer("")
	}
	cluster := &clusterSource{cache: r.Client, live: r.APIReader}
	r.resolver = &resolve.Resolver{
		Source:        cluster,
		TokenEndpoint: r.TokenEndpoint,
		Tokens: &resolve.ClusterTokens{
			Source: cluster, Client: r.Client, Policy: r.Policy,
			Remedy: "install the current config/components/serviceaccount-token, or set serviceAccountTokens of the chart",
		},
		Policy: r.Policy,
	}
	r.memory, r.progress = newMemory(), nil
	r.large, r.rewrites = fairshare.NewSlots(maxLarge), fairshare.NewSlots(maxRewrites)
	var err error
	if r.apiTime, err = apiTime(mgr); err != nil {
		return err
	}
	// The first reconcile: a standby starts when it takes over.
	r.started = sync.OnceValue(r.Clock.Now)
	if options.MaxConcurrentReconciles == 0 {
		options.MaxConcurrentReconciles = maxConcurrentReconciles
	}
	if options.RateLimiter == nil {
		options.RateLimiter = workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](5*time.Millisecond, time.Minute)
	}
	if err := addIndexes(ctx, mgr.GetFieldIndexer()); err != nil {
		return fmt.Errorf("add indexes: %w", err)
	}
	if err := r.addServers(mgr, "authorizationserver", "", func() server { return &v1alpha1.AuthorizationServer{} }, options); err != nil {
		return err
	}
	if err := r.addHolds(mgr, options); err != nil {
		return err
	}
	woken := make(chan event.GenericEvent)
	if err := mgr.Add(manager.RunnableFunc(func(ctx context.Context) error {
		r.wake(ctx, func(key string) { enqueue(ctx, woken, key) })
		return nil
	})); err != nil {
		return err
	}
	workers, err := r.addWorkers(mgr, controllerName, options.MaxConcurrentReconciles)
	if err != nil {
		return err
	}
	clientCredentials := builder.ControllerManagedBy(mgr).
		Named(controllerName).
		For(&v1alpha1.ClientCredential{}, builder.WithPredicates(worthALook())).
		Watches(&v1alpha1.ClientCredential{}, fanOut(r.sharingTarget), builder.WithPredicates(targetReleased())).
		Watches(&v1alpha1.AuthorizationServer{}, fanOut(r.usingServer), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		WatchesMetadata(&corev1.Secret{}, fanOut(r.usingSecret)).
		WatchesRawSource(source.Channel(woken, &handler.EnqueueRequestForObject{})).
		WatchesRawSource(workers.source()).
		WithOptions(options)
	if !r.Policy.NamedNamespacesOnly {
		if err := r.addClusterServers(mgr, clientCredentials, options); err != nil {
			return err
		}
	}
	return clientCredentials.Complete(workers.share(r.watched(controllerName, r)))
}

// addClusterServers adds all that is watched for ClusterAuthorizationServers alone.
func (r *Reconciler) addClusterServers(mgr manager.Manager, clientCredentials *builder.Builder, options controller.Options) error {
	clientCredentials.
		Watches(&v1alpha1.ClusterAuthorizationServer{}, fanOut(r.usingServer), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		WatchesMetadata(&corev1.Namespace{}, fanOut(r.ofNamespace), builder.WithPredicates(relabelled()))
	return r.addServers(mgr, "clusterauthorizationserver", r.Policy.ClusterResourceNamespace,
		func() server { return &v1alpha1.ClusterAuthorizationServer{} }, options)
}

// relabelled lets through what may change which servers a namespace may use.
func relabelled() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc:  func(event.CreateEvent) bool { return false },
		DeleteFunc:  func(event.DeleteEvent) bool { return false },
		GenericFunc: func(event.GenericEvent) bool { return false },
		UpdateFunc:  predicate.LabelChangedPredicate{}.Update,
	}
}

// worthALook lets through what may need a token request or a change of the
// status. Labels, other annotations and the status itself do not.
func worthALook() predicate.Predicate {
	return predicate.Or(
		predicate.GenerationChangedPredicate{},
		finalizersChanged(),
		predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
			return isOutline(e.ObjectOld) != isOutline(e.ObjectNew) ||
				e.ObjectOld.GetAnnotations()[v1alpha1.RenewRequestedAtAnnotation] !=
					e.ObjectNew.GetAnnotations()[v1alpha1.RenewRequestedAtAnnotation]
		}},
	)
}

// finalizersChanged lets through the finalizer that this operator put there.
func finalizersChanged() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc:  func(event.CreateEvent) bool { return false },
		DeleteFunc:  func(event.DeleteEvent) bool { return false },
		GenericFunc: func(event.GenericEvent) bool { return false },
		UpdateFunc: func(e event.UpdateEvent) bool {
			return !slices.Equal(e.ObjectOld.GetFinalizers(), e.ObjectNew.GetFinalizers())
		},
	}
}

// targetReleased lets through what may make a target free for someone else.
func targetReleased() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc:  func(event.CreateEvent) bool { return false },
		GenericFunc: func(event.GenericEvent) bool { return false },
		UpdateFunc: func(e event.UpdateEvent) bool {
			before, ok := e.ObjectOld.(*v1alpha1.ClientCredential)
			after, alsoOK := e.ObjectNew.(*v1alpha1.ClientCredential)
			return ok && alsoOK && (before.TargetName() != after.TargetName() ||
				(tokenSecretOf(before) != "" && tokenSecretOf(before) != tokenSecretOf(after)))
		},
	}
}

// sharingTarget returns the ClientCredentials with the same target.
func (r *Reconciler) sharingTarget(ctx context.Context, object client.Object) []reconcile.Request {
	clientCredential, ok := object.(*v1alpha1.ClientCredential)
	if !ok {
		return nil
	}
	return r.requests(ctx, object.GetNamespace(), client.MatchingFields{targetIndex: clientCredential.TargetName()})
}

// usingSecret returns the ClientCredentials that write to a Secret or read from it.
func (r *Reconciler) usingSecret(ctx context.Context, secret client.Object) []reconcile.Request {
	return append(
		r.requests(ctx, secret.GetNamespace(), client.MatchingFields{targetIndex: secret.GetName()}),
		r.requests(ctx, secret.GetNamespace(), client.MatchingFields{credentialsIndex: secret.GetName()})...)
}

// usingServer returns the ClientCredentials that name an authorization server.
func (r *Reconciler) usingServer(ctx context.Context, object client.Object) []reconcile.Request {
	named, ok := object.(server)
	if !ok {
		return nil
	}
	return r.requests(ctx, object.GetNamespace(), client.MatchingFields{serverIndex: serverIndexKey(resolve.KindOf(named), object.GetName())})
}

// ofNamespace returns the ClientCredentials of a namespace that name an
// authorization server of the cluster.
func (r *Reconciler) ofNamespace(ctx context.Context, namespace client.Object) []reconcile.Request {
	return r.requests(ctx, namespace.GetName(), client.MatchingFields{serverIndex: string(v1alpha1.AuthorizationServerCluster)})
}

func (r *Reconciler) requests(ctx context.Context, namespace string, fields client.MatchingFields) []reconcile.Request {
	list, err := listIn(ctx, r.Client, namespace, fields)
	if err != nil {
		logger(ctx).Error(err, "Cannot list ClientCredentials in the cache", "namespace", namespace)
		return nil
	}
	requests := make([]reconcile.Request, len(list.Items))
	for i := range list.Items {
		requests[i].NamespacedName = client.ObjectKeyFromObject(&list.Items[i])
	}
	return requests
}
