package throttle

import (
	"container/heap"
	"slices"
)

// hostLine holds the tickets of one tenant that wait for one host, the most urgent first. It is never empty.
type hostLine struct {
	host    *host
	tickets []*ticket
	// index is the position of the line in the heap of the tenant.
	index int
}

// rank returns the number of more urgent tickets.
func (l *hostLine) rank(t *ticket) int {
	i, _ := slices.BinarySearchFunc(l.tickets, t, func(a, b *ticket) int { return byUrgency(a.arrival, b.arrival) })
	return i
}

// hostLines is a heap of the lines of one tenant. The line with the most urgent ticket comes first. Without the
// heap, a tenant that waits for thousands of hosts would slow down each release of a slot.
type hostLines []*hostLine

// join adds a ticket to the line for its host.
func (l *hostLines) join(t *ticket) {
	line := t.host.lines[t.Tenant]
	if line == nil {
		line = &hostLine{host: t.host, tickets: []*ticket{t}}
		t.host.lines[t.Tenant] = line
		heap.Push(l, line)
		return
	}
	line.tickets = slices.Insert(line.tickets, line.rank(t), t)
	heap.Fix(l, line.index)
}

// withdraw removes a ticket from the line for its host.
func (l *hostLines) withdraw(t *ticket) {
	line := t.host.lines[t.Tenant]
	if len(line.tickets) == 1 {
		delete(t.host.lines, t.Tenant)
		heap.Remove(l, line.index)
		return
	}
	i := line.rank(t)
	line.tickets = slices.Delete(line.tickets, i, i+1)
	heap.Fix(l, line.index)
}

// first returns the most urgent ticket whose host admits the tenant; nil if there is none. Each host that
// does not admit the tenant has a request in flight, so there are few of them.
func (l *hostLines) first(tenant string) (first *ticket) {
	var full []*hostLine
	for len(*l) > 0 && first == nil {
		if line := (*l)[0]; line.host.Admits(tenant, 1) {
			first = line.tickets[0]
		} else {
			heap.Remove(l, 0)
			full = append(full, line)
		}
	}
	for _, line := range full {
		heap.Push(l, line)
	}
	return first
}

// Len implements heap.Interface.
func (l hostLines) Len() int { return len(l) }

// Less implements heap.Interface.
func (l hostLines) Less(i, j int) bool {
	return byUrgency(l[i].tickets[0].arrival, l[j].tickets[0].arrival) < 0
}

// Swap implements heap.Interface.
func (l hostLines) Swap(i, j int) {
	l[i], l[j] = l[j], l[i]
	l[i].index, l[j].index = i, j
}

// Push implements heap.Interface.
func (l *hostLines) Push(line any) {
	added := line.(*hostLine) //nolint:forcetypeassert // The heap holds only lines.
	added.index = len(*l)
	*l = append(*l, added)
}

// Pop implements heap.Interface.
func (l *hostLines) Pop() any {
	last := len(*l) - 1
	line := (*l)[last]
	(*l)[last] = nil
	*l = (*l)[:last]
	return line
}
