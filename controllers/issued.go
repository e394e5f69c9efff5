package controllers

import (
	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// issuedToken is a token and its provenance.
type issuedToken struct {
	token      oauth2.Token
	provenance tokensecret.Provenance
	// failedTemplate is the hash of the template that could not render the token; empty if there is none.
	failedTemplate string
}

// isUnrenderable reports whether the template of the owner could not render the token.
func (i issuedToken) isUnrenderable(owner *v1alpha1.ClientCredential) bool {
	return i.failedTemplate != "" && i.failedTemplate == tokensecret.TemplateHash(owner)
}

// size returns the size of the token and its credentials in bytes.
func (i *issuedToken) size() int {
	if i == nil {
		return 0
	}
	size := len(i.token.AccessToken.Reveal())
	for name, field := range i.token.Fields {
		size += len(name) + len(field.Reveal())
	}
	for _, part := range i.provenance.Credentials.Parts() {
		size += len(part)
	}
	return size
}

// unwrittenFor returns the unwritten token if it is valid and fits the observed spec; nil otherwise.
func (o *observed) unwrittenFor(unwritten *issuedToken) *issuedToken {
	if unwritten == nil || !o.Now.Before(unwritten.token.ExpiresAt) || unwritten.isUnrenderable(o.owner) ||
		unwritten.provenance.RequestHash != o.RequestHash || !o.Answers(unwritten.provenance.RenewRequest) {
		return nil
	}
	return unwritten
}

// setUnwritten remembers a token until it is written to its Secret; nil forgets the remembered token. If
// the namespace has too many unwritten tokens, setUnwritten drops the token.
func (e *entry) setUnwritten(token *issuedToken) {
	e.unwrittenBytes.Add(e.namespace, -e.unwritten.size())
	size := token.size()
	if e.unwritten, e.isDropped = token, token != nil && !e.unwrittenBytes.Admits(e.namespace, size); e.isDropped {
		e.unwritten = nil
		return
	}
	e.unwrittenBytes.Add(e.namespace, size)
}

// dropUnwritten forgets the unwritten token if it equals the written token.
func (e *entry) dropUnwritten(written oauth2.Sensitive) {
	e.isDropped = false
	if e.unwritten != nil && e.unwritten.token.AccessToken.Reveal() == written.Reveal() {
		e.setUnwritten(nil)
		e.renderFailures = 0
	}
}

// addRenderFailure records that the template cannot render the unwritten token. It returns the number of
// consecutive tokens with such a failure, or 0 if token is not the unwritten token.
func (e *entry) addRenderFailure(owner *v1alpha1.ClientCredential, token oauth2.Sensitive) (failures int) {
	if e.unwritten == nil || e.unwritten.token.AccessToken.Reveal() != token.Reveal() {
		return 0
	}
	failed := *e.unwritten
	failed.failedTemplate = tokensecret.TemplateHash(owner)
	if e.failedTemplate != failed.failedTemplate {
		e.renderFailures = 0
	}
	e.unwritten, e.failedTemplate, e.renderFailures = &failed, failed.failedTemplate, e.renderFailures+1
	return e.renderFailures
}
