// Package tokenreview checks whether the API server itself accepts the token of a ServiceAccount.
package tokenreview

import (
	"context"
	"errors"
	"fmt"

	authenticationv1 "k8s.io/api/authentication/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/internal/oauth2"
)

// ErrNotRecognized is returned if the API server does not recognize a token at all. Its answers then show
// nothing about the audience.
var ErrNotRecognized = errors.New("the API server does not recognize the token that it issued")

// Creator creates TokenReviews.
type Creator interface {
	Create(ctx context.Context, object client.Object, options ...client.CreateOption) error
}

// IsAccepted reports whether the API server accepts a token that it issued for an audience.
//
// The API server also rejects a token if it does not know the signing key or the ServiceAccount yet,
// and accepts the token later. So a rejection counts only if the API server accepts the same token in
// a review for the given audience.
func IsAccepted(ctx context.Context, creator Creator, token oauth2.Sensitive, audience string) (bool, error) {
	// Without audiences, the review is for the API server's own audiences.
	isAccepted, err := review(ctx, creator, token)
	if isAccepted || err != nil {
		return isAccepted, err
	}
	isRecognized, err := review(ctx, creator, token, audience)
	if err == nil && !isRecognized {
		err = ErrNotRecognized
	}
	return false, err
}

func review(ctx context.Context, creator Creator, token oauth2.Sensitive, audiences ...string) (bool, error) {
	review := &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: token.Reveal(), Audiences: audiences}}
	if err := creator.Create(ctx, review); err != nil {
		return false, fmt.Errorf("create a TokenReview: %w", err)
	}
	return review.Status.Authenticated, nil
}
