package check

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tokensync/tokensync/internal/oauth2"
)

const (
	// maxMembers, maxItems and maxDepth bound the part of a body that is shown.
	maxMembers = 40
	maxItems   = 3
	maxDepth   = 8
)

// shaper writes the shape of a body: its names and types, but not its values.
type shaper struct {
	// redact removes secrets from the name of a member.
	redact func(string) string
	// shown is the JSON Pointer of the only number that is shown. It is empty to show none.
	shown string
}

// shape returns the shape of a body.
func (s shaper) shape(body string) string {
	body = strings.TrimPrefix(body, "\ufeff")
	document, err := oauth2.DecodeJSON(body)
	if errors.Is(err, oauth2.ErrTooManyValues) {
		return fmt.Sprintf("<JSON of too many values, %d bytes>", len(body))
	}
	if err != nil {
		return describeBody(body)
	}
	var out strings.Builder
	s.write(&out, document, "", 0)
	return out.String()
}

func (s shaper) write(out *strings.Builder, node any, pointer string, depth int) {
	switch node := node.(type) {
	case map[string]any:
		if depth == maxDepth {
			fmt.Fprintf(out, "{<%d members>}", len(node))
			return
		}
		s.writeObject(out, node, pointer, depth)
	case []any:
		if depth == maxDepth {
			fmt.Fprintf(out, "[<%d items>]", len(node))
			return
		}
		s.writeArray(out, node, pointer, depth)
	case string:
		out.WriteString(describeText(node))
	case json.Number:
		out.WriteString("<number")
		if pointer == s.shown && s.shown != "" {
			out.WriteString(" " + node.String())
		}
		out.WriteString(">")
	case bool:
		out.WriteString("<boolean>")
	default:
		out.WriteString("null")
	}
}

func (s shaper) writeObject(out *strings.Builder, object map[string]any, pointer string, depth int) {
	names := slices.Sorted(maps.Keys(object))
	s.block(out, "{", "}", depth, min(len(names), maxMembers), len(names), func(i int) {
		fmt.Fprintf(out, "%s: ", s.name(names[i]))
		s.write(out, object[names[i]], pointer+"/"+escape.Replace(names[i]), depth+1)
	})
}

func (s shaper) writeArray(out *strings.Builder, items []any, pointer string, depth int) {
	s.block(out, "[", "]", depth, min(len(items), maxItems), len(items), func(i int) {
		s.write(out, items[i], pointer+"/"+strconv.Itoa(i), depth+1)
	})
}

// block writes the first parts, each on its own line, and the number of the parts that it leaves out.
func (s shaper) block(out *strings.Builder, begin, end string, depth, first, all int, part func(i int)) {
	out.WriteString(begin)
	indent := strings.Repeat("  ", depth+1)
	for i := range first {
		out.WriteString("\n" + indent)
		part(i)
		if i < all-1 {
			out.WriteString(",")
		}
	}
	if first < all {
		fmt.Fprintf(out, "\n%s<%d more>", indent, all-first)
	}
	if all > 0 {
		out.WriteString("\n" + strings.Repeat("  ", depth))
	}
	out.WriteString(end)
}

// escape escapes a name as a reference token of a JSON Pointer (RFC 6901).
var escape = strings.NewReplacer("~", "~0", "/", "~1")

// name returns the name of a member, or only its length if it looks like data: some servers use IDs and
// even tokens as names.
func (s shaper) name(name string) string {
	if shown := s.redact(name); shown == name && isName(name) {
		return strconv.Quote(name)
	}
	return fmt.Sprintf("<name, %d bytes>", len(name))
}

var (
	memberName = regexp.MustCompile(`^[A-Za-z_@$.][-A-Za-z0-9_@$.:/+# ]{0,47}$`)
	digit      = regexp.MustCompile(`[0-9]`)
)

// isName reports whether a text looks like a name and not like data.
func isName(text string) bool {
	const maxDigits = 4
	return memberName.MatchString(text) && len(digit.FindAllString(text, -1)) <= maxDigits && !strings.Contains(text, "eyJ")
}

// describeText returns the kind and the length of a text.
func describeText(text string) string {
	if isJWT(text) {
		return fmt.Sprintf("<string, %d bytes, JWT>", len(text))
	}
	return fmt.Sprintf("<string, %d bytes>", len(text))
}

// isJWT reports whether a text has the header of a signed JWT (RFC 7519).
func isJWT(text string) bool {
	first, rest, _ := strings.Cut(text, ".")
	if strings.Count(rest, ".") != 1 {
		return false
	}
	header, err := base64.RawURLEncoding.DecodeString(first)
	var claims struct {
		Algorithm string `json:"alg"`
	}
	return err == nil && json.Unmarshal(header, &claims) == nil && claims.Algorithm != ""
}

// describeBody returns the kind and the length of a body that is not JSON.
func describeBody(body string) string {
	text := strings.TrimSpace(body)
	beginning := strings.ToLower(text[:min(len(text), 64)])
	kind := "text"
	switch {
	case text == "":
		return "<empty>"
	case strings.HasPrefix(beginning, "<!doctype html"), strings.HasPrefix(beginning, "<html"):
		kind = "HTML"
	case strings.HasPrefix(beginning, "<"):
		kind = "XML or HTML"
	case strings.HasPrefix(beginning, "{"), strings.HasPrefix(beginning, "["):
		kind = "broken JSON"
	}
	return fmt.Sprintf("<%s, %d bytes>", kind, len(body))
}
