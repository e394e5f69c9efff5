package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"

	"k8s.io/klog/v2"
)

// maxVerbosity is the highest level that is allowed. Above it, the Kubernetes client logs the bodies of
// responses: Secrets, and tokens of ServiceAccounts.
const maxVerbosity = 7

// verbosity is the value of kubectl's flag -v.
type verbosity int

// Type implements pflag.Value.
func (v *verbosity) Type() string { return "Level" }

func (v *verbosity) String() string { return strconv.Itoa(int(*v)) }

// Set implements pflag.Value.
func (v *verbosity) Set(value string) error {
	level, err := strconv.Atoi(value)
	if err != nil {
		return errors.New("it is not a number")
	}
	*v = verbosity(level)
	return nil
}

// apply sets the level, or the highest level that shows no secrets.
func (v *verbosity) apply(warnings io.Writer) {
	level := *v
	if level > maxVerbosity {
		_, _ = fmt.Fprintf(warnings, "warning: -v=%d would show Secrets; -v=%d is used\n", level, maxVerbosity)
		level = maxVerbosity
	}
	flags := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(flags)
	// klog accepts every number, so there is no error.
	_ = flags.Set("v", level.String())
}
