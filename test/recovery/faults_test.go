package recovery_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// fault is an error of the API server that lasts for a while.
type fault struct {
	from, until time.Duration
	// of reports whether a request fails.
	of   func(a *actor, request *http.Request, body []byte) bool
	with metav1.Status
}

func failure(code int32, reason metav1.StatusReason, message string) metav1.Status {
	return metav1.Status{
		TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: metav1.StatusFailure,
		Code: code, Reason: reason, Message: message,
	}
}

var (
	deniedByPolicy = failure(http.StatusForbidden, metav1.StatusReasonForbidden,
		`forbidden: ValidatingAdmissionPolicy 'owners' with binding 'owners' denied request: the label team is missing`)
	invalidByPolicy = failure(http.StatusUnprocessableEntity, metav1.StatusReasonInvalid,
		`ValidatingAdmissionPolicy 'owners' with binding 'owners' denied request: the label team is missing`)
	overQuota         = failure(http.StatusForbidden, metav1.StatusReasonForbidden, `forbidden: exceeded quota: secrets, requested: secrets=1, used: secrets=10, limited: secrets=10`)
	conflictOfWebhook = failure(http.StatusConflict, metav1.StatusReasonConflict, `admission webhook "owners.example.com" denied the request: the namespace is being moved`)
	webhookDown       = failure(http.StatusInternalServerError, metav1.StatusReasonInternalError,
		`Internal error occurred: failed calling webhook "owners.example.com": failed to call webhook: connect: connection refused`)
	notDecrypted = failure(http.StatusInternalServerError, metav1.StatusReasonInternalError, `Internal error occurred: unable to transform key: invalid padding on input`)
	forbidden    = failure(http.StatusForbidden, metav1.StatusReasonForbidden, `forbidden: User "tokensync" cannot get resource "secrets"`)
)

// tokenWrite reports whether the request writes the token Secret.
func tokenWrite(a *actor, request *http.Request, body []byte) bool {
	switch request.Method {
	case http.MethodPost:
		return strings.HasSuffix(request.URL.Path, "/secrets") && bytes.Contains(body, []byte(a.tokenName()))
	case http.MethodPatch, http.MethodPut:
		return strings.HasSuffix(request.URL.Path, "/secrets/"+a.tokenName())
	}
	return false
}

// credentialsRead reports whether the request reads the credentials Secret.
func credentialsRead(a *actor, request *http.Request, _ []byte) bool {
	return request.Method == http.MethodGet && strings.HasSuffix(request.URL.Path, "/secrets/"+a.credentialsName())
}

// statusWrite reports whether the request writes the status of the ClientCredential.
func statusWrite(a *actor, request *http.Request, _ []byte) bool {
	return request.Method != http.MethodGet && strings.HasSuffix(request.URL.Path, "/clientcredentials/"+a.name+"/status")
}

// finalizerWrite reports whether the request writes the ClientCredential itself.
func finalizerWrite(a *actor, request *http.Request, _ []byte) bool {
	return request.Method != http.MethodGet && strings.HasSuffix(request.URL.Path, "/clientcredentials/"+a.name)
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

// breaks answers the requests that a fault of a scenario applies to, and passes on all other requests.
func (w *world) breaks(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		if request.Method != http.MethodGet {
			w.writes.Add(1)
		}
		body, err := peek(request)
		if err != nil {
			return nil, err
		}
		for _, a := range w.actors {
			for _, fault := range a.scenario.apiServer {
				if at := w.since(); at >= fault.from && at < fault.until && fault.of(a, request, body) {
					return answered(request, fault.with), nil
				}
			}
		}
		return next.RoundTrip(request)
	})
}

// peek reads the body and puts it back.
func peek(request *http.Request) ([]byte, error) {
	if request.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	request.Body = io.NopCloser(bytes.NewReader(body))
	return body, nil
}

func answered(request *http.Request, status metav1.Status) *http.Response {
	body, _ := json.Marshal(status)
	return &http.Response{
		StatusCode: int(status.Code), Status: http.StatusText(int(status.Code)),
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(body)), Request: request,
	}
}
