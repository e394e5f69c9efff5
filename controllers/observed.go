package controllers

import (
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/renewal"
	"github.com/tokensync/tokensync/internal/resolve"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// observed is the observation of one ClientCredential at one instant. A step that changes the cluster returns
// a new observation.
type observed struct {
	renewal.Input

	owner *v1alpha1.ClientCredential
	// server is the declaration of the authorization server, completed by the profile; empty if it cannot
	// be used. Then Declaration is the reason.
	server resolve.Declaration
	// previous is the last status.
	previous v1alpha1.ClientCredentialStatus
	// remembered is a snapshot of the memory.
	remembered remembered
}

// throttleID returns the ID of the ClientCredential in the throttle.
func (o *observed) throttleID() string { return client.ObjectKeyFromObject(o.owner).String() }

// usesSecret reports whether the credentials Secret is needed.
func (o *observed) usesSecret() bool {
	return o.owner.Spec.CredentialsRef != nil && (o.DeclarationProblem != nil || o.server.UsesSecret(o.owner))
}

// isTargetLost reports whether there was a token, and the Secret that held it is gone.
func (o *observed) isTargetLost() bool {
	return o.Target == nil && (o.previous.Token != nil || o.remembered.targetOf(o.owner) != nil)
}

// withTarget returns the observation with another state of the target. It drops an unwritten token if the
// Secret holds a newer token of another operator, because if a server keeps only one token per client,
// only the newest token is valid.
func (o observed) withTarget(target *tokensecret.State) *observed {
	o.Target = target
	if unwritten := o.remembered.unwritten; unwritten != nil && o.Valid() && o.Token().IssuedAt.After(unwritten.token.IssuedAt) {
		o.remembered.unwritten = nil
	}
	o.Unwritten = o.unwrittenFor(o.remembered.unwritten) != nil
	return &o
}

// withRemembered returns the observation with a newer snapshot of the memory.
func (o observed) withRemembered(known remembered) *observed {
	o.remembered = known
	return &o
}

// withCredentials returns the observation with another state of the credentials Secret.
func (o observed) withCredentials(credentials *renewal.Credentials) *observed {
	o.Credentials = credentials
	return &o
}

// withServer returns the observation with a usable declaration.
func (o observed) withServer(server resolve.Declaration) *observed {
	o.server, o.DeclarationProblem = server, nil
	return &o
}
