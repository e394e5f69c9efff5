package resolve

import (
	"context"
	"errors"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/tokenreview"
)

// serviceAccountTokenSeconds is the minimum lifetime that the API server accepts.
const serviceAccountTokenSeconds = 600

// serviceAccountToken returns the token that authenticates the client instead of a stored secret;
// it is empty if the server needs no such token.
func (r *Resolver) serviceAccountToken(ctx context.Context, owner *v1alpha1.ClientCredential, declared Declaration) (oauth2.Sensitive, error) {
	audience := oauth2.ServiceAccountAudience(declared.AuthorizationServerSpec)
	if audience == "" {
		return oauth2.Sensitive{}, nil
	}
	return r.Tokens.Issue(ctx, types.NamespacedName{Namespace: owner.Namespace, Name: owner.ServiceAccountName()}, audience)
}

// ClusterTokens issues tokens of the cluster's ServiceAccounts.
type ClusterTokens struct {
	Source Source
	// Client creates TokenRequests and TokenReviews.
	Client client.Client
	Policy Policy
	// Remedy says how to get the right to create TokenRequests and TokenReviews.
	Remedy string
}

// Issue implements ServiceAccountTokens.
func (c *ClusterTokens) Issue(ctx context.Context, account types.NamespacedName, audience string) (oauth2.Sensitive, error) {
	if err := c.check(ctx, account); err != nil {
		return oauth2.Sensitive{}, err
	}
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
		Audiences: []string{audience}, ExpirationSeconds: ptr.To[int64](serviceAccountTokenSeconds),
	}}
	named := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: account.Namespace, Name: account.Name}}
	if err := c.Client.SubResource("token").Create(ctx, named, request); err != nil {
		return oauth2.Sensitive{}, c.refused(account.Name, err)
	}
	token := oauth2.NewSensitive(request.Status.Token)
	return token, c.refuseForAPIServer(ctx, account.Name, audience, token)
}

// check returns an error unless the ServiceAccount exists and the policy permits its use. The policy may
// require the same label as for a credentials Secret, for the same reason.
func (c *ClusterTokens) check(ctx context.Context, name types.NamespacedName) error {
	account, err := c.Source.ServiceAccount(ctx, name)
	var missing *NotFoundError
	switch {
	case errors.As(err, &missing):
		return problem.Retry(problem.MayPass, v1alpha1.ReasonServiceAccountNotFound,
			"%s: %s, or correct spec.serviceAccountName", missing, missing.remedy())
	case apierrors.IsForbidden(err):
		return c.refused(name.Name, err)
	case err != nil:
		return unreadable(err, "ServiceAccount %q", name.Name)
	case !c.Policy.MayUse(account.Labels):
		// ServiceAccounts are not watched, so the operator retries.
		return problem.NotLabelled(v1alpha1.ReasonServiceAccountNotLabelled, "ServiceAccount", name.Name).WithClass(problem.MayPass)
	}
	return nil
}

// refuseForAPIServer returns an error unless a TokenReview shows that the API server does not accept
// the token itself. Every token is reviewed: a cached answer would be wrong after a change of
// --api-audiences.
func (c *ClusterTokens) refuseForAPIServer(ctx context.Context, name, audience string, token oauth2.Sensitive) error {
	isAccepted, err := tokenreview.IsAccepted(ctx, c.Client, token, audience)
	switch {
	case isAccepted:
		return AcceptedByAPIServer(audience)
	case apierrors.IsForbidden(err):
		return problem.Retry(problem.MayPass, v1alpha1.ReasonServiceAccountTokenRefused,
			"there is no right to create TokenReviews, so the token of ServiceAccount %q is not sent: %s", name, c.Remedy)
	case err != nil:
		// Redact the error: an admission webhook sees the token, and its message may quote it.
		said := oauth2.Token{AccessToken: token}.Redact(err.Error())
		return problem.Retry(problem.MayPass, v1alpha1.ReasonServiceAccountTokenRefused,
			"the token of ServiceAccount %q is not sent, because the API server does not report whether it accepts the token itself: %s; the request is retried",
			name, shorten(said))
	}
	return nil
}

// AcceptedByAPIServer returns the problem that the API server itself accepts a token.
func AcceptedByAPIServer(audience string) *problem.Problem {
	return problem.Stalled(v1alpha1.ReasonServiceAccountTokenRefused,
		"the API server of this cluster accepts a token for the audience %q, so the token is not sent: correct assertion.serviceAccountToken.audience",
		audience)
}

// refused returns the problem that the API server refuses the use of a ServiceAccount.
func (c *ClusterTokens) refused(name string, err error) *problem.Problem {
	if apierrors.IsForbidden(err) {
		return problem.Retry(problem.MayPass, v1alpha1.ReasonServiceAccountTokenRefused,
			"there is no right to use ServiceAccount %q: %s", name, c.Remedy)
	}
	return problem.Retry(problem.MayPass, v1alpha1.ReasonServiceAccountTokenRefused,
		"the API server issues no token of ServiceAccount %q: %s", name, shorten(err.Error()))
}

// shorten limits the length of a message of the API server.
func shorten(message string) string {
	const maxMessage = 512
	return problem.Shorten(message, maxMessage)
}
