package throttle_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tokensync/tokensync/internal/throttle"
)

// BenchmarkTake measures Reserve while 10,000 requests wait. Each call has another expiry, so the request
// moves within the line.
func BenchmarkTake(b *testing.B) {
	const size = 10_000
	l, at := throttle.NewLimiter(), now
	ids := make([]string, size)
	for i := range ids {
		ids[i] = fmt.Sprint(i)
	}
	for i := 0; b.Loop(); i++ {
		at = at.Add(time.Millisecond)
		l.Reserve(server, perMinute(30), throttle.Waiter{ID: ids[i%size], ExpiresAt: now.Add(time.Duration(i*7919%9973) * time.Second)}, at)
	}
}

// BenchmarkTakeTenants measures Reserve while 10,000 requests of a hundred tenants wait.
func BenchmarkTakeTenants(b *testing.B) {
	const size = 10_000
	l, at := throttle.NewLimiter(), now
	ids := make([]string, size)
	for i := range ids {
		ids[i] = fmt.Sprintf("%d/%d", i%100, i)
	}
	for i := 0; b.Loop(); i++ {
		at = at.Add(time.Millisecond)
		l.Reserve(server, perMinute(1000), token{ids[i%size], i * 7919 % 9973}.waiter(), at)
	}
}

// BenchmarkDue calls Due every second while 10,000 requests wait.
func BenchmarkDue(b *testing.B) {
	l, at := throttle.NewLimiter(), now
	for i := 0; b.Loop(); i++ {
		if i%1000 == 0 {
			b.StopTimer()
			l, at = throttle.NewLimiter(), now
			for i := range 10_000 {
				l.Reserve(server, perMinute(1), throttle.Waiter{ID: fmt.Sprint(i), ExpiresAt: now.Add(time.Hour)}, at)
			}
			b.StartTimer()
		}
		at = at.Add(time.Second)
		l.Due(at)
	}
}

// BenchmarkReleaseBesideWaitingHosts measures Reserve and Release of a tenant while another tenant waits for
// 16,000 hosts. It reports the ratio to the same calls without another tenant.
func BenchmarkReleaseBesideWaitingHosts(b *testing.B) {
	measure := func(hosts int) time.Duration {
		p := throttle.NewInFlight(32, 224)
		for i := range hosts {
			p.Reserve(fmt.Sprint("host-", i), throttle.Waiter{ID: fmt.Sprint(i), Tenant: "other"}, now)
		}
		p.Due(now)
		start := time.Now()
		for range b.N {
			p.Reserve("idp", throttle.Waiter{ID: "shop", Tenant: "shop"}, now)
			p.Release("shop", now)
		}
		return time.Since(start)
	}
	alone := measure(0)
	b.ResetTimer()
	b.ReportMetric(float64(measure(16_000))/float64(alone), "x/alone")
}
