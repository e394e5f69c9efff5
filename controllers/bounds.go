package controllers

import "time"

const (
	// reconcileTimeout bounds a reconcile before it reports. Two metadata requests and a token request
	// take up to 30 s each, which leaves half of the time for the API server.
	reconcileTimeout = 3 * time.Minute
	// reportTimeout bounds the write of a status. It is not part of reconcileTimeout, so that each
	// reconcile can report.
	reportTimeout = 30 * time.Second
)

const (
	// maxSmallBytes is the maximum size of a token response that needs no slot. Typical token responses
	// have a few KiB.
	maxSmallBytes = 16 << 10
	// maxLargeTokens limits how many large tokens are read and written concurrently. Each takes up to 10
	// MiB of memory, because its values are encoded several times. A reconcile that gets no slot in time
	// continues without a slot, because an issued token must not be lost.
	maxLargeTokens = 6
	// maxRewrites limits how many token Secrets are read and rewritten concurrently. The size of a Secret
	// is known only after it is read.
	maxRewrites = 16
)
