package throttle

import (
	"slices"
	"time"

	"github.com/tokensync/tokensync/internal/fairshare"
)

// host is the places of one host, and the askers that wait for one.
type host struct {
	*fairshare.Room
	name string
	// lines holds the tickets of each tenant that waits, the most urgent first. There is no
	// empty line.
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

// rank counts the tickets in a line that are more urgent.
func rank(line []*ticket, t *ticket) int {
	i, _ := slices.BinarySearchFunc(line, t, func(a, b *ticket) int { return a.byArrival(a.arrived, b.Waiter, b.arrived) })
	return i
}

// ticket is an asker that waits, or has a place.
type ticket struct {
	Waiter
	host     *host
	arrived  uint64
	state    ticketState
	calledAt time.Time
	// since is when the asker came.
	since time.Time
}

type ticketState int

const (
	// waiting is the state of an asker in line.
	waiting ticketState = iota
	// called is the state of an asker that a place is kept for.
	called
	// taken is the state of an asker that may send.
	taken
	dropped
)

func (t *ticket) isBefore(other *ticket) bool {
	return t.byArrival(t.arrived, other.Waiter, other.arrived) < 0
}
