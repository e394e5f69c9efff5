package resolve

import (
	"cmp"
	"context"
	"errors"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
)

// Credentials are the credentials of a ClientCredential.
type Credentials struct {
	oauth2.Credentials
	// Notices report values that were trimmed.
	Notices []oauth2.Notice
	// Secret is the credentials Secret; nil if none was read.
	Secret *corev1.Secret
}

// Credentials reads the credentials live. If the Secret lacks a value, Credentials returns the Secret
// together with the error.
func (r *Resolver) Credentials(ctx context.Context, owner *v1alpha1.ClientCredential, declared Declaration) (read Credentials, err error) {
	source := CredentialsSource(owner)
	if declared.UsesSecret(owner) {
		if read.Secret, err = r.credentialsSecret(ctx, client.ObjectKey{Namespace: owner.Namespace, Name: owner.Spec.CredentialsRef.Name}); err != nil {
			return Credentials{}, err
		}
		source.SecretName, source.Data = read.Secret.Name, read.Secret.Data
	}
	read.Credentials, read.Notices, err = oauth2.ReadCredentials(source, declared.AuthorizationServerSpec)
	return read, err
}

// CredentialsSource returns the client ID of a ClientCredential, and the Secret keys of its credentials. It
// does not read the Secret.
func CredentialsSource(owner *v1alpha1.ClientCredential) oauth2.CredentialsSource {
	reference := owner.Spec.CredentialsRef
	if reference == nil {
		reference = &v1alpha1.CredentialsReference{}
	}
	return oauth2.CredentialsSource{
		ClientID:        owner.Spec.ClientID,
		ClientIDKey:     cmp.Or(reference.ClientIDKey, v1alpha1.DefaultClientIDKey),
		ClientSecretKey: cmp.Or(reference.ClientSecretKey, v1alpha1.DefaultClientSecretKey),
		PrivateKeyKey:   cmp.Or(reference.PrivateKeyKey, v1alpha1.DefaultPrivateKeyKey),
	}
}

func (r *Resolver) credentialsSecret(ctx context.Context, key client.ObjectKey) (*corev1.Secret, error) {
	secret, err := r.Source.CredentialsSecret(ctx, key)
	var missing *NotFoundError
	switch {
	case errors.As(err, &missing):
		return nil, problem.CredentialsNotFound(missing.Name, missing.Where, missing.Remedy)
	case err != nil:
		return nil, unreadable(err, "credentials Secret %q", key.Name)
	case !r.Policy.MayUse(secret.Labels):
		return nil, problem.NotLabelled(v1alpha1.ReasonCredentialsNotLabelled, "Secret", key.Name)
	}
	return secret, nil
}
