package oauth2

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// origin names the Secret and the keys that credentials come from.
type origin struct {
	// secret names the Secret; empty if there is none.
	secret string
	// keys are the existing keys of the Secret that the request uses, the most important first.
	keys []string
	// roles maps the names that a profile uses to the keys of the Secret.
	roles map[string]string
}

// originOf returns the origin of the credentials that the declaration of a server uses.
func originOf(source CredentialsSource, server v1alpha1.AuthorizationServerSpec) origin {
	uses := usesOf(server)
	names := []string{}
	add := func(used bool, key string) {
		if used {
			names = append(names, key)
		}
	}
	add(uses.clientID && source.ClientID == "", source.ClientIDKey)
	add(uses.clientSecret, source.ClientSecretKey)
	add(uses.privateKey, source.PrivateKeyKey)
	add(uses.certificate, v1alpha1.CertificateKey)
	add(uses.certificate, v1alpha1.CertificatePrivateKeyKey)
	for _, name := range slices.Sorted(maps.Keys(uses.keys)) {
		add(name != v1alpha1.DefaultClientIDKey || source.ClientID == "", source.keyOf(name))
	}
	for _, name := range slices.Sorted(maps.Keys(source.Data)) {
		add(slices.ContainsFunc(templatesOf(server), func(text string) bool { return mentions(text, name, source) }), name)
	}
	var keys []string
	for _, name := range names {
		if _, exists := source.Data[name]; exists && !slices.Contains(keys, name) {
			keys = append(keys, name)
		}
	}
	return origin{secret: source.SecretName, keys: keys, roles: source.roles()}
}

// keyOf returns the key of the Secret that a secretKey refers to.
func (s CredentialsSource) keyOf(name string) string {
	if key, isRole := s.roles()[name]; isRole {
		return key
	}
	return name
}

// mentions reports whether a template names a key, or the role of that key.
func mentions(text, key string, source CredentialsSource) bool {
	if strings.Contains(text, "."+key) || strings.Contains(text, `"`+key+`"`) {
		return true
	}
	for role, of := range source.roles() {
		if of == key && strings.Contains(text, "."+role) {
			return true
		}
	}
	return false
}

// templatesOf returns the templates of the parameters, headers and claims of a server.
func templatesOf(server v1alpha1.AuthorizationServerSpec) (texts []string) {
	add := func(parameters []v1alpha1.Parameter) {
		for _, parameter := range parameters {
			texts = append(texts, parameter.Template)
		}
	}
	add(server.Request.Parameters)
	for _, header := range server.Request.Headers {
		texts = append(texts, header.Template)
	}
	for _, assertion := range []*v1alpha1.Assertion{server.ClientAuthentication.Assertion, server.Request.Assertion} {
		if assertion != nil {
			add(assertion.Claims)
			add(assertion.Headers)
		}
	}
	return slices.DeleteFunc(texts, func(text string) bool { return text == "" })
}

// UsedKeys returns the existing keys of the credentials Secret that a token request uses.
func UsedKeys(source CredentialsSource, server v1alpha1.AuthorizationServerSpec) []string {
	return originOf(source, server).keys
}

// String returns the keys and their Secret, such as
// keys "client_id" and "client_secret" of Secret "my-client".
// It is empty if there are no keys.
func (o origin) String() string {
	if o.secret == "" || len(o.keys) == 0 {
		return ""
	}
	return fmt.Sprintf("%s of Secret %q", quotedKeys(o.keys), o.secret)
}

func quotedKeys(keys []string) string {
	quoted := make([]string, len(keys))
	for i, key := range keys {
		quoted[i] = fmt.Sprintf("%q", key)
	}
	if last := len(quoted) - 1; last > 0 {
		return "keys " + strings.Join(quoted[:last], ", ") + " and " + quoted[last]
	}
	return "key " + quoted[0]
}

// facts describe a request for hints and notices. They hold no secrets.
type facts struct {
	origin origin
	// otherEncoding is the basicEncoding to try; empty if it makes no difference.
	otherEncoding v1alpha1.BasicEncoding
	scopes        []string
	audience      string
	resources     []string
}

func factsOf(server v1alpha1.AuthorizationServerSpec, grant Grant) facts {
	return facts{
		origin: grant.Credentials.origin, otherEncoding: otherEncoding(server, grant.Credentials),
		scopes: grant.Scopes, audience: grant.Audience, resources: grant.Resources,
	}
}
