package tokensecret

import (
	"bytes"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// FieldManager is the name under which the operator writes.
const FieldManager = "tokensync"

// fields of a token Secret that are the operator's.
type fields struct{ *fieldpath.Set }

// fieldsBy are those that the managers wrote whom the predicate takes, and nobody
// else since. The API server keeps, in the metadata, who wrote each field last: so
// no data has to be read, and what others add is no drift. Of entries that cannot
// be read, there are none.
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

// Where the keys lie that the operator writes.
const (
	labelsField      = "metadata.labels"
	annotationsField = "metadata.annotations"
	dataField        = "data"
)

// keys are those that nobody else wrote to, by where they lie.
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
	// tokenPaths are the token and its record, and recordPaths what older records
	// lack.
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
