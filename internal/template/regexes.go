package template

import (
	"regexp"
	"regexp/syntax"
	"strings"
	"text/template"
)

const (
	// mostPattern bounds a regular expression.
	mostPattern = 256
	// compileWork is what a step of a regular expression costs before it matches.
	compileWork = 64
)

// regexes are the functions with regular expressions. Each step of the expression
// may be taken at each byte of the text.
func (m *meter) regexes() template.FuncMap {
	return template.FuncMap{
		"regexMatch": func(pattern, text string) (bool, error) {
			r, _, err := m.regex(pattern, text)
			return err == nil && r.MatchString(text), err
		},
		"regexFind": func(pattern, text string) (string, error) {
			r, _, err := m.regex(pattern, text)
			if err != nil {
				return "", err
			}
			return r.FindString(text), nil
		},
		"regexFindAll": func(pattern, text string, n int) ([]string, error) {
			r, _, err := m.regexAll(pattern, text)
			if err != nil {
				return nil, err
			}
			return r.FindAllString(text, n), nil
		},
		"regexSplit": func(pattern, text string, n int) ([]string, error) {
			r, _, err := m.regexAll(pattern, text)
			if err != nil {
				return nil, err
			}
			return r.Split(text, n), nil
		},
		"regexReplaceAll":        m.regexReplaceAll,
		"regexReplaceAllLiteral": m.regexReplaceAllLiteral,
	}
}

func (m *meter) regexReplaceAll(pattern, text, replacement string) (string, error) {
	r, matches, err := m.regexAll(pattern, text)
	if err != nil {
		return "", err
	}
	// Matches do not overlap, so each $ yields no more than the text in all.
	if len(text)*(1+strings.Count(replacement, "$"))+matches*len(replacement) > MaxBytes {
		return "", errTooLong
	}
	return r.ReplaceAllString(text, replacement), nil
}

func (m *meter) regexReplaceAllLiteral(pattern, text, replacement string) (string, error) {
	r, matches, err := m.regexAll(pattern, text)
	if err != nil {
		return "", err
	}
	if len(text)+matches*len(replacement) > MaxBytes {
		return "", errTooLong
	}
	return r.ReplaceAllLiteralString(text, replacement), nil
}

// regex compiles a regular expression, and spends what one search in the text may
// cost; that is returned, too.
func (m *meter) regex(pattern, text string) (r *regexp.Regexp, search int, err error) {
	if len(pattern) > mostPattern {
		return nil, 0, fault("a regular expression has no more than 256 characters")
	}
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, 0, fault("the regular expression cannot be read")
	}
	program, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return nil, 0, err
	}
	steps := len(program.Inst)
	search = steps * (1 + len(text))
	if err := m.spend(steps*compileWork + search); err != nil {
		return nil, 0, err
	}
	r, err = regexp.Compile(pattern)
	return r, search, err
}

// regexAll spends what it costs to find all matches, and counts them: after each
// one, the search for the next may go over the whole text.
func (m *meter) regexAll(pattern, text string) (r *regexp.Regexp, matches int, err error) {
	r, search, err := m.regex(pattern, text)
	if err != nil {
		return nil, 0, err
	}
	r.ReplaceAllStringFunc(text, func(string) string {
		matches++
		if err == nil {
			err = m.spend(search)
		}
		// There is no other way to end it.
		if err != nil {
			panic(err)
		}
		return ""
	})
	return r, matches, errTooMany(matches)
}
