package controllers_test

import (
	"context"
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/tokensecret"
	"github.com/tokensync/tokensync/test/matchers"
)

// backup is a saved ClientCredential with its Secrets.
type backup struct {
	clientCredential *v1alpha1.ClientCredential
	credentials      *corev1.Secret
	target           *corev1.Secret
}

// backUp saves the ClientCredential shop and its Secrets, stops the operator, and deletes them.
func (w *world) backUp(ctx SpecContext) *backup {
	GinkgoHelper()
	saved := &backup{target: w.eventuallyReady(ctx, "shop"), clientCredential: w.get(ctx, "shop")(Default)}
	saved.credentials = w.secret(ctx, saved.clientCredential.Spec.CredentialsRef.Name)
	w.stop()
	w.eventsSoFar()
	w.events = nil
	for _, object := range []client.Object{saved.clientCredential, saved.credentials, saved.target} {
		Expect(apiServer.Delete(ctx, object)).To(Succeed())
	}
	return saved
}

// asNew clears the fields that the API server sets, as a restore tool does. The object gets a new UID.
func asNew(object client.Object, namespace string) {
	object.SetNamespace(namespace)
	object.SetUID("")
	object.SetResourceVersion("")
	object.SetGeneration(0)
	object.SetCreationTimestamp(metav1.Time{})
	object.SetManagedFields(nil)
}

// restore creates the saved objects, Secrets first, as restore tools do.
func (w *world) restore(ctx SpecContext, saved *backup) {
	GinkgoHelper()
	for _, object := range []client.Object{saved.credentials, saved.target, saved.clientCredential} {
		asNew(object, w.namespace)
		status := saved.clientCredential.Status.DeepCopy()
		Expect(apiServer.Create(ctx, object, client.FieldOwner("velero-server"))).To(Succeed())
		// Create drops the status.
		saved.clientCredential.Status = *status
	}
}

// expectOwned checks that a Secret names its owner by name and new UID, and that only a retained Secret
// has no owner reference.
func expectOwned(secret *corev1.Secret, owner *v1alpha1.ClientCredential) {
	GinkgoHelper()
	Expect(secret.Annotations).To(And(HaveKeyWithValue(v1alpha1.OwnerUIDAnnotation, string(owner.UID)), HaveKeyWithValue(v1alpha1.OwnerNameAnnotation, owner.Name)))
	if owner.RetainsTarget() {
		Expect(secret.OwnerReferences).To(BeEmpty())
		Expect(secret.Annotations).To(HaveKeyWithValue(v1alpha1.AdoptableByAnnotation, owner.Name))
		return
	}
	Expect(secret.OwnerReferences).To(ConsistOf(tokensecret.ReferenceTo(owner)))
	Expect(secret.Annotations).NotTo(HaveKey(v1alpha1.AdoptableByAnnotation))
}

// asOlderVersion removes the owner's name from the Secret, because older versions did not record it.
func asOlderVersion(saved *backup) {
	delete(saved.target.Annotations, v1alpha1.OwnerNameAnnotation)
}

func withoutReferences(saved *backup) { saved.target.OwnerReferences = nil }

func unchanged(*backup) {}

// all returns a function that applies several changes to a backup.
func all(changes ...func(*backup)) func(*backup) {
	return func(saved *backup) {
		for _, change := range changes {
			change(saved)
		}
	}
}

var _ = Describe("After a restore, a ClientCredential", func() {
	var (
		w    *world
		shop *v1alpha1.ClientCredential
	)

	BeforeEach(func(ctx SpecContext) {
		w = newWorld(ctx)
		shop = w.clientCredential("shop")
		create(ctx, w.shopCredentials())
	})

	restored := func(ctx SpecContext, change func(*backup)) *backup {
		GinkgoHelper()
		create(ctx, shop)
		saved := w.backUp(ctx)
		change(saved)
		w.restore(ctx, saved)
		w.start()
		return saved
	}

	DescribeTable("keeps its token",
		func(ctx SpecContext, policy v1alpha1.DeletionPolicy, change func(*backup)) {
			shop.Spec.Target = &v1alpha1.TokenTarget{DeletionPolicy: policy}
			saved := restored(ctx, change)
			secret := w.eventuallyReady(ctx, "shop")
			Expect(secret.UID).To(Equal(saved.target.UID))
			Expect(secret.Data).To(Equal(saved.target.Data))
			expectOwned(secret, saved.clientCredential)
			Expect(w.tokenRequests()).To(Equal(1), "the restore causes no token request")
			Expect(w.eventsSoFar()).NotTo(ContainElement(HavePrefix(corev1.EventTypeWarning)))

			By("writing nothing afterwards")
			w.traffic.reset()
			Consistently(w.traffic.writes).Should(BeEmpty())

			By("renewing the token in time")
			issuedAt := w.get(ctx, "shop")(Default).Status.Token.IssuedAt
			w.within(time.Hour, func(g Gomega) {
				g.Expect(w.tokenRequests()).To(Equal(2))
				// If the Secret is replaced, the status is written after that.
				g.Expect(w.get(ctx, "shop")(g).Status.Token.IssuedAt.Time).To(BeTemporally(">", issuedAt.Time))
			})
			expectOwned(w.eventuallyReady(ctx, "shop"), saved.clientCredential)
		},
		Entry("with the owner references of the backup", v1alpha1.DeletionPolicyDelete, unchanged),
		Entry("without owner references, which restore tools drop", v1alpha1.DeletionPolicyDelete, withoutReferences),
		Entry("in a retained Secret", v1alpha1.DeletionPolicyRetain, unchanged),
		Entry("in a retained Secret that had an owner reference before", v1alpha1.DeletionPolicyRetain, func(saved *backup) {
			saved.target.OwnerReferences = []metav1.OwnerReference{tokensecret.ReferenceTo(saved.clientCredential)}
		}),
		Entry("in a Secret of an older version with owner references", v1alpha1.DeletionPolicyDelete, asOlderVersion),
		Entry("in a Secret of an older version without owner references", v1alpha1.DeletionPolicyDelete, all(asOlderVersion, withoutReferences)),
		Entry("in a retained Secret of an older version", v1alpha1.DeletionPolicyRetain, asOlderVersion),
		Entry("in a Secret with finalizers", v1alpha1.DeletionPolicyDelete, func(saved *backup) { saved.target.Finalizers = []string{"example.com/hold"} }),
		Entry("in an immutable Secret", v1alpha1.DeletionPolicyDelete, func(saved *backup) { saved.target.Immutable = ptr.To(true) }),
		Entry("even if a renewal was requested and done before the backup", v1alpha1.DeletionPolicyDelete, func(saved *backup) {
			saved.clientCredential.Annotations = map[string]string{v1alpha1.RenewRequestedAtAnnotation: "yesterday"}
			saved.target.Annotations[v1alpha1.RenewRequestAnnotation] = "yesterday"
		}),
	)

	DescribeTable("requests one token",
		func(ctx SpecContext, change func(*backup)) {
			saved := restored(ctx, change)
			Eventually(func(g Gomega) {
				g.Expect(w.tokenRequests()).To(Equal(2))
				g.Expect(w.secret(ctx, "shop-token").Annotations[v1alpha1.FingerprintAnnotation]).NotTo(Equal(saved.target.Annotations[v1alpha1.FingerprintAnnotation]))
			}).Should(Succeed())
			secret := w.eventuallyReady(ctx, "shop")
			Expect(secret.UID).To(Equal(saved.target.UID))
			expectOwned(secret, saved.clientCredential)
			Expect(w.eventsSoFar()).NotTo(ContainElement(HavePrefix(corev1.EventTypeWarning)))
			Consistently(w.tokenRequests).Should(Equal(2))
			Expect(w.count(lifetimeLeft+"_count", "")).To(Equal("0"), "the metrics count no late renewal")
		},
		Entry("when the token has expired since the backup", func(*backup) { w.clock.Step(2 * time.Hour) }),
		Entry("when the token has expired since the backup, and owner references are missing", func(saved *backup) {
			withoutReferences(saved)
			w.clock.Step(2 * time.Hour)
		}),
		Entry("when the token is damaged", func(saved *backup) { saved.target.Data["access_token"] = []byte("damaged") }),
		Entry("when the token is damaged, and owner references are missing", func(saved *backup) {
			withoutReferences(saved)
			saved.target.Data["access_token"] = []byte("damaged")
		}),
		Entry("when the token is missing", func(saved *backup) { saved.target.Data = nil }),
		Entry("when the expiry in the backup was changed to a later time", func(saved *backup) {
			saved.target.Annotations[v1alpha1.ExpiresAtAnnotation] = w.clock.Now().Add(24 * time.Hour).UTC().Format(time.RFC3339)
		}),
		Entry("when the spec of the backup has another scope", func(saved *backup) { saved.clientCredential.Spec.Scopes = []string{"read"} }),
		Entry("when a renewal was requested after the token of the backup was issued", func(saved *backup) {
			saved.clientCredential.Annotations = map[string]string{v1alpha1.RenewRequestedAtAnnotation: "now"}
		}),
	)

	It("requests a token with the current client secret", func(ctx SpecContext) {
		restored(ctx, func(saved *backup) { saved.credentials.Data["client_secret"] = []byte("wrong") })
		w.eventuallySays(ctx, "shop", matchers.HaveCondition("Ready", "False", "InvalidClient"))
		expectOwned(w.secret(ctx, "shop-token"), w.get(ctx, "shop")(Default))
	})

	It("keeps its token in another namespace, because the Secret names its owner", func(ctx SpecContext) {
		create(ctx, shop)
		saved := w.backUp(ctx)
		other := newWorld(ctx)
		other.restore(ctx, saved)
		secret := other.eventuallyReady(ctx, "shop")
		Expect(secret.Data).To(Equal(saved.target.Data))
		expectOwned(secret, saved.clientCredential)
		Expect(w.tokenRequests()).To(Equal(1))
	})

	It("keeps its token if its status is restored too, with an old failure", func(ctx SpecContext) {
		create(ctx, shop)
		saved := w.backUp(ctx)
		w.step(time.Minute)
		old := metav1.NewTime(w.clock.Now())
		saved.clientCredential.Status.LastHandledRenewRequest = "last year"
		saved.clientCredential.Status.Failure = &v1alpha1.FailureStatus{
			Reason: v1alpha1.ReasonServerError, Message: "down", Attempts: 9, LastAttemptAt: old, RetryAt: metav1.NewTime(old.Add(time.Hour)), CredentialsVersion: "1",
		}
		w.restore(ctx, saved)
		Expect(apiServer.Status().Update(ctx, saved.clientCredential)).To(Succeed())
		w.start()
		Eventually(func(g Gomega) { g.Expect(w.get(ctx, "shop")(g).Status.Failure).To(BeNil()) }).Should(Succeed())
		secret := w.eventuallyReady(ctx, "shop")
		Expect(secret.Data).To(Equal(saved.target.Data))
		expectOwned(secret, saved.clientCredential)
		Expect(w.tokenRequests()).To(Equal(1))
	})

	It("protects its Secret from the garbage collector while its credentials are not restored yet", func(ctx SpecContext) {
		create(ctx, shop)
		saved := w.backUp(ctx)
		credentials := saved.credentials
		saved.credentials = w.credentials("unused", nil)
		w.restore(ctx, saved)
		w.start()
		w.eventuallySays(ctx, "shop", matchers.HaveCondition("Ready", "False", "CredentialsNotFound"))
		expectOwned(w.secret(ctx, "shop-token"), saved.clientCredential)
		asNew(credentials, w.namespace)
		create(ctx, credentials)
		Expect(w.eventuallyReady(ctx, "shop").Data).To(Equal(saved.target.Data))
		Expect(w.tokenRequests()).To(Equal(1))
	})

	It("protects its Secret from the garbage collector while it is suspended", func(ctx SpecContext) {
		saved := restored(ctx, func(saved *backup) { saved.clientCredential.Spec.Suspend = ptr.To(true) })
		w.eventuallySays(ctx, "shop", matchers.HaveConditionType("Ready"))
		expectOwned(w.secret(ctx, "shop-token"), saved.clientCredential)
		edit(ctx, w.clientCredential("shop"), func(c *v1alpha1.ClientCredential) { c.Spec.Suspend = nil })
		Expect(w.eventuallyReady(ctx, "shop").Data).To(Equal(saved.target.Data))
		Expect(w.tokenRequests()).To(Equal(1))
	})

	It("gets a new token if the garbage collector deletes the Secret before it is taken over", func(ctx SpecContext) {
		create(ctx, shop)
		saved := w.backUp(ctx)
		w.restore(ctx, saved)
		deleted := false
		w.traffic.respondWhen(func(request *http.Request) *http.Response {
			if isTakeOver(request) && !deleted {
				deleted = true
				_ = apiServer.Delete(context.Background(), saved.target.DeepCopy())
			}
			return nil
		})
		w.start()
		secret := w.eventuallyReady(ctx, "shop")
		Expect(secret.UID).NotTo(Equal(saved.target.UID))
		expectOwned(secret, saved.clientCredential)
		Expect(w.tokenRequests()).To(Equal(2))
	})

	It("writes the same token to a Secret of the type in its spec", func(ctx SpecContext) {
		saved := restored(ctx, func(saved *backup) {
			saved.clientCredential.Spec.Target = &v1alpha1.TokenTarget{Template: &v1alpha1.TokenSecretTemplate{
				Type: "kubernetes.io/basic-auth", Data: map[string]string{"password": "{{ .access_token }}"},
			}}
		})
		secret := w.eventuallyReady(ctx, "shop")
		Expect(secret.Type).To(Equal(corev1.SecretTypeBasicAuth))
		Expect(secret.Data).To(HaveKeyWithValue("password", saved.target.Data["access_token"]))
		Expect(w.tokenRequests()).To(Equal(1))
	})

	DescribeTable("reports why it cannot take over its Secret, redacts the token, and retries", func(ctx SpecContext, change func(*backup), later string) {
		create(ctx, shop)
		saved := w.backUp(ctx)
		change(saved)
		w.restore(ctx, saved)
		token := string(saved.target.Data["access_token"])
		w.traffic.respondWhen(func(request *http.Request) *http.Response {
			if !isTakeOver(request) {
				return nil
			}
			return answered(request, http.StatusForbidden,
				`{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403,"message":"policy no-secrets saw `+token+`"}`)
		})
		w.start()
		w.eventuallySays(ctx, "shop", ContainElement(HaveField("Type", "Ready")), ContainElement(And(HaveField("Reason", "SecretWriteFailed"),
			HaveField("Message", And(ContainSubstring("an earlier ClientCredential of this name left"), ContainSubstring("policy no-secrets saw [REDACTED]"))))))
		Expect(w.get(ctx, "shop")(Default).Status.Conditions).NotTo(ContainElement(And(HaveField("Type", "Ready"), HaveField("Status", metav1.ConditionTrue))))
		Expect(w.logs.Contents()).NotTo(ContainSubstring(token))
		Expect(w.secret(ctx, "shop-token").ResourceVersion).To(Equal(saved.target.ResourceVersion))
		By("retrying, and reporting the current state after a success")
		w.within(20*time.Minute, func(g Gomega) {
			g.Expect(w.get(ctx, "shop")(g).Status.Failure).To(HaveField("Attempts", BeNumerically(">", 3)))
		})
		w.traffic.respondWhen(nil)
		w.within(10*time.Minute, func(g Gomega) {
			g.Expect(w.get(ctx, "shop")(g).Status.Conditions).To(And(
				ContainElement(And(HaveField("Type", "Ready"), HaveField("Reason", later))), Not(ContainElement(HaveField("Reason", "SecretWriteFailed")))))
		})
		expectOwned(w.secret(ctx, "shop-token"), saved.clientCredential)
		Expect(w.tokenRequests()).To(Equal(1))
	},
		Entry("while nothing else is wrong", unchanged, "TokenIssued"),
		Entry("while it is suspended", func(saved *backup) { saved.clientCredential.Spec.Suspend = ptr.To(true) }, "Suspended"),
		Entry("while its credentials are not restored", func(saved *backup) { saved.credentials.Name = "another" }, "CredentialsNotFound"),
	)

	It("is not Ready with an unverified token while it is suspended", func(ctx SpecContext) {
		create(ctx, shop)
		saved := w.backUp(ctx)
		saved.clientCredential.Spec.Suspend = ptr.To(true)
		w.restore(ctx, saved)
		By("replacing the Secret with a forged Secret that has another token")
		secret := saved.target.DeepCopy()
		Expect(apiServer.Delete(ctx, secret.DeepCopy())).To(Succeed())
		asNew(secret, w.namespace)
		secret.Data["access_token"] = []byte("forged")
		Expect(apiServer.Create(ctx, secret, client.FieldOwner(tokensecret.FieldManager))).To(Succeed())
		w.start()
		w.eventuallySays(ctx, "shop", matchers.HaveCondition("Ready", "False", "Suspended"))
		w.restart()
		Consistently(func(g Gomega) {
			g.Expect(w.get(ctx, "shop")(g).Status.Conditions).To(matchers.HaveCondition("Ready", "False", "Suspended"))
		}).Should(Succeed())
		edit(ctx, w.clientCredential("shop"), func(c *v1alpha1.ClientCredential) { c.Spec.Suspend = nil })
		Expect(w.eventuallyReady(ctx, "shop").Data).NotTo(HaveKeyWithValue("access_token", []byte("forged")))
	})

	It("that exists only in the cache does not take over a Secret", func(ctx SpecContext) {
		create(ctx, shop)
		saved := w.backUp(ctx)
		w.restore(ctx, saved)
		w.traffic.respondWhen(func(request *http.Request) *http.Response {
			if request.Method != http.MethodGet || !strings.HasSuffix(request.URL.Path, "/clientcredentials/shop") {
				return nil
			}
			return answered(request, http.StatusOK, `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"shop","namespace":"`+w.namespace+`","uid":"the-next"}}`)
		})
		w.start()
		w.traffic.reset()
		Eventually(w.traffic.all).Should(ContainElement(HaveSuffix("/clientcredentials/shop")))
		Consistently(w.traffic.writes).ShouldNot(ContainElement(ContainSubstring("/secrets")))
		Expect(w.secret(ctx, "shop-token").ResourceVersion).To(Equal(saved.target.ResourceVersion))
	})

	It("gets its Secret even if an older ClientCredential has the same target", func(ctx SpecContext) {
		create(ctx, shop)
		saved := w.backUp(ctx)
		older := w.clientCredential("older")
		older.Spec.Target = &v1alpha1.TokenTarget{Name: "shop-token"}
		create(ctx, older)
		w.restore(ctx, saved)
		w.start()
		expectOwned(w.eventuallyReady(ctx, "shop"), saved.clientCredential)
		w.eventuallySays(ctx, "older", matchers.HaveCondition("Reconciling", "True", "TargetConflict", ContainSubstring("ClientCredential shop")))
		Expect(w.tokenRequests()).To(Equal(1))
	})

	It("with another name does not take over a Secret that names the former ClientCredential", func(ctx SpecContext) {
		saved := restored(ctx, func(saved *backup) {
			withoutReferences(saved)
			saved.clientCredential.Name = "renamed"
			saved.clientCredential.Spec.Target = &v1alpha1.TokenTarget{Name: "shop-token"}
		})
		w.eventuallySays(ctx, "renamed", matchers.HaveCondition("Reconciling", "True", "TargetConflict", ContainSubstring("belongs to ClientCredential shop,")))
		Expect(w.secret(ctx, "shop-token").ResourceVersion).To(Equal(saved.target.ResourceVersion))
	})

	It("does not take over a Secret without a record, and does not report itself as the owner", func(ctx SpecContext) {
		saved := restored(ctx, func(saved *backup) { delete(saved.target.Annotations, v1alpha1.FingerprintAnnotation) })
		w.eventuallySays(ctx, "shop", matchers.HaveCondition("Reconciling", "True", "TargetConflict", And(
			ContainSubstring("belongs to an earlier ClientCredential of this name, and has no complete record of a token"),
			Not(ContainSubstring("ClientCredential shop")))))
		Expect(w.secret(ctx, "shop-token").ResourceVersion).To(Equal(saved.target.ResourceVersion))
	})
})

// isTakeOver reports whether a request is the patch that changes the owner of the Secret.
func isTakeOver(request *http.Request) bool {
	return request.Header.Get("Content-Type") == "application/strategic-merge-patch+json" && strings.HasSuffix(request.URL.Path, "/secrets/shop-token")
}

var _ = Describe("A ClientCredential that is deleted and immediately recreated", func() {
	It("keeps the Secret if the garbage collector has not deleted it yet", func(ctx SpecContext) {
		w := newWorld(ctx)
		create(ctx, w.shopCredentials(), w.clientCredential("shop"))
		first := w.eventuallyReady(ctx, "shop")
		Expect(apiServer.Delete(ctx, w.clientCredential("shop"))).To(Succeed())
		again := w.clientCredential("shop")
		create(ctx, again)
		secret := w.eventuallyReady(ctx, "shop")
		Expect(secret.UID).To(Equal(first.UID))
		Expect(secret.Data).To(Equal(first.Data))
		expectOwned(secret, again)
		Expect(w.tokenRequests()).To(Equal(1))
	})
})

var _ = Describe("An upgrade from a version that did not record the owner's name", func() {
	It("writes no Secret and requests no token", func(ctx SpecContext) {
		w := newWorld(ctx)
		create(ctx, w.shopCredentials(), w.clientCredential("shop"))
		secret := w.eventuallyReady(ctx, "shop")
		w.stop()
		before := secret.DeepCopy()
		delete(secret.Annotations, v1alpha1.OwnerNameAnnotation)
		Expect(apiServer.Patch(ctx, secret, client.MergeFrom(before), client.FieldOwner(tokensecret.FieldManager))).To(Succeed())
		w.traffic.reset()
		w.start()
		Eventually(w.traffic.all).Should(ContainElement(HaveSuffix("/clientcredentials")))
		Consistently(w.traffic.writes).Should(BeEmpty())
		Expect(w.tokenRequests()).To(Equal(1))

		By("recording the name at the next renewal")
		w.within(time.Hour, func(g Gomega) { g.Expect(w.tokenRequests()).To(Equal(2)) })
		Eventually(func() map[string]string { return w.secret(ctx, "shop-token").Annotations }).Should(HaveKeyWithValue(v1alpha1.OwnerNameAnnotation, "shop"))
	})
})
