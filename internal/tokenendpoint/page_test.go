package tokenendpoint_test

import (
	"net/netip"
	"os"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/internal/tokenendpoint"
)

var _ = Describe("docs/security.md", Label("docs"), func() {
	DescribeTable("lists exactly the denied addresses", func(heading string, expected []netip.Prefix) {
		page, err := os.ReadFile("../../docs/security.md")
		Expect(err).NotTo(HaveOccurred())
		_, table, found := strings.Cut(string(page), "\n| "+heading+" | |\n")
		Expect(found).To(BeTrue())
		table, _, _ = strings.Cut(table, "\n\n")
		var told []netip.Prefix
		for i, part := range strings.Split(table, "`") {
			if i%2 == 0 {
				continue
			}
			if !strings.Contains(part, "/") {
				address, err := netip.ParseAddr(part)
				Expect(err).NotTo(HaveOccurred())
				told = append(told, netip.PrefixFrom(address, address.BitLen()))
				continue
			}
			prefix, err := netip.ParsePrefix(part)
			Expect(err).NotTo(HaveOccurred())
			told = append(told, prefix)
		}
		Expect(told).To(ConsistOf(expected))
	},
		Entry("by default", "denied", tokenendpoint.Denied),
		Entry("of private networks", "denied by --deny-private-networks", tokenendpoint.Private),
	)
})
