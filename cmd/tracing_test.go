package main

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// receiver is a trace collector that records all requests.
type receiver struct {
	*httptest.Server
	mutex    sync.Mutex
	requests []*collector.ExportTraceServiceRequest
}

func newReceiver() *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, request *http.Request) {
		defer GinkgoRecover()
		Expect(request.Method + " " + request.URL.Path).To(Equal("POST /v1/traces"))
		body := io.Reader(request.Body)
		if request.Header.Get("Content-Encoding") == "gzip" {
			var err error
			body, err = gzip.NewReader(body)
			Expect(err).NotTo(HaveOccurred())
		}
		raw, err := io.ReadAll(body)
		Expect(err).NotTo(HaveOccurred())
		received := &collector.ExportTraceServiceRequest{}
		Expect(proto.Unmarshal(raw, received)).To(Succeed())
		r.mutex.Lock()
		defer r.mutex.Unlock()
		r.requests = append(r.requests, received)
		rw.Header().Set("Content-Type", "application/x-protobuf")
	}))
	DeferCleanup(r.Close)
	return r
}

// received returns the names of all spans, and the text of all requests.
func (r *receiver) received() (names []string, text string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for _, request := range r.requests {
		text += request.String()
		for _, resource := range request.GetResourceSpans() {
			for _, scope := range resource.GetScopeSpans() {
				for _, span := range scope.GetSpans() {
					names = append(names, span.GetName())
				}
			}
		}
	}
	return names, text
}

var _ = Describe("The traces of the manager", func() {
	It("are sent to the collector, including the last spans, and never to an authorization server", func(ctx SpecContext) {
		traces, server := newReceiver(), newServer()
		awaitTokens := createShops(ctx, server, "shop")
		session, _ := startReady("--tracing-endpoint", traces.URL+"/")
		awaitTokens()
		Eventually(session.Terminate()).WithTimeout(10 * time.Second).Should(gexec.Exit(0))
		names, text := traces.received()
		Expect(names).To(ConsistOf("reconcile", "observe", "act", "token request", "write Secret", "report"))
		Expect(text).To(And(
			MatchRegexp(`"service.name"\s+value:\s*\{string_value:\s*"tokensync"`),
			MatchRegexp(`"server.address"\s+value:\s*\{string_value:\s*"127.0.0.1"`),
			Not(ContainSubstring("s3cr3t")), Not(ContainSubstring("oauth2/token")),
		))
		Expect(server.Requests("shop")).To(HaveLen(1))
		Expect(server.Requests("shop")[0].Header).NotTo(HaveKey("Traceparent"))
	})

	It("do not quote the collector's headers if they cannot be parsed", func() {
		GinkgoT().Setenv("OTEL_EXPORTER_OTLP_HEADERS", "the-token-of-the-collector")
		session, _ := startReady("--tracing-endpoint", newReceiver().URL)
		said := string(session.Out.Contents()) + string(session.Err.Contents())
		Expect(said).To(And(ContainSubstring("parse headers"), Not(ContainSubstring("the-token-of-the-collector"))))
	})

	It("follow the sampling ratio", func(ctx SpecContext) {
		traces := newReceiver()
		awaitTokens := createShops(ctx, newServer(), "shop")
		session, _ := startReady("--tracing-endpoint", traces.URL, "--tracing-sampling-ratio=0")
		awaitTokens()
		Eventually(session.Terminate()).WithTimeout(10 * time.Second).Should(gexec.Exit(0))
		names, _ := traces.received()
		Expect(names).To(BeEmpty())
	})

	It("do not delay the exit if the collector does not answer", func(ctx SpecContext) {
		asked, release := make(chan struct{}, 100), make(chan struct{})
		silent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked <- struct{}{}; <-release }))
		DeferCleanup(func() { close(release); silent.Close() })
		awaitTokens := createShops(ctx, newServer(), "shop")
		session, _ := startReady("--tracing-endpoint", silent.URL)
		awaitTokens()
		Eventually(session.Terminate()).WithTimeout(10 * time.Second).Should(gexec.Exit(0))
		Expect(asked).NotTo(BeEmpty())
	})
})
