package controllers

import (
	"context"
	"sync"
)

const (
	// maxSmall is the size of the largest response that needs no slot. Token responses have a few
	// KiB.
	maxSmall = 16 << 10
	// maxLarge bounds the large tokens that are read and written at a time. Each takes up to
	// 10 MiB, since its values are encoded several times on the way into a Secret.
	maxLarge = 6
	// maxRewrites bounds the token Secrets that are read and written again at a time: how large one
	// is shows only when it is read.
	maxRewrites = 16
)

// slots limits concurrent work. A namespace has at most half of the slots.
type slots struct {
	all chan struct{}

	mutex      sync.Mutex
	namespaces map[string]*namespaceSlots
}

// namespaceSlots are the slots of a namespace, and the number of callers that hold or await one.
type namespaceSlots struct {
	slots chan struct{}
	users int
}

func newSlots(most int) *slots {
	return &slots{all: make(chan struct{}, most), namespaces: map[string]*namespaceSlots{}}
}

// enter waits for a slot of a namespace, and leave gives the slot back. If the context ends first,
// enter returns without a slot: an issued token is worth more than the bound.
func (s *slots) enter(ctx context.Context, namespace string) (leave func()) {
	own := s.join(namespace)
	leave = func() { s.part(namespace, own) }
	for _, slots := range []chan struct{}{own.slots, s.all} {
		select {
		case slots <- struct{}{}:
			before := leave
			leave = func() {
				<-slots
				before()
			}
		case <-ctx.Done():
			return leave
		}
	}
	return leave
}

func (s *slots) join(namespace string) *namespaceSlots {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	own := s.namespaces[namespace]
	if own == nil {
		own = &namespaceSlots{slots: make(chan struct{}, (cap(s.all)+1)/2)}
		s.namespaces[namespace] = own
	}
	own.users++
	return own
}

func (s *slots) part(namespace string, own *namespaceSlots) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if own.users--; own.users == 0 {
		delete(s.namespaces, namespace)
	}
}
