package tokenendpoint

import (
	"context"
	"sync"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/fairshare"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
)

const (
	// maxBundleBytes bounds the bundles that requests use at a time. A single namespace has half
	// of it: three of the largest, or fifteen like that of a distribution.
	maxBundleBytes = 24 << 20
	// maxKeptBundleBytes bounds the bundles that are kept for later requests.
	maxKeptBundleBytes = 8 << 20
	// maxBundleReads bounds the bundles that are read and parsed at a time: how large one is shows
	// only when it is read.
	maxBundleReads = 16
)

// bundles are CA bundles, each parsed once for all requests that use it at a time.
type bundles struct {
	reads, bytes *fairshare.Slots
	kept         *lru[*oauth2.Authorities]

	mutex sync.Mutex
	used  map[string]*usedBundle
}

// usedBundle is a bundle that requests use. It counts for the tenant that used it first.
type usedBundle struct {
	*oauth2.Authorities
	users    int
	giveBack func()
}

func newBundles() *bundles {
	return &bundles{
		reads: fairshare.NewSlots(maxBundleReads), bytes: fairshare.NewSlots(maxBundleBytes),
		kept: newLRU(maxKeptBundleBytes, func(*oauth2.Authorities) {}), used: map[string]*usedBundle{},
	}
}

// Authorities returns the authorities of the bundle that read returns in PEM, until leave. They
// are shared with all that use the same bundle. A user that waits does so for the time of a request. If the tenant uses too many bundles at a time, the
// error is a *problem.Problem. Other errors are those of read, and what is wrong with the bundle.
func (c *Client) Authorities(ctx context.Context, user fairshare.Claimant, read func() (string, error)) (authorities *oauth2.Authorities, leave func(), err error) {
	giveBack, reserved := func() {}, 0
	for {
		parsed, err := c.bundles.read(ctx, user.Tenant, read)
		if err != nil {
			giveBack()
			return nil, nil, err
		}
		if used, leave, ok := c.bundles.use(parsed, user.Tenant, reserved, giveBack); ok {
			return used, leave, nil
		}
		if !user.Waits {
			return nil, nil, tooManyBundles()
		}
		// A request that waits holds no bundle, and reads it again.
		reserved = parsed.Bytes()
		waiting, cancel := context.WithTimeout(ctx, c.options.Timeout)
		var ok bool
		giveBack, ok = c.bundles.bytes.EnterWith(waiting, user.Tenant, reserved)
		cancel()
		switch {
		case ctx.Err() != nil:
			giveBack()
			return nil, nil, ctx.Err()
		case !ok:
			return nil, nil, tooManyBundles()
		}
	}
}

func tooManyBundles() *problem.Problem {
	return problem.Retry(problem.Unavailable, v1alpha1.ReasonTokenEndpointBusy,
		"the namespace uses too many different CA bundles at a time: have more of its objects name the same bundle; the request is retried")
}

// read reads and parses a bundle, unless it is known.
func (b *bundles) read(ctx context.Context, tenant string, read func() (string, error)) (*oauth2.Authorities, error) {
	defer b.reads.Enter(ctx, tenant)()
	bundle, err := read()
	if err != nil {
		return nil, err
	}
	digest := oauth2.BundleDigest(bundle)
	if used := b.find(digest); used != nil {
		return used, nil
	}
	if kept, found := b.kept.get(digest); found {
		return kept, nil
	}
	authorities, err := oauth2.ReadAuthorities(bundle)
	if err == nil {
		b.kept.add(digest, authorities, authorities.Bytes())
	}
	return authorities, err
}

func (b *bundles) find(digest string) *oauth2.Authorities {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if used, found := b.used[digest]; found {
		return used.Authorities
	}
	return nil
}

// use returns the authorities until leave, or those of the same bundle that are in use. The bytes
// that were reserved are used, or given back.
func (b *bundles) use(authorities *oauth2.Authorities, tenant string, reserved int, giveBack func()) (_ *oauth2.Authorities, leave func(), ok bool) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	digest := authorities.Digest()
	leave = func() { b.leave(digest) }
	if used, found := b.used[digest]; found {
		giveBack()
		used.users++
		return used.Authorities, leave, true
	}
	if authorities.Bytes() != reserved {
		giveBack()
		if giveBack, ok = b.bytes.TryWith(tenant, authorities.Bytes()); !ok {
			return nil, nil, false
		}
	}
	b.used[digest] = &usedBundle{Authorities: authorities, users: 1, giveBack: giveBack}
	return authorities, leave, true
}

func (b *bundles) leave(digest string) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	used := b.used[digest]
	if used.users--; used.users == 0 {
		delete(b.used, digest)
		used.giveBack()
	}
}
