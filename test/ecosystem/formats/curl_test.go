package formats_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("the header file", func() {
	It("is read by curl", func(ctx SpecContext) {
		w := apply(ctx, "Header file")
		server, pod := w.serve(bearer, ok), w.mountedBy("orders")
		w.follows(ctx, func() { pod.bring(ctx, w) },
			func() error { return pod.run(ctx, server) }, ContainSubstring("returned error: 401"))
	})
})

var _ = Describe(".netrc", func() {
	It("is read by curl", func(ctx SpecContext) {
		w := apply(ctx, ".netrc")
		server, pod := w.serve(basicOf("oauth2"), ok), w.mountedBy("curl-netrc")
		w.follows(ctx, func() { pod.bring(ctx, w) },
			func() error { return pod.run(ctx, server) }, ContainSubstring("returned error: 401"))
	})

	It("is read by git", func(ctx SpecContext) {
		w := apply(ctx, ".netrc")
		server, pod := w.serve(basicOf("oauth2"), repositories(ctx)), w.mountedBy("git-netrc")
		w.follows(ctx, func() { pod.bring(ctx, w) },
			func() error { return pod.run(ctx, server) }, ContainSubstring("Authentication failed"))
	})
})
