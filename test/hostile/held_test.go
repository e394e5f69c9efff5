package hostile_test

import (
	"context"
	"encoding/pem"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	testingclock "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/authserver"
	"github.com/tokensync/tokensync/test/matchers"
)

var _ = Describe("A revocation on deletion", func() {
	var (
		w      *world
		server *authserver.Server
		clock  *testingclock.FakeClock
	)

	// begin issues tokens for the clients a and b. The clock of the operator stands still, ahead of the
	// clock of the API server by the given time.
	begin := func(ctx SpecContext, ahead time.Duration, change ...func(*v1alpha1.ClientCredentialSpec)) {
		GinkgoHelper()
		clock = testingclock.NewFakeClock(time.Now().Add(ahead).Truncate(time.Second))
		w = newWorld(ctx, func(s *settings) { s.clock = clock })
		server = newHonestServer("a", "b", "c")
		change = append([]func(*v1alpha1.ClientCredentialSpec){revokedOnDelete(server)}, change...)
		for _, name := range []string{"a", "b"} {
			w.victim.requestsToken(ctx, name, tokenEndpoint(server), change...)
			w.victim.reports(ctx, name, matchers.HaveCondition("Ready", "True", "TokenIssued"))
		}
	}
	passes := func(limit time.Duration, until func(Gomega)) { GinkgoHelper(); w.passes(limit, until) }
	finalizers := func(ctx SpecContext, secret string) func(Gomega) []string {
		return func(g Gomega) []string {
			held := &corev1.Secret{}
			g.Expect(apiServer.Get(ctx, w.victim.key(secret), held)).To(Succeed())
			return held.Finalizers
		}
	}
	held := func(ctx SpecContext, secret string) {
		GinkgoHelper()
		Eventually(finalizers(ctx, secret)).Should(ConsistOf(v1alpha1.RevokeTokenFinalizer))
	}
	a := func() *v1alpha1.ClientCredential {
		return &v1alpha1.ClientCredential{ObjectMeta: w.victim.metadata("a")}
	}
	secretOfA := func(suffix string) *corev1.Secret {
		return &corev1.Secret{ObjectMeta: w.victim.metadata("a-" + suffix)}
	}
	remove := func(ctx context.Context, object client.Object, options ...client.DeleteOption) {
		GinkgoHelper()
		Expect(apiServer.Delete(ctx, object, options...)).To(Succeed())
	}
	reportedOnce := func(reason string) {
		GinkgoHelper()
		Eventually(func() int { return w.countEvents(reason) }).Should(Equal(1))
		Consistently(func() int { return w.countEvents("TokenRevoked") + w.countEvents("RevocationFailed") }).Should(Equal(1))
	}
	// patchOf matches the patch that removes the finalizer of a ClientCredential.
	patchOf := func(name string) func(*http.Request) bool {
		return func(request *http.Request) bool {
			return request.Method == http.MethodPatch && strings.HasSuffix(request.URL.Path, "/clientcredentials/"+name)
		}
	}
	// patchOfToken matches the patch that records the revocation in the token Secret.
	patchOfToken := func(request *http.Request) bool {
		return request.Method == http.MethodPatch && strings.HasSuffix(request.URL.Path, "/secrets/a-token")
	}
	patchOfCredentials := func(request *http.Request) bool {
		return request.Method == http.MethodPatch && strings.HasSuffix(request.URL.Path, "/secrets/a-credentials")
	}
	// count returns the number of writes with the given method to paths that end with path.
	count := func(method, path string) (count int) {
		for _, request := range w.writes() {
			if strings.HasPrefix(request, method+" ") && strings.HasSuffix(request, path) {
				count++
			}
		}
		return count
	}
	refuse := func(request *http.Request) *http.Response {
		return answered(request, http.StatusInternalServerError, "")
	}

	// endsBefore deletes a, and shuts the operator down before the server answers the revocation.
	endsBefore := func(ctx SpecContext, status int) {
		GinkgoHelper()
		arrived, release := make(chan struct{}, 10), make(chan struct{})
		server.RespondAt(authserver.RevocationPath, func(rw http.ResponseWriter, _ *http.Request) {
			arrived <- struct{}{}
			<-release
			rw.WriteHeader(status)
		})
		remove(ctx, a())
		Eventually(arrived).Should(Receive())
		w.operator.BeginStop()
		close(release)
	}
	// endsAt deletes a, and shuts the operator down when it sends a request for which last returns true.
	// The API server refuses the first two requests for which refused returns true.
	endsAt := func(ctx SpecContext, last, refused func(*http.Request) bool) {
		GinkgoHelper()
		arrived := make(chan struct{}, 10)
		var refusals atomic.Int32
		w.interceptWith(func(request *http.Request) *http.Response {
			if last(request) {
				arrived <- struct{}{}
				w.operator.BeginStop()
			}
			if refused(request) && refusals.Add(1) <= 2 {
				return refuse(request)
			}
			return nil
		})
		remove(ctx, a())
		Eventually(arrived).Should(Receive())
	}
	none := func(*http.Request) bool { return false }

	Context("is reported once", func() {
		// Either the memory of the operator or the record in the token Secret prevents a second
		// revocation. The API server refuses the record too, so that only the memory is left.
		DescribeTable("although the API server refuses the first patches", func(ctx SpecContext, status int, reason string) {
			begin(ctx, 0)
			collectGarbage(ctx, w.victim.namespace)
			if status != 0 {
				server.RespondAt(authserver.RevocationPath, func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(status) })
			}
			var refused atomic.Int32
			w.interceptWith(func(request *http.Request) *http.Response {
				if (patchOf("a")(request) && refused.Add(1) <= 4) || (patchOfToken(request) && refused.Load() <= 4) {
					return refuse(request)
				}
				return nil
			})
			remove(ctx, a(), client.PropagationPolicy(metav1.DeletePropagationForeground))
			passes(time.Minute, isGone(ctx, a()))
			reportedOnce(reason)
			Expect(server.RequestsTo(authserver.RevocationPath)).To(HaveLen(1))
		},
			Entry("after a revocation", 0, "TokenRevoked"),
			Entry("after a revocation that failed", http.StatusUnauthorized, "RevocationFailed"),
		)

		It("although the operator stops between the revocation and the removal of the finalizer", func(ctx SpecContext) {
			begin(ctx, 0)
			collectGarbage(ctx, w.victim.namespace)
			w.interceptWith(func(request *http.Request) *http.Response {
				if patchOf("a")(request) {
					return refuse(request)
				}
				return nil
			})
			remove(ctx, a(), client.PropagationPolicy(metav1.DeletePropagationForeground))
			Eventually(func() int { return w.countEvents("TokenRevoked") }).Should(Equal(1))
			w.operator.Stop()
			w.eventsSoFar()
			w.interceptWith(nil)
			w.start()
			passes(time.Minute, isGone(ctx, a()))
			reportedOnce("TokenRevoked")
			Expect(server.RequestsTo(authserver.RevocationPath)).To(HaveLen(1))
		})

		DescribeTable("although the operator shuts down", func(ctx SpecContext, reason string, end func(SpecContext)) {
			begin(ctx, 0)
			held(ctx, "a-token")
			held(ctx, "a-credentials")
			end(ctx)
			w.operator.Stop()
			isGone(ctx, a())(Default)
			Expect(w.victim.secret(ctx, "a-token").Finalizers).To(BeEmpty())
			Expect(w.victim.secret(ctx, "a-credentials").Finalizers).To(BeEmpty())
			reportedOnce(reason)

			By("starting the next operator")
			w.interceptWith(nil)
			server.RespondAt(authserver.RevocationPath, nil)
			w.start()
			Eventually(func() bool { isIdle, _, _ := w.operator.State(); return isIdle }).Should(BeTrue())
			reportedOnce(reason)
			Expect(server.RequestsTo(authserver.RevocationPath)).To(HaveLen(1))
		},
			Entry("before the server answers", "TokenRevoked", func(ctx SpecContext) { endsBefore(ctx, http.StatusOK) }),
			Entry("before the server refuses", "RevocationFailed", func(ctx SpecContext) { endsBefore(ctx, http.StatusUnauthorized) }),
			Entry("between the answer and its record in the token Secret", "TokenRevoked", func(ctx SpecContext) { endsAt(ctx, patchOfToken, none) }),
			Entry("between the event and the removal of the finalizer", "TokenRevoked", func(ctx SpecContext) { endsAt(ctx, patchOf("a"), none) }),
			Entry("and the API server refuses the record twice", "TokenRevoked", func(ctx SpecContext) { endsAt(ctx, patchOfToken, patchOfToken) }),
			Entry("and the API server refuses to remove the finalizer twice", "TokenRevoked", func(ctx SpecContext) { endsAt(ctx, patchOfToken, patchOf("a")) }),
			Entry("and the API server refuses to release a Secret twice", "TokenRevoked", func(ctx SpecContext) { endsAt(ctx, patchOfToken, patchOfCredentials) }),
		)

		It("by the next operator, if the server is down when the operator shuts down", func(ctx SpecContext) {
			begin(ctx, 0)
			endsBefore(ctx, http.StatusServiceUnavailable)
			w.operator.Stop()
			Expect(w.countEvents("TokenRevoked") + w.countEvents("RevocationFailed")).To(BeZero())
			server.RespondAt(authserver.RevocationPath, nil)
			w.start()
			passes(time.Minute, isGone(ctx, a()))
			reportedOnce("TokenRevoked")
			Expect(server.RequestsTo(authserver.RevocationPath)).To(HaveLen(2))
		})

		It("although the cache still shows the ClientCredential for a while", func(ctx SpecContext) {
			begin(ctx, 0)
			collectGarbage(ctx, w.victim.namespace)
			before := count(http.MethodPatch, "/clientcredentials/a")
			shows := make(chan struct{})
			w.interceptWith(func(request *http.Request) *http.Response {
				if patchOf("a")(request) {
					w.lagWith(func(ctx context.Context, watch *http.Request) {
						if strings.HasSuffix(watch.URL.Path, "/clientcredentials") {
							select {
							case <-shows:
							case <-ctx.Done():
							}
						}
					})
				}
				return nil
			})
			remove(ctx, a())
			passes(time.Minute, isGone(ctx, a()))
			Eventually(func(g Gomega) {
				token := secretOfA("token")
				err := apiServer.Get(ctx, client.ObjectKeyFromObject(token), token)
				g.Expect(apierrors.IsNotFound(err) || token.DeletionTimestamp != nil).To(BeTrue())
			}).Should(Succeed())
			reportedOnce("TokenRevoked")
			close(shows)
			passes(time.Minute, isGone(ctx, secretOfA("token")))
			reportedOnce("TokenRevoked")
			Expect(count(http.MethodPatch, "/clientcredentials/a")).To(Equal(before+1), "the finalizer is removed once")
		})

		It("when the garbage collector deletes the token Secret before the cache shows that the ClientCredential is deleted", func(ctx SpecContext) {
			begin(ctx, 0)
			shows := make(chan struct{})
			w.lagWith(func(ctx context.Context, watch *http.Request) {
				if strings.HasSuffix(watch.URL.Path, "/clientcredentials") {
					select {
					case <-shows:
					case <-ctx.Done():
					}
				}
			})
			before := count(http.MethodPatch, "/clientcredentials/a/status")
			collectGarbage(ctx, w.victim.namespace)
			remove(ctx, a(), client.PropagationPolicy(metav1.DeletePropagationForeground))
			Eventually(func(g Gomega) {
				token := secretOfA("token")
				err := apiServer.Get(ctx, client.ObjectKeyFromObject(token), token)
				g.Expect(apierrors.IsNotFound(err) || token.DeletionTimestamp != nil).To(BeTrue())
			}).Should(Succeed())
			Consistently(func() int { return len(server.Requests("a")) }).Should(Equal(1))
			Expect(count(http.MethodPatch, "/clientcredentials/a/status")).To(Equal(before), "the deletion does not change the status")
			close(shows)
			passes(time.Minute, isGone(ctx, a()))
			reportedOnce("TokenRevoked")
			Expect(server.RequestsTo(authserver.RevocationPath)).To(HaveLen(1))
		})
	})

	Context("uses one clock", func() {
		DescribeTable("and ends within a minute if the server is down", func(ctx SpecContext, ahead time.Duration) {
			begin(ctx, ahead)
			server.RespondAt(authserver.RevocationPath, func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusServiceUnavailable) })
			remove(ctx, a())
			Eventually(func() []authserver.Request { return server.RequestsTo(authserver.RevocationPath) }).ShouldNot(BeEmpty())
			passes(time.Minute+5*time.Second, isGone(ctx, a()))
			reportedOnce("RevocationFailed")
			Expect(len(server.RequestsTo(authserver.RevocationPath))).To(BeNumerically(">=", 5))
		},
			Entry("and the operator's clock is two hours behind", -2*time.Hour),
			Entry("and the operator's clock is right", 0*time.Hour),
			Entry("and the operator's clock is half an hour ahead", 30*time.Minute),
			Entry("and the operator's clock is two hours ahead", 2*time.Hour),
		)

		// An operator that keeps restarting starts the minute again each time.
		DescribeTable("and makes one attempt if the API server's clock is an hour past the deletion", func(ctx SpecContext, ahead time.Duration) {
			begin(ctx, ahead)
			w.operator.Stop()
			server.RespondAt(authserver.RevocationPath, func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusServiceUnavailable) })
			w.interceptWith(func(request *http.Request) *http.Response {
				if request.URL.Path != "/version" {
					return nil
				}
				// The API server sends a Date header even if it refuses to show its version.
				response := answered(request, http.StatusForbidden, "{}")
				response.Header.Set("Date", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
				return response
			})
			remove(ctx, a())
			w.start()
			Eventually(isGone(ctx, a())).Should(Succeed())
			reportedOnce("RevocationFailed")
			Expect(server.RequestsTo(authserver.RevocationPath)).To(HaveLen(1))
		},
			Entry("and the operator's clock is two hours behind", -2*time.Hour),
			Entry("and the operator's clock is right", 0*time.Hour),
			Entry("and the operator's clock is half an hour ahead", 30*time.Minute),
		)

		It("and tries for a minute if the API server does not send its time", func(ctx SpecContext) {
			begin(ctx, 0)
			server.RespondAt(authserver.RevocationPath, func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusServiceUnavailable) })
			var asked atomic.Int32
			w.interceptWith(func(request *http.Request) *http.Response {
				if request.URL.Path != "/version" {
					return nil
				}
				asked.Add(1)
				return refuse(request)
			})
			remove(ctx, a())
			passes(time.Minute+5*time.Second, isGone(ctx, a()))
			reportedOnce("RevocationFailed")
			Expect(len(server.RequestsTo(authserver.RevocationPath))).To(BeNumerically(">=", 5))
			Expect(asked.Load()).To(BeEquivalentTo(1), "the operator asks once")
		})
	})

	Context("finds what it needs", func() {
		It("although the AuthorizationServer and its CA bundle are deleted first", func(ctx SpecContext) {
			clock = testingclock.NewFakeClock(time.Now().Truncate(time.Second))
			w = newWorld(ctx, func(s *settings) { s.clock = clock })
			server = authserver.New(authserver.Options{TLS: true})
			DeferCleanup(server.Close)
			server.Register(authserver.Client{ID: "a", Secret: secretOf("a")})
			authorities := &corev1.ConfigMap{ObjectMeta: w.victim.metadata("authorities"), Data: map[string]string{
				"ca.crt": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})),
			}}
			idp := &v1alpha1.AuthorizationServer{ObjectMeta: w.victim.metadata("idp"), Spec: v1alpha1.AuthorizationServerSpec{
				TokenEndpoint: tokenEndpoint(server), TLS: &v1alpha1.TLSClient{CABundleRef: &v1alpha1.CABundleReference{Name: "authorities"}},
			}}
			spec := v1alpha1.ClientCredentialSpec{AuthorizationServer: &idp.Spec}
			revokedOnDelete(server)(&spec)
			create(ctx, authorities, idp)
			w.victim.requestsToken(ctx, "a", "", func(spec *v1alpha1.ClientCredentialSpec) {
				spec.AuthorizationServer = nil
				spec.AuthorizationServerRef = &v1alpha1.AuthorizationServerReference{Name: "idp"}
			})
			w.victim.reports(ctx, "a", matchers.HaveCondition("Ready", "True", "TokenIssued"))

			By("restarting the operator")
			w.operator.Stop()
			reads := func() int {
				w.mutex.Lock()
				defer w.mutex.Unlock()
				return strings.Count(strings.Join(w.sent, "\n"), "/configmaps/authorities")
			}
			before := reads()
			w.start()
			// One read is for the status of the AuthorizationServer.
			Eventually(func(g Gomega) {
				isIdle, _, _ := w.operator.State()
				g.Expect(isIdle).To(BeTrue(), "no read is in flight")
				g.Expect(reads() - before).To(BeNumerically(">=", 2))
			}).Should(Succeed())
			remove(ctx, idp)
			remove(ctx, authorities)
			w.victim.reports(ctx, "a", matchers.HaveConditionType("RenewalFailing"))
			remove(ctx, a())
			passes(time.Minute, isGone(ctx, a()))
			reportedOnce("TokenRevoked")
			Expect(server.RequestsTo(authserver.RevocationPath)).To(HaveLen(1))
		})

		It("in memory, for a token that could not be written", func(ctx SpecContext) {
			begin(ctx, 0)
			w.interceptWith(func(request *http.Request) *http.Response {
				if request.Method == http.MethodPost && strings.HasSuffix(request.URL.Path, "/secrets") {
					return answered(request, http.StatusForbidden, "")
				}
				return nil
			})
			w.victim.requestsToken(ctx, "c", tokenEndpoint(server), revokedOnDelete(server))
			w.victim.reports(ctx, "c", matchers.HaveCondition("Ready", "False", "SecretWriteFailed"))
			c := &v1alpha1.ClientCredential{ObjectMeta: w.victim.metadata("c")}
			remove(ctx, c)
			passes(time.Minute, isGone(ctx, c))
			reportedOnce("TokenRevoked")
			Expect(server.RequestsTo(authserver.RevocationPath)).To(HaveLen(1))
			Expect(server.IsActive(server.RequestsTo(authserver.RevocationPath)[0].Parameters["token"])).To(BeFalse())
		})

		It("in a credentials Secret that two ClientCredentials share and that is deleted first", func(ctx SpecContext) {
			begin(ctx, 0, func(spec *v1alpha1.ClientCredentialSpec) { spec.CredentialsRef.Name = "a-credentials" })
			held(ctx, "a-credentials")
			server.RespondAt(authserver.RevocationPath, func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusServiceUnavailable) })
			remove(ctx, secretOfA("credentials"))
			remove(ctx, a())
			Eventually(func() []authserver.Request { return server.RequestsTo(authserver.RevocationPath) }).ShouldNot(BeEmpty())
			remove(ctx, &v1alpha1.ClientCredential{ObjectMeta: w.victim.metadata("b")})
			server.RespondAt(authserver.RevocationPath, nil)
			passes(time.Minute, isGone(ctx, secretOfA("credentials")))
			Eventually(func() int { return w.countEvents("TokenRevoked") }).Should(Equal(2))
		})
	})

	Context("handles finalizers:", func() {
		It("a deleted token Secret is released, and a new Secret is created immediately", func(ctx SpecContext) {
			begin(ctx, 0)
			before := w.victim.secret(ctx, "a-token")
			Expect(before.Finalizers).To(ConsistOf(v1alpha1.RevokeTokenFinalizer))
			remove(ctx, before.DeepCopy())
			Eventually(func(g Gomega) {
				after := secretOfA("token")
				g.Expect(apiServer.Get(ctx, client.ObjectKeyFromObject(after), after)).To(Succeed())
				g.Expect(after.UID).NotTo(Equal(before.UID))
			}).Should(Succeed())
			w.victim.reports(ctx, "a", matchers.HaveCondition("Ready", "True", "TokenIssued"), HaveLen(1))
			Expect(server.Requests("a")).To(HaveLen(2))
		})

		It("a deleted credentials Secret is released after ten seconds", func(ctx SpecContext) {
			begin(ctx, 0)
			held(ctx, "a-credentials")
			remove(ctx, secretOfA("credentials"))
			Consistently(finalizers(ctx, "a-credentials")).ShouldNot(BeEmpty())
			passes(30*time.Second, isGone(ctx, secretOfA("credentials")))
			w.victim.reports(ctx, "a", matchers.HaveCondition("RenewalFailing", "True", "CredentialsNotFound"))
		})

		It("a Secret is released although ClientCredentials are created and deleted in a loop", func(ctx SpecContext) {
			begin(ctx, 0)
			server.RespondAt(authserver.RevocationPath, func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusServiceUnavailable) })
			held(ctx, "a-credentials")
			remove(ctx, secretOfA("credentials"))
			remove(ctx, a())
			// The operator may see the deletion only after the first step.
			made, deadline := 0, clock.Now().Add(80*time.Second)
			Eventually(func(g Gomega) {
				if clock.Now().Before(deadline) {
					made++
					another := w.victim.clientCredential(fmt.Sprintf("another-%d", made), tokenEndpoint(server), revokedOnDelete(server),
						func(spec *v1alpha1.ClientCredentialSpec) { spec.CredentialsRef.Name = "a-credentials" })
					create(ctx, another)
					w.victim.reports(ctx, another.Name, matchers.HaveConditionType("Ready"))
					remove(ctx, another)
					clock.Step(10 * time.Second)
				}
				isGone(ctx, secretOfA("credentials"))(g)
			}).Should(Succeed())
			Expect(made).To(BeNumerically("<=", 8))
		})

		DescribeTable("a Secret is released when", func(ctx SpecContext, secret string, change func(SpecContext)) {
			begin(ctx, 0)
			held(ctx, secret)
			change(ctx)
			Eventually(func(g Gomega) {
				released := &corev1.Secret{ObjectMeta: w.victim.metadata(secret)}
				err := apiServer.Get(ctx, client.ObjectKeyFromObject(released), released)
				g.Expect(client.IgnoreNotFound(err)).To(Succeed())
				g.Expect(released.Finalizers).To(BeEmpty())
			}).Should(Succeed())
			Consistently(func() []authserver.Request { return server.RequestsTo(authserver.RevocationPath) }).Should(BeEmpty())
		},
			Entry("onDelete is switched off (token Secret)", "a-token", func(ctx SpecContext) {
				edit(ctx, a(), func(c *v1alpha1.ClientCredential) { c.Spec.AuthorizationServer.Revocation = nil })
			}),
			Entry("onDelete is switched off (credentials Secret)", "a-credentials", func(ctx SpecContext) {
				edit(ctx, a(), func(c *v1alpha1.ClientCredential) { c.Spec.AuthorizationServer.Revocation = nil })
			}),
			Entry("the spec names other credentials", "a-credentials", func(ctx SpecContext) {
				edit(ctx, a(), func(c *v1alpha1.ClientCredential) { c.Spec.CredentialsRef.Name = "b-credentials" })
			}),
			Entry("the target gets another name", "a-token", func(ctx SpecContext) {
				edit(ctx, a(), func(c *v1alpha1.ClientCredential) { c.Spec.Target = &v1alpha1.TokenTarget{Name: "renamed"} })
				held(ctx, "renamed")
			}),
			Entry("the credentials Secret loses its label", "a-credentials", func(ctx SpecContext) {
				edit(ctx, secretOfA("credentials"), func(s *corev1.Secret) { s.Labels = nil })
			}),
		)

		It("a retained Secret is released after its ClientCredential is deleted", func(ctx SpecContext) {
			begin(ctx, 0, func(spec *v1alpha1.ClientCredentialSpec) {
				spec.Target = &v1alpha1.TokenTarget{DeletionPolicy: v1alpha1.DeletionPolicyRetain}
			})
			held(ctx, "a-token")
			remove(ctx, a())
			for _, secret := range []string{"a-token", "a-credentials"} {
				Eventually(finalizers(ctx, secret)).Should(BeEmpty())
			}
			reportedOnce("TokenRevoked")
		})

		It("a copy of a token Secret is released", func(ctx SpecContext) {
			begin(ctx, 0)
			copied := w.victim.secret(ctx, "a-token").DeepCopy()
			copied.ObjectMeta = metav1.ObjectMeta{
				Namespace: copied.Namespace, Name: "copied", Annotations: copied.Annotations, Finalizers: copied.Finalizers,
			}
			create(ctx, copied)
			Eventually(finalizers(ctx, "copied")).Should(BeEmpty())
			held(ctx, "a-token")
		})

		It("a Secret is released and recreated if its type changes", func(ctx SpecContext) {
			begin(ctx, 0)
			held(ctx, "a-token")
			before := count(http.MethodPost, "/secrets")
			edit(ctx, a(), func(c *v1alpha1.ClientCredential) {
				c.Spec.Target = &v1alpha1.TokenTarget{Template: &v1alpha1.TokenSecretTemplate{
					Type: "kubernetes.io/basic-auth", Data: map[string]string{"password": "{{ .access_token }}"},
				}}
			})
			Eventually(func(g Gomega) {
				// The Secret does not exist between its deletion and its creation.
				token := secretOfA("token")
				g.Expect(apiServer.Get(ctx, client.ObjectKeyFromObject(token), token)).To(Succeed())
				g.Expect(token.Type).To(Equal(corev1.SecretTypeBasicAuth))
			}).Should(Succeed())
			held(ctx, "a-token")
			Expect(count(http.MethodPost, "/secrets")-before).To(Equal(2), "a dry run, and a creation without a conflict")
			Expect(server.Requests("a")).To(HaveLen(1))
		})

		It("a ClientCredential gets its finalizer back only after minutes if another controller keeps removing it", func(ctx SpecContext) {
			begin(ctx, 0)
			held(ctx, "a-token")
			patches := func() (count int) {
				for _, request := range w.writes() {
					if strings.HasPrefix(request, http.MethodPatch) && strings.HasSuffix(request, "/clientcredentials/a") {
						count++
					}
				}
				return count
			}
			Expect(patches()).To(Equal(1))
			for range 20 {
				edit(ctx, a(), func(c *v1alpha1.ClientCredential) { c.Finalizers = nil })
			}
			Consistently(patches).Should(Equal(1))
			passes(9*time.Minute, func(g Gomega) { g.Expect(w.victim.get(ctx, "a")(g).Finalizers).NotTo(BeEmpty()) })
			Expect(patches()).To(Equal(2))
		})

		It("a Secret gets its finalizer back only after minutes if another controller keeps removing it", func(ctx SpecContext) {
			begin(ctx, 0)
			held(ctx, "a-credentials")
			Expect(count(http.MethodPatch, "/secrets/a-credentials")).To(Equal(1))
			for i := range 20 {
				edit(ctx, secretOfA("credentials"), func(s *corev1.Secret) {
					s.Finalizers, s.Labels["try"] = nil, fmt.Sprint(i)
				})
			}
			Consistently(func() int { return count(http.MethodPatch, "/secrets/a-credentials") }).Should(Equal(1))
			// The operator checks every two minutes.
			passes(9*time.Minute, func(g Gomega) { g.Expect(finalizers(ctx, "a-credentials")(g)).NotTo(BeEmpty()) })
			Expect(count(http.MethodPatch, "/secrets/a-credentials")).To(Equal(2))
		})
	})

	DescribeTable("causes a patch of each Secret and no token request after an upgrade", func(ctx SpecContext, limit int, released ...string) {
		begin(ctx, 0)
		held(ctx, "a-credentials")
		w.operator.Stop()
		for _, suffix := range released {
			edit(ctx, secretOfA(suffix), func(s *corev1.Secret) { s.Finalizers = nil })
		}
		before := len(w.writes())
		w.start()
		held(ctx, "a-token")
		held(ctx, "a-credentials")
		Consistently(func() int { return len(w.writes()[before:]) }).Should(BeNumerically("<=", limit))
		Expect(server.Requests("a")).To(HaveLen(1))
		Expect(server.Requests("b")).To(HaveLen(1))
	},
		// The resourceVersion of the credentials changed, so the token is verified and written once.
		Entry("if no Secret is held", 3, "token", "credentials"),
		Entry("if the credentials are held", 1, "token"),
	)

	It("holds no Secret of a ClientCredential that does not declare it", func(ctx SpecContext) {
		begin(ctx, 0, func(spec *v1alpha1.ClientCredentialSpec) { spec.AuthorizationServer.Revocation.OnDelete = nil })
		for _, secret := range []string{"a-token", "a-credentials"} {
			Consistently(finalizers(ctx, secret)).Should(BeEmpty())
			// Adding and removing a finalizer would be counted as a patch.
			Expect(count(http.MethodPatch, "/secrets/"+secret)).To(BeZero())
		}
	})
})
