package check

import (
	"fmt"
	"time"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/renewal"
)

// Report tells what came of one check. It holds no credentials, no token and no
// value of a response body.
type Report struct {
	// ClientCredential as namespace/name, and the file that it was read from.
	ClientCredential string `json:"clientCredential"`
	Source           string `json:"source"`
	// AuthorizationServer and Credentials tell where they were found.
	AuthorizationServer string `json:"authorizationServer,omitempty"`
	Credentials         string `json:"credentials,omitempty"`
	// Request that was made, if there was enough to make one.
	Request  string    `json:"request,omitempty"`
	Response *Response `json:"response,omitempty"`
	Found    *Found    `json:"found,omitempty"`
	Notices  []Notice  `json:"notices,omitempty"`
	// Failure is why the operator would get no token; nil when it would get one.
	Failure *Failure `json:"failure,omitempty"`
}

// Response tells the form of a response.
type Response struct {
	Status      int    `json:"status"`
	ContentType string `json:"contentType,omitempty"`
	// Body is its shape.
	Body string `json:"body"`
}

// Found tells what was found in a response, and where.
type Found struct {
	AccessToken Value `json:"accessToken"`
	TokenType   Value `json:"tokenType"`
	Scope       Value `json:"scope"`
	// Lifetime tells by which field of the declaration, or claim, it was found.
	Lifetime Value `json:"lifetime"`
	// Fields are the names of further values.
	Fields    []string  `json:"fields,omitempty"`
	ExpiresAt time.Time `json:"expiresAt"`
	// RenewAt is when the operator would renew the token.
	RenewAt time.Time `json:"renewAt"`

	issuedAt time.Time
}

// Value of a response and where it was found.
type Value struct {
	Shown string `json:"value"`
	// At is a JSON Pointer, or names a header; empty when it was assumed.
	At string `json:"at,omitempty"`
	// By is what in the declaration led there.
	By string `json:"by,omitempty"`
}

// Notice is something to know although nothing failed.
type Notice struct {
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

// Reasons of notices that the operator does not have.
const (
	// NoticeNotChecked surfaces when the operator looks at something that could not
	// be seen here.
	NoticeNotChecked = "NotChecked"
	// NoticeCredentialFilesUnused surfaces when credential files are given that the
	// request does not need.
	NoticeCredentialFilesUnused = "CredentialFilesUnused"
	// NoticeOtherEncodingWorks surfaces when the server refused the credentials, and
	// takes them with the other basicEncoding.
	NoticeOtherEncodingWorks = "OtherEncodingWorks"
	// NoticeOtherEncodingFails surfaces when the server refused the credentials with
	// both values of basicEncoding.
	NoticeOtherEncodingFails = "OtherEncodingFails"
	// NoticeMethodNotListed surfaces when the metadata of the server do not list the
	// declared method of client authentication.
	NoticeMethodNotListed = "MethodNotListed"
	// NoticeSuspended surfaces when the operator would send no request now.
	NoticeSuspended = "Suspended"
)

// Failure is why the operator would get no token.
type Failure struct {
	// Reason is one of the reasons of the conditions.
	Reason  string `json:"reason"`
	Message string `json:"message"`
	// Change lists the fields that may have to be changed.
	Change []string `json:"change"`
}

func (e *exchange) notice(reason, format string, args ...any) {
	e.report.Notices = append(e.report.Notices, Notice{Reason: reason, Message: fmt.Sprintf(format, args...)})
}

// plan tells when the operator would renew the token, and what it would warn of.
func (e *exchange) plan(token oauth2.Token) {
	// Before an object is applied, it has no UID. The UID moves the renewal within a tenth of the lifetime.
	policy := renewal.PolicyOf(e.owner)
	e.report.Found.RenewAt = policy.RenewAt(token.IssuedAt, token.ExpiresAt).UTC()
	if notice := token.Lifetime.Notice(); notice != nil {
		e.notice(notice.Reason, "%s", notice.Message)
	}
	if notice := policy.LifetimeShort(token.ExpiresAt.Sub(token.IssuedAt)); notice != nil {
		e.notice(notice.Reason, "%s", notice.Message)
	}
	for _, notice := range token.Notices {
		e.notice(notice.Reason, "%s", notice.Message)
	}
	for _, name := range token.MissingFields {
		e.notice(v1alpha1.EventResponseFieldMissing,
			"the response has nothing at the pointers of authorizationServer.response.fields %q: the token Secret will lack that key", name)
	}
	if e.owner.IsSuspended() {
		e.notice(NoticeSuspended, "spec.suspend is true: the operator sends no token request until it is false")
	}
}
