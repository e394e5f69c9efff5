package main

import (
	"fmt"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/check"
)

// cluster is shared by all commands that work with objects of a cluster.
type cluster struct {
	streams   genericiooptions.IOStreams
	config    *genericclioptions.ConfigFlags
	verbosity verbosity
}

func newCluster(streams genericiooptions.IOStreams) cluster {
	config := genericclioptions.NewConfigFlags(true)
	config.WrapConfigFn = func(config *rest.Config) *rest.Config {
		// The API server limits requests, not the client.
		config.QPS = -1
		config.WarningHandler = rest.NewWarningWriter(streams.ErrOut, rest.WarningWriterOptions{Deduplicate: true})
		return config
	}
	return cluster{streams: streams, config: config}
}

func (c *cluster) addFlags(command *cobra.Command) {
	c.config.AddFlags(command.Flags())
	command.Flags().VarP(&c.verbosity, "v", "v", "Number for the log level verbosity. Levels from 8 on would show secrets, and are treated as 7.")
}

// connect returns a client of the cluster.
func (c *cluster) connect() (client.Client, error) {
	config, err := c.config.ToRESTConfig()
	if err != nil {
		return nil, err
	}
	// The mapper reuses the discovery cache on the disk.
	mapper, err := c.config.ToRESTMapper()
	if err != nil {
		return nil, err
	}
	return client.New(config, client.Options{Scheme: check.Scheme(), Mapper: mapper})
}

// clientCredentialOf converts an object to a ClientCredential.
func clientCredentialOf(object *unstructured.Unstructured) (*v1alpha1.ClientCredential, error) {
	read := &v1alpha1.ClientCredential{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, read); err != nil {
		return nil, fmt.Errorf("read ClientCredential %s/%s: %w", object.GetNamespace(), object.GetName(), err)
	}
	return read, nil
}

// warn writes a warning, as kubectl does.
func (c *cluster) warn(format string, args ...any) {
	_, _ = fmt.Fprintf(c.streams.ErrOut, "warning: "+format+"\n", args...)
}
