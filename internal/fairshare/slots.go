package fairshare

import (
	"context"
	"sync"
)

// Slots bound concurrent work. They may be used by several goroutines at once.
type Slots struct {
	mutex sync.Mutex
	room  *Room
	// left is closed when somebody leaves.
	left chan struct{}
}

// NewSlots returns so many slots.
func NewSlots(most int) *Slots { return &Slots{room: NewRoom(most), left: make(chan struct{})} }

// Enter waits until the tenant may have a slot, which leave gives back. If the context ends
// first, Enter returns without a slot.
func (s *Slots) Enter(ctx context.Context, tenant string) (leave func()) {
	for {
		left := s.take(tenant)
		if left == nil {
			return func() { s.leave(tenant) }
		}
		select {
		case <-left:
		case <-ctx.Done():
			return func() {}
		}
	}
}

// take takes a slot. It returns nil, or what is closed when it is worth another try.
func (s *Slots) take(tenant string) (left <-chan struct{}) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if !s.room.Admits(tenant, 1) {
		return s.left
	}
	s.room.Add(tenant, 1)
	return nil
}

func (s *Slots) leave(tenant string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.room.Add(tenant, -1)
	close(s.left)
	s.left = make(chan struct{})
}
