package check

import (
	"maps"
	"regexp"
	"slices"

	"github.com/tokensync/tokensync/internal/oauth2"
)

// maxSuggestions bounds the pointers that are suggested.
const maxSuggestions = 3

// tokenName is what the members are called that hold access tokens.
var tokenName = regexp.MustCompile(`(?i)^(x_|x-)?(auth_?|access_?|session_?|bearer_?|api_?)?(token|jwt)$`)

// suggest returns pointers to what may be the access token, by its name.
func (x exchanged) suggest() []string {
	document, err := oauth2.DecodeJSON(x.response.Body.Reveal())
	if err != nil {
		return nil
	}
	var found []string
	var search func(node any, pointer string, depth int)
	search = func(node any, pointer string, depth int) {
		object, ok := node.(map[string]any)
		if !ok || depth == maxDepth {
			return
		}
		for _, name := range slices.Sorted(maps.Keys(object)) {
			if !isName(name) || x.redact(name) != name {
				continue
			}
			below := pointer + "/" + escape.Replace(name)
			if text, ok := object[name].(string); ok && text != "" && tokenName.MatchString(name) {
				found = append(found, below)
			}
			search(object[name], below, depth+1)
		}
	}
	search(document, "", 0)
	return found[:min(len(found), maxSuggestions)]
}
