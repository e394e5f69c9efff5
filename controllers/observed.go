package controllers

import (
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/renewal"
	"github.com/tokensync/tokensync/internal/resolve"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// observed is what was seen of one ClientCredential at one instant. It is a value: what a step changes in the
// cluster, it returns as another one.
type observed struct {
	renewal.Input

	owner *v1alpha1.ClientCredential
	// server is its authorization server, completed by the profile; empty when the
	// Declaration says what is wrong with it.
	server resolve.Declaration
	// previous is the status before.
	previous v1alpha1.ClientCredentialStatus
	// remembered is what the memory held.
	remembered remembered
}

// key is how the ClientCredential is known to the throttle.
func (o *observed) key() string { return client.ObjectKeyFromObject(o.owner).String() }

// usesSecret reports whether anything of a credentials Secret is needed.
func (o *observed) usesSecret() bool {
	return o.owner.Spec.CredentialsRef != nil && (o.Declaration != nil || o.server.UsesSecret(o.owner))
}

// isTargetLost reports whether there was a token, and the Secret that held it is gone.
func (o *observed) isTargetLost() bool {
	return o.Target == nil && (o.previous.Token != nil || o.remembered.targetOf(o.owner) != nil)
}

// withTarget returns what was observed, with another state of the target. It holds no token that waits to be
// written if the Secret holds a newer one: another operator wrote it. Where a server knows one token
// per client, the newest one is the valid one.
func (o observed) withTarget(target *tokensecret.State) *observed {
	o.Target = target
	if kept := o.remembered.unwritten; kept != nil && o.Valid() && o.Token().IssuedAt.After(kept.token.IssuedAt) {
		o.remembered.unwritten = nil
	}
	o.Unwritten = o.unwrittenFor(o.remembered.unwritten) != nil
	return &o
}

// withRemembered returns what was observed, with what the memory holds by now.
func (o observed) withRemembered(known remembered) *observed {
	o.remembered = known
	return &o
}

// withCredentials returns what was observed, with another state of the credentials Secret.
func (o observed) withCredentials(credentials *renewal.Credentials) *observed {
	o.Credentials = credentials
	return &o
}

// withServer returns what was observed, with a declaration that can be used.
func (o observed) withServer(server resolve.Declaration) *observed {
	o.server, o.Declaration = server, nil
	return &o
}
