package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// missing returns an error that lists all conditions that are not met yet, or nil.
func missing(rows []row, samples []string) error {
	var lacks []error
	for _, name := range samples {
		lacks = append(lacks, lack(find(rows, name)))
	}
	if r := find(rows, wrongSecret); r.ready != "False" || r.reason != v1alpha1.ReasonInvalidClient {
		lacks = append(lacks, fmt.Errorf(`%s: expected "not ready: %s", found %s`, r.name, v1alpha1.ReasonInvalidClient, r.state()))
	}
	return errors.Join(lacks...)
}

// lack returns an error that says what a sample lacks, or nil if its token was renewed.
func lack(r row) error {
	switch {
	case r.ready != "True":
		return fmt.Errorf("%s: %s", r.name, r.state())
	case r.renewals == 0:
		return fmt.Errorf("%s: its token in Secret %q was not renewed", r.name, r.secret)
	case r.renewAt.IsZero():
		return fmt.Errorf("%s: its status does not describe the token in Secret %q", r.name, r.secret)
	case !r.active:
		return fmt.Errorf("%s: the authorization server does not accept the token in Secret %q", r.name, r.secret)
	}
	return nil
}

func find(rows []row, name string) row {
	if i := slices.IndexFunc(rows, func(r row) bool { return r.name == name }); i >= 0 {
		return rows[i]
	}
	return row{name: name}
}

// state describes the condition Ready in words.
func (r row) state() string {
	switch r.ready {
	case "":
		return "the operator has not written its status yet"
	case "True":
		return "ready: " + r.reason
	default:
		return fmt.Sprintf("not ready: %s: %s", r.reason, r.message)
	}
}
