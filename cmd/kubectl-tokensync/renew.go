package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/cli-runtime/pkg/resource"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

const renewLong = `Request new tokens now, before they are due, or without waiting for the next retry after
a failure. The old token stays in the Secret until a new token replaces it.

The command sets the annotation oauth2.tokensync.dev/renew-requested-at to the current
time. With --wait, it waits until the operator has tried, and prints the result.

A ClientCredential that is suspended or being deleted is not renewed. That is an error
if it is named, and a warning if it is selected with --all or --selector.`

const renewExample = `  # Renew the token of a ClientCredential
  kubectl tokensync renew my-api

  # Renew it and wait for the result, for two minutes at most
  kubectl tokensync renew my-api --wait --timeout=2m

  # Renew all ClientCredentials with a label, in all namespaces
  kubectl tokensync renew -A -l team=shop`

// renewOptions are the values of the flags of renew.
type renewOptions struct {
	changeOptions
	wait    bool
	timeout time.Duration
}

func newRenewCommand(streams genericiooptions.IOStreams) *cobra.Command {
	options := &renewOptions{changeOptions: newChangeOptions(streams)}
	command := &cobra.Command{
		Use:                   "renew (NAME ... | -l SELECTOR | --all)",
		DisableFlagsInUseLine: true,
		Short:                 "Request new tokens now",
		Long:                  renewLong,
		Example:               renewExample,
		ValidArgsFunction:     complete(&options.cluster),
		RunE: func(command *cobra.Command, arguments []string) error {
			return options.run(command.Context(), arguments)
		},
	}
	options.addFlags(command)
	command.Flags().BoolVar(&options.wait, "wait", false, "Wait until the operator has tried, and print the result.")
	command.Flags().DurationVar(&options.timeout, "timeout", time.Minute, "How long --wait waits in total.")
	return command
}

func (o *renewOptions) run(ctx context.Context, arguments []string) error {
	switch {
	case o.timeout <= 0:
		return errors.New("--timeout must be more than 0, such as 1m")
	case o.wait && o.dryRun != "none":
		return errors.New("--wait and --dry-run cannot be used together: a dry run renews nothing")
	}
	if err := o.validate(arguments); err != nil {
		return err
	}
	var requested []request
	err := o.selection.find(ctx, &o.cluster, func(info *resource.Info, object *unstructured.Unstructured) error {
		renewRequest, err := o.requestRenewal(info, object)
		if renewRequest != nil {
			requested = append(requested, *renewRequest)
		}
		return err
	})
	if o.wait {
		return both(err, o.await(ctx, requested))
	}
	return err
}

// request is a renewal request that was sent.
type request struct {
	before *v1alpha1.ClientCredential
	value  string
}

// requestRenewal requests the renewal of a ClientCredential. It returns nil if nothing was requested.
func (o *renewOptions) requestRenewal(info *resource.Info, object *unstructured.Unstructured) (*request, error) {
	before, err := clientCredentialOf(object)
	if err != nil {
		return nil, err
	}
	if why := whyNotRenewed(before); why != "" {
		if len(o.selection.names) > 0 {
			return nil, errors.New(why)
		}
		o.cluster.warn("%s", why)
		return nil, nil
	}
	value := time.Now().UTC().Format(time.RFC3339Nano)
	changed, err := o.change(info, object, func(object *unstructured.Unstructured) error {
		return unstructured.SetNestedField(object.Object, value, "metadata", "annotations", v1alpha1.RenewRequestedAtAnnotation)
	})
	if err != nil {
		return nil, err
	}
	return &request{before: before, value: value}, o.print(changed, "renewal requested")
}

// whyNotRenewed returns the reason that a ClientCredential is not renewed. It is empty if it can be renewed.
func whyNotRenewed(cc *v1alpha1.ClientCredential) string {
	switch {
	case !cc.DeletionTimestamp.IsZero():
		return fmt.Sprintf("ClientCredential %s/%s is being deleted and is not renewed", cc.Namespace, cc.Name)
	case cc.IsSuspended():
		return fmt.Sprintf("ClientCredential %s/%s is suspended and is not renewed: run kubectl tokensync resume %s --namespace=%s",
			cc.Namespace, cc.Name, cc.Name, cc.Namespace)
	}
	return ""
}
