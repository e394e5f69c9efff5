package template

import (
	"crypto/sha1" //nolint:gosec // x5t is a SHA-1 thumbprint (RFC 7515 section 4.1.7).
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig/v3"
)

// fromSprig are functions of sprig that yield no more than a small multiple of
// what they are given.
var fromSprig = []string{
	"b64enc", "b32enc",
	"sha1sum", "sha256sum", "sha512sum",
	"upper", "lower", "trim", "trimAll", "trimPrefix", "trimSuffix", "trunc", "substr", "nospace",
	"contains", "hasPrefix", "hasSuffix",
	"default", "empty", "ternary",
}

// functions are all that a template may call, besides the comparisons and
// operators that are part of the language.
var functions = func() template.FuncMap {
	all := sprig.HermeticTxtFuncMap()
	chosen := template.FuncMap{
		"print":    func(args ...any) (string, error) { return join(args, fmt.Sprint) },
		"println":  func(args ...any) (string, error) { return join(args, fmt.Sprintln) },
		"printf":   format,
		"html":     func(args ...any) (string, error) { return join(args, template.HTMLEscaper) },
		"js":       func(args ...any) (string, error) { return join(args, template.JSEscaper) },
		"urlquery": func(args ...any) (string, error) { return join(args, template.URLQueryEscaper) },
		"index":    index,
		"b64dec":   decode,
		"join":     joinList,
		"fromJson": fromJSON,
		"x5t":      func(pem string) (string, error) { return thumbprint(pem, sha1.New()) },
		"x5tS256":  func(pem string) (string, error) { return thumbprint(pem, sha256.New()) },
		"x5c":      chain,
		"replace":  replace,
		"toJson":   toJSON,
		"quote":    toJSON,
	}
	for _, name := range fromSprig {
		chosen[name] = all[name]
	}
	for name, function := range chosen {
		chosen[name] = bounded(function)
	}
	return chosen
}()

// bounded wraps a function so that a result of more than MaxBytes is an error:
// a chain of functions could multiply a text otherwise.
func bounded(function any) any {
	value := reflect.ValueOf(function)
	kind := value.Type()
	in := make([]reflect.Type, kind.NumIn())
	for i := range in {
		in[i] = kind.In(i)
	}
	failure := reflect.TypeFor[error]()
	wrapped := reflect.FuncOf(in, []reflect.Type{kind.Out(0), failure}, kind.IsVariadic())
	return reflect.MakeFunc(wrapped, func(args []reflect.Value) []reflect.Value {
		call := value.Call
		if kind.IsVariadic() {
			call = value.CallSlice
		}
		results := call(args)
		if len(results) == 1 {
			results = append(results, reflect.Zero(failure))
		}
		if results[0].Kind() == reflect.String && results[0].Len() > MaxBytes {
			return []reflect.Value{reflect.Zero(kind.Out(0)), reflect.ValueOf(errTooLong).Convert(failure)}
		}
		return results
	}).Interface()
}

func join(args []any, how func(...any) string) (string, error) {
	if total(args) > MaxBytes {
		return "", errTooLong
	}
	return how(args...), nil
}

// wide is a verb that pads to more than 999 characters, or to a number that is an
// argument.
var wide = regexp.MustCompile(`%[^a-zA-Z%]*([0-9]{4}|\*)`)

func format(format string, args ...any) (string, error) {
	if wide.MatchString(format) {
		return "", fault("a width of more than 999 is not available")
	}
	// An argument may be used more than once, by its index.
	if total(args)*(1+strings.Count(format, "[")) > MaxBytes {
		return "", errTooLong
	}
	return fmt.Sprintf(format, args...), nil
}

// total is the length of all texts in the arguments.
func total(args []any) (length int) {
	for _, arg := range args {
		switch arg := arg.(type) {
		case string:
			length += len(arg)
		case json.Number:
			length += len(arg)
		case []string:
			for _, item := range arg {
				length += 1 + len(item)
			}
		case []any:
			length += len(arg) + total(arg)
		case map[string]any:
			for key, value := range arg {
				length += len(key) + total([]any{value})
			}
		}
	}
	return length
}

// index finds a key that is no identifier.
func index(data map[string]any, key string) (any, error) {
	value, found := data[key]
	if !found {
		return nil, missingKeyError(key)
	}
	return value, nil
}

func decode(text string) (string, error) {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return "", fault("b64dec is given what is not base64")
	}
	return string(raw), nil
}

// replace has the order of arguments that suits a pipeline.
func replace(old, replacement, text string) (string, error) {
	if len(text)+strings.Count(text, old)*len(replacement) > MaxBytes {
		return "", errTooLong
	}
	return strings.ReplaceAll(text, old, replacement), nil
}

func joinList(separator string, list []string) string { return strings.Join(list, separator) }

// fromJSON reads a JSON object. Numbers keep their digits.
func fromJSON(text string) (map[string]any, error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var object map[string]any
	err := decoder.Decode(&object)
	if _, after := decoder.Token(); err != nil || !errors.Is(after, io.EOF) {
		return nil, fault("fromJson is given what is no JSON object")
	}
	return object, nil
}

// toJSON writes a value as JSON, a text with its quotes.
func toJSON(value any) (string, error) {
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return "", err
	}
	return strings.TrimSuffix(out.String(), "\n"), nil
}
