package tokenendpoint

import "sync"

// inFlight counts the requests under way for each host.
type inFlight struct {
	mutex sync.Mutex
	most  int
	hosts map[string]int
}

func newInFlight(most int) *inFlight { return &inFlight{most: most, hosts: map[string]int{}} }

// acquire takes a place if there is one. It never waits: a worker that waits is
// missing elsewhere.
func (f *inFlight) acquire(host string) bool {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if f.hosts[host] >= f.most {
		return false
	}
	f.hosts[host]++
	return true
}

func (f *inFlight) isFull(host string) bool {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return f.hosts[host] >= f.most
}

func (f *inFlight) release(host string) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if f.hosts[host]--; f.hosts[host] == 0 {
		delete(f.hosts, host)
	}
}
