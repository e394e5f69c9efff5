package states_test

import (
	"net/http"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	. "github.com/onsi/ginkgo/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/authserver"
	"github.com/tokensync/tokensync/test/matchers"
)

// waitingStates are the states without a token in which the operator retries by itself.
var waitingStates = []state{
	{
		name: "Before its credentials",
		how:  "The credentials Secret does not exist: in the first two minutes, another controller may be about to create it.",
		reach: func(ctx SpecContext, w *world) {
			create(ctx, w.clientCredential("shop"))
			w.eventuallySays(ctx, "shop", matchers.HaveConditionType("Reconciling"))
		},
		shown: seen{
			Get: cells("False", "CredentialsNotFound", "", "", "", ""),
			Conditions: retried("CredentialsNotFound",
				`Secret "shop-client" does not exist: create it with the client ID and the client secret, or correct spec.credentialsRef.name`),
			KStatus: status.InProgressStatus, Argo: progressing, Tells: "Reconciling", Wait: false,
		},
		lasts: stalledAfter,
	},
	{
		name: "Refused for now",
		how:  "The authorization server answers `invalid_client`: in the first two minutes, it may not know the client yet.",
		reach: func(ctx SpecContext, w *world) {
			w.server.Register(authserver.Client{ID: "shop", Secret: "another"})
			create(ctx, w.credentials(), w.clientCredential("shop"))
			w.eventuallySays(ctx, "shop", matchers.HaveConditionType("Reconciling"))
		},
		shown: seen{
			Get:        cells("False", "InvalidClient", "", "", "", ""),
			Conditions: retried("InvalidClient", refusedClient),
			KStatus:    status.InProgressStatus, Argo: progressing, Tells: "Reconciling", Wait: false,
		},
		lasts: stalledAfter,
	},
	{
		name: "First token failing",
		how:  "There is no token yet, and the authorization server answers 503.",
		reach: func(ctx SpecContext, w *world) {
			w.answer(http.StatusServiceUnavailable)
			create(ctx, w.credentials(), w.clientCredential("shop"))
			w.eventuallySays(ctx, "shop", matchers.HaveConditionType("Reconciling"))
		},
		shown: seen{
			Get: cells("False", "ServerError", "", "", "", ""),
			Conditions: retried("ServerError",
				`token endpoint https://idp.example.com/oauth2/token answered HTTP 503: the request is retried`),
			KStatus: status.InProgressStatus, Argo: progressing, Tells: "Reconciling", Wait: false,
			Alerts: []string{"TokenSyncNotReady"},
		},
	},
	{
		name: "Rate limited by the server",
		how:  "The authorization server answers 429 with `Retry-After: 600`.",
		reach: func(ctx SpecContext, w *world) {
			w.answer(http.StatusTooManyRequests, "Retry-After", "600")
			create(ctx, w.credentials(), w.clientCredential("shop"))
			w.eventuallySays(ctx, "shop", matchers.HaveConditionType("Reconciling"))
		},
		shown: seen{
			Get: cells("False", "RateLimited", "", "", "", ""),
			Conditions: retried("RateLimited",
				`token endpoint https://idp.example.com/oauth2/token answered HTTP 429: the request is retried`),
			KStatus: status.InProgressStatus, Argo: progressing, Tells: "Reconciling", Wait: false,
			Alerts: []string{"TokenSyncNotReady"},
		},
	},
	{
		name: "Paused with another ClientCredential",
		how:  "The authorization server asked another ClientCredential of the same client to wait.",
		reach: func(ctx SpecContext, w *world) {
			w.answer(http.StatusTooManyRequests, "Retry-After", "600")
			create(ctx, w.credentials(), w.clientCredential("other"))
			w.eventuallySays(ctx, "other", matchers.HaveConditionType("Reconciling"))
			w.create(ctx, "shop")
			w.eventuallySays(ctx, "shop", matchers.HaveConditionType("Reconciling"))
		},
		shown: seen{
			Get: cells("False", "RateLimited", "", "", "", ""),
			Conditions: retried("RateLimited",
				`there is no valid token, and https://idp.example.com/oauth2/token asked this client to wait until [in 10m] (Retry-After)`),
			KStatus: status.InProgressStatus, Argo: progressing, Tells: "Reconciling", Wait: false,
			Alerts: []string{"TokenSyncNotReady"},
		},
	},
	{
		name: "Waiting for its turn",
		how:  "`rateLimit` allows one request in an hour, and another ClientCredential has used it.",
		reach: func(ctx SpecContext, w *world) {
			idp := w.authorizationServer(v1alpha1.AuthorizationServerSpec{
				TokenEndpoint: w.server.URL + authserver.RFC6749Path,
				RateLimit:     &v1alpha1.RateLimit{Requests: 1, Per: &metav1.Duration{Duration: time.Hour}},
			})
			create(ctx, w.credentials(), idp)
			w.issueTo(ctx, "other", ofServer("idp"))
			w.create(ctx, "shop", ofServer("idp"))
			w.eventuallySays(ctx, "shop", matchers.HaveConditionType("Reconciling"))
		},
		shown: seen{
			Get: cells("False", "RateLimited", "", "", "", ""),
			Conditions: retried("RateLimited",
				`there is no valid token yet: authorizationServer.rateLimit of https://idp.example.com/oauth2/token is 1 per 1h0m0s, and other requests come first`),
			KStatus: status.InProgressStatus, Argo: progressing, Tells: "Reconciling", Wait: false,
			Alerts: []string{"TokenSyncNotReady"},
		},
	},
}

// refusedClient is the message if the server refuses the client's credentials.
const refusedClient = `token endpoint https://idp.example.com/oauth2/token answered HTTP 401 invalid_client ("Client authentication failed."): check the client ID and its secret (keys "client_id" and "client_secret" of Secret "shop-client"); authorizationServer.clientAuthentication.method is client_secret_basic: try client_secret_post; refused credentials are tried at most 4 times in the first hour and then hourly, because servers lock accounts`
