package explain

import "strings"

// clean removes control characters: the texts come from other systems, and a terminal would interpret
// them.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case r < ' ' || (r >= 0x7f && r < 0xa0):
			return -1
		}
		return r
	}, text)
}
