package template

import (
	"maps"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig/v3"
)

var hermetic = sprig.HermeticTxtFuncMap()

// fromSprig are functions of sprig as they are: what they take and yield is a small
// multiple of what they are given.
var fromSprig = strings.Fields(`
	upper lower title untitle swapcase camelcase kebabcase snakecase initials plural
	trim trimAll trimall trimPrefix trimSuffix trunc substr nospace abbrev abbrevboth wrap
	contains hasPrefix hasSuffix toString toStrings
	b64enc b32enc sha1sum sha256sum sha512sum adler32sum regexQuoteMeta
	default empty coalesce all any compact ternary
	list tuple append push prepend first last rest initial reverse concat has sortAlpha mustSlice
	dict get set unset hasKey pluck pick omit merge mergeOverwrite dig
	add add1 add1f sub mul div mod max biggest min maxf minf ceil floor round
	int int64 float64 atoi toDecimal
	duration durationRound
	base dir clean ext isAbs
	urlParse urlJoin
	typeOf typeIs typeIsLike kindOf kindIs deepEqual`)

// unmetered are the functions whose work is told by what they take and yield.
var unmetered = func() template.FuncMap {
	chosen := template.FuncMap{}
	for _, name := range fromSprig {
		chosen[name] = hermetic[name]
	}
	for _, more := range []template.FuncMap{texts, printing, data, times, pems} {
		maps.Copy(chosen, more)
	}
	return chosen
}()

// functions are all that a template may call, besides the comparisons and operators
// that are part of the language.
func functions(m *meter) template.FuncMap {
	all := maps.Clone(unmetered)
	for _, more := range []template.FuncMap{m.lists(), m.numbers(), m.regexes()} {
		maps.Copy(all, more)
	}
	for name, plain := range aliases {
		if function, there := all[plain]; there {
			all[name] = function
		}
	}
	return all
}

// aliases are sprig's names for functions that fail rather than yield something
// else: here, every function does.
var aliases = func() map[string]string {
	plain := map[string]string{}
	for name := range hermetic {
		if rest, isMust := strings.CutPrefix(name, "must"); isMust {
			plain[name] = strings.TrimPrefix(strings.ToLower(rest[:1])+rest[1:], "_")
		}
	}
	return plain
}()

// offered are the functions that a text names, bounded.
func offered(m *meter, text string) template.FuncMap {
	chosen := functions(m)
	for name, function := range chosen {
		if strings.Contains(text, name) {
			chosen[name] = m.bounded(name, function)
		} else {
			delete(chosen, name)
		}
	}
	return chosen
}
