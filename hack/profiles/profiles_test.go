package main

import (
	"os"
	"strings"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/internal/profile"
)

func TestProfiles(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "profiles")
}

var _ = Describe("docs/profiles.md", Label("docs"), func() {
	It("has a row with all columns for each profile", func() {
		text, err := render()
		Expect(err).NotTo(HaveOccurred())
		_, table, _ := strings.Cut(text, "|\n| ---")
		rows := strings.Split(strings.TrimSpace(table), "\n")[1:]
		Expect(rows).To(HaveLen(len(profile.Names())))
		for i, row := range rows {
			Expect(row).To(HavePrefix("| `" + profile.Names()[i] + "` | ["))
			Expect(strings.Count(strings.ReplaceAll(row, `\|`, ""), "|")).To(Equal(len(columns)+1), row)
		}
	})

	It("is always rendered the same", func() {
		first, err := render()
		Expect(err).NotTo(HaveOccurred())
		Expect(render()).To(Equal(first))
	})

	It("is up to date: run make generate", func() {
		raw, err := os.ReadFile("../../" + page)
		Expect(err).NotTo(HaveOccurred())
		Expect(render()).To(Equal(string(raw)))
	})
})
