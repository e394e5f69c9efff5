package template

import (
	"maps"
	"slices"
)

// Offered are the names of all functions, in alphabetical order.
func Offered() []string { return slices.Sorted(maps.Keys(functions(&meter{}))) }
