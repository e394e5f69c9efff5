package check

import (
	"errors"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/resolve"
)

// notCheckedError reports that the check could not read something that the operator may be able to read.
type notCheckedError struct {
	// what says what could not be read, and err why.
	what string
	err  error
	// note says more about the object; empty if there is no more to say.
	note string
	// remedy says how to check without reading it.
	remedy string
}

func (e *notCheckedError) Error() string {
	text := strings.TrimSuffix(e.what+": "+e.err.Error()+"; "+e.note, "; ")
	retry := "check the connection to the cluster"
	if apierrors.IsForbidden(e.err) {
		retry = "obtain the right to read it"
	}
	return text + ": " + e.remedy + ", or " + retry
}

func (e *notCheckedError) Unwrap() error { return e.err }

// withRemedy adds to an error of find what to do if the object is missing, and if it could not be read.
func withRemedy(err error, ifMissing, ifUnread string) error {
	var missing *resolve.NotFoundError
	var unread *notCheckedError
	switch {
	case errors.As(err, &missing):
		missing.Remedy = ifMissing
	case errors.As(err, &unread):
		unread.remedy = ifUnread
	}
	return err
}

// withNote adds to an error of find what is known about the object.
func withNote(err error, note string) error {
	var missing *resolve.NotFoundError
	var unread *notCheckedError
	switch {
	case errors.As(err, &missing):
		missing.Where += ", because " + note
	case errors.As(err, &unread):
		unread.note = note
	}
	return err
}

// notChecked returns the failure of a check that could not read what the operator reads; nil for other errors.
func notChecked(err error) *Failure {
	var unread *notCheckedError
	switch {
	case errors.As(err, &unread):
		return &Failure{Reason: NoticeNotChecked, Message: unread.Error(), Change: []string{}}
	case isUserRefused(err):
		return &Failure{Reason: NoticeNotChecked, Message: err.Error(), Change: []string{}}
	}
	return nil
}

// isUserRefused reports whether the user, and not the operator, was refused a token of a ServiceAccount. A token
// that must not be sent is Stalled.
func isUserRefused(err error) bool {
	failure := problem.Of(err)
	return failure != nil && failure.Reason == v1alpha1.ReasonServiceAccountTokenRefused && failure.Class == problem.MayPass
}
