package main

import (
	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/cli-runtime/pkg/resource"
)

const suspendLong = `Suspend ClientCredentials: no token is requested until they are resumed. The token in the
Secret stays there, and expires.

The command sets spec.suspend. If a GitOps tool owns that field, the command warns that the
tool may set it back.`

const suspendExample = `  # Suspend a ClientCredential
  kubectl tokensync suspend my-api

  # Suspend all ClientCredentials of the namespace
  kubectl tokensync suspend --all

  # Show the object that would be sent
  kubectl tokensync suspend -l team=shop --dry-run=client -o yaml`

const resumeLong = `Resume ClientCredentials that are suspended: the operator requests tokens again, and
immediately if a token is due.

The command removes spec.suspend. If a GitOps tool owns that field, the command warns that
the tool may set it back.`

const resumeExample = `  # Resume a ClientCredential
  kubectl tokensync resume my-api

  # Resume all ClientCredentials of the cluster with a label
  kubectl tokensync resume -A -l team=shop`

// suspension is the command suspend or the command resume.
type suspension struct {
	changeOptions
	suspend bool
	// done is the text after a change, and already the text if there was nothing to change.
	done, already string
}

func newSuspendCommand(streams genericiooptions.IOStreams) *cobra.Command {
	options := &suspension{changeOptions: newChangeOptions(streams), suspend: true,
		done: "suspended", already: "is suspended already"}
	return options.command("suspend", "Stop all token requests of ClientCredentials", suspendLong, suspendExample)
}

func newResumeCommand(streams genericiooptions.IOStreams) *cobra.Command {
	options := &suspension{changeOptions: newChangeOptions(streams),
		done: "resumed", already: "is not suspended"}
	return options.command("resume", "Resume ClientCredentials that are suspended", resumeLong, resumeExample)
}

func (o *suspension) command(verb, short, long, example string) *cobra.Command {
	command := &cobra.Command{
		Use:                   verb + " (NAME ... | -l SELECTOR | --all)",
		DisableFlagsInUseLine: true,
		Short:                 short,
		Long:                  long,
		Example:               example,
		ValidArgsFunction:     complete(&o.cluster),
		RunE: func(command *cobra.Command, arguments []string) error {
			if err := o.validate(arguments); err != nil {
				return err
			}
			return o.selection.find(command.Context(), &o.cluster, o.set)
		},
	}
	o.addFlags(command)
	return command
}

// set suspends or resumes a ClientCredential.
func (o *suspension) set(info *resource.Info, object *unstructured.Unstructured) error {
	found, err := clientCredentialOf(object)
	if err != nil {
		return err
	}
	if found.IsSuspended() == o.suspend {
		return o.print(object, o.already)
	}
	changed, err := o.change(info, object, func(object *unstructured.Unstructured) error {
		if o.suspend {
			return unstructured.SetNestedField(object.Object, true, "spec", "suspend")
		}
		unstructured.RemoveNestedField(object.Object, "spec", "suspend")
		return nil
	})
	if err != nil {
		return err
	}
	// object has the field managers from before the change. Since the change, the plugin owns the field.
	for _, manager := range managersOf(object, suspendPath) {
		if manager != o.fieldManager {
			o.cluster.warn("spec.suspend of ClientCredential %s/%s was set by %q, which may set it back: change it at its source too",
				info.Namespace, info.Name, manager)
		}
	}
	return o.print(changed, o.done)
}
