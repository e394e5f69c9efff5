package tokenendpoint

import (
	"net/netip"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// These look inside the package: most of these addresses cannot be dialled from
// where tests run.
var _ = Describe("the address guard", func() {
	check := func(address string, allowed ...string) error {
		GinkgoHelper()
		g := guard{}
		for _, prefix := range allowed {
			g.allowed = append(g.allowed, netip.MustParsePrefix(prefix))
		}
		return g.control("tcp", netip.AddrPortFrom(netip.MustParseAddr(address), 443).String(), nil)
	}

	DescribeTable("denies",
		func(address, shown string) {
			Expect(check(address)).To(MatchError(&AddressDeniedError{Address: netip.MustParseAddr(shown)}))
			Expect(check(address)).To(MatchError(ContainSubstring(shown)))
		},
		Entry("loopback", "127.0.0.1", "127.0.0.1"),
		Entry("the end of loopback", "127.255.255.255", "127.255.255.255"),
		Entry("IPv6 loopback", "::1", "::1"),
		Entry("unspecified", "0.0.0.0", "0.0.0.0"),
		Entry("this network", "0.1.2.3", "0.1.2.3"),
		Entry("IPv6 unspecified", "::", "::"),
		Entry("link-local", "169.254.0.1", "169.254.0.1"),
		Entry("the metadata service of AWS, Azure, Google Cloud and others", "169.254.169.254", "169.254.169.254"),
		Entry("the task metadata service of AWS", "169.254.170.2", "169.254.170.2"),
		Entry("the metadata service of AWS over IPv6", "fd00:ec2::254", "fd00:ec2::254"),
		Entry("the metadata service of Google Cloud over IPv6", "fd20:ce::254", "fd20:ce::254"),
		Entry("the metadata service of Oracle Cloud", "192.0.0.192", "192.0.0.192"),
		Entry("the metadata service of Alibaba Cloud", "100.100.100.200", "100.100.100.200"),
		Entry("the wire server of Azure", "168.63.129.16", "168.63.129.16"),
		Entry("IPv6 link-local", "fe80::1", "fe80::1"),
		Entry("IPv6 link-local with a zone", "fe80::1%eth0", "fe80::1"),
		Entry("the end of IPv6 link-local", "febf::1", "febf::1"),
		Entry("multicast", "224.0.0.1", "224.0.0.1"),
		Entry("the end of multicast", "239.255.255.255", "239.255.255.255"),
		Entry("IPv6 multicast", "ff02::1", "ff02::1"),
		Entry("broadcast", "255.255.255.255", "255.255.255.255"),
		Entry("loopback, mapped into IPv6", "::ffff:127.0.0.1", "127.0.0.1"),
		Entry("a metadata service, mapped into IPv6", "::ffff:a9fe:a9fe", "169.254.169.254"),
		Entry("loopback by NAT64", "64:ff9b::127.0.0.1", "127.0.0.1"),
		Entry("a metadata service by NAT64", "64:ff9b::a9fe:a9fe", "169.254.169.254"),
		Entry("a metadata service by the NAT64 of a network", "64:ff9b:1::a9fe:a9fe", "169.254.169.254"),
		Entry("a metadata service in an old form of IPv6", "::a9fe:a9fe", "169.254.169.254"),
		Entry("a metadata service by 6to4", "2002:a9fe:a9fe::1", "169.254.169.254"),
		Entry("loopback by 6to4", "2002:7f00:1::", "127.0.0.1"),
	)

	DescribeTable("lets through",
		func(address string, allowed ...string) { Expect(check(address, allowed...)).To(Succeed()) },
		Entry("a public address", "192.0.2.1"),
		Entry("a public IPv6 address", "2001:db8::1"),
		Entry("a public address by NAT64", "64:ff9b::192.0.2.1"),
		Entry("a public address by the NAT64 of a network", "64:ff9b:1::192.0.2.1"),
		Entry("addresses of the cluster and its network", "10.96.0.1"),
		Entry("addresses of the cluster and its network over IPv6", "fd12:3456::1"),
		Entry("addresses shared by a provider", "100.64.0.1"),
		Entry("what an admin allows", "127.0.0.1", "127.0.0.0/8"),
		Entry("what an admin allows over IPv6", "::1", "::1/128"),
		Entry("what an admin allows, mapped into IPv6", "::ffff:127.0.0.1", "10.0.0.0/8", "127.0.0.1/32"),
	)

	It("still denies what an admin did not allow", func() {
		Expect(check("127.0.0.2", "127.0.0.1/32", "10.0.0.0/8")).NotTo(Succeed())
	})

	It("denies what is no address", func() {
		Expect(guard{}.control("tcp", "idp.example.com:443", nil)).NotTo(Succeed())
	})
})
