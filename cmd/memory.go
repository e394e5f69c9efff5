package main

import (
	"math"
	"runtime/debug"
)

// limitHeap keeps the heap below three quarters of GOMEMLIMIT, which the manifests set to the memory limit
// of the container. The kernel also counts memory that the runtime does not know of, such as the pages of
// the binary and the buffers of connections.
func limitHeap() {
	if limit := debug.SetMemoryLimit(-1); limit < math.MaxInt64 {
		debug.SetMemoryLimit(limit / 4 * 3)
	}
}
