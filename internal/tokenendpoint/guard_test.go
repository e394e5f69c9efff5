package tokenendpoint

import (
	"context"
	"net"
	"net/netip"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// These tests are inside the package, because a test cannot connect to most of these addresses.
var _ = Describe("the address guard", func() {
	check := func(address string, allowed ...string) error {
		GinkgoHelper()
		return connect(Options{AllowedCIDRs: prefixes(allowed...)}, address, 443)
	}

	DescribeTable("denies",
		func(address, shown string) {
			Expect(check(address)).To(MatchError(&AddressDeniedError{Address: netip.MustParseAddr(shown)}))
			Expect(check(address)).To(MatchError(ContainSubstring(shown)))
		},
		Entry("loopback", "127.0.0.1", "127.0.0.1"),
		Entry("the last address of loopback", "127.255.255.255", "127.255.255.255"),
		Entry("IPv6 loopback", "::1", "::1"),
		Entry("unspecified", "0.0.0.0", "0.0.0.0"),
		Entry("this network", "0.1.2.3", "0.1.2.3"),
		Entry("IPv6 unspecified", "::", "::"),
		Entry("link-local", "169.254.0.1", "169.254.0.1"),
		Entry("the metadata service of AWS, Azure, Google Cloud and other clouds", "169.254.169.254", "169.254.169.254"),
		Entry("the task metadata service of AWS", "169.254.170.2", "169.254.170.2"),
		Entry("the metadata service of AWS over IPv6", "fd00:ec2::254", "fd00:ec2::254"),
		Entry("the metadata service of Google Cloud over IPv6", "fd20:ce::254", "fd20:ce::254"),
		Entry("the metadata service of Oracle Cloud", "192.0.0.192", "192.0.0.192"),
		Entry("the metadata service of Alibaba Cloud", "100.100.100.200", "100.100.100.200"),
		Entry("the wire server of Azure", "168.63.129.16", "168.63.129.16"),
		Entry("IPv6 link-local", "fe80::1", "fe80::1"),
		Entry("IPv6 link-local with a zone", "fe80::1%eth0", "fe80::1"),
		Entry("the end of the IPv6 link-local range", "febf::1", "febf::1"),
		Entry("multicast", "224.0.0.1", "224.0.0.1"),
		Entry("the end of the multicast range", "239.255.255.255", "239.255.255.255"),
		Entry("IPv6 multicast", "ff02::1", "ff02::1"),
		Entry("broadcast", "255.255.255.255", "255.255.255.255"),
		Entry("loopback, mapped into IPv6", "::ffff:127.0.0.1", "127.0.0.1"),
		Entry("a metadata service, mapped into IPv6", "::ffff:a9fe:a9fe", "169.254.169.254"),
		Entry("loopback by NAT64", "64:ff9b::127.0.0.1", "127.0.0.1"),
		Entry("a metadata service by NAT64", "64:ff9b::a9fe:a9fe", "169.254.169.254"),
		Entry("a metadata service by NAT64 with a local-use prefix", "64:ff9b:1::a9fe:a9fe", "169.254.169.254"),
		Entry("a metadata service in an IPv4-compatible IPv6 address", "::a9fe:a9fe", "169.254.169.254"),
		Entry("a metadata service by 6to4", "2002:a9fe:a9fe::1", "169.254.169.254"),
		Entry("loopback by 6to4", "2002:7f00:1::", "127.0.0.1"),
		Entry("a metadata service by SIIT", "::ffff:0:a9fe:a9fe", "169.254.169.254"),
		Entry("loopback by SIIT", "::ffff:0:127.0.0.1", "127.0.0.1"),
		Entry("a metadata service by NAT64 with a prefix of 32 bits", "64:ff9b:a9fe:a9fe::", "169.254.169.254"),
		Entry("a metadata service by NAT64 with a prefix of 40 bits", "64:ff9b:1a9:fea9:fe::", "169.254.169.254"),
		Entry("a metadata service by NAT64 with a prefix of 48 bits", "64:ff9b:1:a9fe:a9:fe00::", "169.254.169.254"),
		Entry("a metadata service by NAT64 with a prefix of 56 bits", "64:ff9b:1:aaa9:fe:a9fe::", "169.254.169.254"),
		Entry("a metadata service by NAT64 with a prefix of 64 bits", "64:ff9b:1:aaaa:a9:fea9:fe00:0", "169.254.169.254"),
		Entry("a metadata service by NAT64 with a prefix of 96 bits", "64:ff9b:1:aaaa:bb:cccc:a9fe:a9fe", "169.254.169.254"),
		Entry("a metadata service by NAT64, with a suffix that translators ignore", "64:ff9b:1:a9fe:a9:fe12:3456:789a", "169.254.169.254"),
		Entry("a metadata service as the server of Teredo", "2001:0:a9fe:a9fe::", "169.254.169.254"),
		Entry("a metadata service as the client of Teredo, inverted", "2001:0:c000:201::5601:5601", "169.254.169.254"),
		Entry("a metadata service by ISATAP", "2001:db8::5efe:a9fe:a9fe", "169.254.169.254"),
		Entry("a metadata service by ISATAP with the universal bit", "2001:db8::200:5efe:a9fe:a9fe", "169.254.169.254"),
		Entry("loopback by ISATAP in a 6to4 address of a public host", "2002:c000:201::5efe:7f00:1", "127.0.0.1"),
	)

	DescribeTable("allows",
		func(address string, allowed ...string) { Expect(check(address, allowed...)).To(Succeed()) },
		Entry("a public address", "192.0.2.1"),
		Entry("a public IPv6 address", "2001:db8::1"),
		Entry("a public address by NAT64", "64:ff9b::192.0.2.1"),
		Entry("a public address by NAT64 with a local-use prefix", "64:ff9b:1::192.0.2.1"),
		Entry("a public address by NAT64 with a prefix of 48 bits", "64:ff9b:1:c000:2:100::"),
		Entry("a public address by NAT64 with a prefix of 64 bits", "64:ff9b:1:0:c0:2:100:0"),
		Entry("a public address by SIIT", "::ffff:0:192.0.2.1"),
		Entry("a public address by 6to4", "2002:c000:201::1"),
		Entry("a public address by ISATAP", "2001:db8::5efe:c000:201"),
		Entry("a public client of Teredo", "2001:0:c000:201::3fff:fdfe"),
		Entry("addresses of the cluster and its network", "10.96.0.1"),
		Entry("addresses of the cluster and its network over IPv6", "fd12:3456::1"),
		Entry("addresses shared by a provider", "100.64.0.1"),
		Entry("an address that an admin allows", "127.0.0.1", "127.0.0.0/8"),
		Entry("an IPv6 address that an admin allows", "::1", "::1/128"),
		Entry("an address that an admin allows, mapped into IPv6", "::ffff:127.0.0.1", "10.0.0.0/8", "127.0.0.1/32"),
	)

	It("denies addresses outside the ranges that an admin allows", func() {
		Expect(check("127.0.0.2", "127.0.0.1/32", "10.0.0.0/8")).NotTo(Succeed())
	})

	It("denies a host that is not an address", func() {
		Expect(newGuard(Options{}).control(context.Background(), "tcp", "idp.example.com:443", nil)).NotTo(Succeed())
	})

	DescribeTable("denies private networks if an admin sets the option:",
		func(address, shown string) {
			options := Options{DenyPrivateNetworks: true}
			Expect(connect(options, address, 443)).To(MatchError(&AddressDeniedError{Address: netip.MustParseAddr(shown)}))
			options.AllowedCIDRs = []netip.Prefix{netip.PrefixFrom(netip.MustParseAddr(shown), netip.MustParseAddr(shown).BitLen())}
			Expect(connect(options, address, 443)).To(Succeed(), "with an exception")
		},
		Entry("the first range of RFC 1918", "10.96.0.10", "10.96.0.10"),
		Entry("the second range of RFC 1918", "172.31.255.255", "172.31.255.255"),
		Entry("the third range of RFC 1918", "192.168.1.1", "192.168.1.1"),
		Entry("addresses shared by providers", "100.127.255.255", "100.127.255.255"),
		Entry("IETF protocol assignments", "192.0.0.8", "192.0.0.8"),
		Entry("addresses for benchmarks", "198.19.0.1", "198.19.0.1"),
		Entry("reserved addresses, which clouds use for Pods", "240.0.0.1", "240.0.0.1"),
		Entry("unique local addresses", "fd12:3456::1", "fd12:3456::1"),
		Entry("site-local addresses", "fec0::1", "fec0::1"),
		Entry("a Service by NAT64", "64:ff9b::10.96.0.10", "10.96.0.10"),
		Entry("a Service by 6to4", "2002:a60:a::1", "10.96.0.10"),
		Entry("a Service, mapped into IPv6", "::ffff:10.96.0.10", "10.96.0.10"),
	)

	It("allows public addresses if private networks are denied", func() {
		for _, address := range []string{"192.0.2.1", "2001:db8::1", "172.32.0.1", "100.128.0.1", "64:ff9b::192.0.2.1", "64:ff9b:1::192.0.2.1"} {
			Expect(connect(Options{DenyPrivateNetworks: true}, address, 443)).To(Succeed(), address)
		}
	})

	Describe("and the API server", func() {
		inCluster := Options{APIServers: []APIServer{{Host: "10.96.0.1"}, {Host: "10.1.2.3", Port: "6443"}}}

		DescribeTable("denies", func(address string, port int, shown string) {
			Expect(connect(inCluster, address, port)).To(MatchError(&AddressDeniedError{Address: netip.MustParseAddr(shown)}))
		},
			Entry("its Service", "10.96.0.1", 443, "10.96.0.1"),
			Entry("its Service on any port", "10.96.0.1", 6443, "10.96.0.1"),
			Entry("its Service, mapped into IPv6", "::ffff:10.96.0.1", 443, "10.96.0.1"),
			Entry("its Service by NAT64", "64:ff9b::10.96.0.1", 443, "10.96.0.1"),
			Entry("the port that the kubeconfig names", "10.1.2.3", 6443, "10.1.2.3"),
		)

		It("allows other ports of that host, and neighbouring addresses", func() {
			Expect(connect(inCluster, "10.1.2.3", 443)).To(Succeed())
			Expect(connect(inCluster, "10.96.0.2", 443)).To(Succeed())
		})

		DescribeTable("has exceptions", func(allowed string, expected bool) {
			options := inCluster
			options.AllowedCIDRs = prefixes(allowed)
			err := connect(options, "10.96.0.1", 443)
			Expect(err == nil).To(Equal(expected))
		},
			Entry("for the address itself", "10.96.0.1/32", true),
			Entry("but not for a range around it, which is meant for authorization servers", "10.0.0.0/8", false),
		)

		It("looks up a name for each connection", func() {
			names := fakeResolver{"api.example.com": {"192.0.2.7"}}
			g := newGuard(Options{APIServers: []APIServer{{Host: "api.example.com"}, {Host: "gone.example.com"}}})
			g.resolver = names
			try := func(address string) error { return g.control(context.Background(), "tcp", address+":443", nil) }
			Expect(try("192.0.2.7")).NotTo(Succeed())
			Expect(try("192.0.2.8")).To(Succeed())
			names["api.example.com"] = []string{"::ffff:192.0.2.8"}
			Expect(try("192.0.2.7")).To(Succeed())
			Expect(try("192.0.2.8")).NotTo(Succeed())

			By("denying everything while the name cannot be looked up")
			names["api.example.com"] = nil
			Expect(try("192.0.2.9")).To(MatchError(ContainSubstring("look up the API server")))
		})
	})
})

// fakeResolver resolves names. It fails for a name without addresses.
type fakeResolver map[string][]string

func (r fakeResolver) LookupNetIP(_ context.Context, _, host string) (addresses []netip.Addr, err error) {
	known, found := r[host]
	if len(known) == 0 {
		return nil, &net.DNSError{Err: "no answer", Name: host, IsNotFound: !found, IsTemporary: found}
	}
	for _, text := range known {
		addresses = append(addresses, netip.MustParseAddr(text))
	}
	return addresses, nil
}

// connect returns the result of the guard for a connection.
func connect(options Options, address string, port int) error {
	GinkgoHelper()
	addressPort := netip.AddrPortFrom(netip.MustParseAddr(address), uint16(port)) //nolint:gosec // A port.
	return newGuard(options).control(context.Background(), "tcp", addressPort.String(), nil)
}

func prefixes(texts ...string) (prefixes []netip.Prefix) {
	GinkgoHelper()
	for _, text := range texts {
		prefixes = append(prefixes, netip.MustParsePrefix(text))
	}
	return prefixes
}
