package main

import (
	"flag"

	"github.com/tokensync/tokensync/internal/tokenendpoint"
)

// options are what an admin sets by flags.
type options struct {
	metricsBindAddress      string
	metricsSecure           bool
	metricsCertDir          string
	healthProbeBindAddress  string
	leaderElect             bool
	allowHTTP               bool
	allowedCIDRs            tokenendpoint.CIDRs
	denyPrivateNetworks     bool
	requireCredentialsLabel bool
	allowInlineServers      bool
	namespaces              []string
	clusterNamespace        string
	tracingEndpoint         string
	tracingSamplingRatio    float64
}

func (o *options) addFlags(flags *flag.FlagSet) {
	flags.StringVar(&o.metricsBindAddress, "metrics-bind-address", ":8443",
		"The `address` that the metrics are served at; 0 switches them off.")
	flags.BoolVar(&o.metricsSecure, "metrics-secure", true,
		"Serve the metrics over TLS, to those alone whom the API server lets get /metrics. Without it everyone may read them.")
	flags.StringVar(&o.metricsCertDir, "metrics-cert-dir", "",
		"The `folder` with the files tls.crt and tls.key that the metrics are served with. They are read again when they change. "+
			"Without it the operator signs a certificate of its own when it starts.")
	flags.StringVar(&o.healthProbeBindAddress, "health-probe-bind-address", ":8081",
		"The `address` that /healthz and /readyz are served at; 0 switches them off.")
	flags.BoolVar(&o.leaderElect, "leader-elect", false,
		"Let one of several replicas work at a time. The shipped manifests set it.")
	flags.BoolVar(&o.allowHTTP, "allow-http", false,
		"Permit token endpoints without TLS. Credentials then cross the network in the clear.")
	flags.Var(&o.allowedCIDRs, "allowed-cidrs",
		"The address `ranges`, with commas between them, that token endpoints may lie in although they are denied otherwise: "+
			"loopback, link-local, multicast, unspecified and metadata-service addresses, and those of --deny-private-networks. "+
			"The API server of the cluster needs its single address, such as 10.96.0.1/32.")
	flags.BoolVar(&o.denyPrivateNetworks, "deny-private-networks", false,
		"Deny token endpoints in private networks, such as 10.0.0.0/8 and fc00::/7. --allowed-cidrs makes exceptions.")
	flags.BoolVar(&o.requireCredentialsLabel, "require-credentials-label", true,
		"Use a credentials Secret, or a token of a ServiceAccount, only if it carries the label oauth2.tokensync.dev/usage=client-credential.")
	flags.BoolVar(&o.allowInlineServers, "allow-inline-authorization-servers", true,
		"Permit ClientCredentials that declare an authorization server themselves. "+
			"Without it they name an AuthorizationServer or ClusterAuthorizationServer.")
	flags.Func("namespaces",
		"The `namespaces`, with commas between them, that the operator works in. It then needs rights in these alone, and uses no "+
			"ClusterAuthorizationServers. Without it, it works in all.",
		o.setNamespaces)
	flags.StringVar(&o.clusterNamespace, "cluster-resource-namespace", "",
		"The `namespace` of the ConfigMaps and Secrets that ClusterAuthorizationServers name. The shipped manifests set the operator's own.")
	flags.Func("tracing-endpoint",
		"The `URL` that traces are sent to by OTLP over HTTP, such as http://collector.observability:4318. Without it there are no traces.",
		o.setTracingEndpoint)
	o.tracingSamplingRatio = 1
	flags.Func("tracing-sampling-ratio",
		"Which `part` of the traces is sent, from 0 to 1. (default 1)",
		o.setTracingSamplingRatio)
}
