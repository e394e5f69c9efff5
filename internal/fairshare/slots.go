package fairshare

import (
	"context"
	"sync"
)

// Claimant is the caller that claims a share.
type Claimant struct {
	// Tenant is the namespace that the share counts for.
	Tenant string
	// Waits is true if the caller waits for the share. The function that grants the share limits the wait.
	Waits bool
}

// Slots limits concurrent work. It is safe for concurrent use.
type Slots struct {
	mutex sync.Mutex
	room  *Room
	// left is closed when slots are released.
	left chan struct{}
}

// NewSlots returns the given number of slots.
func NewSlots(size int) *Slots { return &Slots{room: NewRoom(size), left: make(chan struct{})} }

// Enter waits for a slot of the tenant. leave releases the slot. If the context ends first, Enter
// returns without a slot.
func (s *Slots) Enter(ctx context.Context, tenant string) (leave func()) {
	leave, _ = s.EnterWith(ctx, tenant, 1)
	return leave
}

// EnterWith is like Enter, for work that takes several slots. ok reports whether it got the slots.
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

// TryWith is like EnterWith, but does not wait.
func (s *Slots) TryWith(tenant string, amount int) (leave func(), ok bool) {
	leave, left := s.take(tenant, amount)
	return leave, left == nil
}

// take takes slots. left is nil if it got the slots. Otherwise, left is closed when slots are released, and
// the caller can try again.
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
