package controllers

import (
	"context"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/tokenreview"
)

// serviceAccountTokenSeconds is the shortest lifetime that the API server gives.
const serviceAccountTokenSeconds = 600

// serviceAccountToken asks the API server for a token that authenticates the
// client instead of a stored secret; it is empty when none is needed.
func (r *Reconciler) serviceAccountToken(ctx context.Context, o *observed) (oauth2.Sensitive, error) {
	audience := oauth2.ServiceAccountAudience(o.server.AuthorizationServerSpec)
	if audience == "" {
		return oauth2.Sensitive{}, nil
	}
	name := o.owner.ServiceAccountName()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: o.owner.Namespace, Name: name}}
	if err := r.checkServiceAccount(ctx, account); err != nil {
		return oauth2.Sensitive{}, err
	}
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
		Audiences: []string{audience}, ExpirationSeconds: ptr.To[int64](serviceAccountTokenSeconds),
	}}
	if err := r.Client.SubResource("token").Create(ctx, account, request); err != nil {
		return oauth2.Sensitive{}, serviceAccountRefused(name, err)
	}
	token := oauth2.NewSensitive(request.Status.Token)
	return token, r.refuseForAPIServer(ctx, name, audience, token)
}

// refuseForAPIServer returns an error unless the API server says that it does not accept a
// token itself. Each token is reviewed: a remembered answer would outlive a change of
// --api-audiences.
func (r *Reconciler) refuseForAPIServer(ctx context.Context, name, audience string, token oauth2.Sensitive) error {
	isAccepted, err := tokenreview.IsAccepted(ctx, r.Client, token, audience)
	switch {
	case isAccepted:
		return problem.Stalled(v1alpha1.ReasonServiceAccountTokenRefused,
			"the API server of this cluster accepts a token for the audience %q, so the token is not sent: correct assertion.serviceAccountToken.audience",
			audience)
	case apierrors.IsForbidden(err):
		return problem.Retry(problem.MayPass, v1alpha1.ReasonServiceAccountTokenRefused,
			"the operator has no right to create TokenReviews, so the token of ServiceAccount %q is not sent: install the current config/components/serviceaccount-token, or set serviceAccountTokens of the chart",
			name)
	case err != nil:
		// An admission webhook saw the token.
		said := oauth2.Token{AccessToken: token}.Redact(err.Error())
		return problem.Retry(problem.MayPass, v1alpha1.ReasonServiceAccountTokenRefused,
			"the token of ServiceAccount %q is not sent, because the API server does not tell whether it accepts the token itself: %s; that is retried",
			name, shorten(said))
	}
	return nil
}

// checkServiceAccount demands the label, for the same reason as on a Secret.
func (r *Reconciler) checkServiceAccount(ctx context.Context, account *corev1.ServiceAccount) error {
	err := r.APIReader.Get(ctx, client.ObjectKeyFromObject(account), account)
	switch {
	case apierrors.IsNotFound(err):
		return problem.Retry(problem.MayPass, v1alpha1.ReasonServiceAccountNotFound,
			"ServiceAccount %q does not exist: create it, or correct spec.serviceAccountName", account.Name)
	case err != nil:
		return serviceAccountRefused(account.Name, err)
	case r.RequireCredentialsLabel && account.Labels[v1alpha1.UsageLabel] != v1alpha1.UsageClientCredential:
		return problem.Retry(problem.MayPass, v1alpha1.ReasonServiceAccountNotLabelled,
			"ServiceAccount %q does not carry the label that allows its use: run kubectl label serviceaccount %s %s=%s in its namespace",
			account.Name, account.Name, v1alpha1.UsageLabel, v1alpha1.UsageClientCredential)
	}
	return nil
}

func serviceAccountRefused(name string, err error) error {
	if apierrors.IsForbidden(err) {
		return problem.Retry(problem.MayPass, v1alpha1.ReasonServiceAccountTokenRefused,
			"the operator has no right to use ServiceAccount %q: install config/components/serviceaccount-token", name)
	}
	return problem.Retry(problem.MayPass, v1alpha1.ReasonServiceAccountTokenRefused,
		"the API server issues no token of ServiceAccount %q: %s", name, shorten(err.Error()))
}
