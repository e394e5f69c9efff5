package explain_test

import (
	"errors"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

func orphaned(secret *metav1.PartialObjectMetadata) { secret.OwnerReferences = nil }

func ownedBy(kind, name string) func(*metav1.PartialObjectMetadata) {
	return func(secret *metav1.PartialObjectMetadata) {
		secret.OwnerReferences = []metav1.OwnerReference{{Kind: kind, Name: name, UID: "other", Controller: ptr.To(true)}}
	}
}

func annotated(key, value string) func(*metav1.PartialObjectMetadata) {
	return func(secret *metav1.PartialObjectMetadata) { secret.Annotations[key] = value }
}

var (
	usableServer   = metav1.Condition{Type: v1alpha1.ReadyCondition, Status: metav1.ConditionTrue, Reason: "Usable"}
	unusableServer = metav1.Condition{Type: v1alpha1.ReadyCondition, Status: metav1.ConditionFalse, Reason: "DiscoveryFailed", Message: "message of DiscoveryFailed"}
)

var _ = Describe("A notice", func() {
	well := clientCredential()

	DescribeTable("about the credentials Secret says",
		func(cc *v1alpha1.ClientCredential, look look, expected types.GomegaMatcher) {
			Expect(seen(cc, look).Notices).To(expected)
		},
		Entry("nothing if it may be used", well, credentials(usable, nil), nothing),
		Entry("that it does not exist", well, credentials(nil, errNotFound), saying(`Secret "orders-client" with the credentials does not exist`)),
		Entry("nothing if the status says so", clientCredential(stalled("CredentialsNotFound")), credentials(nil, errNotFound), nothing),
		Entry("that it exists now", clientCredential(stalled("CredentialsNotFound")), credentials(usable, nil), saying(`Secret "orders-client" exists now`)),
		Entry("that it lacks the label", well, credentials(nil, nil), And(
			saying(`Secret "orders-client" with the credentials does not carry the label`),
			commanding("kubectl --namespace=shop label secret orders-client oauth2.tokensync.dev/usage=client-credential"))),
		Entry("nothing if the status says that it lacks the label", clientCredential(stalled("CredentialsNotLabelled")), credentials(nil, nil), nothing),
		Entry("that it has the label now", clientCredential(stalled("CredentialsNotLabelled")), credentials(usable, nil), saying(`Secret "orders-client" has the label now`)),
		Entry("that it does not exist, if the status says so for an older spec", clientCredential(stalled("CredentialsNotFound"), unobserved), credentials(nil, errNotFound), saying(`Secret "orders-client"`)),
		Entry("nothing if it cannot be read", well, credentials(nil, errForbidden), nothing),
	)

	DescribeTable("about the token Secret says",
		func(cc *v1alpha1.ClientCredential, look look, expected types.GomegaMatcher) {
			Expect(seen(cc, look).Notices).To(expected)
		},
		Entry("nothing if it matches the status", well, target(nil), nothing),
		Entry("that it no longer exists", well, target(errNotFound), saying(`Secret "orders-token", which held the token, does not exist`)),
		Entry("nothing if it never existed", clientCredential(noToken), target(errNotFound), nothing),
		Entry("that it belongs to another owner", well, target(nil, ownedBy("Deployment", "shop")), saying(`Secret "orders-token" belongs to Deployment shop, not to this`)),
		Entry("that it has no owner", well, target(nil, orphaned), saying(`Secret "orders-token" belongs to no controller, not to this`)),
		Entry("nothing if only its annotation names the owner", well, target(nil, orphaned, annotated(v1alpha1.OwnerUIDAnnotation, "uid")), nothing),
		Entry("that an earlier ClientCredential of this name left it", well, target(nil, orphaned, annotated(v1alpha1.OwnerUIDAnnotation, "x"), annotated(v1alpha1.OwnerNameAnnotation, "orders"),
			annotated(v1alpha1.FingerprintAnnotation, "f"), annotated(v1alpha1.RequestHashAnnotation, "h")),
			saying(`Secret "orders-token" was left by an earlier ClientCredential of this name: the operator takes it over`)),
		Entry("nothing if the status says that it has another owner", clientCredential(stalled("TargetConflict")), target(nil, orphaned), nothing),
		Entry("that it is being deleted", well, target(nil, func(secret *metav1.PartialObjectMetadata) { secret.DeletionTimestamp = ptr.To(at(0)) }), saying(`Secret "orders-token" is being deleted`)),
		Entry("that its record cannot be read", well, target(nil, annotated(v1alpha1.ExpiresAtAnnotation, "soon")), saying(`Secret "orders-token" holds no readable record`)),
		Entry("that it holds another token", well, target(nil, annotated(v1alpha1.ExpiresAtAnnotation, "2026-03-01T13:30:00Z")),
			saying(`Secret "orders-token" holds a token that expires at 2026-03-01T13:30:00Z (in 90m), which the status does not show yet`)),
		Entry("nothing about the token if the status names another Secret",
			clientCredential(func(cc *v1alpha1.ClientCredential) { cc.Status.Token.SecretName = "before" }),
			target(nil, annotated(v1alpha1.ExpiresAtAnnotation, "2026-03-01T13:30:00Z")), nothing),
		Entry("nothing if it cannot be read", well, target(errForbidden), nothing),
	)

	DescribeTable("about the authorization server says",
		func(look look, expected types.GomegaMatcher, changes ...change) {
			cc := clientCredential(append([]change{serverRef("")}, changes...)...)
			Expect(seen(cc, look).Notices).To(expected)
		},
		Entry("nothing if it can be used", server(nil, 2, usableServer), nothing),
		Entry("that it does not exist", server(errNotFound, 0), saying(`AuthorizationServer "idp" does not exist`)),
		Entry("that a ClusterAuthorizationServer does not exist", server(errNotFound, 0), saying(`ClusterAuthorizationServer "idp" does not exist`), serverRef(v1alpha1.AuthorizationServerCluster)),
		Entry("nothing if the status says so", server(errNotFound, 0), nothing, stalled("AuthorizationServerNotFound")),
		Entry("that it exists now", server(nil, 2, usableServer), saying(`AuthorizationServer "idp" exists now`), stalled("AuthorizationServerNotFound")),
		Entry("that it is not ready", server(nil, 2, unusableServer), saying(`AuthorizationServer "idp" is not ready: DiscoveryFailed: message of DiscoveryFailed`)),
		Entry("nothing if the status says the same", server(nil, 2, unusableServer), nothing, renewalFailing("DiscoveryFailed")),
		Entry("that it has never been reconciled", server(nil, -1), saying(`AuthorizationServer "idp" has not been reconciled in its current generation`)),
		Entry("that it has changed since", server(nil, 1, usableServer), saying(`AuthorizationServer "idp" has not been reconciled in its current generation`)),
		Entry("nothing if it cannot be read", server(errForbidden, 0), nothing),
	)

	It("is not about a server that the spec declares", func() {
		Expect(seen(well, server(errNotFound, 0)).Notices).To(nothing)
	})
})

var _ = Describe("An object that cannot be read", func() {
	It("is listed in one line if the user may not read it", func() {
		cc := clientCredential(serverRef(v1alpha1.AuthorizationServerCluster))
		explanation := seen(cc, credentials(nil, errForbidden), target(errForbidden), server(errForbidden, 0), events())
		Expect(explanation.Unknown).To(Equal([]string{
			`you may not read Secret "orders-client", Secret "orders-token", ClusterAuthorizationServer "idp"`,
		}))
	})

	It("has its own line if reading it failed for another reason", func() {
		explanation := seen(clientCredential(), credentials(nil, errors.New("connection\nrefused")), target(errForbidden))
		Expect(explanation.Unknown).To(Equal([]string{`you may not read Secret "orders-token"`, `Secret "orders-client": connection refused`}))
	})

	It("is not listed if it does not exist", func() {
		Expect(seen(clientCredential(), credentials(nil, errNotFound), target(errNotFound)).Unknown).To(nothing)
	})
})

var _ = Describe("Relative times", func() {
	DescribeTable("are relative to now", func(distance time.Duration, expected string) {
		Expect(relative(distance)).To(Equal(expected))
	},
		Entry(nil, 12*time.Minute, "in 12m"),
		Entry(nil, -3*time.Minute, "3m ago"),
		Entry(nil, 500*time.Millisecond, "now"),
		Entry(nil, -500*time.Millisecond, "now"),
		Entry(nil, 49*time.Hour, "in 2d1h"),
	)
})
