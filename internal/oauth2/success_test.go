package oauth2_test

import (
	"net/http"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
)

func successIs(pointer v1alpha1.JSONPointer, equals string) func(*server) {
	return func(s *server) { s.Response.Success = &v1alpha1.ResponseSuccess{Pointer: &pointer, Equals: &equals} }
}

func errorCodeAt(pointers ...v1alpha1.JSONPointer) func(*server) {
	return func(s *server) { s.Response.ErrorCode = pointers }
}

var _ = Describe("a server that reports failures with status 200", func() {
	codeAt := errorCodeAt("/code")

	DescribeTable("reports no error",
		func(members string, changes ...func(*server)) {
			Expect(tokenIn(rfc6749(changes...), bearer(", "+members)).AccessToken.Reveal()).To(Equal("t"))
		},
		Entry("by the code 0", `"code": 0`, codeAt),
		Entry("by the code 0.0", `"code": 0.0`, codeAt),
		Entry(`by the code "0"`, `"code": "0"`, codeAt),
		Entry(`by the code "0000"`, `"code": "0000"`, codeAt),
		Entry("by false", `"code": false`, codeAt),
		Entry("by null", `"code": null`, codeAt),
		Entry("by an empty text", `"code": ""`, codeAt),
		Entry("by an object", `"code": {}`, codeAt),
		Entry("by 0 if 0 means success", `"errcode": 0`, successIs("/errcode", "0")),
		Entry(`by "0" if 0 means success`, `"errcode": "0"`, successIs("/errcode", "0")),
		Entry("by 0.0 if 0 means success", `"errcode": 0.0`, successIs("/errcode", "0")),
		Entry("by 200 if 200 means success", `"status": 200`, successIs("/status", "200")),
		Entry("by true", `"success": true`, successIs("/success", "true")),
		Entry(`by "true"`, `"success": "true"`, successIs("/success", "true")),
		Entry("by the declared word", `"result": "ok"`, successIs("/result", "ok")),
		Entry("by the declared word, whatever the error code is", `"code": "00-OK", "result": "ok"`, codeAt, successIs("/result", "ok")),
		Entry("by the error code itself, if it means success", `"code": 1`, codeAt, successIs("/code", "1")),
		Entry("by a missing member", `"x": 1`, successIs("/result", "ok")),
		Entry("by null in place of the declared word", `"result": null`, successIs("/result", "ok")),
	)

	DescribeTable("reports an error, even next to a token,",
		func(members, code string, changes ...func(*server)) {
			failure := failureIn(rfc6749(changes...), bearer(", "+members))
			Expect(failure.Code).To(Equal(code))
			Expect(failure.StatusCode).To(Equal(http.StatusOK))
			Expect(failure.Class).To(Equal(problem.MayPass))
			Expect(failure.Reason).To(Equal(v1alpha1.ReasonRequestRefused))
		},
		Entry("by a number", `"code": 99991663`, "99991663", codeAt),
		Entry("by a negative number", `"code": -1`, "-1", codeAt),
		Entry("by a number that is too large for a float", `"code": 1e400`, "1e400", codeAt),
		Entry("by a text of digits", `"code": "40013"`, "40013", codeAt),
		Entry("by true", `"code": true`, "true", codeAt),
		Entry("by the second pointer, if the first finds 0", `"code": 0, "error": "x"`, "x", errorCodeAt("/code", "/error")),
		Entry("by a number other than 0", `"errcode": 40013`, "40013", successIs("/errcode", "0")),
		Entry("by a number other than 0, which is also the code", `"errcode": 40013`, "40013", successIs("/errcode", "0"), errorCodeAt("/errcode")),
		Entry("by false", `"success": false`, "", successIs("/success", "true")),
		Entry("by another word", `"result": "OK"`, "", successIs("/result", "ok")),
		Entry("by a code if the declared member is missing", `"code": 7`, "7", codeAt, successIs("/result", "ok")),
	)

	It("fails if the status is a failure, whatever the body says", func() {
		failure := failureIn(rfc6749(successIs("/success", "true")), answer(http.StatusBadGateway, `{"access_token": "t", "success": true}`))
		Expect(failure.Reason).To(Equal(v1alpha1.ReasonServerError))
	})

	It("explains a failure with its own words", func() {
		s := rfc6749(successIs("/errcode", "0"), errorCodeAt("/errcode"), func(s *server) { s.Response.ErrorDescription = at("/errmsg") })
		Expect(failureIn(s, answer(http.StatusOK, `{"errcode": 40013, "errmsg": "invalid appid"}`)).Message).
			To(ContainSubstring(`answered HTTP 200 40013 ("invalid appid"):`))
	})
})
