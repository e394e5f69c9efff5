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

// What a user can do about an object that a check does not find.
const (
	addToFiles   = "add it to the files"
	giveItsToken = "give its token with --service-account-token-file"
)

// Server implements resolve.Source. No API server has validated a declaration in a file, so Server
// checks the rules of the API server.
func (s source) Server(ctx context.Context, key client.ObjectKey, into resolve.Server) error {
	kind := string(resolve.KindOf(into))
	s.path = fmt.Sprintf("%s %q: spec", kind, key.Name)
	found, err := s.Finder.find(ctx, kind, key, into)
	if err != nil {
		return withRemedy(err, addToFiles, addToFiles)
	}
	s.report.AuthorizationServer = fmt.Sprintf("%s %q (%s)", kind, key.Name, found)
	if err := resolve.CheckSize(fmt.Sprintf("the spec of %s %q", kind, key.Name), into); err != nil {
		return err
	}
	return checkRules(s.owner.Spec.Parameters, *into.GetDeclaration())
}

// NamespaceLabels implements resolve.Source.
func (s source) NamespaceLabels(ctx context.Context, name string) (map[string]string, error) {
	namespace := &corev1.Namespace{}
	_, err := s.Finder.find(ctx, "Namespace", types.NamespacedName{Name: name}, namespace)
	return namespace.Labels, withRemedy(err, addToFiles, addToFiles)
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
		s.notice(NoticeNotChecked, "the credentials are from files: %s", s.unchecked("Secret", key.Name))
		return secret, nil
	}
	found, err := s.Finder.find(ctx, "Secret", key, secret)
	if err == nil {
		s.report.Credentials = fmt.Sprintf("Secret %q (%s)", key.Name, found)
		return secret, nil
	}
	if first := s.Finder.Files.writer(key.Namespace, key.Name); first != "" {
		const apply = "apply that ClientCredential first, give the values of the Secret with --credential"
		return nil, withRemedy(withNote(err, fmt.Sprintf("it is the token Secret of ClientCredential %q", first)), apply, apply)
	}
	const give = addToFiles + ", give its values with --credential or --credentials-dir"
	return nil, withRemedy(err, give, give)
}

// ServiceAccount implements resolve.Source.
func (s source) ServiceAccount(ctx context.Context, key client.ObjectKey) (*corev1.ServiceAccount, error) {
	account := &corev1.ServiceAccount{}
	if _, err := s.Finder.find(ctx, "ServiceAccount", key, account); err != nil {
		return nil, withRemedy(err, "create it, "+giveItsToken, giveItsToken)
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
		return "", withRemedy(err, addToFiles+", or correct the reference", addToFiles)
	}
	return configMap.Data[reference.Key] + string(secret.Data[reference.Key]), nil
}

// Issue implements resolve.ServiceAccountTokens. It returns the token of the file, if one is given, or
// a token that the API server issues to the caller.
func (s source) Issue(ctx context.Context, account types.NamespacedName, audience string) (oauth2.Sensitive, error) {
	cluster, err := s.Finder.cluster()
	switch {
	case !s.ServiceAccountToken.IsEmpty():
		s.notice(NoticeNotChecked, "the token of the ServiceAccount is from a file: %s", s.unchecked("ServiceAccount", account.Name))
		return s.ServiceAccountToken, s.checkToken(ctx, cluster, account.Name, audience)
	case err != nil:
		return oauth2.Sensitive{}, &notCheckedError{
			what: fmt.Sprintf("no token of ServiceAccount %q is issued without a cluster", account.Name), err: err,
			remedy: giveItsToken,
		}
	}
	tokens := resolve.ClusterTokens{
		Source: s, Client: cluster, Policy: s.Policy, Remedy: "obtain that right, or " + giveItsToken,
	}
	return tokens.Issue(ctx, account, audience)
}

// unchecked says what the check does not know about an object that a file replaces.
func (s source) unchecked(kind, name string) string {
	if !s.Policy.RequireCredentialsLabel {
		return fmt.Sprintf("it is not known whether %s %q exists", kind, name)
	}
	return fmt.Sprintf("it is not known whether %s %q exists and has the label %s=%s", kind, name, v1alpha1.UsageLabel, v1alpha1.UsageClientCredential)
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
	}
	isAccepted, isKnown := false, false
	if cluster != nil {
		var err error
		isAccepted, err = tokenreview.IsAccepted(ctx, cluster, s.ServiceAccountToken, audience)
		isKnown = err == nil
	}
	switch {
	case isAccepted:
		return resolve.AcceptedByAPIServer(audience)
	case !isKnown:
		// The error is not shown: an admission webhook sees the token, and its message may quote it.
		s.notice(NoticeNotChecked, "it is not known whether the API server accepts the token itself: the operator does not send such a token")
	}
	return nil
}
