package oauth2_test

import (
	"fmt"
	"net/http"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
)

var _ = Describe("further fields of a response", func() {
	s := rfc6749(func(s *server) {
		s.Response.Fields = []v1alpha1.ResponseField{{Name: "value", Pointers: at("/none", "/instance_url")}}
	})

	DescribeTable("are texts, or JSON:",
		func(member, value string) {
			token := tokenIn(s, answer(http.StatusOK, `{"access_token": "t", "instance_url": `+member+`}`))
			Expect(token.Fields["value"].Reveal()).To(Equal(value))
			Expect(token.MissingFields).To(BeEmpty())
			Expect(fmt.Sprintf("%+v", token)).NotTo(ContainSubstring("MARK"))
		},
		Entry("a text", `"https://MARK.example.com"`, "https://MARK.example.com"),
		Entry("a number, with all its digits", `12345678901234567890`, "12345678901234567890"),
		Entry("a Boolean", `false`, "false"),
		Entry("a list", `["MARK", 1]`, `["MARK",1]`),
		Entry("an object", `{"a": "<&>"}`, `{"a":"<&>"}`),
	)

	DescribeTable("may be missing, and nothing fails:",
		func(members string) {
			token := tokenIn(s, bearer(members))
			Expect(token.Fields).To(BeEmpty())
			Expect(token.MissingFields).To(ConsistOf("value"))
		},
		Entry("a missing member", ``), Entry("null", `, "instance_url": null`),
	)

	DescribeTable("are refused if a Secret cannot hold them; a value counts each time that it is named",
		func(count int, pointer v1alpha1.JSONPointer, isRefused bool) {
			s := rfc6749(func(s *server) {
				for i := range count {
					s.Response.Fields = append(s.Response.Fields, v1alpha1.ResponseField{Name: fmt.Sprintf("field-%d", i), Pointers: at(pointer)})
				}
			})
			response := answer(http.StatusOK, `{"access_token": "`+strings.Repeat("t", 200<<10)+`"}`)
			_, err := oauth2.ReadResponse(s, requestTo(s, oauth2.Grant{}), response)
			if !isRefused {
				Expect(err).NotTo(HaveOccurred())
				return
			}
			Expect(failureOf(err)).To(And(HaveField("Reason", v1alpha1.ReasonInvalidResponse), HaveField("Class", problem.MayPass)))
			Expect(err).To(MatchError(And(ContainSubstring("authorizationServer.response.fields have more than 960 KiB together"), Not(ContainSubstring("ttt")))))
		},
		Entry("but not if they fit", 3, v1alpha1.JSONPointer("/access_token"), false),
		Entry("one text, named too often", 4, v1alpha1.JSONPointer("/access_token"), true),
		Entry("the whole response, named too often", 4, v1alpha1.JSONPointer(""), true),
	)
})
