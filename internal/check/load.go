package check

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	serializer "k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/cli-runtime/pkg/resource"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// Files are the files to load.
type Files struct {
	resource.FilenameOptions
	// Stdin is read for the file name "-".
	Stdin io.Reader
	// Namespace is the namespace of objects that name none.
	Namespace string
	// EnforceNamespace rejects a ClientCredential of another namespace.
	EnforceNamespace bool
}

// Load reads objects from files, without a cluster. It rejects fields that the API does not have, like
// an API server.
func Load(files Files) (*Objects, error) {
	names := slices.DeleteFunc(slices.Clone(files.Filenames), func(name string) bool { return name == "-" })
	builder := resource.NewLocalBuilder().Schema(head{}).Unstructured()
	if len(names) < len(files.Filenames) {
		builder = builder.Stream(files.Stdin, "standard input")
	}
	files.Filenames = names
	infos, err := builder.FilenameParam(false, &files.FilenameOptions).Flatten().Do().Infos()
	if err != nil {
		return nil, harmless(err)
	}
	objects := &Objects{others: map[identity]Loaded[client.Object]{}}
	for _, info := range infos {
		object, _ := info.Object.(*unstructured.Unstructured)
		if object == nil || !concerns(object) {
			continue
		}
		if err := files.take(objects, object, info.Source); err != nil {
			return nil, fmt.Errorf("%s: %s %q: %w", info.Source, object.GetKind(), object.GetName(), harmless(err))
		}
	}
	return objects, nil
}

// concerns reports whether a check reads an object. Objects of other kinds are skipped, so that a user
// can give whole folders. An unknown kind of our group is not skipped, because it may be misspelt.
func concerns(object *unstructured.Unstructured) bool {
	group := object.GroupVersionKind().Group
	_, known := newObject[object.GetKind()]
	return group == v1alpha1.GroupVersion.Group || (known && group == "")
}

func (f Files) take(objects *Objects, object *unstructured.Unstructured, source string) error {
	namespaced := object.GetKind() != "ClusterAuthorizationServer" && object.GetKind() != "Namespace"
	switch {
	case !namespaced:
		object.SetNamespace("")
	case object.GetNamespace() == "":
		object.SetNamespace(f.Namespace)
	case f.EnforceNamespace && object.GetKind() == "ClientCredential" && object.GetNamespace() != f.Namespace:
		return fmt.Errorf("its namespace is %q and not %q: correct --namespace", object.GetNamespace(), f.Namespace)
	}
	typed, err := strict(object)
	if err != nil {
		return err
	}
	if typed.GetName() == "" {
		return errors.New("it has no name: set metadata.name")
	}
	return objects.add(object.GetKind(), Loaded[client.Object]{Object: typed, Source: source})
}

// strict converts an object to its Go type, and rejects unknown fields.
func strict(object *unstructured.Unstructured) (client.Object, error) {
	raw, err := object.MarshalJSON()
	if err != nil {
		return nil, err
	}
	empty, known := newObject[object.GetKind()]
	if !known {
		return nil, fmt.Errorf("group %s has no such kind: correct kind", v1alpha1.GroupVersion.Group)
	}
	scheme := Scheme()
	decoder := serializer.NewSerializerWithOptions(serializer.DefaultMetaFactory, scheme, scheme, serializer.SerializerOptions{Strict: true})
	typed := empty()
	_, _, err = decoder.Decode(raw, nil, typed)
	return typed, err
}

// head checks that each document has an apiVersion and a kind. It runs before the decoder, whose error
// messages quote the document, which may be a Secret.
type head struct{}

// ValidateBytes implements resource.ContentValidator.
func (head) ValidateBytes(document []byte) error {
	type form struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
	}
	var list struct {
		form  `json:",inline"`
		Items []form `json:"items"`
	}
	if err := json.Unmarshal(document, &list); err != nil {
		return errors.New("a document is no Kubernetes object")
	}
	forms := []form{list.form}
	if strings.HasSuffix(list.Kind, "List") {
		forms = append(forms, list.Items...)
	}
	for _, form := range forms {
		if form.APIVersion == "" || form.Kind == "" {
			return errors.New("a document has no apiVersion or no kind: add it")
		}
	}
	return nil
}

// harmless removes quoted parts of a document from the message of a parser.
func harmless(err error) error {
	// The builder's advice about kubectl apply does not apply to a check.
	message, _, _ := strings.Cut(err.Error(), "; if you choose to ignore these errors")
	message = strings.TrimPrefix(message, "error validating data: ")
	for _, quoting := range []string{"`", "{", "separator:", "strconv."} {
		if before, _, found := strings.Cut(message, quoting); found {
			message = strings.TrimRight(before, " :'") + " (the rest is not shown, because it may be secret)"
		}
	}
	return errors.New(message)
}
