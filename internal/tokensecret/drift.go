package tokensecret

import (
	"bytes"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// FieldManager is the field manager of the operator's writes.
const FieldManager = "tokensync"

// fields is a set of fields of a token Secret.
type fields struct{ *fieldpath.Set }

// fieldsBy returns the fields whose last writer is a matching manager. The API server records the last writer
// of each field in the metadata. So the data need not be read, and fields that another manager adds are not
// drift. If an entry cannot be read, fieldsBy returns no fields.
func fieldsBy(secret metav1.Object, manager func(name string) bool) fields {
	written := fieldpath.NewSet()
	for _, entry := range secret.GetManagedFields() {
		if !manager(entry.Manager) || entry.FieldsV1 == nil {
			continue
		}
		set := fieldpath.NewSet()
		if err := set.FromJSON(bytes.NewReader(entry.FieldsV1.GetRawBytes())); err != nil {
			return fields{fieldpath.NewSet()}
		}
		written = written.Union(set)
	}
	return fields{written}
}

func ours(manager string) bool { return manager == FieldManager }

func others(manager string) bool { return manager != FieldManager }

func (f fields) hasAll(paths []fieldpath.Path) bool {
	for _, path := range paths {
		if !f.Has(path) {
			return false
		}
	}
	return true
}

// Parents of the keys that the operator writes.
const (
	labelsField      = "metadata.labels"
	annotationsField = "metadata.annotations"
	dataField        = "data"
)

// keys returns the keys in the set, by their parent field.
func (f fields) keys() map[string][]string {
	keys := map[string][]string{}
	if f.Set == nil {
		return keys
	}
	f.Iterate(func(path fieldpath.Path) {
		var names []string
		for _, element := range path {
			if element.FieldName == nil {
				return
			}
			names = append(names, *element.FieldName)
		}
		last := len(names) - 1
		switch field := strings.Join(names[:last], "."); field {
		case labelsField, annotationsField, dataField:
			keys[field] = append(keys[field], names[last])
		}
	})
	return keys
}

var (
	tokenKeys = []string{v1alpha1.AccessTokenKey, v1alpha1.TokenTypeKey, v1alpha1.ExpiresAtKey}
	// tokenPaths are the paths of the token and its record. recordPaths are missing in older records.
	tokenPaths  = pathsUnder(map[string][]string{annotationsField: tokenAnnotations, dataField: tokenKeys})
	recordPaths = pathsUnder(map[string][]string{annotationsField: {v1alpha1.ResponseFieldsAnnotation}})
)

func pathsUnder(keys map[string][]string) []fieldpath.Path {
	var paths []fieldpath.Path
	for field, names := range keys {
		for _, name := range names {
			var parts []any
			for parent := range strings.SplitSeq(field, ".") {
				parts = append(parts, parent)
			}
			paths = append(paths, fieldpath.MakePathOrDie(append(parts, name)...))
		}
	}
	return paths
}
