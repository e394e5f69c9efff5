package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/resource"
)

// resourceType is the full name of the resource: another group may have a resource of the same short
// name.
const resourceType = "clientcredentials.v1alpha1.oauth2.tokensync.dev"

// resourceNames are the names of the resource that users may write.
var resourceNames = []string{
	"cc", "clientcredential", "clientcredentials",
	"clientcredential.oauth2.tokensync.dev", "clientcredentials.oauth2.tokensync.dev", resourceType,
}

// selection describes the ClientCredentials that a command line selects.
type selection struct {
	names         []string
	all           bool
	selector      string
	allNamespaces bool
}

func (s *selection) addFlags(command *cobra.Command) {
	flags := command.Flags()
	flags.StringVarP(&s.selector, "selector", "l", "",
		"Selector (label query) to filter on, supports '=', '==', '!=', 'in', 'notin'. (e.g. -l key1=value1,key2=value2)")
	flags.BoolVarP(&s.allNamespaces, "all-namespaces", "A", false,
		"Look in all namespaces. The namespace of the current context is ignored even if it is given with --namespace.")
}

// take sets the names that are given as arguments: NAME, or cc/NAME.
func (s *selection) take(arguments []string) error {
	s.names = nil
	for _, argument := range arguments {
		resource, name, found := strings.Cut(argument, "/")
		if !found {
			resource, name = resourceType, argument
		}
		if !slices.Contains(resourceNames, strings.ToLower(resource)) || name == "" || strings.Contains(name, "/") {
			return fmt.Errorf("%q names no ClientCredential: write NAME or clientcredential/NAME", argument)
		}
		s.names = append(s.names, name)
	}
	switch {
	case len(s.names) > 0 && (s.all || s.selector != ""):
		return errors.New("name ClientCredentials, or select them with --all or --selector, but not both")
	case len(s.names) > 0 && s.allNamespaces:
		return errors.New("a ClientCredential cannot be named across all namespaces: give its --namespace")
	case s.all && s.selector != "":
		return errors.New("--all and --selector cannot be used together")
	}
	return nil
}

// requireAny returns an error if the selection has neither names nor a selector.
func (s *selection) requireAny() error {
	if len(s.names) == 0 && !s.all && s.selector == "" {
		return errors.New("name a ClientCredential, or select some with --all or --selector")
	}
	return nil
}

// find calls do for each selected ClientCredential, and continues after an error.
func (s *selection) find(ctx context.Context, cluster *cluster, do func(*resource.Info, *unstructured.Unstructured) error) error {
	namespace, _, err := cluster.config.ToRawKubeConfigLoader().Namespace()
	if err != nil {
		return fmt.Errorf("read the kubeconfig: %w", err)
	}
	builder := resource.NewBuilder(cluster.config).Unstructured().ContinueOnError().Flatten().
		NamespaceParam(namespace).DefaultNamespace().AllNamespaces(s.allNamespaces)
	switch {
	case len(s.names) > 0:
		builder = builder.ResourceNames(resourceType, s.names...)
	case s.selector != "":
		builder = builder.ResourceTypes(resourceType).LabelSelectorParam(s.selector)
	default:
		builder = builder.ResourceTypes(resourceType).SelectAllParam(true)
	}
	found := 0
	err = builder.RequestChunksOf(500).Do().Visit(func(info *resource.Info, err error) error {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		}
		found++
		return do(info, info.Object.(*unstructured.Unstructured))
	})
	if found == 0 && err == nil {
		in := " in " + namespace + " namespace"
		if s.allNamespaces {
			in = ""
		}
		_, _ = fmt.Fprintf(cluster.streams.ErrOut, "No resources found%s.\n", in)
	}
	return err
}
