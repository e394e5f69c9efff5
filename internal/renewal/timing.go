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
	// MinInterval is the least time between two tokens that the operator plans,
	// however short they live.
	MinInterval = 10 * time.Second

	// KubeletDelay is what the kubelet may need to bring a changed Secret into a
	// running Pod: 60 to 90 s between its looks, and 60 s of cache.
	KubeletDelay = 150 * time.Second

	defaultPercentage = 33
	earlierPercentage = 10

	maxClockSkew = 5 * time.Minute
)

// Policy is what a spec says about when to renew.
type Policy struct {
	// Before is how long before the expiry; 0 when not set.
	Before time.Duration
	// BeforePercentage of the lifetime; 0 when not set.
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

// RenewAt is when a token is to be renewed: when what the policy says is left of
// its lifetime, a third by default, and up to a tenth of the lifetime earlier, so
// that tokens issued together do not come back together. The same token gives
// the same instant, also after a restart.
func (p Policy) RenewAt(issuedAt, expiresAt time.Time) time.Time {
	lifetime := expiresAt.Sub(issuedAt)
	before := p.before(lifetime)
	// A policy may leave little of the lifetime: no more than half of that goes.
	maxEarlier := min(lifetime/100*earlierPercentage, (lifetime-before)/2)
	renewAt := expiresAt.Add(-before - time.Duration(p.random(issuedAt.Unix())*float64(maxEarlier)))
	if earliest := issuedAt.Add(MinInterval); renewAt.Before(earliest) {
		return earliest
	}
	return renewAt
}

// AskAgainAt is when to ask a server again that gave, at now, the token once more
// that expires at expiresAt: after half of what is left of it, but never sooner
// than MinInterval; and in the end when it has expired, for then there must be
// another.
func AskAgainAt(now, expiresAt time.Time) time.Time {
	if half := expiresAt.Sub(now) / 2; half >= MinInterval {
		return now.Add(half)
	}
	return justAfter(expiresAt)
}

// AssumeAgainAt is AskAgainAt for a token whose lifetime is assumed. In the end it is
// just before the expiry: if the server gives the token once more, it lives on.
func AssumeAgainAt(now, expiresAt time.Time) time.Time {
	at := AskAgainAt(now, expiresAt)
	if before := expiresAt.Add(-tokensecret.AssumedAgain / 2); at.After(expiresAt) && before.After(now) {
		return before
	}
	return at
}

func justAfter(expiresAt time.Time) time.Time { return expiresAt.Add(time.Second) }

// Margin is how much of its lifetime a token has left, at the least, when it is
// renewed.
func (p Policy) Margin(lifetime time.Duration) time.Duration {
	return max(min(p.before(lifetime), lifetime-MinInterval), 0)
}

// LifetimeShort returns the notice about tokens with a lifetime that may expire before the kubelet
// brings the next one into a running Pod; nil if the lifetime is long enough.
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

// random is a number between 0 and 1 that depends on nothing but its inputs.
func (p Policy) random(instant int64) float64 {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(p.Seed + "/" + strconv.FormatInt(instant, 10)))
	return rand.New(rand.NewPCG(hash.Sum64(), 0)).Float64() //nolint:gosec // It spreads load, it guards nothing.
}
