package docs_test

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/docs/page"
)

// part describes an object that a fragment can belong to.
type part struct {
	// of is the type whose fields are the keys of the fragment.
	of any
	// whole is the object without the fragment, and path is where the fragment belongs. [] is the first
	// element of a list.
	whole string
	path  string
}

const (
	clientCredential = `
apiVersion: oauth2.tokensync.dev/v1alpha1
kind: ClientCredential
metadata: {name: my-api}
spec:
  authorizationServer: {tokenEndpoint: "https://idp.example.com/oauth2/token"}
  credentialsRef: {name: my-client}
`
	secret = `
apiVersion: v1
kind: Secret
metadata: {name: my-client}
`
	pod = `
apiVersion: v1
kind: Pod
metadata: {name: my-app}
spec:
  containers: [{name: app, image: app}]
`
)

// foreignFiles lists keys of files that belong neither to Kubernetes nor to this project.
var foreignFiles = map[string]string{
	"inhibit_rules":  "a part of Alertmanager's configuration",
	"scrape_configs": "a part of Prometheus's configuration, which test/ecosystem/formats gives to Prometheus",
}

// parts are tried in this order.
var parts = []part{
	{v1alpha1.ClientCredential{}, clientCredential, ""},
	{v1alpha1.ClientCredentialSpec{}, clientCredential, "spec"},
	{v1alpha1.AuthorizationServerSpec{}, clientCredential, "spec authorizationServer"},
	{v1alpha1.TokenTarget{}, clientCredential, "spec target"},
	{corev1.Secret{}, secret, ""},
	{corev1.PodSpec{}, pod, "spec"},
	{corev1.Container{}, pod, "spec containers []"},
}

// complete adds a fragment to the object that its keys belong to, and tries the result.
func complete(ctx SpecContext, namespace string, document page.Document, fragment map[string]any) {
	GinkgoHelper()
	for _, part := range parts {
		if isPart(fragment, fieldsOf(reflect.TypeOf(part.of))) {
			apply(ctx, namespace, part.completedBy(fragment), document.At)
			return
		}
	}
	switch {
	case isPart(fragment, values()):
		render(ctx, document.Text, document.At)
	case isPart(fragment, fieldsOf(reflect.TypeFor[types.Kustomization]())):
		build(document, fragment)
	default:
		Expect(isPart(fragment, foreignFiles)).To(BeTrue(), "%s fits no known object: set its apiVersion, or add the object to the list parts", document.At)
	}
}

// completedBy returns the object with the fragment.
func (p part) completedBy(fragment map[string]any) *unstructured.Unstructured {
	GinkgoHelper()
	var whole map[string]any
	Expect(yaml.Unmarshal([]byte(p.whole), &whole)).To(Succeed())
	var lacking any = fragment
	for _, name := range slices.Backward(strings.Fields(p.path)) {
		if name == "[]" {
			lacking = []any{lacking}
		} else {
			lacking = map[string]any{name: lacking}
		}
	}
	whole = merged(whole, lacking).(map[string]any)
	object := &unstructured.Unstructured{Object: whole}
	spec, _ := whole["spec"].(map[string]any)
	if spec["authorizationServerRef"] != nil {
		delete(spec, "authorizationServer")
	}
	if server, _ := spec["authorizationServer"].(map[string]any); server["issuer"] != nil {
		delete(server, "tokenEndpoint")
	}
	return object
}

// merged returns an object with the fields of a fragment written over it.
func merged(whole, fragment any) any {
	switch fragment := fragment.(type) {
	case map[string]any:
		if whole, both := whole.(map[string]any); both {
			for name, value := range fragment {
				whole[name] = merged(whole[name], value)
			}
			return whole
		}
	case []any:
		if whole, both := whole.([]any); both && len(fragment) == 1 {
			return []any{merged(whole[0], fragment[0])}
		}
	}
	return fragment
}

// isPart reports whether all keys of a fragment are known.
func isPart[V any](fragment map[string]any, known map[string]V) bool {
	for name := range fragment {
		if _, isKnown := known[name]; !isKnown {
			return false
		}
	}
	return true
}

// fieldsOf returns the names of the fields of a type.
func fieldsOf(of reflect.Type) map[string]bool {
	names := map[string]bool{}
	for field := range of.Fields() {
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if strings.Contains(options, "inline") {
			maps.Copy(names, fieldsOf(field.Type))
		} else {
			names[name] = true
		}
	}
	return names
}
