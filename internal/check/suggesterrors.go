package check

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tokensync/tokensync/internal/oauth2"
)

// errorPointers holds pointers to members that may be the error code and its explanation.
type errorPointers struct{ codes, texts []string }

var (
	codeName = regexp.MustCompile(`(?i)(code|errno|number|error|error_?(id|key|type|name))$`)
	textName = regexp.MustCompile(`(?i)(message|msg|text|descr|detail|reason|expla|hint|cause|info|title|summary|comment|note|error)`)
	codeText = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.:-]{0,31}$`)
)

// suggestErrors returns pointers to members that may be the error code and its explanation, judging by
// their names. It omits a value that the operator finds without a suggestion.
func (x exchanged) suggestErrors() errorPointers {
	said := oauth2.ServerMessageIn(x.server, x.request, x.response)
	isSuccess := x.response.StatusCode < 300
	document, err := oauth2.DecodeJSON(x.response.Body.Reveal())
	if err != nil || (isSuccess && len(x.suggest()) > 0) {
		return errorPointers{}
	}
	search := errorSearch{exchanged: x}
	search.visit(document, "", "", 0)
	found := errorPointers{}
	// A 2xx response is a failure only if its code is declared.
	if said.Code == "" || (isSuccess && !said.CodeDeclared) {
		found.codes = search.found.codes[:min(len(search.found.codes), 1)]
	}
	if said.Text == "" {
		found.texts = search.found.texts[:min(len(search.found.texts), 1)]
	}
	return found
}

// errorSearch searches a response for an error code and its explanation.
type errorSearch struct {
	exchanged
	found errorPointers
}

func (s *errorSearch) visit(node any, name, pointer string, depth int) {
	if depth > maxDepth {
		return
	}
	switch node := node.(type) {
	case map[string]any:
		for _, member := range slices.Sorted(maps.Keys(node)) {
			if isName(member) && s.redact(member) == member {
				s.visit(node[member], member, pointer+"/"+escape.Replace(member), depth+1)
			}
		}
	case []any:
		if len(node) > 0 {
			s.visit(node[0], name, pointer+"/0", depth+1)
		}
	case json.Number:
		if codeName.MatchString(name) && node.String() != "0" && node.String() != strconv.Itoa(s.response.StatusCode) {
			s.found.codes = append(s.found.codes, pointer)
		}
	case string:
		s.visitText(node, name, pointer)
	}
}

func (s *errorSearch) visitText(text, name, pointer string) {
	isSentence := strings.Contains(strings.TrimSpace(text), " ")
	switch {
	case isSentence && textName.MatchString(name):
		s.found.texts = append(s.found.texts, pointer)
	case !isSentence && codeName.MatchString(name) && codeText.MatchString(text) && text != strconv.Itoa(s.response.StatusCode):
		s.found.codes = append(s.found.codes, pointer)
	}
}
