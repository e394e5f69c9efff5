// Package recorder bounds the events that the operator records. client-go keeps every event
// for up to 12 minutes, so that it can count similar ones, and sets no limit.
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
	// maxEvents bounds the events of the last keptFor. Each takes up to 2 KiB. The start of 10,000
	// ClientCredentials in one namespace records half of it.
	maxEvents = 20_000
	// keptFor is how long client-go keeps an event at most.
	keptFor = 12 * time.Minute
)

// Recorder records no more events than client-go has room for. A namespace has no more of them
// than are left free. Other events are logged only.
type Recorder struct {
	events.EventRecorder

	clock clock.PassiveClock

	mutex sync.Mutex
	room  *fairshare.Room
	// kept are the events that client-go may keep, the oldest first.
	kept []keptEvent
}

type keptEvent struct {
	at        time.Time
	namespace string
}

// New returns a Recorder that hands its events to another one.
func New(next events.EventRecorder, clock clock.PassiveClock) *Recorder {
	return &Recorder{EventRecorder: next, clock: clock, room: fairshare.NewRoom(maxEvents)}
}

// Eventf records an event, unless there are too many.
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
	for len(r.kept) > 0 && now.Sub(r.kept[0].at).Abs() > keptFor {
		r.room.Add(r.kept[0].namespace, -1)
		r.kept = r.kept[1:]
	}
	if !r.room.Admits(namespace, 1) {
		return false
	}
	r.room.Add(namespace, 1)
	r.kept = append(r.kept, keptEvent{at: now, namespace: namespace})
	return true
}
