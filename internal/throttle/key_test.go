package throttle_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/internal/throttle"
)

var _ = Describe("a server", func() {
	DescribeTable("has the same key if its URL is spelled", func(spelling string) {
		Expect(throttle.ServerKey(spelling)).To(Equal("idp.example.com:443/oauth/token"))
	},
		Entry("in the usual way", "https://idp.example.com/oauth/token"),
		Entry("in upper case", "HTTPS://IdP.EXAMPLE.com/oauth/token"),
		Entry("with the port", "https://idp.example.com:443/oauth/token"),
		Entry("with an empty port", "https://idp.example.com:/oauth/token"),
		Entry("with leading zeros in the port", "https://idp.example.com:0443/oauth/token"),
		Entry("with a dot after the name", "https://idp.example.com./oauth/token"),
		Entry("with an encoded path", "https://idp.example.com/%6Fauth/%74oken"),
		Entry("with empty segments", "https://idp.example.com//oauth/./token/"),
		Entry("with a query", "https://idp.example.com/oauth/token?x=1"),
		Entry("with a fragment", "https://idp.example.com/oauth/token#x"),
		Entry("with a user", "https://a:b@idp.example.com/oauth/token"),
		Entry("in full-width letters", "https://ｉｄｐ.example.com/oauth/token"),
		Entry("in encoded full-width letters", "https://%EF%BD%89%EF%BD%84%EF%BD%90.example.com/oauth/token"),
		Entry("with an ideographic full stop", "https://idp。example.com/oauth/token"),
	)

	DescribeTable("has a key with its address", func(spelling, key string) {
		Expect(throttle.ServerKey(spelling)).To(Equal(key))
	},
		Entry("in IPv4", "https://192.0.2.1", "192.0.2.1:443/"),
		Entry("in IPv4 mapped to IPv6", "https://[::ffff:192.0.2.1]", "192.0.2.1:443/"),
		Entry("in IPv4 mapped to IPv6, in hexadecimal", "https://[::FFFF:c000:201]/", "192.0.2.1:443/"),
		Entry("in IPv6", "https://[2001:DB8:0:0::1]:443/", "[2001:db8::1]:443/"),
		Entry("without TLS", "http://192.0.2.1/", "192.0.2.1:80/"),
		Entry("at another port", "https://192.0.2.1:8443/", "192.0.2.1:8443/"),
	)

	DescribeTable("has another key", func(other string) {
		Expect(throttle.ServerKey(other)).NotTo(Equal(throttle.ServerKey("https://idp.example.com/oauth/token")))
	},
		Entry("at another path", "https://idp.example.com/realms/a/token"),
		Entry("at another port", "https://idp.example.com:8443/oauth/token"),
		Entry("at another host", "https://idp.example.org/oauth/token"),
	)

	It("has the declared text as its key if that is not a URL", func() {
		Expect(throttle.ServerKey("https://%zz")).To(Equal("https://%zz"))
		Expect(throttle.ServerKey("")).To(BeEmpty())
	})
})
