package controllers

const (
	// maxSmall is how large a response may be that is read and written without waiting for others.
	// Token responses have a few KiB.
	maxSmall = 16 << 10
	// maxLarge bounds the large responses that are read and written at a time. Each takes up to
	// 10 MiB, since its values are encoded several times on the way into a Secret.
	maxLarge = 6
)

// largeResponses has a slot for each large response that is read and written.
type largeResponses chan struct{}

func newLargeResponses() largeResponses { return make(largeResponses, maxLarge) }

// enter waits for a slot if a response is large. It does not end early: the response holds a
// token that was issued. leave gives the slot back.
func (l largeResponses) enter(size int) (leave func()) {
	if size <= maxSmall {
		return func() {}
	}
	l <- struct{}{}
	return func() { <-l }
}
