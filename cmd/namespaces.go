package main

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// setNamespaces sets the value of --namespaces. An empty value means all namespaces.
func (o *options) setNamespaces(value string) error {
	o.namespaces = nil
	if strings.TrimSpace(value) == "" {
		return nil
	}
	for name := range strings.SplitSeq(value, ",") {
		name = strings.TrimSpace(name)
		if wrong := validation.IsDNS1123Label(name); len(wrong) > 0 {
			return fmt.Errorf("%q is not a valid name of a namespace: %s", name, wrong[0])
		}
		if slices.Contains(o.namespaces, name) {
			return fmt.Errorf("namespace %q is named twice", name)
		}
		o.namespaces = append(o.namespaces, name)
	}
	return nil
}
