package renewal

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

const (
	// MinInterval is the minimum time between two planned renewals, even for short-lived tokens.
	MinInterval = 10 * time.Second

	// KubeletDelay is the time that the kubelet may need to update a Secret in a running Pod: it syncs
	// every 60 to 90 s, and caches Secrets for 60 s.
	KubeletDelay = 150 * time.Second

	defaultPercentage = 33
	earlierPercentage = 10

	maxClockSkew = 5 * time.Minute
)

// Policy holds the settings of a spec that say when to renew.
type Policy struct {
	// Before is how long before its expiry a token is renewed; 0 if not set.
	Before time.Duration
	// BeforePercentage is Before as a percentage of the lifetime; 0 if not set.
	BeforePercentage int32
	// Seed is the UID of the ClientCredential.
	Seed string
}

// PolicyOf returns the policy of a ClientCredential.
func PolicyOf(owner *v1alpha1.ClientCredential) Policy {
	policy := Policy{BeforePercentage: owner.Spec.RenewBeforePercentage, Seed: string(owner.UID)}
	if owner.Spec.RenewBefore != nil {
		policy.Before = owner.Spec.RenewBefore.Duration
	}
	return policy
}

// RenewAt returns when to renew a token. The policy sets how much of its lifetime is left then, by default a
// third. The renewal is up to a tenth of the lifetime earlier, so that tokens issued together are not
// renewed together. The same token always gives the same time, even after a restart.
func (p Policy) RenewAt(issuedAt, expiresAt time.Time) time.Time {
	lifetime := expiresAt.Sub(issuedAt)
	before := p.before(lifetime)
	// A policy may renew soon after the issue. Bring the renewal forward by at most half of that time.
	maxEarlier := min(lifetime/100*earlierPercentage, (lifetime-before)/2)
	renewAt := expiresAt.Add(-before - time.Duration(p.random(issuedAt.Unix())*float64(maxEarlier)))
	if earliest := issuedAt.Add(MinInterval); renewAt.Before(earliest) {
		return earliest
	}
	return renewAt
}

// RequestAgainAt returns when to send the next token request if the server, at now, returned the same token
// again. expiresAt is the expiry of that token. The next request is after half of the remaining lifetime, but
// never sooner than MinInterval. If too little is left for that, it is just after the expiry, when the server
// must issue another token.
func RequestAgainAt(now, expiresAt time.Time) time.Time {
	if half := expiresAt.Sub(now) / 2; half >= MinInterval {
		return now.Add(half)
	}
	return justAfter(expiresAt)
}

// RequestAssumedAgainAt is RequestAgainAt for a token whose lifetime is assumed. Its last request is just
// before the expiry: if the server returns the same token again, its lifetime is extended.
func RequestAssumedAgainAt(now, expiresAt time.Time) time.Time {
	at := RequestAgainAt(now, expiresAt)
	if before := expiresAt.Add(-tokensecret.ExtensionWindow / 2); at.After(expiresAt) && before.After(now) {
		return before
	}
	return at
}

// Earliest returns the earlier of two times. A zero at means never.
func Earliest(at, other time.Time) time.Time {
	if at.IsZero() || other.Before(at) {
		return other
	}
	return at
}

func justAfter(expiresAt time.Time) time.Time { return expiresAt.Add(time.Second) }

// Margin returns the minimum remaining lifetime of a token at its renewal.
func (p Policy) Margin(lifetime time.Duration) time.Duration {
	return max(min(p.before(lifetime), lifetime-MinInterval), 0)
}

// LifetimeShort returns the notice that tokens with this lifetime may expire before the kubelet brings the
// next token into a running Pod. It returns nil if the lifetime is long enough.
func (p Policy) LifetimeShort(lifetime time.Duration) *oauth2.Notice {
	margin := p.Margin(lifetime)
	if margin >= KubeletDelay {
		return nil
	}
	earlier := ""
	if (Policy{Before: KubeletDelay}).Margin(lifetime) >= KubeletDelay {
		earlier = fmt.Sprintf("set spec.renewBefore to %s, ", KubeletDelay)
		if p.BeforePercentage > 0 {
			earlier = fmt.Sprintf("set spec.renewBefore to %s in place of spec.renewBeforePercentage, ", KubeletDelay)
		}
	}
	return &oauth2.Notice{
		Reason: v1alpha1.EventLifetimeShort,
		Message: fmt.Sprintf("the token lives %s and may be renewed as late as %s before it expires, but the kubelet may need %s to bring it into a running Pod: have the authorization server issue longer-lived tokens, %sor read the Secret through the API",
			lifetime, margin.Truncate(time.Second), KubeletDelay, earlier),
	}
}

func (p Policy) before(lifetime time.Duration) time.Duration {
	switch {
	case p.Before > 0 && p.Before < lifetime:
		return p.Before
	case p.BeforePercentage > 0:
		return lifetime / 100 * time.Duration(p.BeforePercentage)
	}
	return lifetime / 100 * defaultPercentage
}

// random returns a number between 0 and 1 that depends only on the seed and the instant.
func (p Policy) random(instant int64) float64 {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(p.Seed + "/" + strconv.FormatInt(instant, 10)))
	return rand.New(rand.NewPCG(hash.Sum64(), 0)).Float64() //nolint:gosec // It only spreads load.
}
