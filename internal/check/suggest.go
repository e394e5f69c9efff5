package check

import (
	"maps"
	"regexp"
	"slices"

	"github.com/tokensync/tokensync/internal/oauth2"
)

// maxSuggestions bounds the suggested pointers.
const maxSuggestions = 3

// tokenName matches the names of members that hold access tokens.
var tokenName = regexp.MustCompile(`(?i)^(x_|x-)?(auth_?|access_?|session_?|bearer_?|api_?)?(token|jwt)$`)

// suggest returns pointers to members that may be the access token, judging by their names.
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
