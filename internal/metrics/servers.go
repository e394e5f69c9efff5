package metrics

import (
	"net/url"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/tokensync/tokensync/internal/fairshare"
)

// other is the label value of servers and reasons that have no value of their own.
const other = "other"

const (
	// maxServers limits the values of the label server, because each ClientCredential can name another host.
	// A single namespace gets half of the values.
	maxServers = 200
	// maxServerLength is the maximum length of a DNS name and a port.
	maxServerLength = 253 + len(":65535")
)

// servers holds the values of the label server.
type servers struct {
	mutex sync.Mutex
	known map[string]bool
	// names divides the values among namespaces.
	names *fairshare.Room
}

func newServers() *servers {
	return &servers{known: map[string]bool{}, names: fairshare.NewRoom(maxServers)}
}

// name returns the host of a URL that a namespace requests tokens from, and the port if the URL has
// a port. It returns other if the URL has no valid host, or if the namespace has too many servers.
func (s *servers) name(namespace, rawURL string) string {
	parsed, err := url.Parse(rawURL)
	if err != nil || parsed.Host == "" || len(parsed.Host) > maxServerLength || !utf8.ValidString(parsed.Host) {
		return other
	}
	host := strings.ToLower(parsed.Host)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if !s.known[host] {
		if !s.names.Admits(namespace, 1) {
			return other
		}
		s.names.Add(namespace, 1)
		s.known[host] = true
	}
	return host
}
