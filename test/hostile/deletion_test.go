package hostile_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/authserver"
	"github.com/tokensync/tokensync/test/matchers"
)

// revokedOnDelete declares that the token is revoked when the ClientCredential is deleted.
func revokedOnDelete(server *authserver.Server) func(*v1alpha1.ClientCredentialSpec) {
	return func(spec *v1alpha1.ClientCredentialSpec) {
		spec.AuthorizationServer.Revocation = &v1alpha1.Revocation{
			Endpoint: server.URL + authserver.RevocationPath, OnDelete: ptr.To(true),
		}
	}
}

// revocations returns the number of revocation requests for each token.
func revocations(server *authserver.Server) map[string]int {
	counts := map[string]int{}
	for _, request := range server.RequestsTo(authserver.RevocationPath) {
		counts[request.Parameters["token"]]++
	}
	return counts
}

// countEvents returns the number of events with the given reason.
func (w *world) countEvents(reason string) (count int) {
	for _, event := range w.eventsSoFar() {
		if strings.Fields(event)[1] == reason {
			count++
		}
	}
	return count
}

// endsIn is the maximum time that a deletion takes in the specs below. The operator needs less than a
// second, but a loaded machine needs more.
const endsIn = 30 * time.Second

var _ = Describe("A hundred deletions with revocation.onDelete", func() {
	const number = 100
	var (
		w      *world
		server *authserver.Server
		names  []string
		tokens []string
	)

	BeforeEach(func(ctx SpecContext) {
		w, names, tokens = newWorld(ctx), nil, nil
		for i := range number {
			names = append(names, fmt.Sprintf("shop-%02d", i))
		}
		server = newHonestServer(names...)
		create(ctx, &v1alpha1.AuthorizationServer{ObjectMeta: w.victim.metadata("idp"), Spec: v1alpha1.AuthorizationServerSpec{
			TokenEndpoint: tokenEndpoint(server),
			Revocation:    &v1alpha1.Revocation{Endpoint: server.URL + authserver.RevocationPath, OnDelete: ptr.To(true)},
		}})
		for _, name := range names {
			w.victim.requestsToken(ctx, name, "", func(spec *v1alpha1.ClientCredentialSpec) {
				spec.AuthorizationServer = nil
				spec.AuthorizationServerRef = &v1alpha1.AuthorizationServerReference{Name: "idp"}
			})
		}
		for _, name := range names {
			w.victim.reports(ctx, name, matchers.HaveCondition("Ready", "True", "TokenIssued"))
			tokens = append(tokens, string(w.victim.secret(ctx, name+"-token").Data[v1alpha1.AccessTokenKey]))
		}
		collectGarbage(ctx, w.victim.namespace)
	})

	deleteNow := func(ctx context.Context, object client.Object, options ...client.DeleteOption) {
		GinkgoHelper()
		Expect(apiServer.Delete(ctx, object, options...)).To(Succeed())
	}
	clientCredential := func(name string) client.Object {
		return &v1alpha1.ClientCredential{ObjectMeta: w.victim.metadata(name)}
	}
	credentials := func(name string) client.Object {
		return &corev1.Secret{ObjectMeta: w.victim.metadata(name + "-credentials")}
	}

	DescribeTable("revoke each token once and report it once",
		func(ctx SpecContext, alsoGone []string, deleteAll func(context.Context)) {
			deleteAll(ctx)
			Eventually(func(g Gomega) {
				left := &v1alpha1.ClientCredentialList{}
				g.Expect(apiServer.List(ctx, left, client.InNamespace(w.victim.namespace))).To(Succeed())
				g.Expect(left.Items).To(BeEmpty())
				for _, suffix := range append(alsoGone, "-token") {
					secrets := &corev1.SecretList{}
					g.Expect(apiServer.List(ctx, secrets, client.InNamespace(w.victim.namespace))).To(Succeed())
					for _, secret := range secrets.Items {
						g.Expect(secret.Name).NotTo(HaveSuffix(suffix))
					}
				}
			}).WithTimeout(endsIn).Should(Succeed())

			counts := revocations(server)
			once, active := 0, 0
			for _, token := range tokens {
				if counts[token] == 1 {
					once++
				}
				if server.IsActive(token) {
					active++
				}
			}
			AddReportEntry("tokens revoked once, tokens still active, TokenRevoked events, RevocationFailed events",
				fmt.Sprint(once, active, w.countEvents("TokenRevoked"), w.countEvents("RevocationFailed")))
			Consistently(func() []int { return []int{w.countEvents("TokenRevoked"), w.countEvents("RevocationFailed")} }).Should(Equal([]int{number, 0}))
			Expect(active).To(BeZero())
			Expect(once).To(Equal(number))
			Expect(server.RequestsTo(authserver.RevocationPath)).To(HaveLen(number))
			Expect(server.RequestsTo(authserver.RFC6749Path)).To(HaveLen(number))
		},
		Entry("in the background", nil, func(ctx context.Context) {
			for _, name := range names {
				deleteNow(ctx, clientCredential(name), client.PropagationPolicy(metav1.DeletePropagationBackground))
			}
		}),
		Entry("in the foreground", nil, func(ctx context.Context) {
			for _, name := range names {
				deleteNow(ctx, clientCredential(name), client.PropagationPolicy(metav1.DeletePropagationForeground))
			}
		}),
		Entry("with the namespace, ClientCredentials first", []string{"-credentials"}, func(ctx context.Context) {
			endNamespace(ctx, w.victim.namespace, &v1alpha1.ClientCredential{}, &v1alpha1.AuthorizationServer{}, &corev1.Secret{})
		}),
		Entry("with the namespace, Secrets first", []string{"-credentials"}, func(ctx context.Context) {
			endNamespace(ctx, w.victim.namespace, &corev1.Secret{}, &v1alpha1.AuthorizationServer{}, &v1alpha1.ClientCredential{})
		}),
		Entry("together with the credentials Secrets and the AuthorizationServer, as Flux does", []string{"-credentials"}, func(ctx context.Context) {
			for _, name := range names {
				deleteNow(ctx, clientCredential(name), client.PropagationPolicy(metav1.DeletePropagationBackground))
			}
			deleteNow(ctx, &v1alpha1.AuthorizationServer{ObjectMeta: w.victim.metadata("idp")})
			for _, name := range names {
				deleteNow(ctx, credentials(name), client.PropagationPolicy(metav1.DeletePropagationBackground))
			}
		}),
		Entry("together with the credentials Secrets and the AuthorizationServer, concurrently in the foreground, as Argo CD does", []string{"-credentials"}, func(ctx context.Context) {
			all := []client.Object{&v1alpha1.AuthorizationServer{ObjectMeta: w.victim.metadata("idp")}}
			for _, name := range names {
				all = append(all, clientCredential(name), credentials(name))
			}
			rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			var deletions sync.WaitGroup
			for _, object := range all {
				deletions.Go(func() {
					defer GinkgoRecover()
					deleteNow(ctx, object, client.PropagationPolicy(metav1.DeletePropagationForeground))
				})
			}
			deletions.Wait()
		}),
		Entry("after the credentials Secrets are deleted, as Helm does", []string{"-credentials"}, func(ctx context.Context) {
			for _, name := range names {
				deleteNow(ctx, credentials(name), client.PropagationPolicy(metav1.DeletePropagationBackground))
			}
			for _, name := range names {
				deleteNow(ctx, clientCredential(name), client.PropagationPolicy(metav1.DeletePropagationBackground))
			}
		}),
	)
})
