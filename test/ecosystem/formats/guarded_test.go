package formats_test

import (
	"encoding/pem"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// guarded is a server on a loopback address that answers as every host of example.com. It serves
// requests that have an active token. Its certificate is for these hosts.
type guarded struct {
	*httptest.Server
	// authority is the path of the certificate that clients must trust.
	authority string
}

// authentication is the challenge of a server, and the function that finds the token in a request.
type authentication struct {
	challenge string
	tokenOf   func(*http.Request) string
}

var bearer = authentication{challenge: "Bearer", tokenOf: func(r *http.Request) string {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return token
}}

// basicOf expects the token as the password of a user.
func basicOf(username string) authentication {
	return authentication{challenge: `Basic realm="test"`, tokenOf: func(r *http.Request) string {
		name, password, _ := r.BasicAuth()
		if name != username {
			return ""
		}
		return password
	}}
}

func (w *world) serve(by authentication, handler http.Handler) *guarded {
	GinkgoHelper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if !w.server.IsActive(by.tokenOf(r)) {
			rw.Header().Set("WWW-Authenticate", by.challenge)
			rw.WriteHeader(http.StatusUnauthorized)
			return
		}
		handler.ServeHTTP(rw, r)
	}))
	server.Config.ErrorLog = log.New(GinkgoWriter, "guarded: ", 0)
	server.StartTLS()
	DeferCleanup(server.Close)
	g := &guarded{Server: server, authority: filepath.Join(GinkgoT().TempDir(), "ca.crt")}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	Expect(os.WriteFile(g.authority, certificate, 0o600)).To(Succeed())
	return g
}

// ok accepts all requests.
var ok = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
