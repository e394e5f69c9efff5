package controllers

import (
	"context"
	"sync"
	"time"

	"k8s.io/utils/clock"

	"github.com/tokensync/tokensync/internal/fairshare"
	"github.com/tokensync/tokensync/internal/resolve"
)

// parts holds the components of the controllers.
type parts struct {
	*Operator
	resolver     *resolve.Resolver
	memory       *memory
	tracing      tracing
	credentials  *credentialsReader
	finalizers   *finalizerWriter
	observer     *observer
	writer       *secretWriter
	holder       *holder
	dependencies dependencyStore
	apiTime      func(context.Context) (time.Time, error)
}

func (r *Operator) parts(apiTime func(context.Context) (time.Time, error)) *parts {
	cluster := &clusterSource{cache: r.Client, live: r.APIReader}
	live := liveReader{r.APIReader}
	p := &parts{
		Operator: r, memory: newMemory(), tracing: tracing{tracer: r.Tracer, clock: r.Clock}, apiTime: apiTime,
		resolver: &resolve.Resolver{
			Source:        cluster,
			TokenEndpoint: r.TokenEndpoint,
			Tokens: &resolve.ClusterTokens{
				Source: cluster, Client: r.Client, Policy: r.Policy,
				Remedy: "install the current config/components/serviceaccount-token, or set serviceAccountTokens of the chart",
			},
			Policy: r.Policy,
		},
	}
	targets := targetReader{cache: r.Client, live: live}
	p.credentials = &credentialsReader{resolver: p.resolver, policy: r.Policy, known: newKnownCredentials()}
	p.observer = &observer{
		cache: r.Client, targets: targets, resolver: p.resolver, credentials: p.credentials,
		memory: p.memory, throttle: r.Throttle, started: startedAt(r.Clock),
	}
	p.writer = &secretWriter{
		client: r.Client, targets: targets, expiries: expiries{live: live, memory: p.memory}, memory: p.memory,
		largeTokens: fairshare.NewSlots(maxLargeTokens), tracing: p.tracing,
	}
	p.holder = &holder{client: r.Client, live: live, credentials: p.credentials, memory: p.memory, held: newHeldSecrets(), clock: r.Clock}
	p.finalizers = &finalizerWriter{client: r.Client, live: live, memory: p.memory}
	p.dependencies = dependencyStore{resolver: p.resolver, tokenEndpoint: r.TokenEndpoint, memory: p.memory}
	return p
}

// reconciler returns the reconciler of ClientCredentials.
func (p *parts) reconciler() *reconciler {
	return &reconciler{
		cache:    p.Client,
		observer: p.observer,
		metadata: &metadataWriter{finalizers: p.finalizers, writer: p.writer, holder: p.holder, dependencies: p.dependencies},
		actor:    p.actor(),
		reporter: &reporter{
			statuses: statusWriter{p.Client}, live: liveReader{p.APIReader}, recorder: p.Recorder,
			memory: p.memory, clock: p.Clock, tracing: p.tracing, timeout: p.Timeout,
		},
		finalizer: p.finalizer(),
		memory:    p.memory, throttle: p.Throttle, clock: p.Clock, timeout: p.Timeout,
	}
}

func (p *parts) actor() *actor {
	return &actor{
		credentials: p.credentials,
		sender: &tokenSender{
			sender: p.sender(), resolver: p.resolver, throttle: p.Throttle, counts: newRequestCounts(), largeTokens: p.writer.largeTokens,
			live: liveReader{p.APIReader}, memory: p.memory, metrics: p.Metrics, clock: p.Clock,
		},
		writer:   p.writer,
		former:   &formerTargets{client: p.Client, writer: p.writer, holder: p.holder},
		rewrites: fairshare.NewSlots(maxRewrites),
		memory:   p.memory, metrics: p.Metrics, clock: p.Clock, tracing: p.tracing,
	}
}

func (p *parts) finalizer() *finalizer {
	return &finalizer{
		revoker: &revoker{
			observer: p.observer, credentials: p.credentials, dependencies: p.dependencies, sender: p.sender(), client: p.Client,
			throttle: p.Throttle, memory: p.memory, clock: p.Clock, tracing: p.tracing,
		},
		finalizers: p.finalizers, holder: p.holder, live: liveReader{p.APIReader}, memory: p.memory,
		recorder: p.Recorder, clock: p.Clock, apiTime: p.apiTime, timeout: p.Timeout,
	}
}

func (p *parts) sender() requestSender {
	return requestSender{tokenEndpoint: p.TokenEndpoint, tracing: p.tracing}
}

// servers returns the reconciler of one kind of authorization server. namespace is the namespace of the
// objects that a server names; empty for the namespace of the server.
func (p *parts) servers(namespace string, newServer func() server) *serverReconciler {
	return &serverReconciler{
		client: p.Client, live: liveReader{p.APIReader}, statuses: statusWriter{p.Client}, resolver: p.resolver,
		throttle: p.Throttle, clock: p.Clock, timeout: p.Timeout, newServer: newServer, namespace: namespace,
	}
}

// startedAt returns a function that returns the time of its first call. The first reconcile calls it, so a
// standby starts when it becomes the leader.
func startedAt(clock clock.PassiveClock) func() time.Time { return sync.OnceValue(clock.Now) }
