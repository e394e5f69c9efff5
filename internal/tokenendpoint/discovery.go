package tokenendpoint

import (
	"context"
	"errors"
	"time"

	"k8s.io/utils/lru"

	"github.com/tokensync/tokensync/internal/oauth2"
)

const (
	// maxIssuers bounds the metadata that are kept, and metadataLifetime how long.
	maxIssuers       = 1024
	metadataLifetime = time.Hour
	// staleLifetime is how long metadata serve on that cannot be had again.
	staleLifetime = 5 * time.Minute
	// failureLifetime spares an issuer that many ask for in vain.
	failureLifetime = 10 * time.Second
)

// discoveries keep the metadata of issuers.
type discoveries struct{ cache *lru.Cache }

// discovery is what came of asking for the metadata of an issuer.
type discovery struct {
	metadata *oauth2.Metadata
	err      error
	until    time.Time
}

func newDiscoveries() *discoveries { return &discoveries{cache: lru.New(maxIssuers)} }

func (d *discoveries) get(key string, now time.Time) (discovery, bool) {
	found, ok := d.cache.Get(key)
	if !ok {
		return discovery{}, false
	}
	known := found.(discovery) //nolint:forcetypeassert // Nothing else is put there.
	return known, now.Before(known.until)
}

// Discover finds the metadata of an issuer (RFC 8414, then OpenID Connect
// Discovery), or knows them already. trust are the authorities to trust, without
// a client certificate. The errors are those of Send.
func (c *Client) Discover(ctx context.Context, issuer string, trust oauth2.TLS, now time.Time) (*oauth2.Metadata, error) {
	// Keyed by the trust, too: else who trusts an authority of his own could put
	// metadata there for everybody.
	key := trust.Key + "\x00" + issuer
	known, isFresh := c.discoveries.get(key, now)
	if isFresh {
		return known.metadata, known.err
	}
	metadata, err := c.ask(ctx, issuer, trust)
	var failure *oauth2.Error
	switch {
	case err == nil:
		c.discoveries.cache.Add(key, discovery{metadata: metadata, until: now.Add(metadataLifetime)})
	case !errors.As(err, &failure):
	case known.metadata != nil:
		// Better old metadata than no token.
		c.discoveries.cache.Add(key, discovery{metadata: known.metadata, until: now.Add(staleLifetime)})
		return known.metadata, nil
	default:
		c.discoveries.cache.Add(key, discovery{err: failure, until: now.Add(failureLifetime)})
	}
	return metadata, err
}

// ask returns the first metadata that are those of the issuer, or what is wrong
// with them: metadata of another issuer tell more than a place without any.
func (c *Client) ask(ctx context.Context, issuer string, trust oauth2.TLS) (*oauth2.Metadata, error) {
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
		if fault == nil || fault.Class == oauth2.Unavailable {
			fault = failure
		}
	}
	if fault == nil {
		return nil, invalidEndpoint(oauth2.DiscoveryRequest(issuer).Destination)
	}
	return nil, fault
}
