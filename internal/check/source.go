package check

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/resolve"
	"github.com/tokensync/tokensync/internal/tokenreview"
)

// source is the resolve.Source of a check. It reads the given files, and otherwise the cluster. It records
// the source of each object in the report.
type source struct{ *exchange }

// Server implements resolve.Source. No API server has validated a declaration in a file, so Server
// checks the rules of the API server.
func (s source) Server(ctx context.Context, key client.ObjectKey, into resolve.Server) error {
	kind := string(resolve.KindOf(into))
	s.path = fmt.Sprintf("%s %q: spec", kind, key.Name)
	found, err := s.Finder.find(ctx, kind, key, into)
	if err != nil {
		return notFound(err, "add it to the files")
	}
	s.report.AuthorizationServer = fmt.Sprintf("%s %q (%s)", kind, key.Name, found)
	if err := oauth2.CheckSpecSize(fmt.Sprintf("the spec of %s %q", kind, key.Name), into.GetDeclaration()); err != nil {
		return err
	}
	return checkRules(s.owner.Spec.Parameters, *into.GetDeclaration())
}

// NamespaceLabels implements resolve.Source.
func (s source) NamespaceLabels(ctx context.Context, name string) (map[string]string, error) {
	namespace := &corev1.Namespace{}
	_, err := s.Finder.find(ctx, "Namespace", types.NamespacedName{Name: name}, namespace)
	return namespace.Labels, err
}

// fromFiles is the source of credentials that are given in files instead of a Secret.
const fromFiles = "credential files"

// CredentialsSecret implements resolve.Source. Credential files replace the Secret.
func (s source) CredentialsSecret(ctx context.Context, key client.ObjectKey) (*corev1.Secret, error) {
	secret := &corev1.Secret{}
	if s.Credentials != nil {
		s.report.Credentials = fmt.Sprintf("Secret %q (%s)", key.Name, fromFiles)
		secret.Name, secret.Data = key.Name, make(map[string][]byte, len(s.Credentials))
		secret.Labels = map[string]string{v1alpha1.UsageLabel: v1alpha1.UsageClientCredential}
		for name, value := range s.Credentials {
			secret.Data[name] = []byte(value.Reveal())
		}
		return secret, nil
	}
	found, err := s.Finder.find(ctx, "Secret", key, secret)
	if err == nil {
		s.report.Credentials = fmt.Sprintf("Secret %q (%s)", key.Name, found)
		return secret, nil
	}
	missing := notFound(err, "add it to the files, give its values with --credential or --credentials-dir")
	if first := s.Finder.Files.writer(key.Namespace, key.Name); first != "" {
		missing.Where += fmt.Sprintf(", because it is the token Secret of ClientCredential %q", first)
		missing.Remedy = "apply that ClientCredential first, give the values of the Secret with --credential"
	}
	return nil, missing
}

// ServiceAccount implements resolve.Source.
func (s source) ServiceAccount(ctx context.Context, key client.ObjectKey) (*corev1.ServiceAccount, error) {
	account := &corev1.ServiceAccount{}
	if _, err := s.Finder.find(ctx, "ServiceAccount", key, account); err != nil {
		return nil, notFound(err, "create it, give its token with --service-account-token-file")
	}
	return account, nil
}

// Bundle implements resolve.Source.
func (s source) Bundle(ctx context.Context, namespace string, reference v1alpha1.CABundleReference) (string, error) {
	key := client.ObjectKey{Namespace: namespace, Name: reference.Name}
	secret, configMap := &corev1.Secret{}, &corev1.ConfigMap{}
	var err error
	if reference.Kind == "Secret" {
		_, err = s.Finder.find(ctx, "Secret", key, secret)
	} else {
		_, err = s.Finder.find(ctx, "ConfigMap", key, configMap)
	}
	if err != nil {
		return "", notFound(err, "add it to the files, or correct the reference")
	}
	return configMap.Data[reference.Key] + string(secret.Data[reference.Key]), nil
}

// Issue implements resolve.ServiceAccountTokens. It returns the token of the file, if one is given, or
// a token that the API server issues to the caller.
func (s source) Issue(ctx context.Context, account types.NamespacedName, audience string) (oauth2.Sensitive, error) {
	cluster, err := s.Finder.cluster()
	switch {
	case !s.ServiceAccountToken.IsEmpty():
		return s.ServiceAccountToken, s.checkToken(ctx, cluster, account.Name, audience)
	case err != nil:
		return oauth2.Sensitive{}, problem.Stalled(v1alpha1.ReasonServiceAccountTokenRefused,
			"no token of ServiceAccount %q is issued without a cluster: %s: give a token with --service-account-token-file", account.Name, err)
	}
	tokens := resolve.ClusterTokens{
		Source: s, Client: cluster, Policy: s.Policy, Remedy: "obtain that right, or give a token with --service-account-token-file",
	}
	return tokens.Issue(ctx, account, audience)
}

// checkToken checks the token of the file. The token may be from another cluster, and a check may have
// no cluster, so a failed TokenReview is no error.
func (s source) checkToken(ctx context.Context, cluster client.Client, account, audience string) error {
	claims, ok := oauth2.ReadServiceAccountToken(s.ServiceAccountToken)
	switch {
	case !ok:
		return problem.Stalled(v1alpha1.ReasonServiceAccountTokenRefused, "the token of the ServiceAccount is no JWT: correct --service-account-token-file")
	case !slices.Contains(claims.Audience, audience):
		return problem.Stalled(v1alpha1.ReasonServiceAccountTokenRefused,
			"the token of the ServiceAccount is not for the audience %q: run kubectl create token %s --audience=%s", audience, account, audience)
	case cluster == nil:
		return nil
	}
	if isAccepted, _ := tokenreview.IsAccepted(ctx, cluster, s.ServiceAccountToken, audience); isAccepted {
		return resolve.AcceptedByAPIServer(audience)
	}
	return nil
}
