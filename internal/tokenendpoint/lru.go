package tokenendpoint

import (
	"container/list"
	"sync"
)

// lru caches the most recently used values, up to a total size in bytes.
type lru[V any] struct {
	maxBytes int
	evicted  func(V)

	mutex   sync.Mutex
	bytes   int
	order   *list.List
	entries map[string]*list.Element
}

type lruEntry[V any] struct {
	key   string
	value V
	bytes int
}

func newLRU[V any](maxBytes int, evicted func(V)) *lru[V] {
	return &lru[V]{maxBytes: maxBytes, evicted: evicted, order: list.New(), entries: map[string]*list.Element{}}
}

func (l *lru[V]) get(key string) (value V, found bool) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	element, found := l.entries[key]
	if !found {
		return value, false
	}
	l.order.MoveToFront(element)
	return entryOf[V](element).value, true
}

// add adds a value, and evicts the least recently used values until the remaining values fit. It never evicts
// the added value, regardless of its size.
func (l *lru[V]) add(key string, value V, bytes int) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if element, found := l.entries[key]; found {
		l.remove(element)
	}
	l.entries[key] = l.order.PushFront(lruEntry[V]{key, value, bytes})
	l.bytes += bytes
	for l.bytes > l.maxBytes && l.order.Len() > 1 {
		l.remove(l.order.Back())
	}
}

// values returns all values, the most recently used first.
func (l *lru[V]) values() (values []V) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for element := l.order.Front(); element != nil; element = element.Next() {
		values = append(values, entryOf[V](element).value)
	}
	return values
}

func (l *lru[V]) remove(element *list.Element) {
	entry := entryOf[V](element)
	l.order.Remove(element)
	delete(l.entries, entry.key)
	l.bytes -= entry.bytes
	l.evicted(entry.value)
}

func entryOf[V any](element *list.Element) lruEntry[V] {
	return element.Value.(lruEntry[V]) //nolint:forcetypeassert // The list holds no other type.
}
