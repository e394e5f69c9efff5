package check

import (
	"context"
	"slices"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/tokenreview"
)

// serviceAccountTokenSeconds is what the operator asks for: the least there is.
const serviceAccountTokenSeconds = 600

// serviceAccountToken is the token that authenticates the client instead of a
// stored secret; it is empty when none is needed.
func (e *exchange) serviceAccountToken(ctx context.Context) (oauth2.Sensitive, error) {
	audience := oauth2.ServiceAccountAudience(e.server.AuthorizationServerSpec)
	if audience == "" {
		return oauth2.Sensitive{}, nil
	}
	if e.ServiceAccountToken.IsEmpty() {
		token, err := e.issued(ctx, audience)
		if err != nil {
			return token, err
		}
		return token, e.refuseForAPIServer(ctx, audience, token)
	}
	claims, ok := oauth2.ReadServiceAccountToken(e.ServiceAccountToken)
	switch {
	case !ok:
		return oauth2.Sensitive{}, problem.Stalled(v1alpha1.ReasonServiceAccountTokenRefused, "the token of the ServiceAccount is no JWT: correct --service-account-token-file")
	case !slices.Contains(claims.Audience, audience):
		return oauth2.Sensitive{}, problem.Stalled(v1alpha1.ReasonServiceAccountTokenRefused,
			"the token of the ServiceAccount is not for the audience %q: run kubectl create token %s --audience=%s", audience, e.owner.ServiceAccountName(), audience)
	}
	return e.ServiceAccountToken, e.refuseFromFile(ctx, audience)
}

// refuseForAPIServer returns an error unless the API server says that it does not accept a
// token itself, as the operator does.
func (e *exchange) refuseForAPIServer(ctx context.Context, audience string, token oauth2.Sensitive) error {
	cluster, err := e.Finder.cluster()
	if err != nil {
		return err
	}
	isAccepted, err := tokenreview.IsAccepted(ctx, cluster, token, audience)
	switch {
	case isAccepted:
		return acceptedByCluster(audience)
	case err != nil:
		return problem.Stalled(v1alpha1.ReasonServiceAccountTokenRefused,
			"the token of the ServiceAccount is not sent, because the cluster does not tell you whether its API server accepts it: %s: take the right to create TokenReviews, or give a token with --service-account-token-file",
			oauth2.Token{AccessToken: token}.Redact(err.Error()))
	}
	return nil
}

// refuseFromFile returns an error if the API server accepts the token of a file. The token may
// be of another cluster, and a check may have no cluster, so that no answer is no error.
func (e *exchange) refuseFromFile(ctx context.Context, audience string) error {
	cluster, err := e.Finder.cluster()
	if err != nil {
		return nil //nolint:nilerr // The user chose the token.
	}
	if isAccepted, _ := tokenreview.IsAccepted(ctx, cluster, e.ServiceAccountToken, audience); isAccepted {
		return acceptedByCluster(audience)
	}
	return nil
}

func acceptedByCluster(audience string) error {
	return problem.Stalled(v1alpha1.ReasonServiceAccountTokenRefused,
		"the API server of the cluster accepts a token for the audience %q, so the token is not sent: correct assertion.serviceAccountToken.audience", audience)
}

// issued asks the API server for a token, in the name of who runs the check.
func (e *exchange) issued(ctx context.Context, audience string) (oauth2.Sensitive, error) {
	name := types.NamespacedName{Namespace: e.owner.Namespace, Name: e.owner.ServiceAccountName()}
	account := &corev1.ServiceAccount{}
	if _, err := e.Finder.find(ctx, "ServiceAccount", name, account); err != nil {
		return oauth2.Sensitive{}, problem.Stalled(v1alpha1.ReasonServiceAccountNotFound,
			"%s: create it, give a token of it with --service-account-token-file, or correct spec.serviceAccountName", err)
	}
	if e.RequireCredentialsLabel && account.Labels[v1alpha1.UsageLabel] != v1alpha1.UsageClientCredential {
		return oauth2.Sensitive{}, problem.Stalled(v1alpha1.ReasonServiceAccountNotLabelled,
			"ServiceAccount %q does not carry the label that allows its use: add %s: %s to its metadata.labels",
			name.Name, v1alpha1.UsageLabel, v1alpha1.UsageClientCredential)
	}
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
		Audiences: []string{audience}, ExpirationSeconds: ptr.To[int64](serviceAccountTokenSeconds),
	}}
	cluster, err := e.Finder.cluster()
	if err == nil {
		account = &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: name.Namespace, Name: name.Name}}
		err = cluster.SubResource("token").Create(ctx, account, request)
	}
	if err != nil {
		return oauth2.Sensitive{}, problem.Stalled(v1alpha1.ReasonServiceAccountTokenRefused,
			"the cluster issues you no token of ServiceAccount %q: %s: give one with --service-account-token-file", name.Name, err)
	}
	return oauth2.NewSensitive(request.Status.Token), nil
}
