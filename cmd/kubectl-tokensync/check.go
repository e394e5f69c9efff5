package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/tokensync/tokensync/internal/check"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/resolve"
	"github.com/tokensync/tokensync/internal/tokenendpoint"
)

const checkLong = `Request a token for a ClientCredential from this machine, before you apply it. Show the
request, the shape of the response, where token and lifetime were found, and when the
operator would renew the token. On failure, show which field to change.

The command uses the packages and the rules of the operator: https only, and no loopback
or link-local address, unless flags permit it. It writes nothing, and discards the
token. It shows no secret, no token and no value of a response.

The objects that a ClientCredential names are read from the given files, or from the
cluster if they are not there. Without a cluster, give the credentials as files.`

const checkExample = `  # Check a ClientCredential; its Secret is in the same file or in the cluster
  kubectl tokensync check -f my-api.yaml

  # Check it without a cluster, with credentials from files
  kubectl tokensync check -f my-api.yaml --credential client_id=./id --credential client_secret=./secret

  # Take the credentials from a folder with one file for each key, like a mounted Secret
  kubectl tokensync check -f my-api.yaml --credentials-dir=./my-client

  # Check the ClientCredentials of a kustomization, against another cluster
  kubectl tokensync check -k overlays/production --context=production

  # Check an authorization server on this machine
  kubectl tokensync check -f my-api.yaml --allow-http --allowed-cidrs=127.0.0.0/8

  # Check the output of another program, and print the report as JSON
  helm template . | kubectl tokensync check -f - -o json`

func newCheckCommand(streams genericiooptions.IOStreams) *cobra.Command {
	options := newCheckOptions(streams)
	command := &cobra.Command{
		Use:                   "check -f FILENAME",
		DisableFlagsInUseLine: true,
		Short:                 "Request a token for a ClientCredential before you apply it",
		Long:                  checkLong,
		Example:               checkExample,
		Args:                  noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			return options.run(command.Context())
		},
	}
	options.addFlags(command.Flags())
	return command
}

// run checks all ClientCredentials in the given files.
func (o *checkOptions) run(ctx context.Context) error {
	if err := o.validate(); err != nil {
		return err
	}
	o.verbosity.apply(o.streams.ErrOut)
	objects, err := o.load()
	if err != nil {
		return err
	}
	checker, err := o.checker(objects)
	if err != nil {
		return err
	}
	reports := []*check.Report{}
	failed, notChecked := 0, 0
	for i, object := range objects.ClientCredentials {
		report, err := checker.Check(ctx, object)
		if err != nil {
			return err
		}
		switch {
		case !report.IsChecked():
			notChecked++
		case report.Failure != nil:
			failed++
		}
		reports = append(reports, report)
		if o.output == "" {
			if i > 0 {
				_, _ = fmt.Fprintln(o.streams.Out)
			}
			if err := report.WriteText(o.streams.Out); err != nil {
				return err
			}
		}
	}
	if err := o.print(reports); err != nil {
		return err
	}
	return summary(failed, notChecked, len(reports))
}

// summary returns an error unless all ClientCredentials would get a token.
func summary(failed, notChecked, all int) error {
	var parts []string
	if failed > 0 {
		parts = append(parts, fmt.Sprintf("%d of %d ClientCredentials would get no token", failed, all))
	}
	if notChecked > 0 {
		parts = append(parts, fmt.Sprintf("%d of %d ClientCredentials could not be checked", notChecked, all))
	}
	if len(parts) == 0 {
		return nil
	}
	return errors.New(strings.Join(parts, ", and "))
}

// load reads the files.
func (o *checkOptions) load() (*check.Objects, error) {
	namespace, enforce, err := o.config.ToRawKubeConfigLoader().Namespace()
	if err != nil {
		return nil, fmt.Errorf("read the kubeconfig: %w", err)
	}
	objects, err := check.Load(check.Files{
		FilenameOptions: o.files.ToOptions(), Stdin: o.streams.In, Namespace: namespace, EnforceNamespace: enforce,
	})
	if err != nil {
		return nil, err
	}
	switch count := len(objects.ClientCredentials); {
	case count == 0:
		return nil, errors.New("there is no ClientCredential in the given files: name a file that holds one with -f")
	case count > 1 && o.givesSecrets():
		// Credentials that are sent to the wrong server are exposed.
		return nil, fmt.Errorf("there are %d ClientCredentials in the given files, but credential files belong to one: check them one by one", count)
	}
	for _, loaded := range objects.ClientCredentials {
		if owner := loaded.Object; len(o.namespaces) > 0 && !slices.Contains(o.namespaces, owner.Namespace) {
			return nil, fmt.Errorf("the operator does not work in namespace %q of ClientCredential %q: correct --namespaces", owner.Namespace, owner.Name)
		}
	}
	return objects, nil
}

// checker reads the credentials that the flags name, and returns a checker.
func (o *checkOptions) checker(objects *check.Objects) (*check.Checker, error) {
	checker := &check.Checker{
		Finder: &check.Finder{Files: objects, Connect: o.connect},
		TokenEndpoint: tokenendpoint.NewClient(tokenendpoint.Options{
			AllowHTTP: o.allowHTTP, AllowedCIDRs: o.allowedCIDRs, DenyPrivateNetworks: o.denyPrivateNetworks, Timeout: o.timeout, UserAgent: "tokensync/" + version,
		}),
		Policy: resolve.Policy{
			RequireCredentialsLabel: o.requireCredentialsLabel, ForbidInlineServers: !o.allowInlineServers,
			NamedNamespacesOnly: len(o.namespaces) > 0, ClusterResourceNamespace: o.clusterNamespace,
		},
		Now: time.Now,
	}
	var err error
	if checker.Credentials, err = check.ReadCredentials(o.credentialsDir, o.credentials); err != nil {
		return nil, err
	}
	if o.serviceAccountTokenFile != "" {
		var token oauth2.Sensitive
		if token, err = check.ReadServiceAccountToken(o.serviceAccountTokenFile); err != nil {
			return nil, err
		}
		checker.ServiceAccountToken = token
	}
	return checker, nil
}

// print writes the reports in the format of --output, if there is one.
func (o *checkOptions) print(reports []*check.Report) error {
	if o.output == "" {
		return nil
	}
	all := struct {
		Checks []*check.Report `json:"checks"`
	}{reports}
	return writeDocument(o.streams.Out, o.output, all)
}
