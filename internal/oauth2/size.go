package oauth2

import (
	"encoding/json"
	"fmt"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
)

// MaxSpecBytes bounds a spec as JSON, together with the finalizers of its object. The operator
// keeps the specs of all tenants in memory.
const MaxSpecBytes = 64 << 10

// CheckSpecSize returns an error if a spec is larger than MaxSpecBytes. name is the name of the
// spec in the message.
func CheckSpecSize(name string, spec any) error {
	raw, err := json.Marshal(spec)
	if err != nil {
		return fmt.Errorf("encode %s: %w", name, err)
	}
	if len(raw) > MaxSpecBytes {
		return SpecTooLarge(name)
	}
	return nil
}

// SpecTooLarge returns the error for a spec with more than MaxSpecBytes. name is the name of the
// spec in the message.
func SpecTooLarge(name string) *problem.Problem {
	return problem.Stalled(v1alpha1.ReasonSpecTooLarge,
		"%s has more than %d KiB of JSON, and is not used: make its values shorter, or put them into the credentials Secret",
		name, MaxSpecBytes>>10)
}

// maxValuesBytes bounds the total size of declared values. It applies separately to the parameters
// of a request, to its headers, and to the claims and the JOSE headers of each JWT. Many names may
// take the same value.
const maxValuesBytes = 96 << 10

// size is the total size of the declared values so far, in bytes.
type size int

// add counts a value. It returns an error if the values are too large together. what names the
// values in the message.
func (s *size) add(what string, v value) error {
	*s += size(len(v.text))
	if *s > maxValuesBytes {
		return invalid("the values of all %s have more than %d KiB together: declare fewer values, or put smaller values into the credentials Secret",
			what, maxValuesBytes>>10)
	}
	return nil
}
