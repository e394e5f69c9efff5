package check

import (
	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/resolve"
)

// Shape returns the shape of a body whose names hold no secrets.
func Shape(body, shown string) string {
	return shaper{redact: func(text string) string { return text }, shown: shown}.shape(body)
}

// Changes returns the changes for a reason if nothing else is known.
func Changes(reason string) []string {
	server := resolve.Declaration{AuthorizationServerSpec: v1alpha1.AuthorizationServerSpec{Request: &v1alpha1.TokenRequest{}}}
	e := &exchange{owner: &v1alpha1.ClientCredential{}, report: &Report{}, server: server, path: "spec.authorizationServer"}
	return e.changes(&oauth2.Error{Problem: problem.Problem{Reason: reason}})
}
