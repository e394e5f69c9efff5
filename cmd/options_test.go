package main

import (
	"flag"
	"io"
	"net/netip"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("The flags", func() {
	parse := func(arguments ...string) (*options, error) {
		flags := flag.NewFlagSet("manager", flag.ContinueOnError)
		flags.SetOutput(io.Discard)
		options := &options{}
		options.addFlags(flags)
		return options, flags.Parse(arguments)
	}

	It("are safe by default", func() {
		options, err := parse()
		Expect(err).NotTo(HaveOccurred())
		Expect(options.allowHTTP).To(BeFalse())
		Expect(options.allowedCIDRs).To(BeEmpty())
		Expect(options.requireCredentialsLabel).To(BeTrue())
	})

	It("take address ranges with commas between them", func() {
		options, err := parse("--allowed-cidrs=127.0.0.1/8, ::1/128")
		Expect(err).NotTo(HaveOccurred())
		Expect(options.allowedCIDRs).To(HaveExactElements(
			netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")))
		Expect(options.allowedCIDRs.String()).To(Equal("127.0.0.0/8,::1/128"))
	})

	It("say what an address range looks like", func() {
		_, err := parse("--allowed-cidrs=10.0.0.1")
		Expect(err).To(MatchError(ContainSubstring("not an address range such as 10.0.0.0/8")))
	})
})
