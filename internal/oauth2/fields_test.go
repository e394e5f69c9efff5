package oauth2_test

import (
	"fmt"
	"net/http"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

var _ = Describe("further fields of a response", func() {
	s := rfc6749(func(s *server) {
		s.Response.Fields = []v1alpha1.ResponseField{{Name: "value", Pointers: at("/none", "/instance_url")}}
	})

	DescribeTable("are texts, or JSON",
		func(member, value string) {
			token := tokenIn(s, answer(http.StatusOK, `{"access_token": "t", "instance_url": `+member+`}`))
			Expect(token.Fields["value"].Reveal()).To(Equal(value))
			Expect(token.MissingFields).To(BeEmpty())
			Expect(fmt.Sprintf("%+v", token)).NotTo(ContainSubstring("MARK"))
		},
		Entry("a text", `"https://MARK.example.com"`, "https://MARK.example.com"),
		Entry("a number, with all its digits", `12345678901234567890`, "12345678901234567890"),
		Entry("a truth value", `false`, "false"),
		Entry("a list", `["MARK", 1]`, `["MARK",1]`),
		Entry("an object", `{"a": "<&>"}`, `{"a":"<&>"}`),
	)

	DescribeTable("may be missing, which fails nothing",
		func(members string) {
			token := tokenIn(s, bearer(members))
			Expect(token.Fields).To(BeEmpty())
			Expect(token.MissingFields).To(ConsistOf("value"))
		},
		Entry("not there", ``), Entry("null", `, "instance_url": null`),
	)
})
