package template

import (
	"maps"
	"slices"
)

// Functions returns the names of all functions, in alphabetical order.
func Functions() []string { return slices.Sorted(maps.Keys(functions)) }
