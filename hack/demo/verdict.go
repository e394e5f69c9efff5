package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// missing returns what has not happened yet. It is nil if everything has happened.
func missing(rows []row, samples []string) error {
	var lacks []error
	for _, name := range samples {
		lacks = append(lacks, lack(find(rows, name)))
	}
	if r := find(rows, wrongSecret); r.ready != "False" || r.reason != v1alpha1.ReasonInvalidClient {
		lacks = append(lacks, fmt.Errorf("%s: expected not to be ready for the reason %s, but %s", r.name, v1alpha1.ReasonInvalidClient, r.state()))
	}
	return errors.Join(lacks...)
}

// lack returns what a sample lacks. It is nil if the sample has a token that was renewed.
func lack(r row) error {
	switch {
	case r.ready != "True":
		return fmt.Errorf("%s: %s", r.name, r.state())
	case r.renewals == 0:
		return fmt.Errorf("%s: its token in Secret %q was not renewed", r.name, r.secret)
	case r.renewAt.IsZero():
		return fmt.Errorf("%s: its status does not describe the token in Secret %q", r.name, r.secret)
	case !r.active:
		return fmt.Errorf("%s: the authorization server does not take the token in Secret %q", r.name, r.secret)
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
