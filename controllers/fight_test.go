package controllers_test

import (
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/watch"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/matchers"
)

var _ = Describe("A fight over a token Secret", func() {
	var w *world

	BeforeEach(func(ctx SpecContext) {
		w = newWorld(ctx)
		create(ctx, w.shopCredentials())
	})

	// secretWrites returns the number of Secret writes by the operator.
	secretWrites := func() (count int) {
		for _, request := range w.traffic.writes() {
			if request == "PATCH /api/v1/namespaces/"+w.namespace+"/secrets/shop-token" || request == "POST /api/v1/namespaces/"+w.namespace+"/secrets" {
				count++
			}
		}
		return count
	}

	// otherApplier force-applies its own version of the Secret whenever the Secret differs, as Argo CD and
	// Flux do. It returns a counter of its writes.
	otherApplier := func(ctx SpecContext, wants func(*corev1ac.SecretApplyConfiguration), holds func(*corev1.Secret) bool) func() int {
		GinkgoHelper()
		writer, err := client.NewWithWatch(restConfig, client.Options{Scheme: apiServer.Scheme()})
		Expect(err).NotTo(HaveOccurred())
		watcher, err := writer.Watch(ctx, &corev1.SecretList{}, client.InNamespace(w.namespace))
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(watcher.Stop)
		wrote := make(chan struct{}, 1000)
		go func() {
			defer GinkgoRecover()
			for event := range watcher.ResultChan() {
				secret, ok := event.Object.(*corev1.Secret)
				if !ok || secret.Name != "shop-token" || event.Type == watch.Deleted || holds(secret) {
					continue
				}
				wanted := corev1ac.Secret("shop-token", w.namespace)
				wants(wanted)
				if writer.Apply(ctx, wanted, client.FieldOwner("foreign-controller"), client.ForceOwnership) == nil {
					wrote <- struct{}{}
				}
			}
		}()
		return func() int { return len(wrote) }
	}

	DescribeTable("stops after three writes by each side if another controller applies",
		func(ctx SpecContext, wants func(*corev1ac.SecretApplyConfiguration), holds func(*corev1.Secret) bool) {
			foreign := otherApplier(ctx, wants, holds)
			create(ctx, w.clientCredential("shop"))
			w.eventuallySays(ctx, "shop", matchers.HaveCondition("Stalled", "True", "TargetContested", ContainSubstring("--show-managed-fields")))
			Eventually(foreign).Should(Equal(3))
			Consistently(func(g Gomega) {
				g.Expect(secretWrites()).To(Equal(3))
				g.Expect(foreign()).To(Equal(3))
			}).Should(Succeed())
			Expect(w.tokenRequests()).To(BeNumerically("<=", 3))

			By("retrying once every five minutes")
			w.step(4 * time.Minute)
			Consistently(secretWrites).Should(Equal(3))
			w.within(2*time.Minute, func(g Gomega) { g.Expect(secretWrites()).To(Equal(4)) })
			Consistently(secretWrites).Should(Equal(4))
		},
		Entry("another token", func(c *corev1ac.SecretApplyConfiguration) {
			c.WithData(map[string][]byte{"access_token": []byte("foreign")})
		}, func(s *corev1.Secret) bool { return string(s.Data["access_token"]) == "foreign" }),
		Entry("another label", func(c *corev1ac.SecretApplyConfiguration) {
			c.WithLabels(map[string]string{v1alpha1.ManagedByLabel: "foreign"})
		}, func(s *corev1.Secret) bool { return s.Labels[v1alpha1.ManagedByLabel] == "foreign" }),
	)

	It("does not begin if another controller applies only other labels and keys", func(ctx SpecContext) {
		foreign := otherApplier(ctx, func(c *corev1ac.SecretApplyConfiguration) {
			c.WithLabels(map[string]string{"team": "web"}).WithData(map[string][]byte{"ca.crt": []byte("pem")})
		}, func(s *corev1.Secret) bool { return s.Labels["team"] == "web" && s.Data["ca.crt"] != nil })
		create(ctx, w.clientCredential("shop"))
		w.eventuallyReady(ctx, "shop")
		Eventually(foreign).Should(Equal(1))
		w.within(time.Hour, func(g Gomega) { g.Expect(w.tokenRequests()).To(Equal(2)) })
		secret := w.eventuallyReady(ctx, "shop")
		Expect(secret.Labels).To(HaveKeyWithValue("team", "web"))
		Expect(secret.Data).To(HaveKey("ca.crt"))
		Expect(secretWrites()).To(Equal(2))
		Expect(foreign()).To(Equal(1))
	})

	It("does not begin if the younger ClientCredential replaces its Secret while the older waits for that Secret", func(ctx SpecContext) {
		older := w.clientCredential("older")
		create(ctx, older)
		younger := w.clientCredential("younger")
		younger.Spec.Target = &v1alpha1.TokenTarget{Name: "shop-token"}
		createLater(ctx, older, younger)
		w.eventuallyReady(ctx, "older")
		w.eventuallyReady(ctx, "younger")
		edit(ctx, older, func(c *v1alpha1.ClientCredential) { c.Spec.Target = &v1alpha1.TokenTarget{Name: "shop-token"} })
		w.eventuallySays(ctx, "older", matchers.HaveCondition("Reconciling", "True", "TargetConflict"))

		By("failing between the deletion and the creation of the Secret")
		w.traffic.failWhen(func(request *http.Request) bool {
			return request.Method == http.MethodPost && request.URL.Path == "/api/v1/namespaces/"+w.namespace+"/secrets" && request.URL.Query().Get("dryRun") == ""
		})
		edit(ctx, younger, func(c *v1alpha1.ClientCredential) {
			c.Spec.Target.Template = &v1alpha1.TokenSecretTemplate{
				Type: "kubernetes.io/basic-auth", Data: map[string]string{"password": "{{ .access_token }}"},
			}
		})
		w.eventuallySays(ctx, "younger", matchers.HaveCondition("Ready", "False", "SecretWriteFailed"))
		w.eventuallySays(ctx, "older", matchers.HaveCondition("Reconciling", "True", "TargetConflict", ContainSubstring(`"younger"`)))
		w.traffic.failWhen(nil)
		w.within(time.Minute, func(g Gomega) {
			g.Expect(w.get(ctx, "younger")(g).Status.Conditions).To(matchers.HaveCondition("Ready", "True", "TokenIssued"))
		})
		w.eventuallySays(ctx, "older", matchers.HaveCondition("Reconciling", "True", "TargetConflict"))
		Expect(w.tokenRequests()).To(Equal(2))
	})

	DescribeTable("does not begin between two ClientCredentials",
		func(ctx SpecContext, olderTarget, youngerTarget v1alpha1.TokenTarget) {
			w.stop()
			older, younger := w.clientCredential("older"), w.clientCredential("younger")
			olderTarget.Name, youngerTarget.Name = "shop-token", "shop-token"
			older.Spec.Target, younger.Spec.Target = &olderTarget, &youngerTarget
			create(ctx, older)
			createLater(ctx, older, younger)
			w.start()
			w.eventuallyReady(ctx, "older")
			w.eventuallySays(ctx, "younger", matchers.HaveCondition("Reconciling", "True", "TargetConflict"))
			Consistently(secretWrites).Should(Equal(1))

			By("keeping the same owner across a restart and a renewal")
			w.restart()
			w.within(time.Hour, func(g Gomega) { g.Expect(w.tokenRequests()).To(Equal(2)) })
			w.eventuallyReady(ctx, "older")
			w.eventuallySays(ctx, "younger", matchers.HaveCondition("Ready", "False", "TargetConflict"))
			Consistently(secretWrites).Should(Equal(2))
		},
		Entry("with the same target", v1alpha1.TokenTarget{}, v1alpha1.TokenTarget{}),
		Entry("if the younger sets adopt", v1alpha1.TokenTarget{}, v1alpha1.TokenTarget{Adopt: ptr.To(true)}),
		Entry("if both set adopt, and the older retains its Secret", v1alpha1.TokenTarget{Adopt: ptr.To(true), DeletionPolicy: v1alpha1.DeletionPolicyRetain}, v1alpha1.TokenTarget{Adopt: ptr.To(true)}),
		Entry("if they set different types", v1alpha1.TokenTarget{}, v1alpha1.TokenTarget{Template: &v1alpha1.TokenSecretTemplate{
			Type: "kubernetes.io/basic-auth", Data: map[string]string{"password": "{{ .access_token }}"},
		}}),
	)
})
