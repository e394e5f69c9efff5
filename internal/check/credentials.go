package check

import (
	"cmp"
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
)

// fromFiles is the source of credentials that stand instead of a Secret.
const fromFiles = "credential files"

// credentials reads what the token request needs of the credentials Secret.
func (e *exchange) credentials(ctx context.Context) (oauth2.Credentials, error) {
	source := e.source()
	reference := e.owner.Spec.CredentialsRef
	uses := oauth2.UsesSecret(e.server.AuthorizationServerSpec, e.owner.Spec.ClientID)
	switch {
	case reference != nil && uses:
		data, from, err := e.secret(ctx, reference.Name)
		if err != nil {
			return oauth2.Credentials{}, err
		}
		source.SecretName, source.Data = reference.Name, data
		e.report.Credentials = fmt.Sprintf("Secret %q (%s)", reference.Name, from)
	case uses:
		e.report.Credentials = "none: spec.credentialsRef is not set"
	default:
		e.report.Credentials = "no Secret is needed"
	}
	if e.Credentials != nil && (reference == nil || !uses) {
		e.notice(NoticeCredentialFilesUnused, "the given credential files are not used: %s", e.report.Credentials)
	}
	e.keys = oauth2.UsedKeys(source, e.server.AuthorizationServerSpec)
	credentials, notices, err := oauth2.ReadCredentials(source, e.server.AuthorizationServerSpec)
	for _, notice := range notices {
		e.notice(notice.Reason, "%s", notice.Message)
	}
	return credentials, err
}

// source has the keys by which the ClientCredential names its credentials.
func (e *exchange) source() oauth2.CredentialsSource {
	reference := e.owner.Spec.CredentialsRef
	if reference == nil {
		reference = &v1alpha1.CredentialsReference{}
	}
	return oauth2.CredentialsSource{
		ClientID:        e.owner.Spec.ClientID,
		ClientIDKey:     cmp.Or(reference.ClientIDKey, v1alpha1.DefaultClientIDKey),
		ClientSecretKey: cmp.Or(reference.ClientSecretKey, v1alpha1.DefaultClientSecretKey),
		PrivateKeyKey:   cmp.Or(reference.PrivateKeyKey, v1alpha1.DefaultPrivateKeyKey),
	}
}

// secret returns the data of the credentials Secret, or of the files instead.
func (e *exchange) secret(ctx context.Context, name string) (data map[string][]byte, source string, err error) {
	if e.Credentials != nil {
		data = make(map[string][]byte, len(e.Credentials))
		for key, value := range e.Credentials {
			data[key] = []byte(value.Reveal())
		}
		return data, fromFiles, nil
	}
	secret := &corev1.Secret{}
	source, err = e.Finder.find(ctx, "Secret", types.NamespacedName{Namespace: e.owner.Namespace, Name: name}, secret)
	if first := e.Finder.Files.writer(e.owner.Namespace, name); err != nil && first != "" {
		return nil, "", problem.Stalled(v1alpha1.ReasonCredentialsNotFound,
			"%s, because it is the token Secret of ClientCredential %q: apply that one first, or give its values with --credential", err, first)
	}
	if err != nil {
		return nil, "", problem.Stalled(v1alpha1.ReasonCredentialsNotFound,
			"%s: add it to the files, give its values with --credential or --credentials-dir, or correct spec.credentialsRef.name", err)
	}
	if e.RequireCredentialsLabel && secret.Labels[v1alpha1.UsageLabel] != v1alpha1.UsageClientCredential {
		return nil, "", problem.Stalled(v1alpha1.ReasonCredentialsNotLabelled,
			"Secret %q does not carry the label that allows its use: add %s: %s to its metadata.labels",
			name, v1alpha1.UsageLabel, v1alpha1.UsageClientCredential)
	}
	return secret.Data, source, nil
}
