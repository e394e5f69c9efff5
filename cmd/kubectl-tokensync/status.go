package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/cli-runtime/pkg/resource"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/internal/explain"
)

const statusLong = `Show the state of ClientCredentials, one per line and the most urgent first. With names,
show all details: which token the Secret holds, what failed and when it is retried, what
the ClientCredential waits for, and what you must do.

With names, the command also reads the objects that a ClientCredential names. They show
problems that the status cannot show, such as an operator that is not running. The command
reads only the metadata of Secrets. Objects that you may not read are listed, but are not a
failure.

The exit code reports whether the ClientCredentials could be read, not their state.`

const statusExample = `  # Show all ClientCredentials of the namespace, the most urgent first
  kubectl tokensync status

  # Show all ClientCredentials of the cluster, with more columns
  kubectl tokensync status -A -o wide

  # Show all details of a ClientCredential
  kubectl tokensync status my-api

  # List the ClientCredentials of the cluster that have no valid token
  kubectl tokensync status -A -o json | jq -r '.clientCredentials[] | select(.tokenValid | not) | .namespace + "/" + .name'`

// statusOptions are the values of the flags of status.
type statusOptions struct {
	cluster   cluster
	selection selection
	output    string
}

func newStatusCommand(streams genericiooptions.IOStreams) *cobra.Command {
	options := &statusOptions{cluster: newCluster(streams)}
	command := &cobra.Command{
		Use:                   "status [NAME ...] [-l SELECTOR] [-A]",
		DisableFlagsInUseLine: true,
		Short:                 "Show what ClientCredentials do, wait for and need",
		Long:                  statusLong,
		Example:               statusExample,
		ValidArgsFunction:     complete(&options.cluster),
		RunE: func(command *cobra.Command, arguments []string) error {
			return options.run(command.Context(), arguments)
		},
	}
	options.cluster.addFlags(command)
	options.selection.addFlags(command)
	command.Flags().StringVarP(&options.output, "output", "o", "", "Output format. One of: (json, yaml, name, wide).")
	return command
}

func (o *statusOptions) run(ctx context.Context, arguments []string) error {
	if err := o.selection.take(arguments); err != nil {
		return err
	}
	switch o.output {
	case "", "wide", "name", "json", "yaml":
	default:
		return fmt.Errorf("there is no output format %q: use json, yaml, name or wide", o.output)
	}
	o.cluster.verbosity.apply(o.cluster.streams.ErrOut)
	explanations, err := o.explain(ctx)
	if err != nil && len(explanations) == 0 {
		return err
	}
	if printErr := o.print(explanations); printErr != nil {
		return printErr
	}
	return err
}

// explain explains all selected ClientCredentials. If they are named, it also reads the objects that they
// name.
func (o *statusOptions) explain(ctx context.Context) ([]explain.Explanation, error) {
	var connected client.Client
	if len(o.selection.names) > 0 {
		var err error
		if connected, err = o.cluster.connect(); err != nil {
			return nil, err
		}
	}
	explanations := []explain.Explanation{}
	err := o.selection.find(ctx, &o.cluster, func(_ *resource.Info, object *unstructured.Unstructured) error {
		found, err := clientCredentialOf(object)
		if err != nil {
			return err
		}
		in := explain.Input{ClientCredential: found}
		if connected != nil {
			in = readInput(ctx, connected, found)
		}
		in.Now = time.Now()
		explanations = append(explanations, explain.Explain(in))
		return nil
	})
	if len(o.selection.names) == 0 {
		explain.Sort(explanations)
	}
	return explanations, err
}
