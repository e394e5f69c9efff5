package main

import (
	"flag"

	"github.com/tokensync/tokensync/internal/tokenendpoint"
)

// options are what an admin sets by flags.
type options struct {
	metricsBindAddress      string
	healthProbeBindAddress  string
	leaderElect             bool
	allowHTTP               bool
	allowedCIDRs            tokenendpoint.CIDRs
	requireCredentialsLabel bool
	allowInlineServers      bool
	clusterNamespace        string
}

func (o *options) addFlags(flags *flag.FlagSet) {
	flags.StringVar(&o.metricsBindAddress, "metrics-bind-address", ":8080",
		"Address that serves the metrics; 0 switches it off.")
	flags.StringVar(&o.healthProbeBindAddress, "health-probe-bind-address", ":8081",
		"Address that serves /healthz and /readyz; 0 switches it off.")
	flags.BoolVar(&o.leaderElect, "leader-elect", false,
		"Let one of several replicas work at a time.")
	flags.BoolVar(&o.allowHTTP, "allow-http", false,
		"Permit token endpoints without TLS. Credentials then cross the network in the clear.")
	flags.Var(&o.allowedCIDRs, "allowed-cidrs",
		"Comma-separated address ranges that token endpoints may lie in although they are denied otherwise: "+
			"loopback, link-local, multicast, unspecified and metadata-service addresses.")
	flags.BoolVar(&o.requireCredentialsLabel, "require-credentials-label", true,
		"Use a credentials Secret, or a token of a ServiceAccount, only if it carries the label oauth2.tokensync.dev/usage=client-credential.")
	flags.BoolVar(&o.allowInlineServers, "allow-inline-authorization-servers", true,
		"Permit ClientCredentials that declare an authorization server themselves. "+
			"Without it they name an AuthorizationServer or ClusterAuthorizationServer.")
	flags.StringVar(&o.clusterNamespace, "cluster-resource-namespace", "",
		"Namespace of the ConfigMaps and Secrets that ClusterAuthorizationServers name; the operator's own in the shipped manifests.")
}
