package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

const goMod = `module example.com/controlplane

require (
	k8s.io/component-base v0.37.0
	k8s.io/kubernetes v1.37.0
)

replace k8s.io/api => k8s.io/api v0.37.0
`

// putPrograms writes the programs that complete checks for.
func putPrograms(folder string) {
	GinkgoHelper()
	for _, name := range programs {
		Expect(os.WriteFile(filepath.Join(folder, name), []byte("#!"), 0o700)).To(Succeed())
	}
}

var _ = Describe("the release", func() {
	It("is read from go.mod", func() {
		r, err := parseRelease([]byte(goMod))
		Expect(err).NotTo(HaveOccurred())
		Expect(r.version()).To(Equal("v1.37.0"))
		Expect(linkerFlags(r)).To(ContainSubstring("version.gitMinor=37"))
	})

	It("has another key after any change of a version", func() {
		before, err := parseRelease([]byte(goMod))
		Expect(err).NotTo(HaveOccurred())
		after, err := parseRelease([]byte(strings.ReplaceAll(goMod, "component-base v0.37.0", "component-base v0.37.1")))
		Expect(err).NotTo(HaveOccurred())
		Expect(after.key()).NotTo(Equal(before.key()))
	})

	It("is not found in another go.mod", func() {
		_, err := parseRelease([]byte("module example.com/other\n"))
		Expect(err).To(HaveOccurred())
	})
})

var _ = Describe("the index of downloads", func() {
	r := release{major: "1", minor: "37", patch: "0"}

	DescribeTable("offers",
		func(index string, expected bool) {
			Expect(offers([]byte(index), r, "linux", "amd64")).To(Equal(expected))
		},
		Entry("any patch release", "envtest-v1.37.2-linux-amd64.tar.gz:", true),
		Entry("no other minor version", "envtest-v1.36.0-linux-amd64.tar.gz:", false),
		Entry("no other platform", "envtest-v1.37.0-darwin-arm64.tar.gz:", false),
		Entry("nothing if a captive portal answers instead", "<html>please log in</html>", false),
	)
})

var _ = Describe("a folder that the user names", func() {
	It("is used if it holds the programs", func() {
		folder := GinkgoT().TempDir()
		putPrograms(folder)
		Expect(given(folder)).To(Equal(folder))
	})

	It("is an error if a program is missing", func() {
		_, err := given(GinkgoT().TempDir())
		Expect(err).To(MatchError(ContainSubstring("no runnable etcd")))
	})
})

var _ = Describe("the cache", func() {
	var c cache

	BeforeEach(func() { c = cache{base: GinkgoT().TempDir(), key: "key"} })

	It("is filled atomically", func() {
		Expect(c.fill(func(folder string) (string, error) {
			putPrograms(folder)
			Expect(complete(c.final())).To(BeFalse())
			return folder, nil
		})).To(Succeed())
		Expect(complete(c.final())).To(BeTrue())
	})

	It("replaces an incomplete folder", func() {
		Expect(os.Mkdir(c.final(), 0o700)).To(Succeed())
		Expect(c.fill(func(folder string) (string, error) { putPrograms(folder); return folder, nil })).To(Succeed())
		Expect(complete(c.final())).To(BeTrue())
	})

	It("keeps nothing if the work fails", func() {
		failure := errors.New("failed")
		Expect(c.fill(func(string) (string, error) { return "", failure })).To(MatchError(failure))
		Expect(os.ReadDir(c.base)).To(BeEmpty())
	})

	It("refuses a folder that lacks a program", func() {
		Expect(c.fill(func(folder string) (string, error) { return folder, nil })).NotTo(Succeed())
		Expect(os.ReadDir(c.base)).To(BeEmpty())
	})

	It("is cleaned of folders that killed runs left, even if they are read-only", func() {
		left := filepath.Join(c.base, temporaryPrefix+"1", "k8s")
		Expect(os.MkdirAll(left, 0o700)).To(Succeed())
		putPrograms(left)
		Expect(os.Chmod(left, 0o500)).To(Succeed())
		c.sweep()
		Expect(os.ReadDir(c.base)).To(BeEmpty())
	})

	It("is locked for one run at a time", func() {
		unlock, err := c.lock(context.Background())
		Expect(err).NotTo(HaveOccurred())

		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		_, err = c.lock(ctx)
		Expect(err).To(MatchError(context.DeadlineExceeded))

		unlock()
		unlock, err = c.lock(context.Background())
		Expect(err).NotTo(HaveOccurred())
		unlock()
	})
})

var _ = Describe("the output of a build", func() {
	It("is split into routine lines, which are counted, and problems", func() {
		var output buildOutput
		for _, part := range []string{"go: downloading k8s.io/api v0.37.0\nk8s.io/", "api/core/v1\nnet/http\n", "# k8s.io/api\napi.go:1:2: undefined: x"} {
			Expect(output.Write([]byte(part))).To(Equal(len(part)))
		}
		Expect(output.progress()).To(Equal("1 modules downloaded, 2 packages compiled"))
		Expect(output.problems()).To(Equal("# k8s.io/api\napi.go:1:2: undefined: x"))
	})
})
