package throttle

import (
	"sync"
	"time"

	"github.com/tokensync/tokensync/internal/fairshare"
)

// Places bounds what is under way: the requests in flight to each host, and to all. Of both, a
// tenant holds no more places than are left free, so there is a place for a tenant that holds
// none.
//
// An asker that gets no place waits in line, and is called when a place becomes free: the
// most urgent asker first, one for each place. The place is kept for an asker that was
// called. Places may be used by several goroutines at once.
type Places struct {
	mutex sync.Mutex
	// perHost is the number of places of each host.
	perHost int
	all     *fairshare.Room
	hosts   map[string]*host
	// tickets holds the askers that wait or have a place, by ID.
	tickets map[string]*ticket
	// called holds the tickets that were called, the latest last.
	called []*ticket
	// calls holds the IDs that Due returns next, and calling tells that there are some.
	calls    []string
	calling  chan struct{}
	arrivals uint64
}

// NewPlaces returns so many places for each host, and for all hosts together.
func NewPlaces(perHost, all int) *Places {
	return &Places{
		perHost: perHost, all: fairshare.NewRoom(all), hosts: map[string]*host{}, tickets: map[string]*ticket{}, calling: make(chan struct{}, 1),
	}
}

// Take takes a place for requests to the host. If there is none, the asker waits in line.
// An asker that was called takes the place that is kept for it, at whatever host: the
// token endpoint that metadata name may lie at another host than these.
func (p *Places) Reserve(name string, asking Waiter, now time.Time) bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if t, known := p.tickets[asking.ID]; known && t.state != waiting {
		t.state = taken
		return true
	}
	return p.reserveAt(name, asking, now)
}

// Enter takes a place for a request to just this host. An asker with a place at another host
// gives that up.
func (p *Places) Enter(name string, asking Waiter, now time.Time) bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if t, known := p.tickets[asking.ID]; known && t.state != waiting && t.host.name == name {
		t.state = taken
		return true
	}
	return p.reserveAt(name, asking, now)
}

// TryEnter takes a place for a request that does not wait in line, until leave.
func (p *Places) TryEnter(name, tenant string) (leave func(now time.Time), ok bool) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if ok = p.admits(p.host(name), tenant); ok {
		p.count(p.host(name), tenant, 1)
	}
	p.close(name)
	return func(now time.Time) { p.exit(name, tenant, now) }, ok
}

func (p *Places) exit(name, tenant string, now time.Time) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.count(p.host(name), tenant, -1)
	p.close(name)
	p.call(now)
}

// Leave gives back the place of an asker, or its place in line.
func (p *Places) Release(id string, now time.Time) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if t, known := p.tickets[id]; known {
		p.drop(t)
		p.call(now)
	}
}

// WaitsSince returns since when an asker waits in line; zero if it does not.
func (p *Places) WaitsSince(id string) time.Time {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if t, known := p.tickets[id]; known && t.state == waiting {
		return t.since
	}
	return time.Time{}
}

// Calling tells that Due has something to return.
func (p *Places) Calling() <-chan struct{} { return p.calling }

// Due returns the IDs of the askers that have been called since the last time. Each has
// 5 s to take its place; then the next is called. Call this about every second, and when
// Calling tells to.
func (p *Places) Due(now time.Time) (ids []string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	// A clock that was set back would keep a place for as long.
	for len(p.called) > 0 && (p.called[0].state != called || now.Sub(p.called[0].calledAt).Abs() > grace) {
		if p.called[0].state == called {
			p.drop(p.called[0])
		}
		p.called = p.called[1:]
	}
	p.call(now)
	ids, p.calls = p.calls, nil
	return ids
}

// takeAt takes a place at the host, or waits there.
func (p *Places) reserveAt(name string, asking Waiter, now time.Time) bool {
	arrived, since := p.arrivals, now
	if t, known := p.tickets[asking.ID]; known {
		arrived, since = t.arrived, t.since
		if t.state == waiting && t.host.name == name && t.Waiter == asking && !p.admits(t.host, t.Tenant) {
			return false
		}
		p.drop(t)
		// After this asker took what it wants.
		defer p.call(now)
	} else {
		p.arrivals++
	}
	h := p.host(name)
	t := &ticket{Waiter: asking, host: h, arrived: arrived, since: since}
	p.tickets[t.ID] = t
	if !p.admits(h, t.Tenant) {
		h.join(t)
		return false
	}
	t.state = taken
	p.count(h, t.Tenant, 1)
	return true
}

// call keeps each place that is free for the most urgent asker that may take it.
func (p *Places) call(now time.Time) {
	for {
		t := p.next()
		if t == nil {
			return
		}
		t.host.withdraw(t)
		t.state, t.calledAt = called, now
		p.count(t.host, t.Tenant, 1)
		p.called, p.calls = append(p.called, t), append(p.calls, t.ID)
		p.signal()
	}
}

// signal has Calling tell that Due has something to return.
func (p *Places) signal() {
	select {
	case p.calling <- struct{}{}:
	default:
	}
}

// next returns the most urgent asker that may take a place; nil without one.
func (p *Places) next() (next *ticket) {
	if p.all.Free() == 0 {
		return nil
	}
	for _, h := range p.hosts {
		if h.Free() == 0 {
			continue
		}
		for tenant, line := range h.lines {
			if p.admits(h, tenant) && (next == nil || line[0].isBefore(next)) {
				next = line[0]
			}
		}
	}
	return next
}

func (p *Places) admits(h *host, tenant string) bool {
	return h.Admits(tenant, 1) && p.all.Admits(tenant, 1)
}

func (p *Places) count(h *host, tenant string, by int) {
	h.Add(tenant, by)
	p.all.Add(tenant, by)
}

// drop forgets a ticket, with its place.
func (p *Places) drop(t *ticket) {
	delete(p.tickets, t.ID)
	if t.state == waiting {
		t.host.withdraw(t)
	} else {
		p.count(t.host, t.Tenant, -1)
	}
	t.state = dropped
	p.close(t.host.name)
}

// host finds a host, or opens it.
func (p *Places) host(name string) *host {
	if _, found := p.hosts[name]; !found {
		p.hosts[name] = &host{Room: fairshare.NewRoom(p.perHost), name: name, lines: map[string][]*ticket{}}
	}
	return p.hosts[name]
}

// close forgets a host without requests and askers.
func (p *Places) close(name string) {
	if h := p.hosts[name]; h.IsEmpty() && len(h.lines) == 0 {
		delete(p.hosts, name)
	}
}
