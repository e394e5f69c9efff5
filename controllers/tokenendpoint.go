package controllers

import (
	"context"

	"github.com/tokensync/tokensync/internal/fairshare"
	"github.com/tokensync/tokensync/internal/oauth2"
)

// TokenEndpoint sends token requests and discovers token endpoints. If the context ends, the error is that of
// the context. Otherwise, the errors of Send and Discover are *problem.Problem, and Authorities also returns
// the error of read, or says what is wrong with the bundle.
type TokenEndpoint interface {
	Send(ctx context.Context, request *oauth2.Request) (oauth2.Response, error)
	// Authorities returns the authorities of the bundle that read returns. The caller must call release
	// when it no longer uses them.
	Authorities(ctx context.Context, user fairshare.Claimant, read func() (string, error)) (authorities *oauth2.Authorities, release func(), err error)
	Discover(ctx context.Context, issuer string, trust oauth2.TLS) (*oauth2.Metadata, error)
	// InvalidateMetadata makes the next Discover read the metadata of an issuer again.
	InvalidateMetadata(issuer string, trust oauth2.TLS)
}
