package controllers_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	corev1 "k8s.io/api/core/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/matchers"
)

var _ = Describe("Traces", func() {
	var (
		w       *world
		spans   *tracetest.InMemoryExporter
		headers sync.Map
	)

	BeforeEach(func(ctx SpecContext) {
		w, spans = newWorld(ctx), tracetest.NewInMemoryExporter()
		w.tracer = sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans)).Tracer("test")
		w.restart()
		create(ctx, w.shopCredentials())
	})

	// tree returns the paths of all spans, each from its root span: reconcile/act.
	tree := func() (paths []string) {
		all := spans.GetSpans()
		var within func(tracetest.SpanStub) string
		within = func(span tracetest.SpanStub) string {
			if !span.Parent.IsValid() {
				return span.Name
			}
			for _, other := range all {
				if other.SpanContext.SpanID() == span.Parent.SpanID() {
					return within(other) + "/" + span.Name
				}
			}
			return "?/" + span.Name
		}
		for _, span := range all {
			paths = append(paths, within(span))
		}
		slices.Sort(paths)
		return paths
	}
	find := func(name string) tracetest.SpanStub {
		GinkgoHelper()
		for _, span := range spans.GetSpans() {
			if span.Name == name {
				return span
			}
		}
		Fail("there is no span " + name)
		return tracetest.SpanStub{}
	}
	attributes := func(span tracetest.SpanStub) map[string]string {
		all := map[string]string{}
		for _, attribute := range span.Attributes {
			all[string(attribute.Key)] = attribute.Value.String()
		}
		return all
	}
	renewal := []string{
		"reconcile", "reconcile/act", "reconcile/act/token request", "reconcile/act/write Secret", "reconcile/observe", "reconcile/report",
	}

	It("cover a token request from observe to report, and are empty while nothing is due", func(ctx SpecContext) {
		create(ctx, w.clientCredential("shop"))
		w.eventuallyReady(ctx, "shop")
		Eventually(tree).Should(Equal(renewal))
		Expect(attributes(find("reconcile"))).To(Equal(map[string]string{
			"k8s.namespace.name": w.namespace, "tokensync.clientcredential.name": "shop"}))
		Expect(attributes(find("act"))).To(HaveKeyWithValue("tokensync.why", Not(BeEmpty())))
		request := find("token request")
		Expect(request.SpanKind).To(Equal(trace.SpanKindClient))
		Expect(attributes(request)).To(Equal(map[string]string{
			"server.address": "127.0.0.1", "http.response.status_code": "200", "tokensync.result": "success"}))
		for _, span := range spans.GetSpans() {
			Expect(span.Status.Code).To(Equal(codes.Unset), span.Name)
			Expect(span.StartTime).To(BeTemporally("<=", span.EndTime), span.Name)
		}

		By("reconciling without a relevant change, and restarting")
		spans.Reset()
		edit(ctx, w.secret(ctx, "shop-token"), func(s *corev1.Secret) { s.Annotations["note"] = "hello" })
		w.restart()
		Consistently(tree).Should(BeEmpty())
	})

	It("show the repair of a Secret while its renewal fails", func(ctx SpecContext) {
		create(ctx, w.clientCredential("shop"))
		first := w.eventuallyReady(ctx, "shop")
		w.server.Respond("shop", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusBadGateway) })
		w.renew(ctx, "shop")
		w.eventuallySays(ctx, "shop", matchers.HaveCondition("RenewalFailing", "True", "ServerError"))
		spans.Reset()
		edit(ctx, first.DeepCopy(), func(s *corev1.Secret) { s.Labels = nil })
		Eventually(tree).Should(ContainElements("reconcile", "reconcile/repair", "reconcile/repair/write Secret"))
	})

	It("show a failure with the message of the status, and are empty until the retry", func(ctx SpecContext) {
		w.server.Respond("shop", func(rw http.ResponseWriter, r *http.Request) {
			headers.Store("sent", r.Header.Clone())
			rw.WriteHeader(http.StatusUnauthorized)
			_, _ = fmt.Fprint(rw, `{"error": "invalid_client", "error_description": "s3cr3t-of-the-shop is wrong"}`)
		})
		create(ctx, w.clientCredential("shop"))
		w.eventuallySays(ctx, "shop", matchers.HaveCondition("Reconciling", "True", "InvalidClient"))
		Eventually(tree).Should(Equal(slices.DeleteFunc(slices.Clone(renewal), func(path string) bool { return strings.HasSuffix(path, "write Secret") })))
		Expect(attributes(find("token request"))).To(Equal(map[string]string{
			"server.address": "127.0.0.1", "http.response.status_code": "401", "tokensync.result": "InvalidClient", "error.type": "InvalidClient"}))
		failure := w.get(ctx, "shop")(Default).Status.Failure
		for _, name := range []string{"reconcile", "act", "token request"} {
			span := find(name)
			Expect(span.Status).To(Equal(sdktrace.Status{Code: codes.Error, Description: failure.Message}))
			Expect(span.Events).To(BeEmpty())
		}
		Expect(fmt.Sprint(spans.GetSpans())).NotTo(ContainSubstring("s3cr3t"))

		By("sending no trace header to the server")
		sent, _ := headers.Load("sent")
		for _, name := range []string{"Traceparent", "Tracestate", "Baggage", "B3", "Uber-Trace-Id", "X-B3-Traceid"} {
			Expect(sent).NotTo(HaveKey(name))
		}

		By("waiting for the next attempt")
		spans.Reset()
		w.step(45 * time.Second)
		Consistently(tree).Should(BeEmpty())
	})

	It("show that a Secret cannot be written", func(ctx SpecContext) {
		w.traffic.failWhen(func(r *http.Request) bool {
			return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/secrets")
		})
		create(ctx, w.clientCredential("shop"))
		w.eventuallySays(ctx, "shop", matchers.HaveCondition("Ready", "False", "SecretWriteFailed"))
		Eventually(tree).Should(Equal(renewal))
		Expect(attributes(find("write Secret"))).To(Equal(map[string]string{"error.type": v1alpha1.ReasonSecretWriteFailed}))
		Expect(find("token request").Status.Code).To(Equal(codes.Unset))
	})

	It("do not quote the API server's answer to a status write", func(ctx SpecContext) {
		w.traffic.respondWhen(func(r *http.Request) *http.Response {
			if r.Method == http.MethodPatch && strings.HasSuffix(r.URL.Path, "/status") {
				return answered(r, http.StatusForbidden, `{"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "anything", "code": 403}`)
			}
			return nil
		})
		create(ctx, w.clientCredential("shop"))
		Eventually(tree).Should(ContainElement("reconcile/report"))
		report := find("report")
		Expect(attributes(report)).To(Equal(map[string]string{"error.type": "_OTHER"}))
		Expect(report.Status).To(Equal(sdktrace.Status{Code: codes.Error}))
	})

	It("show only status changes of a ClientCredential that waits for a busy host", func(ctx SpecContext) {
		create(ctx, w.clientCredential("shop"))
		w.eventuallyReady(ctx, "shop")
		Eventually(tree).Should(Equal(renewal))
		spans.Reset()
		w.makeBusy()
		w.renew(ctx, "shop")
		Consistently(tree).Should(BeEmpty())
		w.within(2*time.Hour, func(g Gomega) {
			g.Expect(w.get(ctx, "shop")(g).Status.Conditions).To(matchers.HaveCondition("Ready", "False", "TokenEndpointBusy"))
		})
		Eventually(tree).Should(Equal([]string{"reconcile", "reconcile/observe", "reconcile/report"}))
	})
})
