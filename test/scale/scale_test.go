// Package scale_test measures the operator with many ClientCredentials. The operator runs as a separate
// process and uses a real API server. docs/scaling.md has the results.
package scale_test

import (
	"context"
	"flag"
	"testing"
	"time"
)

var (
	program           = flag.String("manager", "../../bin/manager", "the `program` to measure")
	clientCredentials = flag.Int("clientcredentials", 1000, "the `number` of ClientCredentials")
	otherSecrets      = flag.Int("other-secrets", 2000, "the `number` of unrelated Secrets, of 10 kB each")
)

// settle is the time for which a restarted operator is watched. It is long enough to reconcile every
// object.
const settle = 20 * time.Second

// BenchmarkStart measures the first start, when every token is missing. It compares the start with a
// loop that does only the necessary work for each token: a token request, a write of the Secret and a
// write of the status. Then it measures a restart, when every token is valid.
func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		ctx, cancel := context.WithCancel(b.Context())
		c := startCluster(b)
		server := startTokenEndpoint(b)
		c.addOtherSecrets(ctx, b, *otherSecrets)

		bare := c.bareLoop(ctx, b, server.url, *clientCredentials)
		c.addClientCredentials(ctx, b, server.url, *clientCredentials)
		ready := c.watchReady(ctx, b)
		server.requests.Store(0)

		begin := time.Now()
		operator := startOperator(ctx, b, *program, c.kubeconfig)
		ready.await(ctx, b, *clientCredentials)
		first := time.Since(begin)
		b.ReportMetric(first.Seconds(), "s/first-start")
		b.ReportMetric(first.Seconds()/bare.Seconds(), "x-bare-loop")
		b.ReportMetric(operator.peakMemory(b), "MiB/first-start")
		operator.kill(b)

		asked, written := server.requests.Load(), c.resourceVersions(ctx, b)
		begin = time.Now()
		operator = startOperator(ctx, b, *program, c.kubeconfig)
		operator.awaitReady(ctx, b)
		b.ReportMetric(time.Since(begin).Seconds(), "s/restart")
		<-time.After(settle)
		b.ReportMetric(operator.peakMemory(b), "MiB/restart")
		b.ReportMetric(float64(server.requests.Load()-asked), "token-requests/restart")
		b.ReportMetric(float64(changed(written, c.resourceVersions(ctx, b))), "writes/restart")
		operator.kill(b)
		b.ReportMetric(bare.Seconds(), "s/bare-loop")
		cancel()
	}
}

// changed returns the number of objects whose version differs.
func changed(before, after map[string]string) int {
	count := 0
	for name, version := range after {
		if before[name] != version {
			count++
		}
	}
	return count
}
