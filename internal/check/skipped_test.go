package check_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/internal/check"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/resolve"
	"github.com/tokensync/tokensync/internal/tokenendpoint"
)

// checking returns the report of a check of the only ClientCredential in a manifest, against a cluster that
// cannot be reached. No token endpoint is permitted.
func checking(ctx SpecContext, manifest string, changes ...func(*check.Checker)) *check.Report {
	GinkgoHelper()
	objects, err := loadText(manifest)
	Expect(err).NotTo(HaveOccurred())
	checker := &check.Checker{
		Finder:        &check.Finder{Files: objects, Connect: func() (client.Client, error) { return nil, io.EOF }},
		TokenEndpoint: tokenendpoint.NewClient(tokenendpoint.Options{}),
		Policy:        resolve.Policy{RequireCredentialsLabel: true}, Now: time.Now,
	}
	for _, change := range changes {
		change(checker)
	}
	report, err := checker.Check(ctx, objects.ClientCredentials[0])
	Expect(err).NotTo(HaveOccurred())
	return report
}

var _ = Describe("A check of the size", func() {
	half := strings.Repeat("h", 33<<10)

	It("counts the finalizers, as the operator does", func(ctx SpecContext) {
		report := checking(ctx, fmt.Sprintf(`
apiVersion: oauth2.tokensync.dev/v1alpha1
kind: ClientCredential
metadata: {name: shop, finalizers: [%q]}
spec: {clientID: shop, scopes: [%q], authorizationServer: {tokenEndpoint: https://idp.example.com/token}}
`, half, half))
		Expect(report.Failure).To(HaveField("Reason", "SpecTooLarge"))
	})

	It("counts all fields of a ClusterAuthorizationServer, as the operator does", func(ctx SpecContext) {
		report := checking(ctx, fmt.Sprintf(`
apiVersion: oauth2.tokensync.dev/v1alpha1
kind: ClientCredential
metadata: {name: shop}
spec: {clientID: shop, authorizationServerRef: {kind: ClusterAuthorizationServer, name: idp}}
---
apiVersion: oauth2.tokensync.dev/v1alpha1
kind: ClusterAuthorizationServer
metadata: {name: idp}
spec: {issuer: "https://idp.example.com/%s", allowedNamespaces: {matchLabels: {team: %q}}}
`, half, half))
		Expect(report.Failure).To(And(HaveField("Reason", "SpecTooLarge"), HaveField("Message", HavePrefix(`the spec of ClusterAuthorizationServer "idp"`))))
	})
})

// refusing is a cluster that answers each request with the same error.
type refusing struct {
	client.Client
	err error
}

func (r refusing) Get(context.Context, client.ObjectKey, client.Object, ...client.GetOption) error {
	return r.err
}

func (r refusing) Create(context.Context, client.Object, ...client.CreateOption) error { return r.err }

func (r refusing) SubResource(string) client.SubResourceClient {
	return refusingSubResource{err: r.err}
}

type refusingSubResource struct {
	client.SubResourceClient
	err error
}

func (r refusingSubResource) Create(context.Context, client.Object, client.Object, ...client.SubResourceCreateOption) error {
	return r.err
}

// against makes the cluster refuse each request.
func against(err error) func(*check.Checker) {
	return func(checker *check.Checker) {
		checker.Finder.Connect = func() (client.Client, error) { return refusing{err: err}, nil }
	}
}

func manifest(spec string, others ...string) string {
	return "apiVersion: oauth2.tokensync.dev/v1alpha1\nkind: ClientCredential\nmetadata: {name: shop}\nspec: {" + spec + "}\n" + strings.Join(others, "")
}

const (
	endpoint     = "authorizationServer: {tokenEndpoint: https://idp.invalid/token}"
	withBundle   = "authorizationServer: {tokenEndpoint: https://idp.invalid/token, tls: {caBundleRef: {name: ca}}, clientAuthentication: {method: none}}"
	withAccount  = "authorizationServer: {tokenEndpoint: https://idp.invalid/token, clientAuthentication: {method: private_key_jwt, assertion: {serviceAccountToken: {audience: idp}}}}"
	accountInAll = "---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: runner, labels: {oauth2.tokensync.dev/usage: client-credential}}\n"
)

var _ = Describe("A check of an object that the user may not read, or that cannot be reached,", func() {
	forbidden := apierrors.NewForbidden(schema.GroupResource{Resource: "things"}, "it", errors.New("no right"))

	DescribeTable("says that it was not checked, and does not say that the object does not exist:",
		func(ctx SpecContext, manifest, object, remedy string) {
			report := checking(ctx, manifest, against(forbidden))
			Expect(report.IsChecked()).To(BeFalse())
			Expect(report.Failure).To(HaveValue(Equal(check.Failure{
				Reason: "NotChecked", Change: []string{},
				Message: object + " is not in the given files, and cannot be read from the cluster: " + forbidden.Error() + ": " + remedy + ", or obtain the right to read it",
			})))
			report = checking(ctx, manifest)
			Expect(report.Failure).To(And(HaveField("Reason", "NotChecked"),
				HaveField("Message", ContainSubstring("cannot be read from the cluster: EOF: "+remedy+", or check the connection to the cluster"))))
		},
		Entry("an AuthorizationServer", manifest("clientID: shop, authorizationServerRef: {name: idp}"),
			`AuthorizationServer "idp" of namespace "here"`, "add it to the files"),
		Entry("a ClusterAuthorizationServer", manifest("clientID: shop, authorizationServerRef: {kind: ClusterAuthorizationServer, name: idp}"),
			`ClusterAuthorizationServer "idp"`, "add it to the files"),
		Entry("a credentials Secret", manifest("credentialsRef: {name: client}, "+endpoint),
			`Secret "client" of namespace "here"`, "add it to the files, give its values with --credential or --credentials-dir"),
		Entry("a CA bundle", manifest("clientID: shop, "+withBundle), `ConfigMap "ca" of namespace "here"`, "add it to the files"),
	)

	DescribeTable("says that the user gets no token of a ServiceAccount:",
		func(ctx SpecContext, err error, message string, others ...string) {
			report := checking(ctx, manifest("clientID: shop, serviceAccountName: runner, "+withAccount, others...), against(err))
			Expect(report.Failure).To(And(HaveField("Reason", "NotChecked"), HaveField("Message", message)))
		},
		Entry("without the right to read it", forbidden,
			`there is no right to use ServiceAccount "runner": obtain that right, or give its token with --service-account-token-file`),
		Entry("without the right to request it", forbidden,
			`there is no right to use ServiceAccount "runner": obtain that right, or give its token with --service-account-token-file`, accountInAll),
		Entry("without a connection to read it", io.EOF,
			`ServiceAccount "runner" of namespace "here" is not in the given files, and cannot be read from the cluster: EOF: give its token with --service-account-token-file, or check the connection to the cluster`),
	)

	It("says that no token of a ServiceAccount is issued without a cluster", func(ctx SpecContext) {
		report := checking(ctx, manifest("clientID: shop, serviceAccountName: runner, "+withAccount, accountInAll))
		Expect(report.Failure).To(And(HaveField("Reason", "NotChecked"),
			HaveField("Message", HavePrefix(`no token of ServiceAccount "runner" is issued without a cluster: EOF: give its token with`))))
	})

	It("still says that an object is missing if the cluster says so", func(ctx SpecContext) {
		report := checking(ctx, manifest("credentialsRef: {name: client}, "+endpoint),
			against(apierrors.NewNotFound(schema.GroupResource{Resource: "secrets"}, "client")))
		Expect(report.IsChecked()).To(BeTrue())
		Expect(report.Failure).To(HaveField("Reason", "CredentialsNotFound"))
	})

	It("ends when the user interrupts it", func(ctx SpecContext) {
		objects, err := loadText(manifest("credentialsRef: {name: client}, " + endpoint))
		Expect(err).NotTo(HaveOccurred())
		checker := &check.Checker{Finder: &check.Finder{Files: objects}, Now: time.Now}
		against(context.Canceled)(checker)
		interrupted, cancel := context.WithCancel(ctx)
		cancel()
		_, err = checker.Check(interrupted, objects.ClientCredentials[0])
		Expect(err).To(MatchError(context.Canceled))
	})
})

var _ = Describe("A check with a token of a ServiceAccount from a file", func() {
	const token = "e30.eyJhdWQiOlsiaWRwIl19.c2ln" // {"aud":["idp"]}
	fromFile := func(checker *check.Checker) { checker.ServiceAccountToken = oauth2.NewSensitive(token) }
	account := `the token of the ServiceAccount is from a file: it is not known whether ServiceAccount "runner" exists`
	declared := manifest("clientID: shop, serviceAccountName: runner, " + withAccount)

	DescribeTable("says which rules of the operator were not checked",
		func(ctx SpecContext, change func(*check.Checker), messages ...string) {
			var expected []any
			for _, message := range messages {
				expected = append(expected, check.Notice{Reason: "NotChecked", Message: message})
			}
			Expect(checking(ctx, declared, fromFile, change).Notices).To(HaveExactElements(expected...))
		},
		Entry("without a cluster", func(*check.Checker) {},
			account+" and has the label oauth2.tokensync.dev/usage=client-credential",
			"it is not known whether the API server accepts the token itself: the operator does not send such a token"),
		Entry("with a cluster that refuses the TokenReview", against(io.EOF),
			account+" and has the label oauth2.tokensync.dev/usage=client-credential",
			"it is not known whether the API server accepts the token itself: the operator does not send such a token"),
		Entry("without a label to check", func(checker *check.Checker) { checker.Policy.RequireCredentialsLabel = false },
			account, "it is not known whether the API server accepts the token itself: the operator does not send such a token"),
	)
})
