package throttle

import (
	"maps"
	"slices"
	"time"
)

const (
	// outageFailures is the number of ClientCredentials whose requests must fail, without a success in
	// between, before the server counts as down.
	outageFailures = 3
	// probeInterval is the time between the end of a probe and the next probe.
	probeInterval = 5 * time.Second
	// probeTimeout is the maximum time of a probe. It is longer than the timeouts of the requests for
	// metadata and for the token.
	probeTimeout = 2 * time.Minute
)

// outages records which servers are down. While a server is down, only one waiting request at a time is
// sent: the probe. The first success ends the outage.
//
// Only the first failure of a ClientCredential after a success counts. So a single ClientCredential that
// keeps failing causes no outage: outages begin and end with requests that usually succeed.
type outages struct {
	servers map[string]*outage
	// failing holds, by the ID of a ClientCredential, the server that was down for its request. The next
	// success of that ClientCredential removes the entry.
	failing map[string]string
	// recovered holds the IDs of ClientCredentials that failed during an outage that is over, until their
	// next request.
	recovered map[string]bool
	// refused holds the IDs of ClientCredentials whose last request got an answer without a token, or was not
	// sent. They probe last.
	refused  map[string]bool
	arrivals uint64
}

func newOutages() *outages {
	return &outages{servers: map[string]*outage{}, failing: map[string]string{}, recovered: map[string]bool{}, refused: map[string]bool{}}
}

// outage is the state of a server with failures since its last success.
type outage struct {
	// failed holds the requests whose failures count. waiting holds the requests that wait for the end of the
	// outage. Both are keyed by ID.
	failed, waiting map[string]arrival
	// others holds the requests that also failed since the last success, but whose failures do not count.
	others map[string]arrival
	// reason is the reason of the last failure.
	reason string
	// probe is the ID of the request that may be sent until probeUntil; empty if there is none.
	probe      string
	probeUntil time.Time
	// probeAt is the time of the next probe.
	probeAt time.Time
	// turns holds the number of the latest probe of each tenant.
	turns map[string]uint64
	turn  uint64
}

func newOutage() *outage {
	return &outage{failed: map[string]arrival{}, others: map[string]arrival{}, waiting: map[string]arrival{}, turns: map[string]uint64{}}
}

func (o *outage) isOn() bool { return len(o.failed) >= outageFailures }

// admits reports whether a request may be sent, because the server is not known to be down, or because the
// request is the probe. Otherwise the request waits.
func (o *outages) admits(server string, requester Waiter, now time.Time) bool {
	s := o.servers[server]
	if s == nil || !s.isOn() {
		return true
	}
	if s.probe == requester.ID {
		// Only begin gives the probe more time: a probe that waits for its host must not delay other probes.
		return true
	}
	o.add(s.waiting, requester)
	if !s.isProbeDue(now) || s.next() != requester.ID {
		return false
	}
	s.startProbe(requester.ID, now.Add(grace))
	return true
}

// begin gives the probe the time of a request, because it has a slot at its host.
func (o *outages) begin(server, id string, now time.Time) {
	if s := o.servers[server]; s != nil && s.probe == id {
		s.probeUntil = now.Add(probeTimeout)
	}
}

// add adds a request. If the request is already known, it keeps its number. Failures during an outage do not
// change the order, but answers without a token do.
func (o *outages) add(to map[string]arrival, requester Waiter) {
	requester.HasFailed = o.refused[requester.ID]
	number := to[requester.ID].number
	if number == 0 {
		o.arrivals++
		number = o.arrivals
	}
	to[requester.ID] = arrival{Waiter: requester, number: number}
}

// due returns the IDs of the requests that may probe now. Each request has 5 s to reserve.
func (o *outages) due(now time.Time) (ids []string) {
	for _, s := range o.servers {
		if !s.isOn() || !s.isProbeDue(now) {
			continue
		}
		s.probe = ""
		if next := s.next(); next != "" {
			s.startProbe(next, now.Add(grace))
			ids = append(ids, next)
		}
	}
	return ids
}

// isProbeDue reports whether a probe may begin. A clock that was set back must not delay it.
func (o *outage) isProbeDue(now time.Time) bool {
	if o.probe != "" && now.Before(o.probeUntil) && o.probeUntil.Sub(now) <= probeTimeout {
		return false
	}
	return !now.Before(o.probeAt) || o.probeAt.Sub(now) > probeInterval
}

// next returns the ID of the next probe: the most urgent request of the tenant whose latest probe
// is the oldest. It is empty if no request waits.
func (o *outage) next() string {
	var first arrival
	for _, a := range o.waiting {
		if first.ID == "" || o.probesBefore(a, first) {
			first = a
		}
	}
	return first.ID
}

// probesBefore reports whether a request probes before another: first the tenants take turns, then the urgency
// decides.
func (o *outage) probesBefore(a, b arrival) bool {
	if a.Tenant != b.Tenant && o.turns[a.Tenant] != o.turns[b.Tenant] {
		return o.turns[a.Tenant] < o.turns[b.Tenant]
	}
	return byUrgency(a, b) < 0
}

func (o *outage) startProbe(id string, until time.Time) {
	o.turn++
	o.turns[o.waiting[id].Tenant] = o.turn
	delete(o.waiting, id)
	o.probe, o.probeUntil = id, until
}

// fail records that the server did not answer a request, or answered that it is down. It returns the IDs of the
// requests that need not wait any more, because the ClientCredential failed at another server before.
func (o *outages) fail(server string, requester Waiter, reason string, now time.Time) (ids []string) {
	isRepeated := o.failing[requester.ID] == server
	if !isRepeated {
		ids = o.drop(requester.ID)
		o.failing[requester.ID] = server
	}
	s := o.servers[server]
	if s == nil {
		s = newOutage()
		o.servers[server] = s
	}
	o.endProbe(server, requester.ID)
	s.probeAt, s.reason = now.Add(probeInterval), reason
	if _, counts := s.failed[requester.ID]; isRepeated && !counts {
		o.add(s.others, requester)
	} else {
		o.add(s.failed, requester)
	}
	return ids
}

// refuse ends the probe of a request that got an answer without a token, or that was not sent. The next probe
// comes after probeInterval. isLast says whether the ClientCredential probes last from now on.
func (o *outages) refuse(server, id string, isLast bool, now time.Time) {
	if isLast {
		o.refused[id] = true
	}
	if s := o.servers[server]; s != nil && s.probe == id {
		s.probe, s.probeAt = "", now.Add(probeInterval)
	}
}

// succeed ends an outage. It returns the IDs of the requests that waited or failed during the
// outage, the most urgent first.
func (o *outages) succeed(server, id string) (ids []string) {
	if o.failing[id] != server {
		ids = o.drop(id)
	}
	delete(o.failing, id)
	delete(o.refused, id)
	s := o.servers[server]
	if s == nil {
		return ids
	}
	delete(o.servers, server)
	if !s.isOn() {
		return ids
	}
	maps.Copy(s.waiting, s.failed)
	maps.Copy(s.waiting, s.others)
	delete(s.waiting, id)
	for _, called := range s.inLine() {
		o.recovered[called] = true
		ids = append(ids, called)
	}
	return ids
}

// inLine returns the IDs of the waiting requests, the most urgent first.
func (o *outage) inLine() (ids []string) {
	for _, a := range slices.SortedFunc(maps.Values(o.waiting), byUrgency) {
		ids = append(ids, a.ID)
	}
	return ids
}

// isWaiting reports whether a request waits for the end of an outage.
func (o *outages) isWaiting(server, id string) bool {
	s := o.servers[server]
	if s == nil {
		return false
	}
	_, found := s.waiting[id]
	return found
}

// withdraw removes a request that is not sent.
func (o *outages) withdraw(server, id string) {
	if s := o.servers[server]; s != nil {
		delete(s.waiting, id)
		o.endProbe(server, id)
	}
}

// endProbe ends the probe, if the request is the probe.
func (o *outages) endProbe(server, id string) {
	if s := o.servers[server]; s != nil && s.probe == id {
		s.probe = ""
	}
}

// forget drops a ClientCredential. It returns the IDs of the requests that no longer need to wait, because
// too few failures remain.
func (o *outages) forget(id string) (ids []string) {
	delete(o.recovered, id)
	delete(o.refused, id)
	return o.drop(id)
}

// drop drops the last failure of a ClientCredential. It returns the same IDs as forget.
func (o *outages) drop(id string) (ids []string) {
	server := o.failing[id]
	delete(o.failing, id)
	s := o.servers[server]
	if s == nil {
		return nil
	}
	delete(s.others, id)
	if delete(s.failed, id); !s.isOn() {
		ids = s.inLine()
		clear(s.waiting)
	}
	if len(s.failed) == 0 {
		delete(o.servers, server)
	}
	return ids
}
