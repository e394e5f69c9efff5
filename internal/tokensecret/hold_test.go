package tokensecret_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

var _ = Describe("the revocation finalizer of a Secret", func() {
	revoking := owner.DeepCopy()
	revoking.Finalizers = []string{v1alpha1.RevokeTokenFinalizer}

	It("is written with the token, if its owner has the finalizer", func() {
		Expect(tokensecret.IsHeld(writtenFor(revoking, token, provenance))).To(BeTrue())
		Expect(tokensecret.IsHeld(written(token, provenance))).To(BeFalse())
	})

	It("causes no drift if it is present or missing, because an upgrade must not rewrite Secrets", func() {
		secret := written(token, provenance)
		Expect(tokensecret.StateOf(revoking, secret)).To(HaveValue(And(HaveField("Held", false), HaveField("Drifted", false))))
		secret.Finalizers = []string{v1alpha1.RevokeTokenFinalizer}
		Expect(tokensecret.StateOf(owner, secret)).To(HaveValue(And(HaveField("Held", true), HaveField("Drifted", false))))
	})

	It("is added and removed with patches that leave other finalizers", func() {
		secret := written(token, provenance)
		secret.Finalizers = []string{"example.com/other"}
		held := patched(secret, tokensecret.HoldPatch(secret.UID))
		Expect(held.Finalizers).To(ConsistOf("example.com/other", v1alpha1.RevokeTokenFinalizer))
		Expect(patched(held, tokensecret.HoldPatch(secret.UID))).To(Equal(held))
		released := patched(held, tokensecret.ReleasePatch(secret.UID, ""))
		Expect(released).To(Equal(secret))
		Expect(patched(released, tokensecret.ReleasePatch(secret.UID, ""))).To(Equal(released))
	})

	It("is removed only from the observed Secret", func() {
		Expect(string(tokensecret.HoldPatch("secret-uid"))).To(ContainSubstring(`"uid":"secret-uid"`))
		Expect(string(tokensecret.ReleasePatch("secret-uid", "42"))).To(And(ContainSubstring(`"uid":"secret-uid"`), ContainSubstring(`"resourceVersion":"42"`)))
		Expect(string(tokensecret.ReleasePatch("secret-uid", ""))).NotTo(ContainSubstring("resourceVersion"))
	})

	DescribeTable("is all that blocks the deletion",
		func(isDeleted bool, finalizers []string, expected bool) {
			secret := written(token, provenance)
			secret.Finalizers = finalizers
			if isDeleted {
				secret.DeletionTimestamp = &metav1.Time{Time: issuedAt.Add(time.Minute)}
			}
			Expect(tokensecret.StateOf(owner, secret).IsTerminating()).To(Equal(expected))
		},
		Entry("if there is no other finalizer", true, []string{v1alpha1.RevokeTokenFinalizer}, true),
		Entry("but not if there are other finalizers", true, []string{"example.com/other", v1alpha1.RevokeTokenFinalizer}, false),
		Entry("but not if there are only other finalizers", true, []string{"example.com/other"}, false),
		Entry("but not if the Secret is not being deleted", false, []string{v1alpha1.RevokeTokenFinalizer}, false),
	)

	It("does not exist on a missing Secret", func() {
		Expect((*tokensecret.State)(nil).IsTerminating()).To(BeFalse())
	})

	It("is visible in the cached metadata of a Secret", func() {
		cached := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Finalizers: []string{v1alpha1.RevokeTokenFinalizer}}}
		tokensecret.Strip(cached)
		Expect(tokensecret.IsHeld(cached)).To(BeTrue())
		Expect(tokensecret.IsHeld(&corev1.Secret{})).To(BeFalse())
	})
})

var _ = DescribeTable("a Secret holds a token to revoke", func(now time.Time, change func(*tokensecret.State), expected bool) {
	state := tokensecret.StateOf(owner, written(token, provenance))
	change(state)
	Expect(state.HoldsToken(now)).To(Equal(expected))
},
	Entry("until the token expires", token.ExpiresAt.Add(-time.Second), func(*tokensecret.State) {}, true),
	Entry("but not after that", token.ExpiresAt, func(*tokensecret.State) {}, false),
	Entry("but not if the Secret belongs to another owner", issuedAt, func(s *tokensecret.State) { s.Owned = false }, false),
	Entry("but not if it has no record", issuedAt, func(s *tokensecret.State) { s.Record = nil }, false),
	Entry("but not if another client changed the token", issuedAt, func(s *tokensecret.State) { s.Tampered = true }, false),
)
