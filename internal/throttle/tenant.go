package throttle

import (
	"slices"
	"sort"
	"time"
)

// reservation is one request of a tenant.
type reservation struct {
	at     time.Time
	tenant *tenant
}

// tenant is the state of a tenant at a server.
type tenant struct {
	name string
	// taken are the times of its reservations, the earliest first.
	taken []time.Time
	// turn is the number of its latest reservation; zero if there was none.
	turn uint64
	// waiting is the number of its waiting requests.
	waiting int
}

// held counts the reservations after the start.
func (t *tenant) held(start time.Time) int {
	return len(t.taken) - sort.Search(len(t.taken), func(i int) bool { return t.taken[i].After(start) })
}

// queue holds the waiting requests of a tenant in a line, the most urgent first. It is never empty.
type queue struct {
	tenant  *tenant
	waiting []*waiter
}

// before counts the requests in the queue that are more urgent than w, which may wait in another queue.
func (q *queue) before(w *waiter) int {
	i, _ := slices.BinarySearchFunc(q.waiting, w, func(a, b *waiter) int { return byUrgency(a.arrival, b.arrival) })
	return i
}

// shareOf returns how many more reservations a tenant may get. Before each reservation, the tenant must hold
// fewer reservations than are free.
func shareOf(free, held int) int { return max(0, (free-held+1)/2) }
