package scale_test

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
)

// tokenEndpoint answers every request with a token of 800 characters that is valid for a day.
// test/authserver does more checks, which would distort the measurement.
type tokenEndpoint struct {
	url      string
	requests atomic.Int64
}

func startTokenEndpoint(b *testing.B) *tokenEndpoint {
	b.Helper()
	endpoint := &tokenEndpoint{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		endpoint.requests.Add(1)
		token := make([]byte, 400)
		_, _ = rand.Read(token) // It never fails.
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"access_token": %q, "token_type": "Bearer", "expires_in": 86400}`, hex.EncodeToString(token))
	}))
	b.Cleanup(server.Close)
	endpoint.url = server.URL + "/token"
	return endpoint
}
