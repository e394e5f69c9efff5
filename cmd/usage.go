package main

import "flag"

// usage says what the flags of libraries do, in the words of the others.
var usage = map[string]string{
	"kubeconfig":           "A kubeconfig `file`, outside of a cluster.",
	"zap-devel":            "Log for people: with it the defaults are console, debug, and stack traces from warnings on.",
	"zap-encoder":          "How the log is `written`: json or console. (default json)",
	"zap-log-level":        "How much is logged: error, info, debug, or a `level` from 1 to 5, which logs the more the higher it is. No level logs requests to the API server, their bodies or their headers. (default info)",
	"zap-stacktrace-level": "From which `level` on a stack trace is logged too: info, error or panic. (default error)",
	"zap-time-encoding":    "How times are `written` in the log: epoch, millis, nano, iso8601, rfc3339 or rfc3339nano. (default rfc3339)",
}

func explain(flags *flag.FlagSet) {
	flags.VisitAll(func(f *flag.Flag) {
		if text, ok := usage[f.Name]; ok {
			f.Usage = text
		}
	})
}
