package throttle

import (
	"sync"
	"time"

	"github.com/tokensync/tokensync/internal/fairshare"
)

// InFlight limits the requests in flight to each host, and to all hosts together. At both levels, a tenant
// gets another slot only while it holds fewer slots than are free. So a tenant without a slot gets a slot as
// long as any slot is free.
//
// A request that gets no slot waits in line. When a slot becomes free, the most urgent request is called, and
// the slot is reserved for it. InFlight is safe for concurrent use.
type InFlight struct {
	mutex sync.Mutex
	// perHost is the number of slots of each host.
	perHost int
	all     *fairshare.Room
	hosts   map[string]*host
	// lines holds the waiting requests of each tenant.
	lines map[string]*hostLines
	// tickets are the requests that wait or have a slot, by ID.
	tickets map[string]*ticket
	// called are the tickets of called requests, the most recent last.
	called []*ticket
	// calls are the IDs that Due returns next. calling signals that calls is not empty.
	calls    []string
	calling  chan struct{}
	arrivals uint64
}

// NewInFlight returns an InFlight with the given numbers of slots: per host, and for all hosts together.
func NewInFlight(perHost, all int) *InFlight {
	return &InFlight{
		perHost: perHost, all: fairshare.NewRoom(all), hosts: map[string]*host{}, lines: map[string]*hostLines{},
		tickets: map[string]*ticket{}, calling: make(chan struct{}, 1),
	}
}

// Reserve reserves a slot for a request to a host, and reports whether there is one. If not, the request
// waits in line. A called request gets its reserved slot even if that slot is at another host, because the
// metadata may name a token endpoint at another host.
func (p *InFlight) Reserve(name string, requester Waiter, now time.Time) bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if t, known := p.tickets[requester.ID]; known && t.state != waiting {
		t.state = taken
		return true
	}
	return p.reserveAt(name, requester, now)
}

// Enter reserves a slot at exactly this host. A request with a slot at another host loses that slot.
func (p *InFlight) Enter(name string, requester Waiter, now time.Time) bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if t, known := p.tickets[requester.ID]; known && t.state != waiting && t.host.name == name {
		t.state = taken
		return true
	}
	return p.reserveAt(name, requester, now)
}

// TryEnter reserves a slot, until leave is called, for a request that does not wait in line.
func (p *InFlight) TryEnter(name, tenant string) (leave func(now time.Time), ok bool) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if ok = p.admits(p.host(name), tenant); ok {
		p.count(p.host(name), tenant, 1)
	}
	p.close(name)
	return func(now time.Time) { p.exit(name, tenant, now) }, ok
}

func (p *InFlight) exit(name, tenant string, now time.Time) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.count(p.host(name), tenant, -1)
	p.close(name)
	p.call(now)
}

// Release releases the slot of a request, or takes the request out of the line.
func (p *InFlight) Release(id string, now time.Time) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if t, known := p.tickets[id]; known {
		p.drop(t)
		p.call(now)
	}
}

// IsInLine reports whether a request waits in line, or was called and has not come yet.
func (p *InFlight) IsInLine(id string) bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	t, known := p.tickets[id]
	return known && (t.state == waiting || t.state == called)
}

// WaitsSince returns when a request began to wait in line; zero if it does not wait.
func (p *InFlight) WaitsSince(id string) time.Time {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if t, known := p.tickets[id]; known && t.state == waiting {
		return t.since
	}
	return time.Time{}
}

// Calling signals that Due has something to return.
func (p *InFlight) Calling() <-chan struct{} { return p.calling }

// Due returns the IDs of the requests that were called since the last Due. A called request has 5 s to
// reserve its slot; then the next request is called. Call Due about every second, and after each signal of
// Calling.
func (p *InFlight) Due(now time.Time) (ids []string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	// A clock that was set back must not keep a slot longer.
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

// reserveAt reserves a slot at the host, or puts the request in line there.
func (p *InFlight) reserveAt(name string, requester Waiter, now time.Time) bool {
	number, since := p.arrivals, now
	if t, known := p.tickets[requester.ID]; known {
		number, since = t.number, t.since
		if t.state == waiting && t.host.name == name && t.Waiter == requester && !p.admits(t.host, t.Tenant) {
			return false
		}
		p.drop(t)
		// Call other requests only after this request got its slot.
		defer p.call(now)
	} else {
		p.arrivals++
	}
	h := p.host(name)
	t := &ticket{arrival: arrival{requester, number}, host: h, since: since}
	p.tickets[t.ID] = t
	if !p.admits(h, t.Tenant) {
		p.join(t)
		return false
	}
	t.state = taken
	p.count(h, t.Tenant, 1)
	return true
}

// call reserves each free slot for the most urgent request that may have the slot.
func (p *InFlight) call(now time.Time) {
	for {
		t := p.next()
		if t == nil {
			return
		}
		p.withdraw(t)
		t.state, t.calledAt = called, now
		p.count(t.host, t.Tenant, 1)
		p.called, p.calls = append(p.called, t), append(p.calls, t.ID)
		p.signal()
	}
}

// signal sends to calling, unless a signal is already pending.
func (p *InFlight) signal() {
	select {
	case p.calling <- struct{}{}:
	default:
	}
}

// next returns the most urgent request that may have a slot; nil if there is none.
func (p *InFlight) next() (next *ticket) {
	if p.all.Free() == 0 {
		return nil
	}
	for tenant, lines := range p.lines {
		if !p.all.Admits(tenant, 1) {
			continue
		}
		if first := lines.first(tenant); first != nil && (next == nil || byUrgency(first.arrival, next.arrival) < 0) {
			next = first
		}
	}
	return next
}

// join puts a ticket in line.
func (p *InFlight) join(t *ticket) {
	if p.lines[t.Tenant] == nil {
		p.lines[t.Tenant] = &hostLines{}
	}
	p.lines[t.Tenant].join(t)
}

// withdraw takes a ticket out of line.
func (p *InFlight) withdraw(t *ticket) {
	lines := p.lines[t.Tenant]
	if lines.withdraw(t); lines.Len() == 0 {
		delete(p.lines, t.Tenant)
	}
}

func (p *InFlight) admits(h *host, tenant string) bool {
	return h.Admits(tenant, 1) && p.all.Admits(tenant, 1)
}

func (p *InFlight) count(h *host, tenant string, by int) {
	h.Add(tenant, by)
	p.all.Add(tenant, by)
}

// drop drops a ticket and its slot.
func (p *InFlight) drop(t *ticket) {
	delete(p.tickets, t.ID)
	if t.state == waiting {
		p.withdraw(t)
	} else {
		p.count(t.host, t.Tenant, -1)
	}
	t.state = dropped
	p.close(t.host.name)
}

// host returns a host, and adds it if it is new.
func (p *InFlight) host(name string) *host {
	if _, found := p.hosts[name]; !found {
		p.hosts[name] = &host{Room: fairshare.NewRoom(p.perHost), name: name, lines: map[string]*hostLine{}}
	}
	return p.hosts[name]
}

// close drops a host without requests.
func (p *InFlight) close(name string) {
	if h := p.hosts[name]; h.IsEmpty() && len(h.lines) == 0 {
		delete(p.hosts, name)
	}
}
