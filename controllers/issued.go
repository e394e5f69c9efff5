package controllers

import (
	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// issued is a token and what it was issued for.
type issued struct {
	token      oauth2.Token
	provenance tokensecret.Provenance
	// unfitFor is the hash of the template that could not render the token; empty for none.
	unfitFor string
}

// isUnfit reports whether the template of the owner could not render the token.
func (i issued) isUnfit(owner *v1alpha1.ClientCredential) bool {
	return i.unfitFor != "" && i.unfitFor == tokensecret.TemplateHash(owner)
}

// size is how many bytes the token and its credentials take.
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
