package states_test

import (
	"fmt"
	"net/http"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/authserver"
	"github.com/tokensync/tokensync/test/matchers"
)

// fineStates are the states without a problem.
var fineStates = []state{
	{
		name: "New",
		how:  "It was created, and no operator has seen it yet, because no operator runs.",
		reach: func(ctx SpecContext, w *world) {
			w.stop()
			create(ctx, w.credentials(), w.clientCredential("shop"))
		},
		shown: seen{
			Get:        cells("", "", "", "", "", ""),
			Conditions: nil,
			KStatus:    status.InProgressStatus, Argo: progressing, Tells: `"the operator has not seen this spec yet"`, Wait: false,
			Alerts: []string{"TokenSyncOperatorAbsent"},
		},
	},
	{
		name:  "Issued",
		how:   "Its Secret holds a token.",
		reach: func(ctx SpecContext, w *world) { w.issue(ctx) },
		shown: seen{
			Get:        cells("True", "TokenIssued", "", "shop-token", "in 60m", "in about 40m"),
			Conditions: []condition{issued("in 60m", "in about 40m")},
			KStatus:    status.CurrentStatus, Argo: healthy, Tells: "Ready", Wait: true,
		},
	},
	{
		name: "Given the same token again",
		how:  "A renewal was requested, and the authorization server returned the token that the Secret already holds.",
		reach: func(ctx SpecContext, w *world) {
			w.server.Register(authserver.Client{ID: "shop", Secret: "s3cr3t-of-the-shop", SameUntil: time.Minute})
			w.issue(ctx)
			w.after(30 * time.Minute)
			w.edit(ctx, func(c *v1alpha1.ClientCredential) {
				metav1.SetMetaDataAnnotation(&c.ObjectMeta, v1alpha1.RenewRequestedAtAnnotation, "now")
			})
			Eventually(func(g Gomega) {
				g.Expect(w.get(ctx, g, "shop").Status.LastHandledRenewRequest).To(Equal("now"))
			}).Should(Succeed())
		},
		shown: seen{
			Get:        cells("True", "TokenIssued", "", "shop-token", "in 30m", "in 15m"),
			Conditions: []condition{issued("in 30m", "in 15m")},
			KStatus:    status.CurrentStatus, Argo: healthy, Tells: "Ready", Wait: true,
		},
	},
	{
		name: "With a lifetime that cannot be read",
		how:  "The authorization server returns the lifetime of the token in a notation that the operator does not know.",
		reach: func(ctx SpecContext, w *world) {
			w.server.Respond("shop", func(rw http.ResponseWriter, _ *http.Request) {
				rw.Header().Set("Content-Type", "application/json")
				_, _ = fmt.Fprint(rw, `{"access_token": "t0k3n", "token_type": "Bearer", "expires_in": "an hour"}`)
			})
			w.issue(ctx)
		},
		shown: seen{
			Get: cells("True", "TokenIssued", "", "shop-token", "in 60m", "in about 40m"),
			Conditions: []condition{issued("in 60m", "in about 40m"), {"LifetimeUnknown", "True", "LifetimeUnreadable",
				`the token response has a string of 7 characters at "/expires_in" (authorizationServer.response.expiresIn), which cannot be read as a lifetime: 1h0m0s is assumed; point it to a lifetime, or point authorizationServer.response.expiresAt to the time of expiry. If there is no lifetime, set authorizationServer.response.expiresIn to [] and authorizationServer.defaultTokenLifetime to the lifetime of tokens`}},
			KStatus: status.CurrentStatus, Argo: healthy, Tells: "LifetimeUnknown", Wait: true,
			Alerts: []string{"TokenSyncLifetimeUnknown"},
		},
	},
	{
		name: "Changed",
		how:  "Its spec was changed, and no operator has seen the change yet, because no operator runs.",
		reach: func(ctx SpecContext, w *world) {
			w.issue(ctx)
			w.stop()
			w.edit(ctx, func(c *v1alpha1.ClientCredential) { c.Spec.Scopes = []string{"orders:read"} })
		},
		shown: seen{
			Get:        cells("True", "TokenIssued", "", "shop-token", "in 60m", "in about 40m"),
			Conditions: []condition{issued("in 60m", "in about 40m")},
			KStatus:    status.InProgressStatus, Argo: progressing, Tells: `"the operator has not seen this spec yet"`, Wait: false,
			Alerts: []string{"TokenSyncOperatorAbsent"},
		},
	},
	{
		name: "Suspended with a token",
		how:  "`spec.suspend` is true, and the token has not expired.",
		reach: func(ctx SpecContext, w *world) {
			w.issue(ctx)
			w.edit(ctx, func(c *v1alpha1.ClientCredential) { c.Spec.Suspend = ptr.To(true) })
			w.eventuallySays(ctx, "shop", matchers.HaveCondition("Ready", "True", "Suspended"))
		},
		shown: seen{
			Get: cells("True", "Suspended", "", "shop-token", "in 60m", "in about 40m"),
			Conditions: []condition{{"Ready", "True", "Suspended",
				`spec.suspend stops the renewal of the token in Secret "shop-token", which expires at [in 60m]`}},
			KStatus: status.CurrentStatus, Argo: suspended, Tells: "Ready", Wait: true,
		},
	},
	{
		name: "Suspended without a token",
		how:  "`spec.suspend` is true, and the token has expired.",
		reach: func(ctx SpecContext, w *world) {
			w.issue(ctx)
			w.edit(ctx, func(c *v1alpha1.ClientCredential) { c.Spec.Suspend = ptr.To(true) })
			w.eventuallySays(ctx, "shop", matchers.HaveCondition("Ready", "True", "Suspended"))
			w.after(70 * time.Minute)
			w.eventuallySays(ctx, "shop", matchers.HaveCondition("Ready", "False", "Suspended"))
		},
		shown: seen{
			Get: cells("False", "Suspended", "", "shop-token", "10m ago", "due"),
			Conditions: stalled("Suspended",
				`spec.suspend stops all token requests, and there is no valid token: set spec.suspend to false`),
			KStatus: status.FailedStatus, Argo: suspended, Tells: "Stalled", Wait: false,
		},
	},
}
