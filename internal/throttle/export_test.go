package throttle

// Limiter is the part of a Throttle that applies the rate limits.
type Limiter = limiter

// NewLimiter returns a Limiter without requests.
func NewLimiter() *Limiter { return newLimiter() }

// Size returns the number of entries in the throttle's memory.
func (t *Throttle) Size() int {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	size := t.limiter.Size() + t.inFlight.Size() + len(t.pauses) + len(t.requests) + len(t.calls)
	size += len(t.outages.failing) + len(t.outages.recovered) + len(t.outages.refused)
	for _, s := range t.outages.servers {
		size += 1 + len(s.failed) + len(s.waiting) + len(s.others)
	}
	return size
}

// Size returns the number of entries in the limiter's memory.
func (l *Limiter) Size() int {
	size := len(l.servers) + len(l.waiting)
	for _, s := range l.servers {
		size += len(s.taken)
		for _, line := range s.lines {
			size++
			for _, q := range line.queues {
				size += len(q.waiting)
			}
		}
	}
	return size
}

// Limits returns the number of different limits that the limiter applies to the server.
func (l *Limiter) Limits(name string) int { return len(l.servers[name].lines) }

// Tenants returns the number of tenants of the server that the limiter remembers.
func (l *Limiter) Tenants(name string) int { return len(l.servers[name].tenants) }

// Size returns the number of entries in the memory of InFlight.
func (p *InFlight) Size() int {
	size := len(p.hosts) + len(p.lines) + len(p.tickets) + len(p.calls)
	if !p.all.IsEmpty() {
		size++
	}
	return size
}
