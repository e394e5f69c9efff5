package main

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/tokensecret"
	"github.com/tokensync/tokensync/test/authserver"
)

// row is the known state of a ClientCredential.
type row struct {
	name                   string
	ready, reason, message string
	// secret is the name of the Secret that holds a token; empty if there is none.
	secret              string
	issuedAt, expiresAt time.Time
	// renewAt is zero while the status does not describe the token in the Secret.
	renewAt time.Time
	// active is true if the authorization server accepts the token in the Secret.
	active bool
	// requests is the number of token requests that the authorization server received.
	requests int
	// renewals is the number of times that the token in the Secret was replaced.
	renewals int
}

// observer reads the state of the cluster and of the authorization server.
type observer struct {
	reader  client.Reader
	server  *authserver.Server
	history map[types.UID]*history
}

// history is the history of a Secret.
type history struct {
	issuedAt time.Time
	renewals int
}

func newObserver(reader client.Reader, server *authserver.Server) *observer {
	return &observer{reader: reader, server: server, history: map[types.UID]*history{}}
}

// look returns the current rows, sorted by name.
func (o *observer) look(ctx context.Context) ([]row, error) {
	credentials := &v1alpha1.ClientCredentialList{}
	if err := o.reader.List(ctx, credentials, client.InNamespace(namespace)); err != nil {
		return nil, fmt.Errorf("list ClientCredentials: %w", err)
	}
	list := &corev1.SecretList{}
	if err := o.reader.List(ctx, list, client.InNamespace(namespace)); err != nil {
		return nil, fmt.Errorf("list Secrets: %w", err)
	}
	secrets := map[string]*corev1.Secret{}
	for i := range list.Items {
		secrets[list.Items[i].Name] = &list.Items[i]
	}
	rows := make([]row, len(credentials.Items))
	for i := range credentials.Items {
		rows[i] = o.row(&credentials.Items[i], secrets)
	}
	return sorted(rows), nil
}

func (o *observer) row(credential *v1alpha1.ClientCredential, secrets map[string]*corev1.Secret) row {
	r := row{name: credential.Name, requests: len(o.server.Requests(clientID(credential, secrets)))}
	if ready := meta.FindStatusCondition(credential.Status.Conditions, v1alpha1.ReadyCondition); ready != nil {
		r.ready, r.reason, r.message = string(ready.Status), ready.Reason, ready.Message
	}
	past := o.history[credential.UID]
	if past == nil {
		past = &history{}
		o.history[credential.UID] = past
	}
	if secret := secrets[credential.TargetName()]; secret != nil {
		if record := tokensecret.RecordOf(secret.Annotations); record != nil {
			past.see(record.IssuedAt)
			r.secret, r.issuedAt, r.expiresAt = secret.Name, record.IssuedAt, record.ExpiresAt
			if token := credential.Status.Token; token != nil && token.IssuedAt.Time.Equal(record.IssuedAt) {
				r.renewAt = token.RenewAt.Time
			}
			r.active = o.server.IsActive(string(secret.Data[v1alpha1.AccessTokenKey]))
		}
	}
	r.renewals = past.renewals
	return r
}

func (h *history) see(issuedAt time.Time) {
	if !h.issuedAt.IsZero() && !h.issuedAt.Equal(issuedAt) {
		h.renewals++
	}
	h.issuedAt = issuedAt
}

func clientID(credential *v1alpha1.ClientCredential, secrets map[string]*corev1.Secret) string {
	reference := credential.Spec.CredentialsRef
	if credential.Spec.ClientID != "" || reference == nil || secrets[reference.Name] == nil {
		return credential.Spec.ClientID
	}
	key := reference.ClientIDKey
	if key == "" {
		key = v1alpha1.DefaultClientIDKey
	}
	return string(secrets[reference.Name].Data[key])
}
