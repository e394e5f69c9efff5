package controllers

import (
	"context"
	"sync"
	"time"

	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/tokensync/tokensync/internal/fairshare"
	"github.com/tokensync/tokensync/internal/resolve"
)

// parts holds the components of the controllers.
type parts struct {
	settings     *Operator
	client       client.Client
	live         liveReader
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

// newParts returns the components of an operator whose fields are set.
func newParts(o *Operator, mgr manager.Manager, apiTime func(context.Context) (time.Time, error)) *parts {
	cluster := &clusterSource{cache: mgr.GetClient(), live: mgr.GetAPIReader()}
	p := &parts{
		settings: o, client: mgr.GetClient(), live: liveReader{mgr.GetAPIReader()}, memory: newMemory(), tracing: tracing{tracer: o.Tracer, clock: o.Clock}, apiTime: apiTime,
		resolver: &resolve.Resolver{
			Source:        cluster,
			TokenEndpoint: o.TokenEndpoint,
			Tokens: &resolve.ClusterTokens{
				Source: cluster, Client: mgr.GetClient(), Policy: o.Policy,
				Remedy: "install the current config/components/serviceaccount-token, or set serviceAccountTokens of the chart",
			},
			Policy: o.Policy,
		},
	}
	targets := targetReader{cache: p.client, live: p.live}
	p.credentials = &credentialsReader{resolver: p.resolver, policy: o.Policy, known: newKnownCredentials()}
	p.observer = &observer{
		cache: p.client, targets: targets, resolver: p.resolver, credentials: p.credentials,
		memory: p.memory, throttle: o.Throttle, started: startedAt(o.Clock),
	}
	p.writer = &secretWriter{
		client: p.client, targets: targets, expiries: expiries{live: p.live, memory: p.memory}, memory: p.memory,
		largeTokens: fairshare.NewSlots(maxLargeTokens), tracing: p.tracing,
	}
	p.holder = &holder{client: p.client, live: p.live, credentials: p.credentials, memory: p.memory, held: newHeldSecrets(), clock: o.Clock}
	p.finalizers = &finalizerWriter{client: p.client, live: p.live, memory: p.memory}
	p.dependencies = dependencyStore{resolver: p.resolver, tokenEndpoint: o.TokenEndpoint, memory: p.memory}
	return p
}

// reconciler returns the reconciler of ClientCredentials.
func (p *parts) reconciler() *reconciler {
	return &reconciler{
		cache:    p.client,
		observer: p.observer,
		metadata: &metadataWriter{finalizers: p.finalizers, writer: p.writer, holder: p.holder, dependencies: p.dependencies},
		actor:    p.actor(),
		reporter: &reporter{
			statuses: statusWriter{p.client}, live: p.live, recorder: p.settings.Recorder,
			memory: p.memory, clock: p.settings.Clock, tracing: p.tracing, timeout: p.settings.Timeout,
		},
		deleter: p.deleter(),
		memory:  p.memory, throttle: p.settings.Throttle, clock: p.settings.Clock, timeout: p.settings.Timeout,
	}
}

func (p *parts) actor() *actor {
	return &actor{
		credentials: p.credentials,
		sender: &tokenSender{
			sender: p.sender(), resolver: p.resolver, throttle: p.settings.Throttle, counts: newRequestCounts(), largeTokens: p.writer.largeTokens,
			live: p.live, memory: p.memory, metrics: p.settings.Metrics, clock: p.settings.Clock,
		},
		writer:   p.writer,
		former:   &formerTargets{client: p.client, writer: p.writer, holder: p.holder},
		rewrites: fairshare.NewSlots(maxRewrites),
		memory:   p.memory, metrics: p.settings.Metrics, clock: p.settings.Clock, tracing: p.tracing,
	}
}

func (p *parts) deleter() *deleter {
	return &deleter{
		revoker: &revoker{
			observer: p.observer, credentials: p.credentials, dependencies: p.dependencies, sender: p.sender(), client: p.client,
			throttle: p.settings.Throttle, memory: p.memory, clock: p.settings.Clock, tracing: p.tracing,
		},
		finalizers: p.finalizers, holder: p.holder, live: p.live, memory: p.memory,
		recorder: p.settings.Recorder, clock: p.settings.Clock, apiTime: p.apiTime, timeout: p.settings.Timeout,
	}
}

func (p *parts) sender() requestSender {
	return requestSender{tokenEndpoint: p.settings.TokenEndpoint, tracing: p.tracing}
}

// servers returns the reconciler of one kind of authorization server.
func (p *parts) servers(newServer func() server) *serverReconciler {
	return &serverReconciler{
		client: p.client, live: p.live, statuses: statusWriter{p.client}, resolver: p.resolver,
		throttle: p.settings.Throttle, clock: p.settings.Clock, timeout: p.settings.Timeout, newServer: newServer,
	}
}

// startedAt returns a function that returns the time of its first call. The first reconcile calls it, so a
// standby starts when it becomes the leader.
func startedAt(clock clock.PassiveClock) func() time.Time { return sync.OnceValue(clock.Now) }
