package hostile_test

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	testingclock "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/controllers"
	"github.com/tokensync/tokensync/internal/recorder"
	"github.com/tokensync/tokensync/test/matchers"
)

// large returns the paths, such as ".memory.entries: 1000", of the maps, slices and channels reachable
// from value that have more than limit elements. It skips the fields named in except.
func large(value any, limit int, except ...string) (found []string) {
	seen := map[uintptr]bool{}
	var look func(path string, v reflect.Value)
	look = func(path string, v reflect.Value) {
		switch v.Kind() {
		case reflect.Map, reflect.Slice, reflect.Chan:
			if v.Len() > limit {
				found = append(found, fmt.Sprintf("%s: %d", path, v.Len()))
			}
		default:
		}
		switch v.Kind() {
		case reflect.Pointer:
			if !v.IsNil() && !seen[v.Pointer()] {
				seen[v.Pointer()] = true
				look(path, v.Elem())
			}
		case reflect.Interface:
			look(path, v.Elem())
		case reflect.Struct:
			for i := range v.NumField() {
				if name := v.Type().Field(i).Name; !slices.Contains(except, name) {
					look(path+"."+name, v.Field(i))
				}
			}
		case reflect.Map:
			for _, key := range v.MapKeys() {
				look(path+"[]", v.MapIndex(key))
			}
		case reflect.Slice, reflect.Array:
			for i := range v.Len() {
				look(path+"[]", v.Index(i))
			}
		default:
		}
	}
	look("", reflect.ValueOf(value))
	return found
}

var _ = It("ClientCredentials that a tenant creates and deletes leave nothing in memory, and another tenant gets its tokens meanwhile", func(ctx SpecContext) {
	// number is the number of objects of each kind in a wave. It exceeds the 100 servers of a namespace
	// that the metrics name.
	const number = 120
	clock := testingclock.NewFakeClock(time.Now().Truncate(time.Second))
	var reconciler *controllers.Operator
	w := newWorld(ctx, withFakeClock(clock), func(s *settings) {
		s.reconciler = func(r *controllers.Operator) { reconciler = r }
	})
	server := newHostileServer(answers(http.StatusOK, `{"access_token": "token", "expires_in": 3600}`))
	pausing := newHostileServer(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Retry-After", "3600")
		rw.WriteHeader(http.StatusTooManyRequests)
	})
	host := func(of *hostileServer, i int) string {
		return strings.Replace(of.URL, "127.0.0.1", fmt.Sprintf("127.0.1.%d", 1+i), 1)
	}
	honest := newHonestServer("before", "meanwhile", "after")
	w.victim.isServed(ctx, "before", tokenEndpoint(honest))
	makes := func() {
		for i := range number {
			name := func(kind string) string { return fmt.Sprintf("%s-%d", kind, i) }
			w.attacker.requestsToken(ctx, name("served"), host(server, i), func(spec *v1alpha1.ClientCredentialSpec) {
				spec.AuthorizationServer.Revocation = &v1alpha1.Revocation{Endpoint: host(server, i), OnDelete: new(true)}
			})
			w.attacker.requestsToken(ctx, name("paused"), host(pausing, i), withClientID(name("paused")))
			w.attacker.requestsToken(ctx, name("limited"), server.URL, limitedTo(2, time.Duration(1+i)*time.Minute))
			create(ctx, w.attacker.clientCredential(name("lacking"), server.URL))
		}
	}
	makes()
	w.victim.isServed(ctx, "meanwhile", tokenEndpoint(honest))
	w.attacker.allReport(ctx, 4*number, matchers.HaveConditionType("Ready"))
	isGone := func() {
		GinkgoHelper()
		Eventually(func(g Gomega) {
			clock.Step(time.Minute)
			list, secrets := &v1alpha1.ClientCredentialList{}, &corev1.SecretList{}
			g.Expect(apiServer.List(ctx, list, client.InNamespace(w.attacker.namespace))).To(Succeed())
			g.Expect(list.Items).To(BeEmpty())
			g.Expect(apiServer.List(ctx, secrets, client.InNamespace(w.attacker.namespace))).To(Succeed())
			g.Expect(secrets.Items).To(BeEmpty())
		}).Should(Succeed())
	}
	for _, kind := range []client.Object{&v1alpha1.ClientCredential{}, &corev1.Secret{}} {
		Expect(apiServer.DeleteAllOf(ctx, kind, client.InNamespace(w.attacker.namespace))).To(Succeed())
	}
	isGone()
	makes()
	endNamespace(ctx, w.attacker.namespace, &corev1.Secret{}, &v1alpha1.ClientCredential{})
	isGone()
	By("waiting until the operator has also forgotten the last requests")
	clock.Step(4 * time.Hour)
	w.victim.isServed(ctx, "after", tokenEndpoint(honest))
	Eventually(func() bool { isIdle, _, _ := w.operator.State(); return isIdle }).Should(BeTrue())
	w.operator.Stop()
	Expect(reconciler.Recorder).To(BeAssignableToTypeOf(&recorder.Recorder{}), "the recorder bounds the events")
	Expect(large(reconciler, number-10, bounded...)).To(BeEmpty())
})

// bounded names the fields of an Operator, and of the values reachable from it, that belong to other
// libraries or to a bounded cache.
var bounded = []string{
	"Client", "APIReader", "Recorder", "Clock", "Tracer", "client", "cache", "live", "recorder", "clock", "tracer", "objects", "options", "transports", "lru",
}
