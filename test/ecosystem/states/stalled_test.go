package states_test

import (
	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/authserver"
	"github.com/tokensync/tokensync/test/matchers"
)

// stalledStates are the states without a token that need a change.
var stalledStates = []state{
	{
		name: "Refused",
		how:  "The authorization server has answered `invalid_client` for two minutes.",
		reach: func(ctx SpecContext, w *world) {
			w.server.Register(authserver.Client{ID: "shop", Secret: "another"})
			create(ctx, w.credentials(), w.clientCredential("shop"))
			w.eventuallyStalls(ctx, "InvalidClient")
		},
		shown: seen{
			Get:        cells("False", "InvalidClient", "", "", "", ""),
			Conditions: stalled("InvalidClient", refusedClient),
			KStatus:    status.FailedStatus, Argo: degraded, Tells: "Stalled", Wait: false,
			Alerts: []string{"TokenSyncStalled"},
		},
	},
	{
		name: "Refused by the API server",
		how:  "The authorization server issues a token, but a quota of the namespace does not admit the token Secret.",
		reach: func(ctx SpecContext, w *world) {
			create(ctx, w.credentials())
			w.createQuota(ctx)
			w.create(ctx, "shop")
			w.eventuallyStalls(ctx, "SecretWriteFailed")
			Expect(w.server.Requests("shop")).To(HaveLen(1))
		},
		shown: seen{
			Get: cells("False", "SecretWriteFailed", "", "", "", ""),
			Conditions: stalled("SecretWriteFailed",
				`the token cannot be written to Secret "shop-token": secrets "shop-token" is forbidden: exceeded quota: secrets, requested: secrets=1, used: secrets=1, limited: secrets=1; the write is retried with the same token`),
			KStatus: status.FailedStatus, Argo: degraded, Tells: "Stalled", Wait: false,
			Alerts: []string{"TokenSyncStalled"},
		},
	},
	{
		name: "Without credentials",
		how:  "After two minutes, the credentials Secret still does not exist.",
		reach: func(ctx SpecContext, w *world) {
			create(ctx, w.clientCredential("shop"))
			w.eventuallyStalls(ctx, "CredentialsNotFound")
		},
		shown: seen{
			Get: cells("False", "CredentialsNotFound", "", "", "", ""),
			Conditions: stalled("CredentialsNotFound",
				`Secret "shop-client" does not exist: create it with the client ID and the client secret, or correct spec.credentialsRef.name`),
			KStatus: status.FailedStatus, Argo: degraded, Tells: "Stalled", Wait: false,
			Alerts: []string{"TokenSyncStalled"},
		},
	},
	{
		name: "With credentials that may not be used",
		how:  "The credentials Secret has lacked its label for two minutes.",
		reach: func(ctx SpecContext, w *world) {
			credentials := w.credentials()
			credentials.Labels = nil
			create(ctx, credentials, w.clientCredential("shop"))
			w.eventuallyStalls(ctx, "CredentialsNotLabelled")
		},
		shown: seen{
			Get: cells("False", "CredentialsNotLabelled", "", "", "", ""),
			Conditions: stalled("CredentialsNotLabelled",
				`Secret "shop-client" does not carry the label that allows its use: run kubectl label secret shop-client oauth2.tokensync.dev/usage=client-credential in its namespace`),
			KStatus: status.FailedStatus, Argo: degraded, Tells: "Stalled", Wait: false,
			Alerts: []string{"TokenSyncStalled"},
		},
	},
	{
		name: "Without an authorization server",
		how:  "After two minutes, the AuthorizationServer still does not exist.",
		reach: func(ctx SpecContext, w *world) {
			create(ctx, w.credentials())
			w.create(ctx, "shop", ofServer("idp"))
			w.eventuallyStalls(ctx, "AuthorizationServerNotFound")
		},
		shown: seen{
			Get: cells("False", "AuthorizationServerNotFound", "", "", "", ""),
			Conditions: stalled("AuthorizationServerNotFound",
				`AuthorizationServer "idp" does not exist: create it, or correct spec.authorizationServerRef`),
			KStatus: status.FailedStatus, Argo: degraded, Tells: "Stalled", Wait: false,
			Alerts: []string{"TokenSyncStalled"},
		},
	},
	{
		name: "Not allowed to use the server",
		how:  "For two minutes, `allowedNamespaces` of the ClusterAuthorizationServer has not selected the namespace.",
		reach: func(ctx SpecContext, w *world) {
			w.createClusterServer(ctx, v1alpha1.ClusterAuthorizationServerSpec{
				AuthorizationServerSpec: v1alpha1.AuthorizationServerSpec{TokenEndpoint: w.server.URL + authserver.RFC6749Path},
				AllowedNamespaces:       &metav1.LabelSelector{MatchLabels: map[string]string{"team": "payments"}},
			})
			create(ctx, w.credentials())
			w.create(ctx, "shop", ofServer("idp-"+w.namespace), func(c *v1alpha1.ClientCredential) {
				c.Spec.AuthorizationServerRef.Kind = v1alpha1.AuthorizationServerCluster
			})
			w.eventuallyStalls(ctx, "AuthorizationServerNotAllowed")
		},
		shown: seen{
			Get: cells("False", "AuthorizationServerNotAllowed", "", "", "", ""),
			Conditions: stalled("AuthorizationServerNotAllowed",
				`ClusterAuthorizationServer "idp" is not for namespace "shop": ask its admin to allow the labels of this namespace in spec.allowedNamespaces`),
			KStatus: status.FailedStatus, Argo: degraded, Tells: "Stalled", Wait: false,
			Alerts: []string{"TokenSyncStalled"},
		},
	},
	{
		name: "In conflict with a foreign Secret",
		how:  "A Secret with the target's name exists, and has had no owner for two minutes.",
		reach: func(ctx SpecContext, w *world) {
			create(ctx, w.credentials(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "shop-token"}})
			w.create(ctx, "shop")
			w.eventuallyStalls(ctx, "TargetConflict")
		},
		shown: seen{
			Get: cells("False", "TargetConflict", "", "", "", ""),
			Conditions: stalled("TargetConflict",
				`Secret "shop-token" exists and belongs to no controller, so it is not touched: delete that Secret, let it be adopted (set spec.target.adopt to true, and kubectl annotate secret shop-token oauth2.tokensync.dev/adoptable-by=shop), or set spec.target.name to another name`),
			KStatus: status.FailedStatus, Argo: degraded, Tells: "Stalled", Wait: false,
			Alerts: []string{"TokenSyncStalled"},
		},
	},
	{
		name: "In conflict with an older ClientCredential",
		how:  "An older ClientCredential has written to the same Secret for two minutes.",
		reach: func(ctx SpecContext, w *world) {
			create(ctx, w.credentials())
			w.issueTo(ctx, "older", withTarget("shared"))
			w.create(ctx, "shop", withTarget("shared"))
			w.eventuallyStalls(ctx, "TargetConflict")
		},
		shown: seen{
			Get: cells("False", "TargetConflict", "", "", "", ""),
			Conditions: stalled("TargetConflict",
				`Secret "shared" exists and belongs to ClientCredential older, so it is not touched: delete that Secret, or set spec.target.name to another name`),
			KStatus: status.FailedStatus, Argo: degraded, Tells: "Stalled", Wait: false,
			Alerts: []string{"TokenSyncStalled"},
		},
	},
	{
		name: "Contested",
		how:  "Another client keeps deleting the token Secret.",
		reach: func(ctx SpecContext, w *world) {
			w.issue(ctx)
			for range 3 {
				secret := &corev1.Secret{}
				Eventually(func(g Gomega) {
					w.nudge()
					g.Expect(apiServer.Get(ctx, w.key("shop-token"), secret)).To(Succeed())
				}).Should(Succeed())
				Expect(apiServer.Delete(ctx, secret, client.Preconditions{UID: &secret.UID})).To(Succeed())
			}
			w.eventuallySays(ctx, "shop", matchers.HaveConditionType("Stalled"))
		},
		shown: seen{
			Get: cells("False", "TargetContested", "", "", "", ""),
			Conditions: stalled("TargetContested",
				`Secret "shop-token" was changed or deleted by another client 2 times in a row, and is repaired next at [in 5m]: find that client (kubectl get secret shop-token -o yaml --show-managed-fields), or set spec.target.name to another name`),
			KStatus: status.FailedStatus, Argo: degraded, Tells: "Stalled", Wait: false,
			Alerts: []string{"TokenSyncStalled"},
		},
	},
}

// ofServer makes a ClientCredential refer to an AuthorizationServer.
func ofServer(name string) func(*v1alpha1.ClientCredential) {
	return func(c *v1alpha1.ClientCredential) {
		c.Spec.AuthorizationServer = nil
		c.Spec.AuthorizationServerRef = &v1alpha1.AuthorizationServerReference{Name: name}
	}
}

func withTarget(name string) func(*v1alpha1.ClientCredential) {
	return func(c *v1alpha1.ClientCredential) { c.Spec.Target = &v1alpha1.TokenTarget{Name: name} }
}
