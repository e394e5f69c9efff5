package controllers_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// traffic records the operator's requests to the API server, and can answer them itself.
type traffic struct {
	mutex    sync.Mutex
	requests []string
	// respond, if set, returns the response, or nil to pass the request on.
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

// failWhen answers 500 to each request for which fail returns true. A nil fail passes all requests on.
func (t *traffic) failWhen(fail func(*http.Request) bool) {
	t.respondWhen(func(request *http.Request) *http.Response {
		if fail == nil || !fail(request) {
			return nil
		}
		return answered(request, http.StatusInternalServerError, "")
	})
}

// holdWatches passes list requests on, and delivers no watch event until release is called. holds is closed
// when the first watch begins.
func (t *traffic) holdWatches(suffix string) (holds <-chan struct{}, release func()) {
	watches, released := make(chan struct{}), make(chan struct{})
	signal := sync.OnceFunc(func() { close(watches) })
	t.respondWhen(func(request *http.Request) *http.Response {
		query := request.URL.Query()
		switch {
		case query.Get("watch") == "" || !strings.HasSuffix(request.URL.Path, suffix):
			return nil
		case query.Get("sendInitialEvents") != "":
			// The client falls back to a list request.
			return answered(request, http.StatusUnprocessableEntity, "")
		}
		signal()
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

// writes returns the requests except GET requests, each with its method and path.
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
