package main

import (
	"flag"
	"fmt"
	"net/netip"
	"strings"
)

// options are what an admin sets by flags.
type options struct {
	metricsBindAddress      string
	healthProbeBindAddress  string
	leaderElect             bool
	allowHTTP               bool
	allowedCIDRs            cidrs
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

// cidrs is the value of a flag: address ranges with commas between them.
type cidrs []netip.Prefix

func (c *cidrs) String() string {
	texts := make([]string, len(*c))
	for i, prefix := range *c {
		texts[i] = prefix.String()
	}
	return strings.Join(texts, ",")
}

func (c *cidrs) Set(value string) error {
	*c = nil
	for text := range strings.SplitSeq(value, ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return fmt.Errorf("%q is not an address range such as 10.0.0.0/8", text)
		}
		*c = append(*c, prefix.Masked())
	}
	return nil
}
