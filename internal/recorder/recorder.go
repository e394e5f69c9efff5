// Package recorder limits the events that the operator records, because client-go does not. client-go keeps
// every event for up to 12 minutes to count similar events.
package recorder

import (
	"fmt"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/tokensync/tokensync/internal/fairshare"
)

const (
	// maxEvents is the maximum number of events within storedFor. Each event takes up to 2 KiB. A start with
	// 10,000 ClientCredentials in one namespace records half of that number.
	maxEvents = 20_000
	// storedFor is the maximum time that client-go keeps an event.
	storedFor = 12 * time.Minute
)

// Recorder records at most maxEvents events within storedFor, and only logs further events. A namespace gets
// at most as many events as are left free.
type Recorder struct {
	events.EventRecorder

	clock clock.PassiveClock

	mutex sync.Mutex
	room  *fairshare.Room
	// stored are the events that client-go may keep, the oldest first.
	stored []storedEvent
}

type storedEvent struct {
	at        time.Time
	namespace string
}

// New returns a Recorder that passes its events to next.
func New(next events.EventRecorder, clock clock.PassiveClock) *Recorder {
	return &Recorder{EventRecorder: next, clock: clock, room: fairshare.NewRoom(maxEvents)}
}

// Eventf records an event, or only logs it if there are too many.
func (r *Recorder) Eventf(regarding, related runtime.Object, eventType, reason, action, note string, args ...any) {
	namespace, name := "", ""
	if object, err := meta.Accessor(regarding); err == nil {
		namespace, name = object.GetNamespace(), object.GetName()
	}
	if !r.admits(namespace, r.clock.Now()) {
		logf.Log.Info("An event is not recorded: there are too many", "namespace", namespace, "name", name, "type", eventType,
			"reason", reason, "message", fmt.Sprintf(note, args...))
		return
	}
	r.EventRecorder.Eventf(regarding, related, eventType, reason, action, note, args...)
}

func (r *Recorder) admits(namespace string, now time.Time) bool {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for len(r.stored) > 0 && now.Sub(r.stored[0].at).Abs() > storedFor {
		r.room.Add(r.stored[0].namespace, -1)
		r.stored = r.stored[1:]
	}
	if !r.room.Admits(namespace, 1) {
		return false
	}
	r.room.Add(namespace, 1)
	r.stored = append(r.stored, storedEvent{at: now, namespace: namespace})
	return true
}
