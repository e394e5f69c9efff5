package tokensecret_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

var _ = Describe("a token Secret", func() {
	It("holds the data that workloads mount", func() {
		secret := written(token, provenance)
		Expect(secret.Type).To(Equal(corev1.SecretTypeOpaque))
		Expect(secret.Data).To(Equal(map[string][]byte{
			"access_token": []byte(accessToken), "token_type": []byte("Bearer"), "expires_at": []byte("2026-03-01T13:00:00Z"),
		}))
	})

	It("names its owner, so that it is deleted with its ClientCredential", func() {
		secret := written(token, provenance)
		Expect(secret.Labels).To(Equal(map[string]string{"app.kubernetes.io/managed-by": "tokensync"}))
		yes := true
		Expect(secret.OwnerReferences).To(ConsistOf(metav1.OwnerReference{
			APIVersion: "oauth2.tokensync.dev/v1alpha1", Kind: "ClientCredential", Name: "shop", UID: "owner-uid",
			Controller: &yes, BlockOwnerDeletion: &yes,
		}))
	})

	DescribeTable("has the name",
		func(target *v1alpha1.TokenTarget, name string) {
			named := owner.DeepCopy()
			named.Spec.Target = target
			configuration := configured(named, nil, token, provenance)
			Expect(*configuration.Name).To(Equal(name))
			Expect(*configuration.Namespace).To(Equal("ns"))
		},
		Entry("of its ClientCredential with a suffix", nil, "shop-token"),
		Entry("that the spec sets", &v1alpha1.TokenTarget{Name: "mine"}, "mine"),
	)

	It("replaces only the observed Secret", func() {
		over := configured(owner, &tokensecret.State{UID: "secret-uid", ResourceVersion: "42"}, token, provenance)
		Expect(*over.UID).To(BeEquivalentTo("secret-uid"))
		Expect(*over.ResourceVersion).To(Equal("42"))
		first := configured(owner, nil, token, provenance)
		Expect(first.UID).To(BeNil())
		Expect(first.ResourceVersion).To(BeNil())
	})

	It("does not reveal the token, the client secret or a hash of them in its metadata", func() {
		metadata, err := json.Marshal(written(token, provenance).ObjectMeta)
		Expect(err).NotTo(HaveOccurred())
		for _, secret := range []string{accessToken, clientSecret} {
			sum := sha256.Sum256([]byte(secret))
			for _, form := range []string{
				secret, base64.StdEncoding.EncodeToString([]byte(secret)), hex.EncodeToString([]byte(secret)),
				hex.EncodeToString(sum[:]), hex.EncodeToString(sum[:16]), base64.StdEncoding.EncodeToString(sum[:]),
			} {
				Expect(string(metadata)).NotTo(ContainSubstring(form))
			}
		}
	})

	It("has a different fingerprint for each token, which hides whether the client secret stayed the same", func() {
		next := token
		next.AccessToken = oauth2.NewSensitive("the-next-token")
		Expect(tokensecret.NewRecord(next, provenance).Fingerprint).
			NotTo(Equal(tokensecret.NewRecord(token, provenance).Fingerprint))
	})
})

var _ = Describe("the record of a token", func() {
	It("is read from the annotations", func() {
		Expect(tokensecret.RecordOf(written(token, provenance).Annotations)).To(Equal(&tokensecret.Record{
			IssuedAt: issuedAt, ExpiresAt: expiresAt, Scope: "read write",
			RequestHash: "hash", CredentialsVersion: "7", RenewRequest: "today",
			Fingerprint: tokensecret.NewRecord(token, provenance).Fingerprint,
		}))
	})

	It("has empty annotations for missing values, so that no older annotations stay", func() {
		bare := token
		bare.Scope = ""
		annotations := written(bare, tokensecret.Provenance{RequestHash: "hash"}).Annotations
		Expect(annotations).To(HaveLen(11))
		Expect(annotations).To(And(HaveKeyWithValue(v1alpha1.ScopeAnnotation, ""), HaveKeyWithValue(v1alpha1.ResponseFieldsAnnotation, ""),
			HaveKeyWithValue(v1alpha1.CredentialsVersionAnnotation, ""), HaveKeyWithValue(v1alpha1.RenewRequestAnnotation, "")))
		Expect(tokensecret.RecordOf(annotations)).To(HaveField("RequestHash", "hash"))
	})

	It("is in UTC, wherever the operator runs", func() {
		local := token
		zone := time.FixedZone("", 3600)
		local.IssuedAt, local.ExpiresAt = issuedAt.In(zone), expiresAt.In(zone)
		secret := written(local, provenance)
		Expect(secret.Annotations).To(Equal(written(token, provenance).Annotations))
		Expect(secret.Data).To(HaveKeyWithValue("expires_at", []byte("2026-03-01T13:00:00Z")))
	})

	DescribeTable("is not valid",
		func(issued, expires string) {
			Expect(tokensecret.RecordOf(map[string]string{
				v1alpha1.IssuedAtAnnotation: issued, v1alpha1.ExpiresAtAnnotation: expires,
				v1alpha1.RequestHashAnnotation: "hash", v1alpha1.FingerprintAnnotation: "f",
			})).To(BeNil())
		},
		Entry("without the issue time", "", "2026-03-01T13:00:00Z"),
		Entry("without the expiry", "2026-03-01T12:00:00Z", ""),
		Entry("with an expiry that is not a time", "2026-03-01T12:00:00Z", "tomorrow"),
		Entry("with an issue time that is not a time", "1772366400", "2026-03-01T13:00:00Z"),
	)

	It("is missing in a Secret without annotations", func() {
		Expect(tokensecret.RecordOf(nil)).To(BeNil())
	})
})
