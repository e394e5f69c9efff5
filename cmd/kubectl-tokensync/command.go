package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"
)

// newCommand returns the command kubectl tokensync.
func newCommand(streams genericiooptions.IOStreams) *cobra.Command {
	command := &cobra.Command{
		Use:   "kubectl-tokensync",
		Short: "Tools for ClientCredentials of tokensync",
		Long:  "Tools for ClientCredentials of tokensync, the operator that keeps OAuth 2.0 access tokens in Secrets.",
		// The help shows the command as users type it.
		Annotations:       map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl tokensync"},
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	command.SetIn(streams.In)
	command.SetOut(streams.Out)
	command.SetErr(streams.ErrOut)
	command.SetFlagErrorFunc(flagError)
	command.AddCommand(
		newCheckCommand(streams),
		newStatusCommand(streams),
		newRenewCommand(streams),
		newSuspendCommand(streams),
		newResumeCommand(streams),
		newVersionCommand(streams),
	)
	return command
}

// flagError removes the value of an unknown flag from its error: it may be a secret.
func flagError(command *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		name := "--" + unknown.GetSpecifiedName()
		if unknown.GetSpecifiedShortnames() != "" {
			name = "-" + unknown.GetSpecifiedName()
		}
		err = fmt.Errorf("unknown flag: %s", name)
	}
	return fmt.Errorf("%w\nSee '%s --help' for usage", err, command.CommandPath())
}

func newVersionCommand(streams genericiooptions.IOStreams) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of this plugin",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(streams.Out, version)
			return err
		},
	}
}

// noArguments refuses arguments without quoting them: they may be secrets.
func noArguments(command *cobra.Command, arguments []string) error {
	if len(arguments) > 0 {
		return fmt.Errorf("there are arguments that belong to no flag\nSee '%s --help' for usage", command.CommandPath())
	}
	return nil
}
