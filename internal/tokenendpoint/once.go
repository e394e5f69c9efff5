package tokenendpoint

import "net/http"

// once sends each request at most once. http.Transport repeats some requests if a reused connection
// ends, or if an HTTP/2 server refuses the stream. It repeats a GET, and a request with the header
// Idempotency-Key. Over HTTP/2, it repeats each request whose body it can read again. The server
// may have issued a token for the first request, and no limit would count the second request.
type once struct {
	// pooled reuses connections. It is for requests with a body: it does not repeat a request whose
	// body it cannot read again.
	pooled *http.Transport
	// single opens a connection for each request, and uses HTTP/1.1. It is for requests without a body,
	// because pooled would repeat them.
	single *http.Transport
}

// RoundTrip implements http.RoundTripper.
func (o *once) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Body == nil || request.Body == http.NoBody {
		return o.single.RoundTrip(request)
	}
	unrepeatable := *request
	unrepeatable.GetBody = nil
	return o.pooled.RoundTrip(&unrepeatable)
}

// CloseIdleConnections closes idle connections. http.Client calls it.
func (o *once) CloseIdleConnections() { o.pooled.CloseIdleConnections() }
