package states_test

import (
	"net/http"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/utils/ptr"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/authserver"
)

// endStates are the states during deletion.
var endStates = []state{
	{
		name: "Being deleted",
		how:  "It was deleted, and waits for its token to be revoked; the authorization server answers 503.",
		reach: func(ctx SpecContext, w *world) {
			w.server.RespondAt(authserver.RevocationPath, func(rw http.ResponseWriter, _ *http.Request) {
				rw.WriteHeader(http.StatusServiceUnavailable)
			})
			w.issue(ctx, func(c *v1alpha1.ClientCredential) {
				c.Spec.AuthorizationServer.Revocation = &v1alpha1.Revocation{
					Endpoint: w.server.URL + authserver.RevocationPath, OnDelete: ptr.To(true),
				}
			})
			Eventually(func(g Gomega) {
				g.Expect(w.get(ctx, g, "shop").Finalizers).To(ConsistOf(v1alpha1.RevokeTokenFinalizer))
			}).Should(Succeed())
			Expect(apiServer.Delete(ctx, w.clientCredential("shop"))).To(Succeed())
			Eventually(func() int { return len(w.server.RequestsTo(authserver.RevocationPath)) }).Should(Equal(1))
		},
		shown: seen{
			Get:        cells("True", "TokenIssued", "", "shop-token", "in 60m", "in about 40m"),
			Conditions: []condition{issued("in 60m", "in about 40m")},
			KStatus:    status.TerminatingStatus, Argo: progressing, Tells: `"it is being deleted"`, Wait: false,
		},
	},
}
