package main

import (
	"bytes"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// suspendPath is the path of spec.suspend.
var suspendPath = fieldpath.MakePathOrDie("spec", "suspend")

// managersOf returns the managers that own a field of an object. It ignores entries that cannot be read.
func managersOf(object metav1.Object, path fieldpath.Path) []string {
	var managers []string
	for _, entry := range object.GetManagedFields() {
		owned := &fieldpath.Set{}
		if entry.FieldsV1 == nil || owned.FromJSON(bytes.NewReader(entry.FieldsV1.GetRawBytes())) != nil {
			continue
		}
		if owned.Has(path) && !slices.Contains(managers, entry.Manager) {
			managers = append(managers, entry.Manager)
		}
	}
	return managers
}
