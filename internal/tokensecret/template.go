package tokensecret

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/template"
)

// maxRendered is the maximum size of all rendered keys together, in bytes.
const maxRendered = 512 << 10

// TypeOf returns the type that the token Secret of a ClientCredential must have.
func TypeOf(owner *v1alpha1.ClientCredential) corev1.SecretType {
	if wanted := owner.TargetTemplate().Type; wanted != "" {
		return corev1.SecretType(wanted)
	}
	return corev1.SecretTypeOpaque
}

// TemplateHash returns a hash of the template's type and data; empty for the default type without data.
func TemplateHash(owner *v1alpha1.ClientCredential) string {
	data := owner.TargetTemplate().Data
	if TypeOf(owner) == corev1.SecretTypeOpaque && len(data) == 0 {
		return ""
	}
	// Encoding a map of strings never fails, and sorts its keys.
	raw, _ := json.Marshal(map[string]any{"type": TypeOf(owner), "data": data})
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:16])
}

// WithoutTemplateKeys returns the token without the response fields whose names are keys of the template. The
// template takes precedence over them.
func WithoutTemplateKeys(owner *v1alpha1.ClientCredential, token oauth2.Token) oauth2.Token {
	token.Fields = maps.Clone(token.Fields)
	maps.DeleteFunc(token.Fields, func(name string, _ oauth2.Sensitive) bool {
		_, templated := owner.TargetTemplate().Data[name]
		return templated
	})
	if len(token.Fields) == 0 {
		token.Fields = nil
	}
	return token
}

// templateKeys returns the keys that the template adds to the data, sorted.
func templateKeys(owner *v1alpha1.ClientCredential) []string {
	return slices.Sorted(maps.Keys(owner.TargetTemplate().Data))
}

// render renders the data of the template with the values of a token.
func render(owner *v1alpha1.ClientCredential, token oauth2.Token, clientID string) (map[string][]byte, *problem.Problem) {
	rendered, total, given := map[string][]byte{}, 0, sizeOf(token)
	values := valuesOf(token, clientID)
	for _, key := range templateKeys(owner) {
		text, err := template.Render(owner.TargetTemplate().Data[key], values)
		if err != nil {
			return nil, notRendered(key, token, err)
		}
		if total += len(text); total > maxRendered {
			return nil, invalid("spec.target.template.data yields more than %d KiB altogether: make it smaller", maxRendered>>10).WithClass(problem.MayPass)
		}
		if given+total > oauth2.MaxIssued {
			return nil, invalid("the token, authorizationServer.response.fields and spec.target.template.data have more than %d KiB together, "+
				"the limit for a token Secret: name fewer fields or make the template smaller", oauth2.MaxIssued>>10).WithClass(problem.MayPass)
		}
		if key == corev1.DockerConfigJsonKey && TypeOf(owner) == corev1.SecretTypeDockerConfigJson && !isObject(text) {
			// The API server would quote the invalid text, which may hold the token, in its error.
			return nil, invalid("spec.target.template.data[%q] yields no JSON object: write values with toJson; the Secret stays as it is", key).WithClass(problem.MayPass)
		}
		rendered[key] = []byte(text)
	}
	return rendered, nil
}

// valuesOf returns the values that a template can use. A field of the response takes precedence over a
// derived value of the same name, because the Secret holds the field under that name.
func valuesOf(token oauth2.Token, clientID string) map[string]any {
	values := map[string]any{
		v1alpha1.AccessTokenKey: token.AccessToken.Reveal(),
		v1alpha1.TokenTypeKey:   token.Type,
		v1alpha1.ExpiresAtKey:   token.ExpiresAt.UTC().Format(time.RFC3339),
		"expires_at_unix":       strconv.FormatInt(token.ExpiresAt.Unix(), 10),
		"issued_at":             token.IssuedAt.UTC().Format(time.RFC3339),
		"scope":                 token.Scope,
	}
	if clientID != "" {
		values["client_id"] = clientID
	}
	for name, value := range token.Fields {
		values[name] = value.Reveal()
	}
	return values
}

// sizeOf returns the number of bytes that a token and its fields add to a Secret.
func sizeOf(token oauth2.Token) int {
	size := len(token.AccessToken.Reveal())
	for _, field := range token.Fields {
		size += len(field.Reveal())
	}
	return size
}

func isObject(text string) bool {
	var object map[string]json.RawMessage
	return json.Unmarshal([]byte(text), &object) == nil && object != nil
}

// notRendered returns the problem of a template that cannot be rendered with a token. The problem may be
// temporary, because the template may fit the next response. It is permanent if the template uses a key that
// no response has.
func notRendered(key string, token oauth2.Token, err error) *problem.Problem {
	var absent template.MissingKeyError
	if errors.As(err, &absent) && len(token.MissingFields) == 0 {
		return templateError(key, err)
	}
	return templateError(key, err).WithClass(problem.MayPass)
}

func templateError(key string, err error) *problem.Problem {
	return invalid("spec.target.template.data[%q]: %v: correct the template; the Secret stays as it is", key, err)
}

func invalid(format string, args ...any) *problem.Problem {
	return problem.Stalled(v1alpha1.ReasonTargetTemplateInvalid, format, args...)
}
