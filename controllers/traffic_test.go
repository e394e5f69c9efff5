package controllers_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// traffic counts what the operator asks of the API server, and can break it.
type traffic struct {
	mutex    sync.Mutex
	requests []string
	// respond, if set, answers instead of the API server when it returns a response.
	respond func(*http.Request) *http.Response
}

func (t *traffic) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		t.mutex.Lock()
		t.requests = append(t.requests, request.Method+" "+request.URL.Path)
		respond := t.respond
		t.mutex.Unlock()
		if respond != nil {
			if response := respond(request); response != nil {
				return response, nil
			}
		}
		return next.RoundTrip(request)
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

func (t *traffic) respondWhen(respond func(*http.Request) *http.Response) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.respond = respond
}

// failWhen answers 500 to what fail returns true for; nil ends that.
func (t *traffic) failWhen(fail func(*http.Request) bool) {
	t.respondWhen(func(request *http.Request) *http.Response {
		if fail == nil || !fail(request) {
			return nil
		}
		return answered(request, http.StatusInternalServerError, "")
	})
}

// holdWatches lets the operator list, and shows it no change after that until release is
// called. holds is closed when it watches.
func (t *traffic) holdWatches(suffix string) (holds <-chan struct{}, release func()) {
	watches, released := make(chan struct{}), make(chan struct{})
	tell := sync.OnceFunc(func() { close(watches) })
	t.respondWhen(func(request *http.Request) *http.Response {
		query := request.URL.Query()
		switch {
		case query.Get("watch") == "" || !strings.HasSuffix(request.URL.Path, suffix):
			return nil
		case query.Get("sendInitialEvents") != "":
			// The client lists then.
			return answered(request, http.StatusUnprocessableEntity, "")
		}
		tell()
		select {
		case <-released:
		case <-request.Context().Done():
		}
		return answered(request, http.StatusInternalServerError, "")
	})
	return watches, sync.OnceFunc(func() {
		t.respondWhen(nil)
		close(released)
	})
}

func answered(request *http.Request, status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status),
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: request,
	}
}

func (t *traffic) reset() {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.requests = nil
}

// all returns the requests so far, each with its method and path.
func (t *traffic) all() []string {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return slices.Clone(t.requests)
}

// writes returns the requests that were no reads, those for leases and events aside.
func (t *traffic) writes() []string {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	var writes []string
	for _, request := range t.requests {
		if !strings.HasPrefix(request, http.MethodGet) {
			writes = append(writes, request)
		}
	}
	return writes
}
