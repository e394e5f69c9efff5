package oauth2

import (
	"regexp"
	"slices"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

var (
	secretName = regexp.MustCompile(`(?i)token|secret|jwt|assertion|password|session|ticket|key`)
	// publicName matches names such as token_type and token_scope, whose values are public.
	publicName = regexp.MustCompile(`(?i)type|scope|_use$`)
)

// minToken is the minimum length of a text that may be a token. Shorter texts would mask ordinary
// words.
const minToken = 8

// tokensIn returns the texts of a response that must never be shown: the access token, and the
// values of members whose names suggest a secret.
func tokensIn(document any, server v1alpha1.AuthorizationServerSpec, response Response) []string {
	accessToken, _ := accessTokenIn(server, document, response)
	found := []string{accessToken}
	var search func(node any, hidden bool)
	search = func(node any, hidden bool) {
		switch node := node.(type) {
		case map[string]any:
			for name, member := range node {
				search(member, (hidden || secretName.MatchString(name)) && !publicName.MatchString(name))
			}
		case []any:
			for _, item := range node {
				search(item, hidden)
			}
		case string:
			if hidden {
				found = append(found, node)
			}
		}
	}
	search(document, false)
	return slices.DeleteFunc(found, func(text string) bool { return len(text) < minToken })
}
