package hostile_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/matchers"
)

// lateWrite is a request of an operator that is delayed on its way to the API server.
type lateWrite struct {
	mutex   sync.Mutex
	request *http.Request
	body    []byte
}

// delay holds back the first write of a status, and makes the operator believe that it failed.
func (l *lateWrite) delay(name string) func(*http.Request) *http.Response {
	return func(request *http.Request) *http.Response {
		if request.Method != http.MethodPatch || !strings.HasSuffix(request.URL.Path, "/"+name+"/status") {
			return nil
		}
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return nil
		}
		l.mutex.Lock()
		defer l.mutex.Unlock()
		if l.request == nil {
			l.request, l.body = request, body
		}
		return answered(request, http.StatusServiceUnavailable, `{"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 503}`)
	}
}

func (l *lateWrite) isDelayed() bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.request != nil
}

// arrive sends the write, and returns the status code.
func (l *lateWrite) arrive(ctx SpecContext) int {
	GinkgoHelper()
	sender, err := rest.HTTPClientFor(restConfig)
	Expect(err).NotTo(HaveOccurred())
	request := l.request.Clone(ctx)
	request.Body, request.ContentLength, request.RequestURI = io.NopCloser(bytes.NewReader(l.body)), int64(len(l.body)), ""
	response, err := sender.Do(request)
	Expect(err).NotTo(HaveOccurred())
	Expect(response.Body.Close()).To(Succeed())
	return response.StatusCode
}

var _ = Describe("A late status write of a former leader", func() {
	It("does not replace a newer status of a ClientCredential", func(ctx SpecContext) {
		w := newWorld(ctx)
		w.victim.isServed(ctx, "shop", tokenEndpoint(newHonestServer("shop")))
		renew := func(value string) {
			edit(ctx, w.victim.clientCredential("shop", ""), func(c *v1alpha1.ClientCredential) {
				metav1.SetMetaDataAnnotation(&c.ObjectMeta, v1alpha1.RenewRequestedAtAnnotation, value)
			})
		}
		status := func(g Gomega) v1alpha1.ClientCredentialStatus { return w.victim.get(ctx, "shop")(g).Status }
		late := &lateWrite{}
		w.interceptWith(late.delay("shop"))
		renew("first")
		Eventually(late.isDelayed).Should(BeTrue())

		w.interceptWith(nil)
		w.restart()
		renew("second")
		Eventually(func(g Gomega) { g.Expect(status(g).LastHandledRenewRequest).To(Equal("second")) }).Should(Succeed())
		newer := status(Default)
		Expect(late.arrive(ctx)).To(Equal(http.StatusConflict))
		Expect(status(Default)).To(Equal(newer))
	})

	It("does not replace a newer status of an AuthorizationServer", func(ctx SpecContext) {
		w := newWorld(ctx)
		server := &v1alpha1.AuthorizationServer{ObjectMeta: w.victim.metadata("idp"), Spec: v1alpha1.AuthorizationServerSpec{TokenEndpoint: "https://idp.example.com/1"}}
		create(ctx, server.DeepCopy())
		observed := func(generation int) {
			GinkgoHelper()
			Eventually(func(g Gomega) {
				found := &v1alpha1.AuthorizationServer{}
				g.Expect(apiServer.Get(ctx, client.ObjectKeyFromObject(server), found)).To(Succeed())
				g.Expect(found.Status.ObservedGeneration).To(HaveValue(BeEquivalentTo(generation)))
			}).Should(Succeed())
		}
		move := func(endpoint string) {
			edit(ctx, server.DeepCopy(), func(s *v1alpha1.AuthorizationServer) { s.Spec.TokenEndpoint = endpoint })
		}
		observed(1)
		late := &lateWrite{}
		w.interceptWith(late.delay("idp"))
		move("https://idp.example.com/2")
		Eventually(late.isDelayed).Should(BeTrue())

		w.interceptWith(nil)
		w.restart()
		move("https://idp.example.com/3")
		observed(3)
		Expect(late.arrive(ctx)).To(Equal(http.StatusConflict))
		observed(3)
	})
})

var _ = Describe("A status write during another edit", func() {
	var w *world
	BeforeEach(func(ctx SpecContext) { w = newWorld(ctx) })

	// meanwhile calls do before each of the first status writes reaches the API server.
	meanwhile := func(times int32, do func()) {
		var writes atomic.Int32
		w.interceptWith(func(request *http.Request) *http.Response {
			if request.Method == http.MethodPatch && strings.HasSuffix(request.URL.Path, "/shop/status") && writes.Add(1) <= times {
				do()
			}
			return nil
		})
	}

	It("succeeds although a user edits labels", func(ctx SpecContext) {
		server := newHonestServer("shop")
		meanwhile(2, func() {
			edit(ctx, w.victim.clientCredential("shop", ""), func(c *v1alpha1.ClientCredential) {
				metav1.SetMetaDataLabel(&c.ObjectMeta, "edited", c.ResourceVersion)
			})
		})
		credentials := w.victim.credentials("shop-credentials", map[string]string{"client_id": "shop", "client_secret": secretOf("shop")})
		create(ctx, credentials)
		// If the credentials were not in the cache yet, the operator would first write a status that says
		// so.
		Eventually(func(g Gomega) {
			cached := &metav1.PartialObjectMetadata{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"}}
			g.Expect(w.operator.Cache().Get(ctx, client.ObjectKeyFromObject(credentials), cached)).To(Succeed())
		}).Should(Succeed())
		create(ctx, w.victim.clientCredential("shop", tokenEndpoint(server)))
		w.victim.reports(ctx, "shop", matchers.HaveCondition("Ready", "True", "TokenIssued"))
		Expect(server.Requests("shop")).To(HaveLen(1))
		Expect(string(w.logs.Contents())).NotTo(Or(ContainSubstring("Cannot write the status"), ContainSubstring("Another writer")))
		Expect(w.writes()).To(HaveLen(4), "the Secret, and three attempts to write the status")
	})

	It("is computed again if another writer changed the status, and no token is lost", func(ctx SpecContext) {
		server := newHonestServer("shop")
		meanwhile(1, func() {
			edited := w.victim.get(ctx, "shop")(Default)
			edited.Status.Conditions = []metav1.Condition{{
				Type: "Stalled", Status: "True", Reason: "Restored", LastTransitionTime: metav1.Now(),
			}}
			Expect(apiServer.Status().Update(ctx, edited)).To(Succeed())
		})
		w.victim.isServed(ctx, "shop", tokenEndpoint(server))
		w.victim.reports(ctx, "shop", Not(matchers.HaveConditionType("Stalled")))
		Expect(string(w.logs.Contents())).To(ContainSubstring("Another writer changed the status"))
		Expect(server.Requests("shop")).To(HaveLen(1))
	})

	DescribeTable("keeps the backoff despite another writer", func(ctx SpecContext, status int, reason string) {
		server := newHostileServer(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(status) })
		meanwhile(1, func() {
			edited := w.victim.get(ctx, "shop")(Default)
			edited.Status.LastHandledRenewRequest = "restored"
			Expect(apiServer.Status().Update(ctx, edited)).To(Succeed())
		})
		w.victim.requestsToken(ctx, "shop", server.URL)
		w.victim.reports(ctx, "shop", matchers.HaveCondition("Reconciling", "True", reason))
		Expect(server.requests.Load()).To(BeEquivalentTo(1))
	},
		Entry("after a refusal", http.StatusUnauthorized, "InvalidClient"),
		// Only the status records such a failure.
		Entry("after an outage", http.StatusBadGateway, "ServerError"),
	)
})
