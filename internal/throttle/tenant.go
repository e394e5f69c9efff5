package throttle

import (
	"slices"
	"sort"
	"time"
)

// place is a place that a tenant took.
type reservation struct {
	at     time.Time
	tenant *tenant
}

// tenant is what is known of a tenant at one server.
type tenant struct {
	name string
	// taken tells when the tenant took its places, in the order of time.
	taken []time.Time
	// turn is the number of its latest place; zero without one.
	turn uint64
	// waiting is the number of its waiters.
	waiting int
}

// held counts the places that the tenant took after the start.
func (t *tenant) held(start time.Time) int {
	return len(t.taken) - sort.Search(len(t.taken), func(i int) bool { return t.taken[i].After(start) })
}

// queue is the waiters of a tenant in a line, the most urgent first. It is never empty.
type queue struct {
	tenant  *tenant
	waiting []*waiter
}

// before counts the waiters in the queue that are more urgent than w, which may wait in
// another.
func (q *queue) before(w *waiter) int {
	i, _ := slices.BinarySearchFunc(q.waiting, w, byUrgency)
	return i
}

// shareOf is how many places a tenant may take that holds so many, one after another: before
// each, it must hold fewer than are free.
func shareOf(free, held int) int { return max(0, (free-held+1)/2) }
