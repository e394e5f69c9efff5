package tokenreview_test

import (
	"context"
	"errors"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	authenticationv1 "k8s.io/api/authentication/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/tokenreview"
)

func TestTokenReview(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "tokenreview")
}

// answer is the response of the API server to a review.
type answer struct {
	authenticated bool
	err           error
}

// apiServer answers the review for its own audiences, and then the review for the token's audience.
type apiServer struct{ forItself, forAudience answer }

func (s apiServer) Create(_ context.Context, object client.Object, _ ...client.CreateOption) error {
	review := object.(*authenticationv1.TokenReview) //nolint:forcetypeassert // Nothing else is created.
	Expect(review.Spec.Token).To(Equal("ey.J.w"))
	answer := s.forItself
	if len(review.Spec.Audiences) > 0 {
		Expect(review.Spec.Audiences).To(Equal([]string{"api://elsewhere"}))
		answer = s.forAudience
	}
	review.Status.Authenticated = answer.authenticated
	return answer.err
}

var _ = Describe("a token", func() {
	yes, no, failed := answer{authenticated: true}, answer{}, answer{err: errors.New("etcd is gone")}

	DescribeTable("of a ServiceAccount",
		func(server apiServer, expected bool, expectedErr string) {
			isAccepted, err := tokenreview.IsAccepted(context.Background(), server, oauth2.NewSensitive("ey.J.w"), "api://elsewhere")
			Expect(isAccepted).To(Equal(expected))
			if expectedErr == "" {
				Expect(err).NotTo(HaveOccurred())
				return
			}
			Expect(err).To(MatchError(ContainSubstring(expectedErr)))
		},
		Entry("is accepted if the API server authenticates it", apiServer{forItself: yes, forAudience: failed}, true, ""),
		Entry("is not accepted if the API server authenticates it only for the given audience", apiServer{forItself: no, forAudience: yes}, false, ""),
		Entry("causes an error if the API server does not authenticate it for any audience", apiServer{forItself: no, forAudience: no}, false, "does not recognize"),
		Entry("causes an error if the review fails", apiServer{forItself: failed}, false, "create a TokenReview: etcd is gone"),
		Entry("causes an error if the second review fails", apiServer{forItself: no, forAudience: failed}, false, "create a TokenReview: etcd is gone"),
	)
})
