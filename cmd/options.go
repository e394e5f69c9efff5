package main

import (
	"flag"

	"github.com/tokensync/tokensync/internal/tokenendpoint"
)

// options are the values of the flags.
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
		"Serve the metrics over TLS, only to clients that are authorized to get /metrics. Otherwise, everyone can read them.")
	flags.StringVar(&o.metricsCertDir, "metrics-cert-dir", "",
		"The `folder` with the files tls.crt and tls.key that the metrics are served with. They are reloaded when they change. "+
			"Without it, the operator signs its own certificate when it starts.")
	flags.StringVar(&o.healthProbeBindAddress, "health-probe-bind-address", ":8081",
		"The `address` that /healthz and /readyz are served at; 0 switches them off.")
	flags.BoolVar(&o.leaderElect, "leader-elect", false,
		"Enable leader election, so that only one replica works at a time. The shipped manifests set it.")
	flags.BoolVar(&o.allowHTTP, "allow-http", false,
		"Permit token endpoints without TLS. Credentials then cross the network in the clear.")
	flags.Var(&o.allowedCIDRs, "allowed-cidrs",
		"The address `ranges`, separated by commas, that are exempt from the built-in deny list, and from --deny-private-networks. "+
			"The deny list contains loopback, link-local, multicast, unspecified and metadata-service addresses. "+
			"To allow the API server of the cluster, add its single address, such as 10.96.0.1/32.")
	flags.BoolVar(&o.denyPrivateNetworks, "deny-private-networks", false,
		"Deny token endpoints in private networks, such as 10.0.0.0/8 and fc00::/7. --allowed-cidrs makes exceptions.")
	flags.BoolVar(&o.requireCredentialsLabel, "require-credentials-label", true,
		"Require the label oauth2.tokensync.dev/usage=client-credential on credentials Secrets, and on the ServiceAccounts that spec.serviceAccountName names.")
	flags.BoolVar(&o.allowInlineServers, "allow-inline-authorization-servers", true,
		"Permit ClientCredentials to declare an authorization server themselves. "+
			"Otherwise, they must name an AuthorizationServer or ClusterAuthorizationServer.")
	flags.Func("namespaces",
		"The `namespaces`, separated by commas, that the operator works in. It then reads no Secret in any other namespace, and uses no "+
			"ClusterAuthorizationServers. By default, the operator works in all namespaces.",
		o.setNamespaces)
	flags.StringVar(&o.clusterNamespace, "cluster-resource-namespace", "",
		"The `namespace` of the ConfigMaps and Secrets that ClusterAuthorizationServers name. The shipped manifests set it to the operator's own namespace.")
	flags.Func("tracing-endpoint",
		"The `URL` that traces are sent to by OTLP over HTTP, such as http://collector.observability:4318. Without it, no traces are sent.",
		o.setTracingEndpoint)
	o.tracingSamplingRatio = 1
	flags.Func("tracing-sampling-ratio",
		"The `fraction` of the traces that is sent, from 0 to 1. (default 1)",
		o.setTracingSamplingRatio)
}
