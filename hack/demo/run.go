package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/test/authserver"
)

// tokenLifetime is short, so that the first renewal comes soon.
const tokenLifetime = 30 * time.Second

// run runs the demo step by step. At the end, it stops everything that it started, in reverse order.
func run(ctx context.Context, settings settings, folder string) (err error) {
	scene, err := readScene(samplesFolder)
	if err != nil {
		return err
	}
	server := authserver.New(authserver.Options{Lifetime: tokenLifetime})
	defer server.Close()
	server.Register(scene.clients()...)
	scene.redirect(server.URL)

	say("Starting etcd and kube-apiserver.")
	cluster, err := startCluster(folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cluster.stop()) }()
	if ctx.Err() != nil {
		return interrupted(settings)
	}

	kubeconfig, err := cluster.admitOperator(ctx)
	if err != nil {
		return unless(ctx, settings, err)
	}
	operator, err := startOperator(settings.manager, kubeconfig, folder)
	if err != nil {
		return err
	}
	defer operator.stop()
	say("Started %s; its log: %s", settings.manager, operator.logPath)

	if err := apply(ctx, cluster.client, scene); err != nil {
		return unless(ctx, settings, err)
	}
	introduce(settings, scene, server.URL, cluster.kubeconfig)
	return unless(ctx, settings, follow(ctx, settings, cluster, server, operator, scene))
}

// unless returns err, unless a signal caused it.
func unless(ctx context.Context, settings settings, err error) error {
	if ctx.Err() != nil {
		return interrupted(settings)
	}
	return err
}

// interrupted returns the result of an interrupted demo: with --once, it is a failure.
func interrupted(settings settings) error {
	if settings.once {
		return errors.New("interrupted before every sample got a token and a renewal")
	}
	return nil
}

func apply(ctx context.Context, cluster client.Client, scene scene) error {
	for _, object := range scene.objects() {
		object.SetNamespace(namespace)
		if err := cluster.Create(ctx, object); err != nil {
			return fmt.Errorf("apply %s: %w", object.GetName(), err)
		}
	}
	return nil
}

func introduce(settings settings, scene scene, url, kubeconfig string) {
	say("Applied %d samples, with their token endpoints at %s, where tokens live %s.", len(scene.samples()), url, tokenLifetime)
	say("Applied %s too, whose client secret is wrong.", wrongSecret)
	say("Their tokens are too short-lived for Pods, so each sample has a warning event LifetimeShort.")
	if settings.once {
		say("\nThe demo ends when every sample was renewed, within about a minute.\n")
		return
	}
	say("\nTo try it, in another terminal:\n")
	say("  export KUBECONFIG=%s", kubeconfig)
	say("  kubectl get cc")
	say("  kubectl get secret commerce-layer-token -o yaml")
	say(`  kubectl annotate cc fabric oauth2.tokensync.dev/renew-requested-at="$(date)" --overwrite`)
	say("  kubectl delete secret rfc6749-token")
	say("\nCtrl-C ends it.\n")
}
