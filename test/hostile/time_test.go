package hostile_test

import (
	"fmt"
	"io"
	"net"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	testingclock "k8s.io/utils/clock/testing"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/matchers"
)

// writes answers with a text and leaves the connection open.
func writes(text string) func(net.Conn) {
	return func(connection net.Conn) { _, _ = io.WriteString(connection, text) }
}

// trickles answers with a text, and then writes another text again and again.
func trickles(begin, more string) func(net.Conn) {
	return func(connection net.Conn) {
		_, err := io.WriteString(connection, begin)
		ticker := time.NewTicker(10 * time.Millisecond)
		defer ticker.Stop()
		for err == nil {
			<-ticker.C
			_, err = io.WriteString(connection, more)
		}
	}
}

const switchingProtocols = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"

var _ = Describe("A slow server", func() {
	It("does not delay other tenants if it never answers", func(ctx SpecContext) {
		w := newWorld(ctx)
		server := newHostileServer(hangs)
		for i := range 40 {
			w.attacker.requestsToken(ctx, fmt.Sprintf("slow-%d", i), server.URL)
		}
		Eventually(server.requests.Load).Should(BeNumerically(">=", 16))
		w.victim.isServed(ctx, "shop", tokenEndpoint(newHonestServer("shop")))
		w.attacker.reports(ctx, "slow-0", matchers.HaveCondition("Ready", "False", "Timeout"))
	})

	It("occupies no worker if it answers a token request with 101 Switching Protocols", func(ctx SpecContext) {
		w := newWorld(ctx)
		for i := range 4 {
			w.attacker.requestsToken(ctx, fmt.Sprintf("switched-%d", i), newRawServer(writes(switchingProtocols)).URL)
		}
		for i := range 4 {
			w.attacker.reports(ctx, fmt.Sprintf("switched-%d", i), matchers.HaveCondition("Ready", "False", "InvalidResponse"))
		}
	})

	It("occupies no worker if it answers a metadata request with 101 Switching Protocols", func(ctx SpecContext) {
		w := newWorld(ctx)
		w.attacker.requestsToken(ctx, "discovered", "", func(spec *v1alpha1.ClientCredentialSpec) {
			spec.AuthorizationServer.Issuer = newRawServer(writes(switchingProtocols)).URL
		})
		w.attacker.reports(ctx, "discovered", matchers.HaveCondition("Ready", "False", "InvalidResponse"))
	})

	It("occupies no worker and blocks no deletion if it answers a revocation with 101 Switching Protocols", func(ctx SpecContext) {
		w := newWorld(ctx, withFakeClock(testingclock.NewFakeClock(time.Now())))
		revocation := newRawServer(writes(switchingProtocols))
		w.attacker.requestsToken(ctx, "revoked", tokenEndpoint(newHonestServer("revoked")), func(spec *v1alpha1.ClientCredentialSpec) {
			spec.AuthorizationServer.Revocation = &v1alpha1.Revocation{Endpoint: revocation.URL, OnDelete: new(true)}
		})
		w.attacker.reports(ctx, "revoked", matchers.HaveCondition("Ready", "True", "TokenIssued"))
		Expect(apiServer.Delete(ctx, w.attacker.get(ctx, "revoked")(Default))).To(Succeed())
		w.passes(time.Minute+5*time.Second, func(g Gomega) {
			g.Expect(apierrors.IsNotFound(apiServer.Get(ctx, w.attacker.key("revoked"), &v1alpha1.ClientCredential{}))).To(BeTrue())
		})
		Expect(revocation.requests.Load()).To(BeNumerically(">=", 2), "the revocation is retried")
		Expect(w.countEvents("RevocationFailed")).To(Equal(1))
	})

	It("gets a request only until its timeout, however it delays the response", func(ctx SpecContext) {
		w := newWorld(ctx)
		answers := map[string]func(net.Conn){
			"headers":   trickles("HTTP/1.1 200 OK\r\nX-Slow: ", "x"),
			"body":      trickles("HTTP/1.1 200 OK\r\n\r\n", "x"),
			"chunks":    trickles("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n"),
			"trailers":  writes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: A\r\n\r\n0\r\nA: "),
			"interim":   trickles("", "HTTP/1.1 103 Early Hints\r\n\r\n"),
			"nothing":   writes("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"),
			"failure":   trickles("HTTP/1.1 503 Service Unavailable\r\n\r\n", "x"),
			"no-gzip":   writes("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"),
			"keepalive": writes("HTTP/1.1 200 OK\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"),
		}
		for name, answer := range answers {
			w.attacker.requestsToken(ctx, name, newRawServer(answer).URL)
		}
		for name := range answers {
			w.attacker.reports(ctx, name, matchers.HaveCondition("Ready", "False", "Timeout"))
		}
	})
})
