package controllers

import (
	"context"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/tokensync/tokensync/internal/throttle"
)

// wakeInterval is how often wake looks for requests that can be sent sooner than expected.
const wakeInterval = time.Second

// wake calls call for each request that can be sent now, until the context ends.
func wake(ctx context.Context, clock clock.WithTicker, throttle *throttle.Throttle, call func(key string)) {
	ticker := clock.NewTicker(wakeInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-throttle.Calling():
		case <-ticker.C():
		}
		for _, key := range throttle.Due(clock.Now()) {
			call(key)
		}
	}
}

// enqueue puts the object with a key into the queue of a controller.
func enqueue(ctx context.Context, called chan<- event.GenericEvent, key string) {
	namespace, name, isNamespaced := strings.Cut(key, string(types.Separator))
	if !isNamespaced {
		namespace, name = "", key
	}
	select {
	case called <- event.GenericEvent{Object: &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}}:
	case <-ctx.Done():
	}
}
