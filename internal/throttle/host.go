package throttle

import (
	"time"

	"github.com/tokensync/tokensync/internal/fairshare"
)

// host holds the slots of one host, and the requests that wait for a slot.
type host struct {
	*fairshare.Room
	name string
	// lines holds the tickets of each waiting tenant.
	lines map[string]*hostLine
}

// ticket is a request that waits or has a slot.
type ticket struct {
	arrival
	host     *host
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
