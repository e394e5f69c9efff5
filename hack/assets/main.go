// Command assets prints the folder that holds etcd and kube-apiserver, for envtest and the demo.
//
// It uses the first of these that is available:
//
//  1. the folder that KUBEBUILDER_ASSETS names,
//  2. the user's cache, filled by an earlier run,
//  3. a download by setup-envtest,
//  4. a build from hack/controlplane, which needs only a Go module proxy.
//
// It prints only the folder to standard output, and its progress to standard error.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	if err := run(); err != nil {
		say("%v", err)
		os.Exit(1)
	}
}

func run() error {
	index := flag.String("index", defaultIndex, "URL of the index of setup-envtest; empty to build without a download")
	flag.Parse()

	// The first signal ends the running step, which cleans up.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()

	folder, err := find(ctx, *index)
	if err == nil {
		fmt.Println(folder)
	}
	return err
}

func find(ctx context.Context, index string) (string, error) {
	if folder := os.Getenv("KUBEBUILDER_ASSETS"); folder != "" {
		return given(folder)
	}
	root, err := repositoryRoot()
	if err != nil {
		return "", err
	}
	release, err := readRelease(root)
	if err != nil {
		return "", err
	}
	cache, err := openCache(release.key())
	if err != nil {
		return "", err
	}
	if complete(cache.final()) {
		return cache.final(), nil
	}
	return obtain(ctx, cache, root, release, index)
}

// obtain fills the cache. If several runs are concurrent, one fills it and the other runs wait.
func obtain(ctx context.Context, cache cache, root string, release release, index string) (string, error) {
	unlock, err := cache.lock(ctx)
	if err != nil {
		return "", err
	}
	defer unlock()
	if complete(cache.final()) {
		return cache.final(), nil
	}
	cache.sweep()

	err = cache.fill(func(folder string) (string, error) { return download(ctx, folder, root, release, index) })
	if err == nil {
		return cache.final(), nil
	}
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	say("no download: %v", err)

	err = cache.fill(func(folder string) (string, error) { return folder, build(ctx, folder, root, release) })
	return cache.final(), err
}
