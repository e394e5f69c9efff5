package operator

import (
	"sync"
	"time"

	"k8s.io/client-go/util/workqueue"
	testingclock "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// queue is a work queue whose delays depend on a fake clock. When a step of the clock makes an item
// due, the item is in the queue as soon as the step returns. In client-go's queue, the delays end a
// moment later, or only with the next step.
type queue struct {
	workqueue.TypedInterface[reconcile.Request]

	clock   *testingclock.FakeClock
	limiter workqueue.TypedRateLimiter[reconcile.Request]

	mutex   sync.Mutex
	delayed map[reconcile.Request]time.Time
	// added counts how often an item was added. It has no entry for an item that is neither in the
	// queue nor being reconciled. taken is the count at the time when the item was taken.
	added, taken map[reconcile.Request]int
	// changes counts all changes of the queue.
	changes int
}

func newQueue(clock *testingclock.FakeClock, limiter workqueue.TypedRateLimiter[reconcile.Request]) *queue {
	return &queue{
		TypedInterface: workqueue.NewTyped[reconcile.Request](),
		clock:          clock, limiter: limiter,
		delayed: map[reconcile.Request]time.Time{}, added: map[reconcile.Request]int{}, taken: map[reconcile.Request]int{},
	}
}

// Add implements workqueue.TypedInterface.
func (q *queue) Add(item reconcile.Request) {
	q.mutex.Lock()
	q.added[item]++
	q.changes++
	q.mutex.Unlock()
	q.TypedInterface.Add(item)
}

// Get implements workqueue.TypedInterface.
func (q *queue) Get() (item reconcile.Request, shutdown bool) {
	item, shutdown = q.TypedInterface.Get()
	q.mutex.Lock()
	defer q.mutex.Unlock()
	q.taken[item] = q.added[item]
	q.changes++
	return item, shutdown
}

// Done implements workqueue.TypedInterface.
func (q *queue) Done(item reconcile.Request) {
	q.TypedInterface.Done(item)
	q.mutex.Lock()
	defer q.mutex.Unlock()
	if q.added[item] == q.taken[item] {
		delete(q.added, item)
	}
	q.changes++
}

// AddAfter implements workqueue.TypedDelayingInterface. If an item has two delays, the delay that
// ends first counts.
func (q *queue) AddAfter(item reconcile.Request, delay time.Duration) {
	if delay <= 0 {
		q.Add(item)
		return
	}
	due := q.clock.Now().Add(delay)
	if !q.delay(item, due) {
		return
	}
	// The clock holds its lock while it calls the function.
	q.clock.AfterFunc(delay, func() { q.release(item, due) })
	if !q.clock.Now().Before(due) {
		// The clock was stepped in the meantime.
		q.release(item, due)
	}
}

func (q *queue) delay(item reconcile.Request, due time.Time) bool {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	if before, ok := q.delayed[item]; ok && !due.Before(before) {
		return false
	}
	q.delayed[item] = due
	q.changes++
	return true
}

// release adds an item, unless the item was already added or has a delay that ends earlier.
func (q *queue) release(item reconcile.Request, due time.Time) {
	q.mutex.Lock()
	ends := q.delayed[item].Equal(due)
	if ends {
		delete(q.delayed, item)
	}
	q.mutex.Unlock()
	if ends {
		q.Add(item)
	}
}

// AddRateLimited implements workqueue.TypedRateLimitingInterface.
func (q *queue) AddRateLimited(item reconcile.Request) { q.AddAfter(item, q.limiter.When(item)) }

// Forget implements workqueue.TypedRateLimitingInterface.
func (q *queue) Forget(item reconcile.Request) { q.limiter.Forget(item) }

// NumRequeues implements workqueue.TypedRateLimitingInterface.
func (q *queue) NumRequeues(item reconcile.Request) int { return q.limiter.NumRequeues(item) }

// state reports whether the queue is empty and no item is being reconciled. It also returns the number
// of changes so far, and the time when the first delay ends, or zero if there is no delay.
func (q *queue) state() (isIdle bool, changes int, next time.Time) {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	for _, due := range q.delayed {
		if next.IsZero() || due.Before(next) {
			next = due
		}
	}
	return len(q.added) == 0, q.changes, next
}
