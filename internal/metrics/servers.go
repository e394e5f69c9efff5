package metrics

import (
	"net/url"
	"strings"
	"sync"
	"unicode/utf8"
)

// other stands for what has no name of its own in a label.
const other = "other"

const (
	// mostServers is how many servers get a name of their own: whoever may create a
	// ClientCredential can name any.
	mostServers = 100
	// longestServer is a name of DNS and a port.
	longestServer = 253 + len(":65535")
)

// servers are the values of the label server.
type servers struct {
	mutex sync.Mutex
	known map[string]bool
}

func newServers() *servers { return &servers{known: map[string]bool{}} }

// name is the host of a URL, with the port if it has one.
func (s *servers) name(rawURL string) string {
	parsed, err := url.Parse(rawURL)
	if err != nil || parsed.Host == "" || len(parsed.Host) > longestServer || !utf8.ValidString(parsed.Host) {
		return other
	}
	host := strings.ToLower(parsed.Host)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if !s.known[host] {
		if len(s.known) >= mostServers {
			return other
		}
		s.known[host] = true
	}
	return host
}
