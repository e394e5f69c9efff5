package throttle

import (
	"slices"
	"time"

	"github.com/tokensync/tokensync/internal/fairshare"
)

// host holds the slots of one host, and the requests that wait for a slot.
type host struct {
	*fairshare.Room
	name string
	// lines holds the tickets of each waiting tenant, the most urgent first. No line is empty.
	lines map[string][]*ticket
}

func (h *host) join(t *ticket) {
	line := h.lines[t.Tenant]
	h.lines[t.Tenant] = slices.Insert(line, rank(line, t), t)
}

func (h *host) withdraw(t *ticket) {
	line := h.lines[t.Tenant]
	i := rank(line, t)
	if line = slices.Delete(line, i, i+1); len(line) == 0 {
		delete(h.lines, t.Tenant)
		return
	}
	h.lines[t.Tenant] = line
}

// rank returns the number of more urgent tickets in a line.
func rank(line []*ticket, t *ticket) int {
	i, _ := slices.BinarySearchFunc(line, t, func(a, b *ticket) int { return a.byArrival(a.arrived, b.Waiter, b.arrived) })
	return i
}

// ticket is a request that waits or has a slot.
type ticket struct {
	Waiter
	host     *host
	arrived  uint64
	state    ticketState
	calledAt time.Time
	// since is when the request arrived.
	since time.Time
}

type ticketState int

const (
	// waiting means that the request is in line.
	waiting ticketState = iota
	// called means that a slot is reserved for the request.
	called
	// taken means that the request may be sent.
	taken
	dropped
)

func (t *ticket) isBefore(other *ticket) bool {
	return t.byArrival(t.arrived, other.Waiter, other.arrived) < 0
}
