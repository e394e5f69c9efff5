package tokensecret

import (
	"bytes"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// FieldManager is the name under which the operator writes.
const FieldManager = "tokensync"

// fields of a token Secret that are the operator's.
type fields struct{ *fieldpath.Set }

// ownedFields are those that nobody else wrote to since the operator did. The API
// server keeps, in the metadata, who wrote each field last: so no data has to be
// read, and what others add is no drift. Of entries that cannot be read, nothing
// is ours.
func ownedFields(secret metav1.Object) fields {
	owned := fieldpath.NewSet()
	for _, entry := range secret.GetManagedFields() {
		if entry.Manager != FieldManager || entry.FieldsV1 == nil {
			continue
		}
		set := fieldpath.NewSet()
		if err := set.FromJSON(bytes.NewReader(entry.FieldsV1.GetRawBytes())); err != nil {
			return fields{fieldpath.NewSet()}
		}
		owned = owned.Union(set)
	}
	return fields{owned}
}

func (f fields) hasAll(paths []fieldpath.Path) bool {
	for _, path := range paths {
		if !f.Has(path) {
			return false
		}
	}
	return true
}

var (
	// tokenPaths are the token and its record.
	tokenPaths = append(pathsUnder(ownAnnotations, "metadata", "annotations"),
		pathsUnder([]string{v1alpha1.AccessTokenKey, v1alpha1.TokenTypeKey, v1alpha1.ExpiresAtKey}, "data")...)
	labelPaths = pathsUnder([]string{v1alpha1.ManagedByLabel}, "metadata", "labels")
)

func pathsUnder(keys []string, parents ...any) []fieldpath.Path {
	paths := make([]fieldpath.Path, len(keys))
	for i, key := range keys {
		paths[i] = fieldpath.MakePathOrDie(append(append([]any{}, parents...), key)...)
	}
	return paths
}
