package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/explain"
)

// pollInterval is how often a ClientCredential is read while the plugin waits for it.
const pollInterval = 500 * time.Millisecond

// await waits for the results of renewal requests, one after the other: the operator handles them
// concurrently.
func (o *renewOptions) await(ctx context.Context, requested []request) error {
	if len(requested) == 0 {
		return nil
	}
	connected, err := o.cluster.connect()
	if err != nil {
		return err
	}
	until := time.Now().Add(o.timeout)
	// Only the requested format goes to standard output.
	out := o.cluster.streams.Out
	if *o.printFlags.OutputFormat != "" {
		out = o.cluster.streams.ErrOut
	}
	var failures []error
	for _, request := range requested {
		name := client.ObjectKeyFromObject(request.before)
		renewal, err := request.await(ctx, connected, until)
		switch {
		case err != nil:
			failures = append(failures, fmt.Errorf("ClientCredential %s: %w", name, err))
		case !renewal.Done:
			failures = append(failures, fmt.Errorf("ClientCredential %s: %s; --wait timed out after %s: run kubectl tokensync status %s --namespace=%s",
				name, renewal.Message, o.timeout, name.Name, name.Namespace))
		case renewal.Failed:
			failures = append(failures, fmt.Errorf("ClientCredential %s: %s", name, renewal.Message))
		default:
			_, _ = fmt.Fprintf(out, "ClientCredential %s: %s\n", name, renewal.Message)
		}
	}
	return utilerrors.NewAggregate(failures)
}

// await waits until the operator has handled the request, or until the deadline. It returns the last
// state that it saw. It reads the ClientCredential at least once.
func (r *request) await(ctx context.Context, cluster client.Client, until time.Time) (explain.Renewal, error) {
	var seen explain.Renewal
	waiting, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	err := wait.PollUntilContextCancel(waiting, pollInterval, true, func(context.Context) (bool, error) {
		now := &v1alpha1.ClientCredential{}
		err := cluster.Get(ctx, client.ObjectKeyFromObject(r.before), now)
		switch {
		case apierrors.IsNotFound(err):
			return false, errors.New("not renewed: it was deleted meanwhile")
		case err != nil:
			return false, err
		}
		seen = explain.RenewalOf(r.before, now, r.value, time.Now())
		return seen.Done, nil
	})
	if wait.Interrupted(err) {
		err = nil
	}
	return seen, err
}

// both joins two errors. Either may be nil.
func both(a, b error) error { return utilerrors.NewAggregate([]error{a, b}) }
