// Command manager runs the operator.
package main

import (
	"flag"
	"os"

	ctrl "sigs.k8s.io/controller-runtime"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
)

// version is set by the linker.
var version = "development"

func main() {
	options := &options{}
	options.addFlags(flag.CommandLine)
	zapOptions := zap.Options{}
	zapOptions.BindFlags(flag.CommandLine)
	explain(flag.CommandLine)
	flag.Parse()
	limitHeap()
	logTo(zap.New(zap.UseFlagOptions(&zapOptions)))

	if err := run(ctrl.SetupSignalHandler(), options); err != nil {
		logf.Log.Error(err, "The operator exits")
		os.Exit(1)
	}
}
