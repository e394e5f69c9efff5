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

// maxRendered bounds all rendered keys together, in bytes.
const maxRendered = 512 << 10

// TypeOf is the type that the token Secret of a ClientCredential is to have.
func TypeOf(owner *v1alpha1.ClientCredential) corev1.SecretType {
	if wanted := owner.TargetTemplate().Type; wanted != "" {
		return corev1.SecretType(wanted)
	}
	return corev1.SecretTypeOpaque
}

// TemplateHash identifies a template of type and data; empty for none.
func TemplateHash(owner *v1alpha1.ClientCredential) string {
	data := owner.TargetTemplate().Data
	if TypeOf(owner) == corev1.SecretTypeOpaque && len(data) == 0 {
		return ""
	}
	// A map of texts can always be encoded, and its keys come out in order.
	raw, _ := json.Marshal(map[string]any{"type": TypeOf(owner), "data": data})
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:16])
}

// WithoutTemplateKeys leaves out the fields of a token's response that the template has keys for:
// the template goes before them.
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

// templateKeys are those that the template adds to the data.
func templateKeys(owner *v1alpha1.ClientCredential) []string {
	return slices.Sorted(maps.Keys(owner.TargetTemplate().Data))
}

// render renders the template's data over a token.
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
				"which no Secret can hold: name fewer fields or make the template smaller", oauth2.MaxIssued>>10).WithClass(problem.MayPass)
		}
		if key == corev1.DockerConfigJsonKey && TypeOf(owner) == corev1.SecretTypeDockerConfigJson && !isObject(text) {
			// The API server would quote of it what it cannot read.
			return nil, invalid("spec.target.template.data[%q] yields no JSON object: write values by toJson; the Secret stays as it is", key).WithClass(problem.MayPass)
		}
		rendered[key] = []byte(text)
	}
	return rendered, nil
}

// valuesOf is what a template sees. A field of the response goes before what is
// derived, since the Secret holds it under that name.
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

// sizeOf is what a token and its fields add to a Secret.
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

// notRendered is the error of a template over a token. Unless the template uses a key that
// no response adds, it may render another response.
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
