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
	// maxBundleBytes limits the memory of the bundles in use. A single namespace gets half of this memory,
	// which is enough for three bundles of the maximum size, or for fifteen bundles of a Linux distribution.
	maxBundleBytes = 24 << 20
	// maxKeptBundleBytes limits the memory of the bundles that are cached for later requests.
	maxKeptBundleBytes = 8 << 20
	// maxBundleReads limits the bundles that are read and parsed concurrently, because the size of a bundle
	// is known only after it is read.
	maxBundleReads = 16
)

// bundles holds parsed CA bundles. Concurrent requests that use the same bundle share one copy.
type bundles struct {
	reads, bytes *fairshare.Slots
	kept         *lru[*oauth2.Authorities]

	mutex sync.Mutex
	used  map[string]*usedBundle
}

// usedBundle is a bundle in use. It counts against the share of the tenant that used it first.
type usedBundle struct {
	*oauth2.Authorities
	users   int
	release func()
}

func newBundles() *bundles {
	return &bundles{
		reads: fairshare.NewSlots(maxBundleReads), bytes: fairshare.NewSlots(maxBundleBytes),
		kept: newLRU(maxKeptBundleBytes, func(*oauth2.Authorities) {}), used: map[string]*usedBundle{},
	}
}

// Authorities returns the authorities of the bundle that read returns in PEM. All requests with the same
// bundle share these authorities. The caller must call leave when its request is done.
//
// If the tenant uses too many different bundles, the error is a *problem.Problem. A user with Waits set
// first waits for a bundle to be released, for at most the timeout of a request. Other errors come from
// read, or say what is wrong with the bundle.
func (c *Client) Authorities(ctx context.Context, user fairshare.Claimant, read func() (string, error)) (authorities *oauth2.Authorities, leave func(), err error) {
	release, reserved := func() {}, 0
	for {
		parsed, err := c.bundles.read(ctx, user.Tenant, read)
		if err != nil {
			release()
			return nil, nil, err
		}
		if used, leave, ok := c.bundles.use(parsed, user.Tenant, reserved, release); ok {
			return used, leave, nil
		}
		if !user.Waits {
			return nil, nil, tooManyBundles()
		}
		// A waiting request holds no bundle, so it reads the bundle again afterwards.
		reserved = parsed.Bytes()
		waiting, cancel := context.WithTimeout(ctx, c.options.Timeout)
		var ok bool
		release, ok = c.bundles.bytes.EnterWith(waiting, user.Tenant, reserved)
		cancel()
		switch {
		case ctx.Err() != nil:
			release()
			return nil, nil, ctx.Err()
		case !ok:
			return nil, nil, tooManyBundles()
		}
	}
}

func tooManyBundles() *problem.Problem {
	return problem.Retry(problem.Unavailable, v1alpha1.ReasonTokenEndpointBusy,
		"the namespace uses too many different CA bundles at a time: use the same bundle in more of its objects; the request is retried")
}

// read reads a bundle. It parses the bundle unless a parsed copy is in use or cached.
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

// use marks authorities as used until leave. If the same bundle is already in use, it returns that
// copy. It uses the reserved bytes, or releases them with release.
func (b *bundles) use(authorities *oauth2.Authorities, tenant string, reserved int, release func()) (_ *oauth2.Authorities, leave func(), ok bool) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	digest := authorities.Digest()
	leave = func() { b.leave(digest) }
	if used, found := b.used[digest]; found {
		release()
		used.users++
		return used.Authorities, leave, true
	}
	if authorities.Bytes() != reserved {
		release()
		if release, ok = b.bytes.TryWith(tenant, authorities.Bytes()); !ok {
			return nil, nil, false
		}
	}
	b.used[digest] = &usedBundle{Authorities: authorities, users: 1, release: release}
	return authorities, leave, true
}

func (b *bundles) leave(digest string) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	used := b.used[digest]
	if used.users--; used.users == 0 {
		delete(b.used, digest)
		used.release()
	}
}
