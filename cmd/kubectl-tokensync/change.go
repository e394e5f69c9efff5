package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/cli-runtime/pkg/resource"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// fieldManager is the name under which the plugin writes, unless a flag sets another name. Flux reverts
// changes by managers whose names start with kubectl.
const fieldManager = "tokensync-cli"

// changeOptions are the options of the commands that change ClientCredentials.
type changeOptions struct {
	cluster      cluster
	selection    selection
	printFlags   *genericclioptions.PrintFlags
	dryRun       string
	fieldManager string
}

func newChangeOptions(streams genericiooptions.IOStreams) changeOptions {
	return changeOptions{
		cluster:    newCluster(streams),
		printFlags: genericclioptions.NewPrintFlags(""),
	}
}

func (o *changeOptions) addFlags(command *cobra.Command) {
	o.cluster.addFlags(command)
	o.selection.addFlags(command)
	o.printFlags.AddFlags(command)
	flags := command.Flags()
	flags.BoolVar(&o.selection.all, "all", false, "Select all ClientCredentials of the namespace.")
	flags.StringVar(&o.dryRun, "dry-run", "none",
		`Must be "none", "server", or "client". With client, only print the object that would be sent, without sending it. With server, submit the request without persisting the object.`)
	flags.Lookup("dry-run").NoOptDefVal = "unset"
	flags.StringVar(&o.fieldManager, "field-manager", fieldManager, "Name of the manager used to track field ownership.")
}

func (o *changeOptions) validate(arguments []string) error {
	if err := o.selection.take(arguments); err != nil {
		return err
	}
	if err := o.selection.requireAny(); err != nil {
		return err
	}
	switch o.dryRun {
	case "none", "client", "server":
	default:
		return errors.New("--dry-run must be none, client or server, such as --dry-run=client")
	}
	if _, err := o.printFlags.ToPrinter(); err != nil {
		return err
	}
	o.cluster.verbosity.apply(o.cluster.streams.ErrOut)
	return nil
}

// change sends the changes that modify makes, and returns the changed object.
func (o *changeOptions) change(info *resource.Info, object *unstructured.Unstructured, modify func(*unstructured.Unstructured) error) (*unstructured.Unstructured, error) {
	modified := object.DeepCopy()
	if err := modify(modified); err != nil {
		return nil, fmt.Errorf("change ClientCredential %s/%s: %w", info.Namespace, info.Name, err)
	}
	if o.dryRun == "client" {
		return modified, nil
	}
	patch, err := client.MergeFrom(object).Data(modified)
	if err != nil {
		return nil, fmt.Errorf("make the patch of ClientCredential %s/%s: %w", info.Namespace, info.Name, err)
	}
	patched, err := resource.NewHelper(info.Client, info.Mapping).
		DryRun(o.dryRun == "server").WithFieldManager(o.fieldManager).
		Patch(info.Namespace, info.Name, types.MergePatchType, patch, nil)
	if err != nil {
		return nil, fmt.Errorf("change ClientCredential %s/%s: %w", info.Namespace, info.Name, err)
	}
	return patched.(*unstructured.Unstructured), nil
}

// print prints an object in the requested format, or a line that says what was done with it.
func (o *changeOptions) print(object *unstructured.Unstructured, done string) error {
	switch o.dryRun {
	case "client":
		done += " (dry run)"
	case "server":
		done += " (server dry run)"
	}
	o.printFlags.NamePrintFlags.Operation = done
	printer, err := o.printFlags.ToPrinter()
	if err != nil {
		return err
	}
	return printer.PrintObj(object, o.cluster.streams.Out)
}
