package main

import (
	"flag"
	"io"
	"net/netip"
	"strings"

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
		Expect(options.denyPrivateNetworks).To(BeFalse())
		Expect(options.requireCredentialsLabel).To(BeTrue())
		Expect(options.metricsSecure).To(BeTrue())
		Expect(options.tracingEndpoint).To(BeEmpty())
		Expect(options.namespaces).To(BeEmpty())
	})

	It("take address ranges, separated by commas", func() {
		options, err := parse("--allowed-cidrs=127.0.0.1/8, ::1/128")
		Expect(err).NotTo(HaveOccurred())
		Expect(options.allowedCIDRs).To(HaveExactElements(
			netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")))
		Expect(options.allowedCIDRs.String()).To(Equal("127.0.0.0/8,::1/128"))
	})

	It("explain the format of an address range", func() {
		_, err := parse("--allowed-cidrs=10.0.0.1")
		Expect(err).To(MatchError(ContainSubstring("not an address range such as 10.0.0.0/8")))
	})

	DescribeTable("take namespaces", func(value string, expected ...string) {
		options, err := parse("--namespaces=before", "--namespaces="+value)
		Expect(err).NotTo(HaveOccurred())
		Expect(options.namespaces).To(HaveExactElements(expected))
	},
		Entry("separated by commas", "shop,billing", "shop", "billing"),
		Entry("with spaces around them", " shop , billing ", "shop", "billing"),
		Entry("with a single name", "shop", "shop"),
		Entry("that begin with a digit", "0-shop", "0-shop"),
		Entry("as an empty value, which means all", ""),
	)

	It("take a trace collector and a sampling ratio", func() {
		options, err := parse("--tracing-endpoint=https://collector:4318/", "--tracing-sampling-ratio=0.25")
		Expect(err).NotTo(HaveOccurred())
		Expect(options.tracingEndpoint).To(Equal("https://collector:4318"))
		Expect(options.tracingSamplingRatio).To(Equal(0.25))
	})

	DescribeTable("refuse", func(argument, because string) {
		_, err := parse(argument)
		Expect(err).To(MatchError(ContainSubstring(because)))
	},
		Entry("a namespace in capital letters", "--namespaces=Shop", `"Shop" is not a valid name of a namespace`),
		Entry("a namespace with a dot", "--namespaces=shop.example", `"shop.example" is not a valid name of a namespace`),
		Entry("a namespace of more than 63 characters", "--namespaces="+strings.Repeat("a", 64), "must be no more than 63"),
		Entry("a pattern of namespaces", "--namespaces=shop-*", `"shop-*" is not a valid name of a namespace`),
		Entry("a comma without a namespace", "--namespaces=shop,", `"" is not a valid name of a namespace`),
		Entry("a namespace twice", "--namespaces=shop,billing,shop", `namespace "shop" is named twice`),
		Entry("a collector without a scheme", "--tracing-endpoint=collector:4318", "not a URL such as"),
		Entry("a collector without a host", "--tracing-endpoint=http://", "not a URL such as"),
		Entry("a collector of gRPC", "--tracing-endpoint=grpc://collector:4317", "not a URL such as"),
		Entry("a collector with a path", "--tracing-endpoint=http://collector:4318/v1/traces", "without a path"),
		Entry("a collector with a query", "--tracing-endpoint=http://collector:4318?a=b", "without a path"),
		Entry("a collector with a password", "--tracing-endpoint=http://me:s3cr3t@collector:4318", "not a URL such as"),
		Entry("a ratio above one", "--tracing-sampling-ratio=2", "not a number from 0 to 1"),
		Entry("a negative ratio", "--tracing-sampling-ratio=-0.1", "not a number from 0 to 1"),
		Entry("a ratio that is not a number", "--tracing-sampling-ratio=NaN", "not a number from 0 to 1"),
	)
})
