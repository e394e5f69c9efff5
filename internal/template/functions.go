package template

import (
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/template"
)

// functions are the functions that a template can call, besides operators. Their names and the
// order of their arguments are those of sprig and Go. Each function is linear in its arguments, and
// its result fits into MaxBytes.
var functions = template.FuncMap{
	"upper":      upper,
	"lower":      lower,
	"trim":       strings.TrimSpace,
	"trimAll":    trimAll,
	"trimPrefix": func(prefix, text string) string { return strings.TrimPrefix(text, prefix) },
	"trimSuffix": func(suffix, text string) string { return strings.TrimSuffix(text, suffix) },
	"trunc":      trunc,
	"replace":    replace,
	"repeat":     repeat,
	"indent":     indent,
	"nindent":    nindent,
	"contains":   func(part, text string) bool { return strings.Contains(text, part) },
	"hasPrefix":  func(prefix, text string) bool { return strings.HasPrefix(text, prefix) },
	"hasSuffix":  func(suffix, text string) bool { return strings.HasSuffix(text, suffix) },

	"print":    sprint,
	"printf":   sprintf,
	"toString": func(value any) (string, error) { return bounded(textOf(value)) },
	"quote":    quote,
	"html":     func(text string) (string, error) { return bounded(template.HTMLEscapeString(text)) },
	"urlquery": func(text string) (string, error) { return bounded(template.URLQueryEscaper(text)) },

	"b64enc":    base64Encode,
	"b64dec":    base64Decode,
	"sha256sum": func(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) },
	"sha512sum": func(text string) string { return fmt.Sprintf("%x", sha512.Sum512([]byte(text))) },
	"x5t":       x5t,
	"x5tS256":   x5tS256,
	"x5c":       x5c,

	"list":      func(items ...any) ([]any, error) { return bounded(items) },
	"splitList": func(separator, text string) ([]any, error) { return bounded(listOf(strings.Split(text, separator))) },
	"join":      join,
	"first":     first,
	"has":       func(item any, list []any) bool { return slices.Contains(list, item) },
	"dict":      dict,
	"get":       get,
	"hasKey":    hasKey,
	"index":     index,
	"fromJson":  fromJSON,
	"toJson":    toJSON,

	"default":  defaultValue,
	"empty":    empty,
	"coalesce": coalesce,
	"ternary":  ternary,
	"int64":    wholeNumber,
	"fail":     func(message string) (string, error) { return "", failError(message) },

	"toDate":     toDate,
	"unixEpoch":  unixEpoch,
	"dateInZone": dateInZone,
	"dateModify": dateModify,
}

// operators are the functions of text/template that a template can call.
var operators = strings.Fields("and or not eq ne lt le gt ge len slice")

// available lists the functions in an error.
var available = strings.Join(slices.Sorted(maps.Keys(functions)), " ")
