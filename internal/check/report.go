package check

import (
	"fmt"
	"time"

	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/renewal"
)

// Report is the result of a check. It holds no credentials, no token and no value of a response body.
type Report struct {
	// ClientCredential is namespace/name. Source is the file that the object was read from.
	ClientCredential string `json:"clientCredential"`
	Source           string `json:"source"`
	// AuthorizationServer and Credentials name the sources of the two objects.
	AuthorizationServer string `json:"authorizationServer,omitempty"`
	Credentials         string `json:"credentials,omitempty"`
	// Request is the token request. It is empty if the request could not be built.
	Request  string    `json:"request,omitempty"`
	Response *Response `json:"response,omitempty"`
	Found    *Found    `json:"found,omitempty"`
	Notices  []Notice  `json:"notices,omitempty"`
	// Failure is the reason that the operator would get no token, or that this could not be checked. It is
	// nil if the operator would get a token.
	Failure *Failure `json:"failure,omitempty"`
}

// Response describes a response without its values.
type Response struct {
	Status      int    `json:"status"`
	ContentType string `json:"contentType,omitempty"`
	// Body is the shape of the body.
	Body string `json:"body"`
}

// Found holds the values that were found in a response, and their locations.
type Found struct {
	AccessToken Value `json:"accessToken"`
	TokenType   Value `json:"tokenType"`
	Scope       Value `json:"scope"`
	// Lifetime names the field of the declaration, or the claim, that the lifetime comes from.
	Lifetime Value `json:"lifetime"`
	// Fields are the names of additional values.
	Fields    []string  `json:"fields,omitempty"`
	ExpiresAt time.Time `json:"expiresAt"`
	// RenewAt is when the operator would renew the token.
	RenewAt time.Time `json:"renewAt"`

	issuedAt time.Time
}

// Value is a value of a response, and its location.
type Value struct {
	Shown string `json:"value"`
	// At is a JSON Pointer, or names a header. It is empty if the value was assumed.
	At string `json:"at,omitempty"`
	// By is the field of the declaration, or the claim, that led to the value.
	By string `json:"by,omitempty"`
}

// Notice is a finding that is not a failure.
type Notice struct {
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

// Reasons of notices that only a check reports.
const (
	// NoticeNotChecked surfaces when the check cannot read something that the operator reads, or skips one
	// of its rules. It is also the reason of a failure if the check cannot continue without it.
	NoticeNotChecked = "NotChecked"
	// NoticeCredentialFilesUnused surfaces when credential files are given that the
	// request does not need.
	NoticeCredentialFilesUnused = "CredentialFilesUnused"
	// NoticeOtherEncodingWorks surfaces when the server refused the credentials, but accepts them with
	// the other basicEncoding.
	NoticeOtherEncodingWorks = "OtherEncodingWorks"
	// NoticeOtherEncodingFails surfaces when the server refused the credentials with
	// both values of basicEncoding.
	NoticeOtherEncodingFails = "OtherEncodingFails"
	// NoticeMethodNotListed surfaces when the metadata of the server does not list the
	// declared method of client authentication.
	NoticeMethodNotListed = "MethodNotListed"
	// NoticeSuspended surfaces when the operator would send no request now.
	NoticeSuspended = "Suspended"
)

// Failure is the reason that the operator would get no token, or that this could not be checked.
type Failure struct {
	// Reason is one of the reasons of the conditions, or NoticeNotChecked.
	Reason  string `json:"reason"`
	Message string `json:"message"`
	// Change lists the fields that may have to be changed.
	Change []string `json:"change"`
}

// IsChecked reports whether the check shows whether the operator would get a token.
func (r *Report) IsChecked() bool { return r.Failure == nil || r.Failure.Reason != NoticeNotChecked }

func (e *exchange) notice(reason, format string, args ...any) {
	e.report.Notices = append(e.report.Notices, Notice{Reason: reason, Message: fmt.Sprintf(format, args...)})
}

// plan adds the time of the renewal and the warnings about the token to the report.
func (e *exchange) plan(token oauth2.Token) {
	// An object has no UID before it is applied. The UID shifts the renewal within a tenth of the
	// lifetime.
	policy := renewal.PolicyOf(e.owner)
	e.report.Found.RenewAt = policy.RenewAt(token.IssuedAt, token.ExpiresAt).UTC()
	notices := token.AllNotices()
	if notice := policy.LifetimeShort(token.ExpiresAt.Sub(token.IssuedAt)); notice != nil {
		notices = append(notices, *notice)
	}
	for _, notice := range notices {
		e.notice(notice.Reason, "%s", notice.Message)
	}
	if e.owner.IsSuspended() {
		e.notice(NoticeSuspended, "spec.suspend is true: the operator sends no token request until it is false")
	}
}
