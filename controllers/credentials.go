package controllers

import (
	"cmp"
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// readCredentials are credentials that were read live.
type readCredentials struct {
	provenance tokensecret.Provenance
	notices    []oauth2.Notice
	// version of the credentials Secret, and the digest of what it holds; empty if no Secret
	// was read.
	version string
	content digest
}

// credentialsSource says where the credentials lie, without the Secret's data.
func (o *observed) credentialsSource() oauth2.CredentialsSource {
	source := oauth2.CredentialsSource{
		ClientID:        o.owner.Spec.ClientID,
		ClientIDKey:     v1alpha1.DefaultClientIDKey,
		ClientSecretKey: v1alpha1.DefaultClientSecretKey,
		PrivateKeyKey:   v1alpha1.DefaultPrivateKeyKey,
	}
	if reference := o.owner.Spec.CredentialsRef; reference != nil {
		source.ClientIDKey = cmp.Or(reference.ClientIDKey, source.ClientIDKey)
		source.ClientSecretKey = cmp.Or(reference.ClientSecretKey, source.ClientSecretKey)
		source.PrivateKeyKey = cmp.Or(reference.PrivateKeyKey, source.PrivateKeyKey)
	}
	return source
}

// readCredentials reads the credentials live. With an error, the version and the content tell
// of a Secret that lacks a part of the credentials.
func (r *Reconciler) readCredentials(ctx context.Context, o *observed) (read readCredentials, err error) {
	source := o.credentialsSource()
	read.provenance.RequestHash = o.RequestHash
	if o.usesSecret() {
		name := o.owner.Spec.CredentialsRef.Name
		secret := &corev1.Secret{}
		err := r.APIReader.Get(ctx, types.NamespacedName{Namespace: o.owner.Namespace, Name: name}, secret)
		if apierrors.IsNotFound(err) || (err == nil && !r.credentialsOf(secret).Allowed) {
			return read, errCacheBehind
		}
		if err != nil {
			return read, fmt.Errorf("read credentials Secret %q: %w", name, err)
		}
		o.Credentials = r.credentialsOf(secret)
		read.version, read.provenance.CredentialsVersion = secret.ResourceVersion, secret.ResourceVersion
		source.SecretName, source.Data = secret.Name, secret.Data
	}
	read.provenance.Credentials, read.notices, err = oauth2.ReadCredentials(source, o.server.AuthorizationServerSpec)
	read.content = contentOf(read.provenance.Credentials, source.Data, err)
	return read, err
}
