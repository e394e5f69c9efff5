package check_test

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/internal/check"
)

var _ = Describe("The shape of a body", func() {
	It("has names and types, and no value except the lifetime", func() {
		body := `{"access_token":"secret-token","expires_in":3600,"ok":true,"none":null,"data":{"id":12345,"list":["a","b","c","d","e"],"empty":{},"items":[]}}`
		Expect(check.Shape(body, "/expires_in")).To(Equal(strings.TrimSpace(`
{
  "access_token": <string, 12 bytes>,
  "data": {
    "empty": {},
    "id": <number>,
    "items": [],
    "list": [
      <string, 1 bytes>,
      <string, 1 bytes>,
      <string, 1 bytes>,
      <2 more>
    ]
  },
  "expires_in": <number 3600>,
  "none": null,
  "ok": <boolean>
}`)))
	})

	It("distinguishes a JWT from other strings", func() {
		Expect(check.Shape(`"eyJhbGciOiJSUzI1NiJ9.e30.c2ln"`, "")).To(Equal("<string, 29 bytes, JWT>"))
		Expect(check.Shape(`"www.example.com"`, "")).To(Equal("<string, 15 bytes>"))
	})

	DescribeTable("hides names that look like data", func(name string) {
		Expect(check.Shape(`{"`+name+`":1}`, "")).To(HavePrefix("{\n  <name, "))
	},
		Entry("a hash", "9f86d081884c7d659a2feaa0c55ad015"),
		Entry("many digits", "client-20260301"),
		Entry("a JWT", "eyJhbGciOiJSUzI1NiJ9"),
		Entry("a long name", strings.Repeat("a", 49)),
		Entry("an escape sequence", `\u001b[31m`),
		Entry("an empty name", ""),
	)

	DescribeTable("has only the kind of a body that is not JSON", func(body, shape string) {
		Expect(check.Shape(body, "")).To(Equal(shape))
	},
		Entry("HTML", "<!DOCTYPE html><p>secret", "<HTML, 24 bytes>"),
		Entry("XML", "<token>secret</token>", "<XML or HTML, 21 bytes>"),
		Entry("text", "secret text", "<text, 11 bytes>"),
		Entry("broken JSON", `{"access_token":"sec`, "<broken JSON, 20 bytes>"),
		Entry("two documents", `{} {}`, "<broken JSON, 5 bytes>"),
		Entry("nothing", " \n", "<empty>"),
		Entry("JSON that the operator does not decode", "["+strings.Repeat("1,", 10_000)+"1]", "<JSON of too many values, 20003 bytes>"),
	)

	It("is bounded in depth and in members", func() {
		deep := check.Shape(strings.Repeat(`{"a":`, 20)+"1"+strings.Repeat("}", 20), "")
		Expect(strings.Count(deep, `"a"`)).To(Equal(8))
		Expect(deep).To(ContainSubstring("{<1 members>}"))
		wide := "{"
		for i := range 100 {
			wide += `"` + strings.Repeat("a", i%48+1) + strings.Repeat("b", i/48) + `":1,`
		}
		Expect(check.Shape(strings.TrimSuffix(wide, ",")+"}", "")).To(ContainSubstring(" more>"))
	})
})
