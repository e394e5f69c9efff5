package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client/config"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/controllers"
	"github.com/tokensync/tokensync/internal/metrics"
	"github.com/tokensync/tokensync/internal/resolve"
	"github.com/tokensync/tokensync/internal/tokenendpoint"
)

// shutdownTimeout is enough for a token request (30 s) and the writes of its token and of the status (10 s
// each). It is also enough for a revocation (30 s), the write of its record and the removal of the
// finalizer (10 s each). The lease is released after that. terminationGracePeriodSeconds in config/manager
// and the chart must be longer.
const shutdownTimeout = 55 * time.Second

// run runs the manager until the context is done.
func run(ctx context.Context, o *options) error {
	restConfig, err := config.GetConfig()
	if err != nil {
		return fmt.Errorf("find a kubeconfig: %w", err)
	}
	// The API server limits requests by API Priority and Fairness, not the client.
	restConfig.QPS = -1
	controllers.BoundRetryAfter(restConfig)
	restConfig.UserAgent = "tokensync/" + version
	restConfig.WarningHandlerWithContext = &warnings{logger: logf.Log}

	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return fmt.Errorf("build the scheme: %w", err)
	}
	metricsOptions, err := metricsServer(o)
	if err != nil {
		return err
	}
	mgr, err := ctrl.NewManager(restConfig, managerOptions(o, scheme, metricsOptions))
	if err != nil {
		return fmt.Errorf("set up the manager: %w", err)
	}
	tracer, flush, err := startTracing(ctx, o)
	if err != nil {
		return err
	}
	defer flush()
	operator := &controllers.Operator{
		TokenEndpoint: tokenendpoint.NewClient(tokenendpoint.Options{
			AllowHTTP:           o.allowHTTP,
			AllowedCIDRs:        o.allowedCIDRs,
			DenyPrivateNetworks: o.denyPrivateNetworks,
			APIServers:          apiServers(restConfig.Host),
			UserAgent:           restConfig.UserAgent,
		}),
		Policy: resolve.Policy{
			RequireCredentialsLabel:  o.requireCredentialsLabel,
			ForbidInlineServers:      !o.allowInlineServers,
			NamedNamespacesOnly:      len(o.namespaces) > 0,
			ClusterResourceNamespace: o.clusterNamespace,
		},
		Metrics: metrics.New(version),
		Tracer:  tracer,
	}
	if err := ctrlmetrics.Registry.Register(operator.Metrics); err != nil {
		return fmt.Errorf("register the metrics: %w", err)
	}
	if err := operator.AddToManager(ctx, mgr, controller.Options{}); err != nil {
		return fmt.Errorf("add the controller: %w", err)
	}
	if err := errors.Join(
		mgr.AddHealthzCheck("progress", operator.CheckProgress),
		mgr.AddReadyzCheck("caches", cachesSynced(mgr.GetCache())),
	); err != nil {
		return fmt.Errorf("add the health checks: %w", err)
	}
	logf.Log.Info("Starting", "version", version)
	if err := mgr.Start(ctx); err != nil {
		// A manager that has lost its lease does not wait for requests in flight. After SIGTERM, it has
		// already waited.
		finish, cancel := context.WithTimeout(ctx, shutdownTimeout)
		defer cancel()
		return fmt.Errorf("run the manager: %w", errors.Join(err, operator.Finish(finish)))
	}
	return nil
}

func managerOptions(o *options, scheme *runtime.Scheme, metrics metricsserver.Options) ctrl.Options {
	return ctrl.Options{
		Scheme:                        scheme,
		Cache:                         controllers.CacheOptions(o.namespaces...),
		Metrics:                       metrics,
		HealthProbeBindAddress:        o.healthProbeBindAddress,
		LeaderElection:                o.leaderElect,
		LeaderElectionID:              "tokensync.dev",
		LeaderElectionReleaseOnCancel: true,
		GracefulShutdownTimeout:       ptr.To(shutdownTimeout),
	}
}

func cachesSynced(caches cache.Cache) healthz.Checker {
	return func(request *http.Request) error {
		ctx, cancel := context.WithTimeout(request.Context(), time.Second)
		defer cancel()
		if !caches.WaitForCacheSync(ctx) {
			return errors.New("the caches have not synced: check that the CRDs are installed, and that the operator may list Secrets in all namespaces, or in each of --namespaces")
		}
		return nil
	}
}
