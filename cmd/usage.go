package main

import "flag"

// usage replaces the help texts of flags that libraries define, in the style of the operator's own.
var usage = map[string]string{
	"kubeconfig":           "The kubeconfig `file` to use outside of a cluster.",
	"zap-devel":            "Development mode. The defaults are then encoding console, level debug, and stack traces from level warning on.",
	"zap-encoder":          "The `encoding` of the log: json or console. (default json)",
	"zap-log-level":        "The log `level`: error, info, debug, or a number from 1 to 5. A higher number logs more. No level logs requests to the API server, their bodies or their headers. (default info)",
	"zap-stacktrace-level": "The minimum `level` of messages with a stack trace: info, error or panic. (default error)",
	"zap-time-encoding":    "The `encoding` of times in the log: epoch, millis, nano, iso8601, rfc3339 or rfc3339nano. (default rfc3339)",
}

func explain(flags *flag.FlagSet) {
	flags.VisitAll(func(f *flag.Flag) {
		if text, ok := usage[f.Name]; ok {
			f.Usage = text
		}
	})
}
