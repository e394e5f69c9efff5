package oauth2_test

import (
	"net/http"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

var _ = Describe("JSON Pointers", func() {
	tokenAt := func(pointers []v1alpha1.JSONPointer) server {
		return rfc6749(func(s *server) { s.Response.AccessToken = pointers })
	}

	DescribeTable("find the token",
		func(body string, pointers ...v1alpha1.JSONPointer) {
			Expect(tokenIn(tokenAt(pointers), answer(http.StatusOK, body)).AccessToken.Reveal()).To(Equal("t"))
		},
		Entry("inside an object", `{"data": {"token": "t"}}`, v1alpha1.JSONPointer("/data/token")),
		Entry("inside a list", `{"tokens": [{"value": "x"}, {"value": "t"}]}`, v1alpha1.JSONPointer("/tokens/1/value")),
		Entry("under a name with a slash and a tilde", `{"a/b~c": "t"}`, v1alpha1.JSONPointer("/a~1b~0c")),
		Entry("under the empty name", `{"": "t"}`, v1alpha1.JSONPointer("/")),
		Entry("as the whole document", `"t"`, v1alpha1.JSONPointer("")),
		Entry("at the first pointer that finds a text", `{"a": null, "b": true, "c": "", "d": "t", "e": "x"}`,
			v1alpha1.JSONPointer("/missing"), v1alpha1.JSONPointer("/a"), v1alpha1.JSONPointer("/b"), v1alpha1.JSONPointer("/c"),
			v1alpha1.JSONPointer("/d"), v1alpha1.JSONPointer("/e")),
	)

	DescribeTable("find nothing",
		func(body string, pointer v1alpha1.JSONPointer) {
			failure := failureIn(tokenAt(at("/access_token", pointer)), answer(http.StatusOK, body))
			Expect(failure.Reason).To(Equal(v1alpha1.ReasonInvalidResponse))
			Expect(failure.Message).To(And(ContainSubstring(`"/access_token"`), ContainSubstring(`"`+string(pointer)+`"`)))
		},
		Entry("beyond the end of a list", `{"tokens": ["t"]}`, v1alpha1.JSONPointer("/tokens/1")),
		Entry("before the start of a list", `{"tokens": ["t"]}`, v1alpha1.JSONPointer("/tokens/-1")),
		Entry("under a name in a list", `{"tokens": ["t"]}`, v1alpha1.JSONPointer("/tokens/first")),
		Entry("inside a text", `{"token": "t"}`, v1alpha1.JSONPointer("/token/0")),
	)
})
