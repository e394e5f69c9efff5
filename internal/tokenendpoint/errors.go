package tokenendpoint

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"os"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
)

// sendError returns the reason why there is no response. It does not show the messages of net/http, because
// they contain URLs, and may contain data from the server.
func (c *Client) sendError(ctx context.Context, request *oauth2.Request, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var (
		denied       *AddressDeniedError
		notFinal     notFinalError
		noHost       *net.DNSError
		operation    *net.OpError
		timeout      interface{ Timeout() bool }
		verification *tls.CertificateVerificationError
		notTLS       tls.RecordHeaderError
		to           = request.Destination
		where        = request.Where()
	)
	switch {
	case errors.Is(err, errBodyTooLarge):
		return problem.Retry(problem.MayPass, v1alpha1.ReasonInvalidResponse,
			"%s answered with more than the limit of %d KiB: check %s", where, MaxBodyBytes>>10, to.Field())
	case errors.As(err, &notFinal):
		return problem.Retry(problem.MayPass, v1alpha1.ReasonInvalidResponse,
			"%s answered with HTTP %d, which is not a final response: check %s and the proxies before it", where, notFinal.statusCode, to.Field())
	case errors.As(err, &denied):
		return problem.Retry(problem.MayPass, v1alpha1.ReasonAddressDenied,
			"%s resolves to %s, an address that credentials are not sent to: correct %s, or have the operator started with --allowed-cidrs=%s/%d",
			where, denied.Address, to.Field(), denied.Address, denied.Address.BitLen())
	case errors.As(err, &noHost) && noHost.IsNotFound:
		return problem.Retry(problem.Unavailable, v1alpha1.ReasonTokenEndpointUnreachable,
			"%s: there is no such host: check %s and the cluster's DNS; the request is retried", where, to.Field())
	case errors.As(err, &noHost) && !noHost.IsTimeout:
		// Do not show the error: its message contains the name that was looked up.
		return problem.Retry(problem.Unavailable, v1alpha1.ReasonTokenEndpointUnreachable,
			"%s: its name cannot be looked up: check the cluster's DNS; the request is retried", where)
	case errors.As(err, &verification):
		return problem.Retry(problem.Unavailable, v1alpha1.ReasonTLSFailed,
			"%s: its certificate is not accepted: %s; the request is retried", where, certificateFault(verification.Err))
	case errors.As(err, &operation) && (operation.Op == "remote error" || operation.Op == "local error"):
		// crypto/tls reports the alerts of both sides this way.
		return problem.Retry(problem.Unavailable, v1alpha1.ReasonTLSFailed,
			"%s: the TLS handshake failed (%s); the request is retried", where, operation.Err)
	case errors.Is(err, errHandshakeTooLarge):
		return problem.Retry(problem.Unavailable, v1alpha1.ReasonTLSFailed,
			"%s: %s: shorten its certificate chain and its list of accepted authorities; the request is retried", where, errHandshakeTooLarge)
	case errors.Is(err, errTooManyNames):
		return problem.Retry(problem.Unavailable, v1alpha1.ReasonTLSFailed,
			"%s: %s: give the server a certificate with fewer of them; the request is retried", where, errTooManyNames)
	case errors.As(err, &notTLS), errors.Is(err, http.ErrSchemeMismatch):
		return problem.Retry(problem.Unavailable, v1alpha1.ReasonTLSFailed,
			"%s: it does not speak TLS: check the scheme and port of %s; the request is retried", where, to.Field())
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return problem.Retry(problem.Unavailable, v1alpha1.ReasonTimeout,
			"%s did not answer in full within %s; the request is retried", where, c.options.Timeout)
	case errors.As(err, &operation):
		return problem.Retry(problem.Unavailable, v1alpha1.ReasonTokenEndpointUnreachable,
			"%s cannot be reached: %s; the request is retried", where, operation.Err)
	}
	return problem.Retry(problem.Unavailable, v1alpha1.ReasonTokenEndpointUnreachable,
		"%s: the connection ended, or there was no HTTP response; the request is retried", where)
}

// certificateFault says what is wrong with a certificate, without quoting it.
func certificateFault(err error) string {
	var (
		authority x509.UnknownAuthorityError
		hostname  x509.HostnameError
		invalid   x509.CertificateInvalidError
	)
	switch {
	case errors.As(err, &authority):
		return "it is signed by an authority that the operator does not know: set authorizationServer.tls.caBundleRef to a bundle with that authority if you trust it"
	case errors.As(err, &hostname):
		return "it is for another host name"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "it has expired or is not valid yet"
	}
	return "it is not valid"
}

func invalidEndpoint(to oauth2.Destination) *problem.Problem {
	return problem.Stalled(v1alpha1.ReasonTokenEndpointMissing,
		"%s is not an absolute URL: write it like https://idp.example.com/oauth2/token", to.Field())
}

func insecureEndpoint(request *oauth2.Request) *problem.Problem {
	return problem.Stalled(v1alpha1.ReasonTokenEndpointInsecure,
		"%s is not https, so no credentials are sent there: use https, or have the operator started with --allow-http", request.Where())
}
