package states_test

import (
	"net/http"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/matchers"
)

// renewalStates are the states in which a token is due or cannot be replaced.
var renewalStates = []state{
	{
		name: "Renewal failing",
		how:  "The token is due, and the authorization server answers 502.",
		reach: func(ctx SpecContext, w *world) {
			w.issue(ctx)
			w.answer(http.StatusBadGateway)
			w.after(42 * time.Minute)
			w.eventuallySays(ctx, "shop", matchers.HaveConditionType("RenewalFailing"))
		},
		shown: seen{
			Get: cells("True", "TokenIssued", "ServerError", "shop-token", "in 18m", "due"),
			Conditions: renewalFailing(issued("in 18m", "due"), "ServerError",
				`token endpoint https://idp.example.com/oauth2/token answered HTTP 502: the request is retried`),
			KStatus: status.CurrentStatus, Argo: healthy, Tells: "RenewalFailing", Wait: true,
			Alerts: []string{"TokenSyncRenewalFailing"},
		},
	},
	{
		name: "Renewal failing for long",
		how:  "The token is due, the authorization server keeps answering 502, and less than half of the time for the renewal is left.",
		reach: func(ctx SpecContext, w *world) {
			w.issue(ctx)
			w.answer(http.StatusBadGateway)
			w.after(52 * time.Minute)
			w.eventuallySays(ctx, "shop", matchers.HaveConditionType("RenewalFailing"))
		},
		shown: seen{
			Get: cells("True", "TokenIssued", "ServerError", "shop-token", "in 8m", "due"),
			Conditions: renewalFailing(issued("in 8m", "due"), "ServerError",
				`token endpoint https://idp.example.com/oauth2/token answered HTTP 502: the request is retried`),
			KStatus: status.CurrentStatus, Argo: healthy, Tells: "RenewalFailing", Wait: true,
			Alerts: []string{"TokenSyncTokenExpiresSoon", "TokenSyncRenewalFailing"},
		},
	},
	{
		name: "Renewal refused for now",
		how:  "The token is due, and the authorization server answers 404: in the first two minutes, the problem may resolve itself.",
		reach: func(ctx SpecContext, w *world) {
			w.issue(ctx)
			w.answer(http.StatusNotFound)
			w.after(42 * time.Minute)
			w.eventuallySays(ctx, "shop", matchers.HaveConditionType("RenewalFailing"))
		},
		shown: seen{
			Get: cells("True", "TokenIssued", "RequestRefused", "shop-token", "in 18m", "due"),
			Conditions: renewalFailing(issued("in 18m", "due"), "RequestRefused",
				`token endpoint https://idp.example.com/oauth2/token answered HTTP 404: the request is retried; check authorizationServer.tokenEndpoint`),
			KStatus: status.CurrentStatus, Argo: healthy, Tells: "RenewalFailing", Wait: true,
		},
		lasts: stalledAfter,
	},
	{
		name: "Renewal refused",
		how:  "The token is due, and the authorization server has refused the client for two minutes.",
		reach: func(ctx SpecContext, w *world) {
			w.issue(ctx)
			w.answer(http.StatusUnauthorized)
			w.after(42 * time.Minute)
			w.eventuallyStalls(ctx, "InvalidClient")
		},
		shown: seen{
			Get: cells("True", "TokenIssued", "InvalidClient", "shop-token", "in 16m", "due"),
			Conditions: renewalStalled(issued("in 16m", "due"), "InvalidClient",
				`token endpoint https://idp.example.com/oauth2/token answered HTTP 401: check the client ID and its secret (keys "client_id" and "client_secret" of Secret "shop-client"); authorizationServer.clientAuthentication.method is client_secret_basic: try client_secret_post; refused credentials are tried at most 4 times in the first hour and then hourly, because servers lock accounts`),
			KStatus: status.FailedStatus, Argo: degraded, Tells: "Stalled", Wait: true,
			Alerts: []string{"TokenSyncStalled"},
		},
	},
	{
		name: "Renewal without credentials",
		how:  "The token is valid, and the credentials Secret was deleted two minutes ago.",
		reach: func(ctx SpecContext, w *world) {
			w.issue(ctx)
			Expect(apiServer.Delete(ctx, w.credentials())).To(Succeed())
			w.eventuallyStalls(ctx, "CredentialsNotFound")
		},
		shown: seen{
			Get: cells("True", "TokenIssued", "CredentialsNotFound", "shop-token", "in 58m", "in about 38m"),
			Conditions: renewalStalled(issued("in 58m", "in about 38m"), "CredentialsNotFound",
				`Secret "shop-client" does not exist: create it with the client ID and the client secret, or correct spec.credentialsRef.name`),
			KStatus: status.FailedStatus, Argo: degraded, Tells: "Stalled", Wait: true,
			Alerts: []string{"TokenSyncStalled"},
		},
	},
	{
		name: "With a template that cannot be rendered",
		how:  "The token is valid, and `spec.target.template` was changed to a template that cannot be rendered.",
		reach: func(ctx SpecContext, w *world) {
			w.issue(ctx)
			w.edit(ctx, func(c *v1alpha1.ClientCredential) {
				c.Spec.Target = &v1alpha1.TokenTarget{Template: &v1alpha1.TokenSecretTemplate{
					Data: map[string]string{"header": "Authorization: Bearer {{ .acess_token }}"},
				}}
			})
			w.eventuallySays(ctx, "shop", matchers.HaveConditionType("Stalled"))
		},
		shown: seen{
			Get: cells("False", "TargetTemplateInvalid", "", "shop-token", "in 60m", "in about 40m"),
			Conditions: stalled("TargetTemplateInvalid",
				`spec.target.template.data["header"]: line 1: there is no key "acess_token": correct the template; the Secret stays as it is`),
			KStatus: status.FailedStatus, Argo: degraded, Tells: "Stalled", Wait: false,
			Alerts: []string{"TokenSyncStalled"},
		},
	},
	{
		name: "Renewal waiting for its turn",
		how:  "The token is due, and other ClientCredentials come first under `rateLimit`.",
		reach: func(ctx SpecContext, w *world) {
			w.issue(ctx, func(c *v1alpha1.ClientCredential) {
				c.Spec.AuthorizationServer.RateLimit = &v1alpha1.RateLimit{Requests: 1, Per: &metav1.Duration{Duration: 3 * time.Hour}}
			})
			w.after(52 * time.Minute)
			w.nudge()
			Consistently(func() int { return len(w.server.Requests("shop")) }).Should(Equal(1))
		},
		shown: seen{
			Get:        cells("True", "TokenIssued", "", "shop-token", "in 8m", "due"),
			Conditions: []condition{issued("in 8m", "due")},
			KStatus:    status.CurrentStatus, Argo: healthy, Tells: "Ready", Wait: true,
			Alerts: []string{"TokenSyncRenewalOverdue"},
		},
	},
	{
		name: "Expired",
		how:  "The renewal kept failing until the token expired, and is still retried.",
		reach: func(ctx SpecContext, w *world) {
			w.issue(ctx)
			w.answer(http.StatusBadGateway)
			w.after(42 * time.Minute)
			w.eventuallySays(ctx, "shop", matchers.HaveConditionType("RenewalFailing"))
			w.after(70 * time.Minute)
			w.eventuallySays(ctx, "shop", matchers.HaveCondition("Ready", "False", "ServerError"))
		},
		shown: seen{
			Get: cells("False", "ServerError", "", "shop-token", "10m ago", "due"),
			Conditions: retried("ServerError",
				`token endpoint https://idp.example.com/oauth2/token answered HTTP 502: the request is retried`),
			KStatus: status.InProgressStatus, Argo: progressing, Tells: "Reconciling", Wait: false,
			Alerts: []string{"TokenSyncTokenExpired"},
		},
	},
}
