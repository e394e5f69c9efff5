// Command kubectl-tokensync is a kubectl plugin: kubectl tokensync.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"syscall"

	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/cli-runtime/pkg/genericiooptions"
)

// version is set by the linker.
var version = "development"

func main() {
	// net/http logs unsolicited bytes that a server sends after its response.
	log.SetOutput(io.Discard)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal kills the process, if the first has not ended it.
	context.AfterFunc(ctx, stop)
	code := run(ctx, genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}, os.Args[1:])
	stop()
	os.Exit(code)
}

// run runs the command line and returns its exit code. Like kubectl, it returns 1 for every error.
func run(ctx context.Context, streams genericiooptions.IOStreams, arguments []string) int {
	command := newCommand(streams)
	command.SetArgs(arguments)
	err := command.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	if ctx.Err() != nil {
		err = fmt.Errorf("it was interrupted")
	}
	for _, err := range each(err) {
		_, _ = fmt.Fprintf(streams.ErrOut, "error: %s\n", err)
	}
	return 1
}

// each returns the errors that an aggregate consists of.
func each(err error) []error {
	var all utilerrors.Aggregate
	if errors.As(err, &all) {
		return utilerrors.Flatten(all).Errors()
	}
	return []error{err}
}
