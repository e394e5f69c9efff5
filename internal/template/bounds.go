package template

import (
	"encoding/json"
	"fmt"
	"strings"
)

const (
	// MaxBytes bounds a template, its output, and each value in it.
	MaxBytes = 64 << 10
	// maxCalls bounds the function calls in a template. Each call runs at most once.
	maxCalls = 128
	// maxPattern bounds the layout of a date, and the characters that trimAll removes.
	maxPattern = 256
	// maxDigits bounds a JSON number. A template can call the methods of a number, which parse it,
	// although functions does not list them.
	maxDigits = 256
	// itemBytes is the size of an item of a list or a map without its content. If items were free, a
	// list that contains itself twice would grow without bound.
	itemBytes = 64
)

var (
	errTooLong = fault(fmt.Sprintf("yields more than %d KiB", MaxBytes>>10))
	errPattern = fault(fmt.Sprintf("takes no more than %d characters as its first argument", maxPattern))
)

// fits returns an error if a size is above MaxBytes. It bounds everything that grows: the output of
// a template and the result of a function.
func fits(bytes int) error {
	if bytes > MaxBytes {
		return errTooLong
	}
	return nil
}

// bounded returns the result of a function, or an error if it is too large. Functions
// that return a part of an argument need no bound.
func bounded[T any](result T) (T, error) {
	if err := fits(sizeOf(result)); err != nil {
		var none T
		return none, err
	}
	return result, nil
}

// sizeOf returns the approximate size of values as texts, in bytes. It counts a value each time
// that it occurs in a list or a map, and stops above MaxBytes.
func sizeOf(values ...any) (bytes int) {
	for _, value := range values {
		switch value := value.(type) {
		case string:
			bytes += len(value)
		case json.Number:
			if bytes += len(value); len(value) > maxDigits {
				return MaxBytes + 1
			}
		case []any:
			bytes += len(value)*itemBytes + sizeOf(value...)
		case map[string]any:
			for key, item := range value {
				if bytes += itemBytes + len(key) + sizeOf(item); bytes > MaxBytes {
					break
				}
			}
		}
		if bytes > MaxBytes {
			break
		}
	}
	return bytes
}

// builder builds a text of at most MaxBytes.
type builder struct{ text strings.Builder }

func (b *builder) Write(p []byte) (int, error) { return len(p), b.add(string(p)) }

func (b *builder) add(text string) error {
	if err := fits(b.text.Len() + len(text)); err != nil {
		return err
	}
	b.text.WriteString(text)
	return nil
}

func (b *builder) String() string { return b.text.String() }
