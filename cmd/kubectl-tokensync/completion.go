package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// completionTimeout limits how long a user waits for a completion.
const completionTimeout = 5 * time.Second

// complete returns a function that completes the names of ClientCredentials.
func complete(cluster *cluster) cobra.CompletionFunc {
	return func(command *cobra.Command, given []string, prefix string) ([]cobra.Completion, cobra.ShellCompDirective) {
		namespace, _, err := cluster.config.ToRawKubeConfigLoader().Namespace()
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx, cancel := context.WithTimeout(command.Context(), completionTimeout)
		defer cancel()
		names, err := namesIn(ctx, cluster, namespace)
		if err != nil {
			// An error would be printed in the middle of the command line.
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		completions := slices.DeleteFunc(names, func(name string) bool {
			return !strings.HasPrefix(name, prefix) || slices.Contains(given, name)
		})
		return completions, cobra.ShellCompDirectiveNoFileComp
	}
}

func namesIn(ctx context.Context, cluster *cluster, namespace string) ([]string, error) {
	connected, err := cluster.connect()
	if err != nil {
		return nil, err
	}
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("ClientCredentialList"))
	if err := connected.List(ctx, list, client.InNamespace(namespace)); err != nil {
		return nil, err
	}
	var names []string
	for _, item := range list.Items {
		names = append(names, item.Name)
	}
	return names, nil
}
