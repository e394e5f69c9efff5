package tokensecret

import (
	"bytes"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// FieldManager is the name under which the operator writes.
const FieldManager = "tokensync"

// drifted tells whether somebody else changed or removed what the operator wrote.
// The API server keeps, in the metadata, who wrote each field last: so no data has
// to be read, and what others add is no drift.
func drifted(secret metav1.Object) bool {
	owned := fieldpath.NewSet()
	for _, entry := range secret.GetManagedFields() {
		if entry.Manager != FieldManager || entry.FieldsV1 == nil {
			continue
		}
		fields := fieldpath.NewSet()
		if err := fields.FromJSON(bytes.NewReader(entry.FieldsV1.GetRawBytes())); err != nil {
			return true
		}
		owned = owned.Union(fields)
	}
	for _, path := range ownPaths(secret) {
		if !owned.Has(path) {
			return true
		}
	}
	return false
}

// ownPaths are the fields that a token Secret has from the operator.
func ownPaths(secret metav1.Object) []fieldpath.Path {
	paths := []fieldpath.Path{
		fieldpath.MakePathOrDie("metadata", "labels", v1alpha1.ManagedByLabel),
		fieldpath.MakePathOrDie("data", v1alpha1.AccessTokenKey),
		fieldpath.MakePathOrDie("data", v1alpha1.TokenTypeKey),
		fieldpath.MakePathOrDie("data", v1alpha1.ExpiresAtKey),
	}
	for _, key := range ownAnnotations {
		if _, found := secret.GetAnnotations()[key]; found {
			paths = append(paths, fieldpath.MakePathOrDie("metadata", "annotations", key))
		}
	}
	return paths
}
