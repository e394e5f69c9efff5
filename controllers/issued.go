package controllers

import (
	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// issued is a token and its provenance.
type issued struct {
	token      oauth2.Token
	provenance tokensecret.Provenance
	// unfitFor is the hash of the template that could not render the token; empty if there is none.
	unfitFor string
}

// isUnfit reports whether the template of the owner could not render the token.
func (i issued) isUnfit(owner *v1alpha1.ClientCredential) bool {
	return i.unfitFor != "" && i.unfitFor == tokensecret.TemplateHash(owner)
}

// size returns the size of the token and its credentials in bytes.
func (i *issued) size() int {
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
func (o *observed) unwrittenFor(kept *issued) *issued {
	if kept == nil || !o.Now.Before(kept.token.ExpiresAt) || kept.isUnfit(o.owner) ||
		kept.provenance.RequestHash != o.RequestHash || !o.Answers(kept.provenance.RenewRequest) {
		return nil
	}
	return kept
}

// keepUnwritten keeps a token until it is written to its Secret. A nil token clears the kept token. If
// the namespace has too many unwritten tokens, keepUnwritten drops the token.
func (e *entry) keepUnwritten(token *issued) {
	e.kept.Add(e.namespace, -e.unwritten.size())
	size := token.size()
	if e.unwritten, e.isDropped = token, token != nil && !e.kept.Admits(e.namespace, size); e.isDropped {
		e.unwritten = nil
		return
	}
	e.kept.Add(e.namespace, size)
}

// dropUnwritten forgets the unwritten token if it is the token that was written.
func (e *entry) dropUnwritten(written oauth2.Sensitive) {
	e.isDropped = false
	if e.unwritten != nil && e.unwritten.token.AccessToken.Reveal() == written.Reveal() {
		e.keepUnwritten(nil)
		e.unfit = 0
	}
}

// addUnfit records that the template cannot render the unwritten token. It returns the number of such
// tokens in a row, or 0 if the given token is not the unwritten token.
func (e *entry) addUnfit(owner *v1alpha1.ClientCredential, token oauth2.Sensitive) (inARow int) {
	if e.unwritten == nil || e.unwritten.token.AccessToken.Reveal() != token.Reveal() {
		return 0
	}
	unfit := *e.unwritten
	unfit.unfitFor = tokensecret.TemplateHash(owner)
	if e.unfitFor != unfit.unfitFor {
		e.unfit = 0
	}
	e.unwritten, e.unfitFor, e.unfit = &unfit, unfit.unfitFor, e.unfit+1
	return e.unfit
}
