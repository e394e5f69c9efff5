package explain

import (
	"fmt"
	"time"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// pendingRequest is the request to renew that was not tried yet; empty without one.
func (in Input) pendingRequest() string {
	request := v1alpha1.RenewRequestOf(in.ClientCredential)
	if request == in.ClientCredential.Status.LastHandledRenewRequest {
		return ""
	}
	return request
}

// renewRequest tells of a request to renew that was not tried yet.
func (in Input) renewRequest() []Point {
	request := in.pendingRequest()
	if request == "" {
		return nil
	}
	when := ""
	if at, err := time.Parse(time.RFC3339, request); err == nil {
		when = " " + Relative(in.Now, at)
	}
	message := fmt.Sprintf("the renewal that was requested%s (%q), which has not been tried yet", when, request)
	switch {
	case in.ClientCredential.IsSuspended():
		message += ": that comes when it is resumed"
	case in.isRefused():
		message += ": that comes when what it needs is done"
	}
	return []Point{{Message: message}}
}

// isRequestLate tells whether a request to renew should have been tried by now. Of a
// request that is no instant nobody knows.
func (in Input) isRequestLate() bool {
	at, err := time.Parse(time.RFC3339, in.pendingRequest())
	return err == nil && in.isLate(at) && !in.isRefused()
}
