package tokenendpoint

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
)

const (
	// maxMetadataBytes limits the cached metadata. The metadata of an issuer take up to 40 KiB.
	// metadataLifetime is how long metadata are cached.
	maxMetadataBytes = 4 << 20
	metadataLifetime = time.Hour
	// staleLifetime is how long stale metadata are used after a refresh failed.
	staleLifetime = 5 * time.Minute
	// refreshPatience is the maximum time of a refresh.
	refreshPatience = time.Minute
	// minInvalidationAge is the minimum age at which metadata are read again after a failure at their token
	// endpoint.
	minInvalidationAge = time.Minute
	// failureLifetime is how long a failure is cached, to limit the requests to an issuer whose
	// metadata cannot be read.
	failureLifetime = 10 * time.Second
)

// discoveries caches the metadata of issuers.
type discoveries struct {
	cache *lru[discovery]
	// refreshes makes only one of several concurrent callers refresh stale metadata.
	refreshes sync.Mutex
}

// discovery is the result of a request for the metadata of an issuer.
type discovery struct {
	metadata *oauth2.Metadata
	err      error
	// readAt is when the metadata were read, and until is when they expire.
	readAt, until time.Time
}

func newDiscoveries() *discoveries {
	return &discoveries{cache: newLRU(maxMetadataBytes, func(discovery) {})}
}

func (d *discoveries) get(key string, now time.Time) (discovery, bool) {
	known, ok := d.cache.get(key)
	return known, ok && now.Before(known.until)
}

func (d *discoveries) put(key string, found discovery) {
	d.cache.add(key, found, len(key)+found.bytes())
}

// bytes returns the approximate memory of a discovery.
func (d discovery) bytes() int {
	const fixed = 512
	if d.metadata != nil {
		return fixed + d.metadata.Bytes()
	}
	if failure := problem.Of(d.err); failure != nil {
		return fixed + len(failure.Message)
	}
	return fixed
}

// refresh is like get, but a caller that gets stale metadata must read the metadata again. Meanwhile, other
// callers use the stale metadata.
func (d *discoveries) refresh(key string, now time.Time) (discovery, bool) {
	d.refreshes.Lock()
	defer d.refreshes.Unlock()
	known, isFresh := d.get(key, now)
	if !isFresh && known.metadata != nil {
		d.put(key, discovery{metadata: known.metadata, readAt: known.readAt, until: now.Add(refreshPatience)})
	}
	return known, isFresh
}

// Discover returns the metadata of an issuer (RFC 8414, then OpenID Connect Discovery), from the
// cache if they have not expired. trust holds the authorities to trust, without a client
// certificate. The errors are those of Send and of oauth2.ReadMetadata.
func (c *Client) Discover(ctx context.Context, issuer string, trust oauth2.TLS) (*oauth2.Metadata, error) {
	key, now := discoveryKey(issuer, trust), c.options.Clock.Now()
	known, isFresh := c.discoveries.refresh(key, now)
	if isFresh {
		return known.metadata, known.err
	}
	metadata, err := c.fetchMetadata(ctx, issuer, trust)
	failure := problem.Of(err)
	switch {
	case err == nil:
		c.discoveries.put(key, discovery{metadata: metadata, readAt: now, until: now.Add(metadataLifetime)})
	case failure == nil:
	case known.metadata != nil:
		// Stale metadata are better than no token.
		c.discoveries.put(key, discovery{metadata: known.metadata, readAt: now, until: now.Add(staleLifetime)})
		return known.metadata, nil
	default:
		c.discoveries.put(key, discovery{err: failure, until: now.Add(failureLifetime)})
	}
	return metadata, err
}

// discoveryKey includes the trust, because metadata that were read with the authorities of a client must not
// be used for other authorities.
func discoveryKey(issuer string, trust oauth2.TLS) string { return trust.Key + "\x00" + issuer }

// InvalidateMetadata makes the next Discover read the metadata of an issuer again, unless they are less than
// a minute old. Call it after a request to an endpoint in the metadata failed.
func (c *Client) InvalidateMetadata(issuer string, trust oauth2.TLS) {
	key, now := discoveryKey(issuer, trust), c.options.Clock.Now()
	if known, isFresh := c.discoveries.get(key, now); isFresh && known.metadata != nil && now.Sub(known.readAt) >= minInvalidationAge {
		known.until = now
		c.discoveries.put(key, known)
	}
}

// fetchMetadata requests the metadata of an issuer from each URL, and returns the first valid metadata.
// If there are none, it returns the most specific failure, see isMoreSpecific.
func (c *Client) fetchMetadata(ctx context.Context, issuer string, trust oauth2.TLS) (*oauth2.Metadata, error) {
	var fault *oauth2.Error
	for _, from := range oauth2.MetadataURLs(issuer) {
		request := oauth2.DiscoveryRequest(from)
		request.TLS = trust
		response, err := c.Send(ctx, request)
		if err != nil {
			return nil, err
		}
		metadata, err := oauth2.ReadMetadata(issuer, from, response)
		if err == nil {
			return metadata, nil
		}
		var failure *oauth2.Error
		if !errors.As(err, &failure) {
			return nil, err
		}
		if fault == nil || !isMoreSpecific(fault, failure) {
			fault = failure
		}
	}
	if fault == nil {
		return nil, invalidEndpoint(oauth2.DiscoveryRequest(issuer).Destination)
	}
	return nil, fault
}

// isMoreSpecific reports whether a failure is more specific than another failure. Invalid metadata are the
// most specific, then an outage, then a URL without metadata.
func isMoreSpecific(one, other *oauth2.Error) bool {
	rank := func(failure *oauth2.Error) int {
		switch {
		case failure.StatusCode == http.StatusOK:
			return 2
		case failure.Class == problem.Unavailable:
			return 1
		}
		return 0
	}
	return rank(one) > rank(other) || rank(one) == 2
}
