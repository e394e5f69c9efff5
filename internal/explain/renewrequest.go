package explain

import (
	"fmt"
	"time"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// pendingRequest returns the renewal request that has not been tried yet. It is empty if there is none.
func (in Input) pendingRequest() string {
	request := v1alpha1.RenewRequestOf(in.ClientCredential)
	if request == in.ClientCredential.Status.LastHandledRenewRequest {
		return ""
	}
	return request
}

// renewRequest returns a point about a renewal request that has not been tried yet.
func (in Input) renewRequest() []Point {
	request := in.pendingRequest()
	if request == "" {
		return nil
	}
	when := ""
	if at, err := time.Parse(time.RFC3339, request); err == nil {
		when = " " + Relative(in.Now, at)
	}
	message := fmt.Sprintf("the renewal requested%s (%q), which has not been tried yet", when, request)
	switch {
	case in.ClientCredential.IsSuspended():
		message += ": it is tried when the ClientCredential is resumed"
	case in.isRefused():
		message += ": it is tried when the current problem is resolved"
	}
	return []Point{{Message: message}}
}

// isRequestLate reports whether a renewal request should have been tried by now. It is false for a
// request that is not a time, because its age is not known.
func (in Input) isRequestLate() bool {
	at, err := time.Parse(time.RFC3339, in.pendingRequest())
	return err == nil && in.isLate(at) && !in.isRefused()
}
