// Command demo shows how tokens appear and renew. It starts a control plane, an
// authorization server and the operator, and applies config/samples. It shows all
// changes until Ctrl-C. It runs in the root of the repository.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/go-logr/logr"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
)

// settings are the values of the flags.
type settings struct {
	manager string
	once    bool
}

func main() {
	// Without a logger, envtest would print a warning.
	logf.SetLogger(logr.Discard())
	switch err := start(os.Args[1:]); {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintf(os.Stderr, "demo: %v\n", err)
		os.Exit(1)
	}
}

func start(arguments []string) (err error) {
	settings, err := parse(arguments, os.Stderr)
	if err != nil {
		return err
	}
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		return errors.New(`KUBEBUILDER_ASSETS does not name the folder of etcd and kube-apiserver: run "make demo", which sets it`)
	}
	folder, err := os.MkdirTemp("", "tokensync-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	// envtest creates its own folders. They are in this folder, and are removed with it.
	if err := os.Setenv("TMPDIR", folder); err != nil {
		return err
	}
	return run(untilSignal(folder), settings, folder)
}

// parse uses its own flag set, because imported packages add flags to the default set.
func parse(arguments []string, output io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(output)
	flags.StringVar(&s.manager, "manager", "bin/manager", "The operator to run.")
	flags.BoolVar(&s.once, "once", false, "Exit after every sample got a token and a renewal; fail if a sample does not.")
	if err := flags.Parse(arguments); err != nil {
		return s, err
	}
	if flags.NArg() > 0 {
		return s, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	return s, nil
}

func say(format string, arguments ...any) { fmt.Printf(format+"\n", arguments...) }
