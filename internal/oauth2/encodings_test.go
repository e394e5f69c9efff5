package oauth2_test

import (
	"net/http"
	"net/url"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
)

func sentBy(method v1alpha1.RequestMethod) func(*server) {
	return func(s *server) { s.Request.Method = method }
}

func sentTo(endpoint string) func(*server) {
	return func(s *server) { s.TokenEndpoint = endpoint }
}

// sentIn returns the part of a request that has the parameters.
func sentIn(request *oauth2.Request, encoding v1alpha1.RequestEncoding) string {
	if encoding == v1alpha1.QueryEncoding {
		return request.Query.Reveal()
	}
	return request.Body.Reveal()
}

var _ = Describe("the parameters of a request", func() {
	const (
		inForm = "client_id=shop&client_secret=s3cr3t-value&grant_type=client_credentials&scope=a+b"
		inJSON = `{"client_id":"shop","client_secret":"s3cr3t-value","grant_type":"client_credentials","scope":"a b"}`
	)

	DescribeTable("are in the place for the method and the encoding:",
		func(method v1alpha1.RequestMethod, encoding v1alpha1.RequestEncoding, query, contentType, body string) {
			s := rfc6749(sentBy(method), encodedAs(encoding), authenticatedBy(v1alpha1.ClientSecretPost))
			request := requestTo(s, oauth2.Grant{Credentials: credentials, Scopes: []string{"a", "b"}})
			Expect(request.Method).To(Equal(string(method)))
			Expect(request.URL).To(Equal("https://idp.example.com/token"))
			Expect(request.Query.Reveal()).To(Equal(query))
			Expect(request.Body.Reveal()).To(Equal(body))
			headers := map[string]string{"Accept": asJSON}
			if contentType != "" {
				headers["Content-Type"] = contentType
			}
			Expect(revealed(request)).To(Equal(headers))
		},
		Entry("POST as a form: in the body", v1alpha1.RequestMethod("POST"), v1alpha1.FormEncoding, "", asForm, inForm),
		Entry("POST as JSON: in the body", v1alpha1.RequestMethod("POST"), v1alpha1.JSONEncoding, "", asJSON, inJSON),
		Entry("POST as a query: in the URL, without a body", v1alpha1.RequestMethod("POST"), v1alpha1.QueryEncoding, inForm, "", ""),
		Entry("PUT as a form: in the body", v1alpha1.RequestMethod("PUT"), v1alpha1.FormEncoding, "", asForm, inForm),
		Entry("PUT as JSON: in the body", v1alpha1.RequestMethod("PUT"), v1alpha1.JSONEncoding, "", asJSON, inJSON),
		Entry("PUT as a query: in the URL, without a body", v1alpha1.RequestMethod("PUT"), v1alpha1.QueryEncoding, inForm, "", ""),
		Entry("GET as a query: in the URL, without a body", v1alpha1.RequestMethod("GET"), v1alpha1.QueryEncoding, inForm, "", ""),
	)

	DescribeTable("are added to the query of the endpoint",
		func(encoding v1alpha1.RequestEncoding, endpoint, full string) {
			s := rfc6749(sentBy("GET"), encodedAs(encoding), sentTo(endpoint), authenticatedBy(v1alpha1.ClientAuthenticationNone))
			request := requestTo(s, oauth2.Grant{Credentials: credentials})
			Expect(request.URL).To(Equal(endpoint))
			Expect(request.FullURL().Reveal()).To(Equal(full))
			parsed, err := url.Parse(full)
			Expect(err).NotTo(HaveOccurred())
			_, err = url.ParseQuery(parsed.RawQuery)
			Expect(err).NotTo(HaveOccurred())
		},
		Entry("even if there is none", v1alpha1.QueryEncoding, "https://idp.example.com/t",
			"https://idp.example.com/t?client_id=shop&grant_type=client_credentials"),
		Entry("and leave it unchanged", v1alpha1.QueryEncoding, "https://idp.example.com/t?v=1%2E0&x",
			"https://idp.example.com/t?v=1%2E0&x&client_id=shop&grant_type=client_credentials"),
		Entry("even if it is empty", v1alpha1.QueryEncoding, "https://idp.example.com/t?",
			"https://idp.example.com/t?&client_id=shop&grant_type=client_credentials"),
		Entry("even if it has a parameter of the same name: both are sent", v1alpha1.QueryEncoding, "https://idp.example.com/t?client_id=x",
			"https://idp.example.com/t?client_id=x&client_id=shop&grant_type=client_credentials"),
		Entry("but not if they are in the body", v1alpha1.FormEncoding, "https://idp.example.com/t?tenant=a",
			"https://idp.example.com/t?tenant=a"),
	)

	DescribeTable("are not changed, whatever characters they have",
		func(encoding v1alpha1.RequestEncoding) {
			s := rfc6749(encodedAs(encoding), withParameters("odd", "a+b &=%#\"<>\\/é\u2028 密"), authenticatedBy(v1alpha1.ClientAuthenticationNone))
			sent, err := url.ParseQuery(sentIn(requestTo(s, oauth2.Grant{Credentials: credentials}), encoding))
			Expect(err).NotTo(HaveOccurred())
			Expect(sent.Get("odd")).To(Equal("a+b &=%#\"<>\\/é\u2028 密"))
		},
		Entry("in a form", v1alpha1.FormEncoding),
		Entry("in a query", v1alpha1.QueryEncoding),
	)

	It("are not escaped for HTML in JSON, because some servers do not decode such escapes", func() {
		s := rfc6749(encodedAs(v1alpha1.JSONEncoding), withParameters("odd", "a&b<c>"))
		Expect(requestTo(s, oauth2.Grant{Credentials: credentials}).Body.Reveal()).To(ContainSubstring(`"odd":"a&b<c>"`))
	})

	DescribeTable("name the resources",
		func(encoding v1alpha1.RequestEncoding, resources []string, sent string) {
			s := rfc6749(encodedAs(encoding))
			Expect(sentIn(requestTo(s, oauth2.Grant{Credentials: credentials, Resources: resources}), encoding)).To(Equal(sent))
		},
		Entry("in a form: one parameter for each, in their order", v1alpha1.FormEncoding, []string{"urn:b", "urn:a"},
			"grant_type=client_credentials&resource=urn%3Ab&resource=urn%3Aa"),
		Entry("in a query: one parameter for each", v1alpha1.QueryEncoding, []string{"urn:b", "urn:a"},
			"grant_type=client_credentials&resource=urn%3Ab&resource=urn%3Aa"),
		Entry("in JSON: a single resource is a text", v1alpha1.JSONEncoding, []string{"urn:a"},
			`{"grant_type":"client_credentials","resource":"urn:a"}`),
		Entry("in JSON: several resources are a list", v1alpha1.JSONEncoding, []string{"urn:b", "urn:a"},
			`{"grant_type":"client_credentials","resource":["urn:b","urn:a"]}`),
		Entry("not if there are none", v1alpha1.FormEncoding, []string{}, "grant_type=client_credentials"),
	)

	DescribeTable("join the scopes",
		func(separator string, sent string) {
			s := rfc6749(func(s *server) { s.Request.ScopeSeparator = &separator })
			grant := oauth2.Grant{Credentials: credentials, Scopes: []string{"a", "b"}}
			values, err := url.ParseQuery(requestTo(s, grant).Body.Reveal())
			Expect(err).NotTo(HaveOccurred())
			Expect(values["scope"]).To(Equal([]string{sent}))
		},
		Entry("with a comma", ",", "a,b"),
		Entry("with a comma and a space", ", ", "a, b"),
		Entry("with nothing between them, because an empty separator is not the same as an unset separator", "", "ab"),
		Entry("with a plus, which is not a space", "+", "a+b"),
	)

	It("are the same in each request, in the same order", func() {
		for _, encoding := range []v1alpha1.RequestEncoding{v1alpha1.FormEncoding, v1alpha1.JSONEncoding, v1alpha1.QueryEncoding} {
			s := rfc6749(encodedAs(encoding), withParameters("z", "1", "y", "2", "x", "3", "w", "4"))
			var sent []string
			for range 20 {
				sent = append(sent, sentIn(requestTo(s, oauth2.Grant{Credentials: credentials}), encoding))
			}
			Expect(slices.Compact(sent)).To(HaveLen(1))
		}
	})

	It("may be sent to the token endpoint by PUT", func() {
		Expect(requestTo(rfc6749(sentBy(http.MethodPut)), oauth2.Grant{Credentials: credentials}).Method).To(Equal(http.MethodPut))
	})
})
