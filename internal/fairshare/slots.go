package fairshare

import (
	"context"
	"sync"
)

// Claimant is who claims a share.
type Claimant struct {
	// Tenant is the namespace that the share counts for.
	Tenant string
	// Waits reports whether to wait for the share, for as long as whoever gives it allows.
	Waits bool
}

// Slots bound concurrent work. They may be used by several goroutines at once.
type Slots struct {
	mutex sync.Mutex
	room  *Room
	// left is closed when slots are given back.
	left chan struct{}
}

// NewSlots returns so many slots.
func NewSlots(size int) *Slots { return &Slots{room: NewRoom(size), left: make(chan struct{})} }

// Enter waits until the tenant may have a slot, which leave gives back. If the context ends
// first, Enter returns without a slot.
func (s *Slots) Enter(ctx context.Context, tenant string) (leave func()) {
	leave, _ = s.EnterWith(ctx, tenant, 1)
	return leave
}

// EnterWith is Enter for work that takes an amount of slots. It reports whether it got them.
func (s *Slots) EnterWith(ctx context.Context, tenant string, amount int) (leave func(), ok bool) {
	for {
		leave, left := s.take(tenant, amount)
		if left == nil {
			return leave, true
		}
		select {
		case <-left:
		case <-ctx.Done():
			return leave, false
		}
	}
}

// TryWith is EnterWith that does not wait.
func (s *Slots) TryWith(tenant string, amount int) (leave func(), ok bool) {
	leave, left := s.take(tenant, amount)
	return leave, left == nil
}

// take takes slots. It returns what is closed when it is worth another try, or nil if it got
// them.
func (s *Slots) take(tenant string, amount int) (leave func(), left <-chan struct{}) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if !s.room.Admits(tenant, amount) {
		return func() {}, s.left
	}
	s.room.Add(tenant, amount)
	return func() { s.leave(tenant, amount) }, nil
}

func (s *Slots) leave(tenant string, amount int) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.room.Add(tenant, -amount)
	close(s.left)
	s.left = make(chan struct{})
}
