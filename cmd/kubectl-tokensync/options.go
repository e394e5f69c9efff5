package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/internal/check"
	"github.com/tokensync/tokensync/internal/tokenendpoint"
)

// checkOptions are the values of the flags of check.
type checkOptions struct {
	streams   genericiooptions.IOStreams
	config    *genericclioptions.ConfigFlags
	files     *genericclioptions.FileNameFlags
	verbosity verbosity
	output    string

	credentials             []string
	credentialsDir          string
	serviceAccountTokenFile string

	allowHTTP               bool
	allowedCIDRs            tokenendpoint.CIDRs
	denyPrivateNetworks     bool
	requireCredentialsLabel bool
	allowInlineServers      bool
	namespaces              []string
	clusterNamespace        string
	timeout                 time.Duration
}

func newCheckOptions(streams genericiooptions.IOStreams) *checkOptions {
	return &checkOptions{
		streams: streams,
		config:  genericclioptions.NewConfigFlags(true),
		files: &genericclioptions.FileNameFlags{
			Usage:     "The files that hold the ClientCredential, and the objects that it names if they are not in the cluster.",
			Filenames: &[]string{}, Kustomize: new(string), Recursive: new(bool),
		},
	}
}

func (o *checkOptions) addFlags(flags *pflag.FlagSet) {
	o.files.AddFlags(flags)
	o.config.AddFlags(flags)
	flags.VarP(&o.verbosity, "v", "v", "Number for the log level verbosity. Levels from 8 on would show secrets, and are treated as 7.")
	flags.StringVarP(&o.output, "output", "o", "", "Output format. One of: (json, yaml).")
	flags.StringArrayVar(&o.credentials, "credential", nil,
		"A key of the credentials Secret and the file that holds its value, such as client_secret=./secret. Can be repeated. Replaces the Secret.")
	flags.StringVar(&o.credentialsDir, "credentials-dir", "",
		"A folder with one file for each key of the credentials Secret. Replaces the Secret.")
	flags.StringVar(&o.serviceAccountTokenFile, "service-account-token-file", "",
		"A file with a token of the ServiceAccount that authenticates the client. The ServiceAccount is then not checked. Default: the cluster issues the token.")
	flags.BoolVar(&o.allowHTTP, "allow-http", false,
		"Permit token endpoints without TLS, like the operator's flag. Credentials then cross the network in the clear.")
	flags.Var(&o.allowedCIDRs, "allowed-cidrs",
		"Comma-separated address ranges that are exempt from the built-in deny list, like the operator's flag.")
	flags.BoolVar(&o.denyPrivateNetworks, "deny-private-networks", false,
		"Deny token endpoints in private networks, like the operator's flag.")
	flags.BoolVar(&o.requireCredentialsLabel, "require-credentials-label", true,
		"Require the label oauth2.tokensync.dev/usage=client-credential on credentials Secrets and ServiceAccounts, like the operator's flag.")
	flags.BoolVar(&o.allowInlineServers, "allow-inline-authorization-servers", true,
		"Permit spec.authorizationServer, like the operator's flag.")
	flags.StringSliceVar(&o.namespaces, "namespaces", nil,
		"Comma-separated namespaces that the operator works in, like the operator's flag. It then uses no ClusterAuthorizationServers.")
	flags.StringVar(&o.clusterNamespace, "cluster-resource-namespace", "tokensync-system",
		"Namespace of the ConfigMaps and Secrets that ClusterAuthorizationServers name, like the operator's flag. The shipped manifests set that flag to the operator's own namespace.")
	flags.DurationVar(&o.timeout, "timeout", 30*time.Second,
		"How long to wait for the token endpoint. The operator waits 30s.")
}

func (o *checkOptions) validate() error {
	files := o.files.ToOptions()
	if err := files.RequireFilenameOrKustomize(); err != nil {
		return err
	}
	switch {
	case o.output != "" && o.output != "json" && o.output != "yaml":
		return fmt.Errorf("there is no output format %q: use json or yaml", o.output)
	case o.timeout <= 0:
		return errors.New("--timeout must be more than 0, such as 30s")
	}
	return nil
}

// givesSecrets reports whether flags name files with secrets, which belong to a single client.
func (o *checkOptions) givesSecrets() bool {
	return len(o.credentials) > 0 || o.credentialsDir != "" || o.serviceAccountTokenFile != ""
}

// connect returns a client of the cluster.
func (o *checkOptions) connect() (client.Client, error) {
	config, err := o.config.ToRESTConfig()
	if err != nil {
		return nil, err
	}
	config.WarningHandler = rest.NewWarningWriter(o.streams.ErrOut, rest.WarningWriterOptions{Deduplicate: true})
	return client.New(config, client.Options{Scheme: check.Scheme()})
}
