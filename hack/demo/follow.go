package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/authserver"
)

// onceTimeout bounds --once: each sample needs a token and one renewal.
const onceTimeout = 2 * time.Minute

// follow shows all changes until the context is done or, with --once, until every sample got a token and
// a renewal.
func follow(ctx context.Context, settings settings, cluster *cluster, server *authserver.Server, operator *operator, scene scene) error {
	reader, changed, stop, err := watch(ctx, cluster)
	if err != nil {
		return err
	}
	defer stop()
	observer := newObserver(reader, server)
	screen := newScreen(os.Stdout)
	// Some values change without an event, such as the seconds that a token has left.
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	var timeout <-chan time.Time
	if settings.once {
		timeout = time.After(onceTimeout)
	}
	for {
		rows, err := observer.look(ctx)
		if err != nil {
			return err
		}
		screen.show(rows, time.Now())
		missing := missing(rows, scene.samples())
		if settings.once && missing == nil {
			screen.finish(rows, time.Now())
			say("\nEvery sample got a token and a renewal, and the wrong secret was reported.")
			return nil
		}
		select {
		case <-changed:
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		case <-operator.ended:
			return operator.failure()
		case <-timeout:
			return fmt.Errorf("after %s:\n%w\nThe end of the operator's log:\n%s", onceTimeout, missing, operator.logEnd())
		}
	}
}

// watch fills a cache from one watch for each kind, and returns a channel that reports changes.
func watch(ctx context.Context, cluster *cluster) (reader client.Reader, changed <-chan struct{}, stop func(), err error) {
	objects, err := cache.New(cluster.config, cache.Options{
		Scheme: cluster.scheme, DefaultNamespaces: map[string]cache.Config{namespace: {}},
	})
	if err != nil {
		return nil, nil, nil, fmt.Errorf("make a cache: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	news := make(chan struct{}, 1)
	tell := func() {
		select {
		case news <- struct{}{}:
		default:
		}
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = objects.Start(ctx) }()
	stop = func() { cancel(); <-ended }
	for _, kind := range []client.Object{&v1alpha1.ClientCredential{}, &corev1.Secret{}} {
		if err := onChange(ctx, objects, kind, tell); err != nil {
			stop()
			return nil, nil, nil, err
		}
	}
	if !objects.WaitForCacheSync(ctx) {
		stop()
		return nil, nil, nil, errors.New("the cache has not synced")
	}
	return objects, news, stop, nil
}

func onChange(ctx context.Context, objects cache.Cache, kind client.Object, tell func()) error {
	informer, err := objects.GetInformer(ctx, kind)
	if err != nil {
		return fmt.Errorf("watch %T: %w", kind, err)
	}
	_, err = informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { tell() },
		UpdateFunc: func(any, any) { tell() },
		DeleteFunc: func(any) { tell() },
	})
	return err
}
