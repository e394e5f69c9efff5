package controllers

import (
	"context"
	"errors"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/fairshare"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/resolve"
	"github.com/tokensync/tokensync/internal/status"
	"github.com/tokensync/tokensync/internal/throttle"
)

const (
	// serverInterval is how often a server with discovery or TLS settings is checked.
	serverInterval = time.Hour
	// serverRetryInterval is how soon an unusable server is checked again.
	serverRetryInterval = 15 * time.Second
)

// server is an object that declares an authorization server.
type server interface {
	resolve.Server
	GetStatus() *v1alpha1.AuthorizationServerStatus
}

// serverReconciler reports in the status of each authorization server of one kind whether it can be used.
type serverReconciler struct {
	client   client.Client
	live     liveReader
	statuses statusWriter
	resolver *resolve.Resolver
	throttle *throttle.Throttle
	clock    clock.PassiveClock
	timeout  time.Duration

	newServer func() server
}

// addServers adds the reconciler of one kind of authorization server.
func (o *Operator) addServers(mgr manager.Manager, name string, reconciler *serverReconciler, options controller.Options) error {
	workers, waiting, err := addWorkers(mgr, o.Clock, name, maxConcurrentReconciles)
	if err != nil {
		return err
	}
	options.MaxConcurrentReconciles = maxConcurrentReconciles
	return builder.ControllerManagedBy(mgr).
		Named(name).
		WatchesRawSource(waiting).
		For(reconciler.newServer(), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		WithOptions(options).
		Complete(workers.share(o.watched(name, reconciler)))
}

// Reconcile checks one authorization server and writes its status.
func (r *serverReconciler) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	found := r.newServer()
	if err := r.client.Get(ctx, request.NamespacedName, found); err != nil {
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	bounded, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	endpoint, err := r.resolveTokenEndpoint(bounded, found)
	failure := problem.Of(err)
	switch {
	case errors.Is(err, errHostBusy):
		return requeueAt(r.clock.Now(), r.clock.Now().Add(serverRetryInterval)), nil
	case err != nil && failure == nil && bounded.Err() != nil:
		return reconcile.Result{}, err
	case err != nil && failure == nil:
		failure = apiFailure(err)
	}
	before := found.GetStatus()
	after := status.ComputeServer(*before, found.GetGeneration(), endpoint, failure, r.clock.Now())
	if !equality.Semantic.DeepEqual(*before, after) {
		written := r.newServer()
		written.SetNamespace(found.GetNamespace())
		written.SetName(found.GetName())
		err := r.statuses.replace(ctx, written, found.GetUID(), found.GetResourceVersion(), after)
		switch {
		case apierrors.IsConflict(err):
			// The cache does not show the latest change yet.
			return requeueAt(r.clock.Now(), r.clock.Now().Add(statusConflictInterval)), nil
		case err != nil && !r.live.isGone(ctx, err, r.newServer(), found.GetUID()):
			return reconcile.Result{}, err
		}
	}
	switch {
	case failure != nil && failure.Class != problem.Invalid:
		return requeueAt(r.clock.Now(), r.clock.Now().Add(serverRetryInterval)), nil
	case found.GetDeclaration().Issuer != "" || found.GetDeclaration().TLS != nil:
		// Metadata and CA bundles are not watched, so check again later.
		return requeueAt(r.clock.Now(), r.clock.Now().Add(serverInterval)), nil
	}
	return reconcile.Result{}, nil
}

// resolveTokenEndpoint returns the declared or discovered token endpoint of a server. The error is a
// *problem.Problem if the server cannot be used, and errHostBusy if too many requests to the issuer are in
// flight. Any other error means that the context ended, or that the CA bundle could not be read.
func (r *serverReconciler) resolveTokenEndpoint(ctx context.Context, object server) (string, error) {
	declared, err := r.resolver.Declared(object)
	if err != nil {
		return "", err
	}
	if declared.TokenEndpoint == "" {
		release, ok := r.throttle.TryEnter(throttle.HostKey(declared.Issuer), object.GetNamespace())
		if !ok {
			return "", errHostBusy
		}
		defer func() { release(r.clock.Now()) }()
	}
	bundle, release, err := r.resolver.Authorities(ctx, fairshare.Claimant{Tenant: object.GetNamespace()}, declared)
	if err != nil {
		return "", err
	}
	defer release()
	found, _, err := r.resolver.Discover(ctx, declared, bundle)
	return oauth2.ShownTokenEndpoint(found), err
}
