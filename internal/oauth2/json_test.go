package oauth2_test

import (
	"net/http"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
)

// withTyped declares parameters. Each is given by its name, type and value.
func withTyped(triples ...string) func(*server) {
	return func(s *server) {
		for i := 0; i < len(triples); i += 3 {
			s.Request.Parameters = append(s.Request.Parameters, v1alpha1.Parameter{
				Name: triples[i], Type: v1alpha1.ParameterType(triples[i+1]), Value: &triples[i+2],
			})
		}
	}
}

// bare returns a server whose requests have only the declared parameters.
func bare(changes ...func(*server)) server {
	nothing := v1alpha1.ParameterName("")
	return rfc6749(append([]func(*server){authenticatedBy(v1alpha1.ClientAuthenticationNone), func(s *server) {
		s.Request.ParameterNames = &v1alpha1.ParameterNames{ClientID: &nothing, GrantType: &nothing}
	}}, changes...)...)
}

var _ = Describe("a request in JSON", func() {
	inJSON := encodedAs(v1alpha1.JSONEncoding)

	DescribeTable("holds values of their types:",
		func(kind, value, sent string) {
			s := bare(inJSON, withTyped("v", kind, value))
			Expect(requestTo(s, oauth2.Grant{}).Body.Reveal()).To(Equal(`{"v":` + sent + `}`))
		},
		Entry("a text if no type is given", "", "1", `"1"`),
		Entry("a text", "String", "true", `"true"`),
		Entry("an empty text", "String", "", `""`),
		Entry("a number", "Number", "3600", `3600`),
		Entry("a number with all its digits", "Number", "12345678901234567890.10", `12345678901234567890.10`),
		Entry("a negative number with an exponent", "Number", "-1.5e-3", `-1.5e-3`),
		Entry("true", "Boolean", "true", `true`),
		Entry("false", "Boolean", "false", `false`),
		Entry("a list", "JSON", `[ "a", {"b": null} ]`, `["a",{"b":null}]`),
		Entry("null", "JSON", `null`, `null`),
		Entry("a large number inside JSON, with all its digits", "JSON", `{"id": 12345678901234567890}`, `{"id":12345678901234567890}`),
		Entry("JSON with letters that HTML escapes", "JSON", `["<&>"]`, `["<&>"]`),
	)

	DescribeTable("is not built from a value that is not of its type, and the message does not show the value:",
		func(encoding v1alpha1.RequestEncoding, kind, value string) {
			failure := buildFailure(bare(encodedAs(encoding), withTyped("limit", kind, value)), oauth2.Grant{})
			Expect(failure.Reason).To(Equal(v1alpha1.ReasonAuthorizationServerInvalid))
			Expect(failure.Class).To(Equal(problem.Invalid))
			Expect(failure.Message).To(And(ContainSubstring("parameter limit"), ContainSubstring(kind), Not(ContainSubstring("MARK"))))
		},
		Entry("words as a number", v1alpha1.JSONEncoding, "Number", "MARK"),
		Entry("an empty text as a number", v1alpha1.JSONEncoding, "Number", ""),
		Entry("a number in hexadecimal", v1alpha1.JSONEncoding, "Number", "0x10"),
		Entry("a number with white space", v1alpha1.JSONEncoding, "Number", " 1"),
		Entry("a number with a leading zero", v1alpha1.JSONEncoding, "Number", "007"),
		Entry("infinity", v1alpha1.JSONEncoding, "Number", "Infinity"),
		Entry("a number that is too large for a float", v1alpha1.JSONEncoding, "Number", "1e400"),
		Entry("two numbers", v1alpha1.JSONEncoding, "Number", "1,2"),
		Entry("True as a Boolean", v1alpha1.JSONEncoding, "Boolean", "True"),
		Entry("1 as a Boolean", v1alpha1.JSONEncoding, "Boolean", "1"),
		Entry("broken JSON", v1alpha1.JSONEncoding, "JSON", `{"a": MARK`),
		Entry("two JSON documents", v1alpha1.JSONEncoding, "JSON", `"MARK" "b"`),
		Entry("no JSON at all", v1alpha1.JSONEncoding, "JSON", ``),
		Entry("JSON that is nested too deeply", v1alpha1.JSONEncoding, "JSON", nested(20000)),
		Entry("words as a number in a form", v1alpha1.FormEncoding, "Number", "MARK"),
	)

	DescribeTable("sets values at JSON Pointers",
		func(change func(*server), sent string) {
			Expect(requestTo(bare(inJSON, change), oauth2.Grant{}).Body.Reveal()).To(Equal(sent))
		},
		Entry("into objects that are created on the way", withTyped("/a/b/c", "", "1"), `{"a":{"b":{"c":"1"}}}`),
		Entry("next to each other", withTyped("/a/x", "", "1", "/a/y", "Number", "2", "/b", "", "3"), `{"a":{"x":"1","y":2},"b":"3"}`),
		Entry("in any order of declaration", withTyped("/a/y", "", "2", "/a/x", "", "1"), `{"a":{"x":"1","y":"2"}}`),
		Entry("under names with a slash or a tilde", withTyped("/a~1b", "", "1", "/c~0d", "", "2", "/e~01f", "", "3"), `{"a/b":"1","c~d":"2","e~1f":"3"}`),
		Entry("under the empty name", withTyped("/", "", "1"), `{"":"1"}`),
		Entry("under names of digits, which do not create lists", withTyped("/a/0", "", "1"), `{"a":{"0":"1"}}`),
		Entry("into an object that is given as JSON", withTyped("/a/x", "", "1", "/a", "JSON", `{"y": 2}`), `{"a":{"x":"1","y":2}}`),
		Entry("into an object inside a list that is given as JSON", withTyped("/l/1/x", "", "v", "/l", "JSON", `[{}, {"y": 2}]`), `{"l":[{},{"x":"v","y":2}]}`),
		Entry("into lists inside lists", withTyped("/l/0/0/x", "", "v", "l", "JSON", `[[{}]]`), `{"l":[[{"x":"v"}]]}`),
		Entry("but a name without a leading slash is not a pointer", withTyped("a/b", "", "1", "c~1d", "", "2"), `{"a/b":"1","c~1d":"2"}`),
	)

	DescribeTable("is not built if two names lead to the same place:",
		func(change func(*server), named string) {
			failure := buildFailure(bare(inJSON, change), oauth2.Grant{})
			Expect(failure.Reason).To(Equal(v1alpha1.ReasonAuthorizationServerInvalid))
			Expect(failure.Message).To(And(ContainSubstring("same place in the JSON"), ContainSubstring(named)))
		},
		Entry("the same place by a name and by a pointer", withTyped("a", "", "1", "/a", "", "2"), "a and another name"),
		Entry("a place inside a text", withTyped("/a", "", "1", "/a/b", "", "2"), "/a/b"),
		Entry("a place inside a number", withTyped("/a", "Number", "1", "/a/b", "", "2"), "/a/b"),
		Entry("a place inside JSON that has a value", withTyped("/a", "JSON", `{"b": 1}`, "/a/b", "", "2"), "/a/b"),
		Entry("an item of a list", withTyped("/a", "JSON", `[1]`, "/a/0", "", "2"), "/a/0"),
		Entry("beyond the end of a list", withTyped("/a", "JSON", `[{}]`, "/a/1/b", "", "2"), "/a/1/b"),
		Entry("before the start of a list", withTyped("/a", "JSON", `[{}]`, "/a/-1/b", "", "2"), "/a/-1/b"),
		Entry("a list under a name", withTyped("/a", "JSON", `[{}]`, "/a/b/c", "", "2"), "/a/b/c"),
		Entry("a place below null", withTyped("/a", "JSON", `null`, "/a/b", "", "2"), "/a/b"),
	)

	It("masks a secret list, even if other names lead into it", func() {
		s := bare(inJSON, withTyped("/accounts/0/user", "", "shop"), func(s *server) {
			s.Request.Parameters = append(s.Request.Parameters, v1alpha1.Parameter{Name: "accounts", Type: v1alpha1.JSONParameter, SecretKey: "accounts"})
		})
		request := requestTo(s, oauth2.Grant{Credentials: oauth2.Credentials{
			Values: map[string]oauth2.Sensitive{"accounts": oauth2.NewSensitive(`[{"password":"s3cr3t-value"}]`)},
		}})
		Expect(request.Body.Reveal()).To(Equal(`{"accounts":[{"password":"s3cr3t-value","user":"shop"}]}`))
		Expect(request.Show()).To(And(ContainSubstring(`{"accounts":"[REDACTED]"}`), Not(ContainSubstring("s3cr3t"))))
	})

	It("may be the body of a PUT request", func() {
		request := requestTo(bare(inJSON, sentBy(http.MethodPut), withTyped("a", "", "1")), oauth2.Grant{})
		Expect(request.Body.Reveal()).To(Equal(`{"a":"1"}`))
	})
})

func nested(depth int) string {
	lists := make([]byte, depth)
	for i := range lists {
		lists[i] = '['
	}
	return string(lists)
}
