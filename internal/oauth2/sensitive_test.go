package oauth2_test

import (
	"encoding/json"
	"fmt"

	"github.com/go-logr/logr/funcr"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/yaml"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
)

type exposed struct {
	Secret  oauth2.Sensitive
	Pointer *oauth2.Sensitive
	List    []oauth2.Sensitive
	Map     map[string]oauth2.Sensitive
}

type hidden struct {
	secret  oauth2.Sensitive
	pointer *oauth2.Sensitive
	list    []oauth2.Sensitive
	inner   exposed
}

var _ = Describe("a sensitive text", func() {
	const text = "s3cr3t-value"
	sensitive := oauth2.NewSensitive(text)
	open := exposed{
		Secret: sensitive, Pointer: &sensitive,
		List: []oauth2.Sensitive{sensitive}, Map: map[string]oauth2.Sensitive{"k": sensitive},
	}
	closed := hidden{secret: sensitive, pointer: &sensitive, list: open.List, inner: open}
	request := func() *oauth2.Request {
		GinkgoHelper()
		return requestTo(rfc6749(authenticatedBy(v1alpha1.ClientSecretPost)), oauth2.Grant{
			Credentials: oauth2.Credentials{ClientID: oauth2.NewSensitive("shop"), IsClientIDPublic: true, ClientSecret: sensitive},
		})
	}

	It("is returned by Reveal", func() {
		Expect(sensitive.Reveal()).To(Equal(text))
		Expect(sensitive.IsEmpty()).To(BeFalse())
	})

	It("may be empty", func() {
		Expect(oauth2.Sensitive{}.Reveal()).To(BeEmpty())
		Expect(oauth2.Sensitive{}.IsEmpty()).To(BeTrue())
		Expect(oauth2.NewSensitive("").IsEmpty()).To(BeTrue())
	})

	// Some verbs print a text in hexadecimal or as bytes.
	const readable = `(?i)s3cr3t|733363723374|115 51 99 114`
	expectHidden := func(value any) {
		GinkgoHelper()
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%t", "%p", "%10.3s"} {
			Expect(fmt.Sprintf(verb, value)).NotTo(MatchRegexp(readable), "verb %q", verb)
		}
	}

	DescribeTable("is not printed by any verb", expectHidden,
		Entry("by itself", sensitive),
		Entry("as a pointer", &sensitive),
		Entry("in exported fields", open),
		Entry("in exported fields of a pointer", &open),
		Entry("in unexported fields", closed),
		Entry("in unexported fields of a pointer", &closed),
		Entry("in credentials", oauth2.Credentials{ClientID: oauth2.NewSensitive("shop"), IsClientIDPublic: true, ClientSecret: sensitive}),
		Entry("in a token", &oauth2.Token{AccessToken: sensitive}),
		Entry("in a response", oauth2.Response{Body: sensitive}),
	)

	It("is not printed with the request that contains it", func() {
		expectHidden(request())
		expectHidden(*request())
	})

	It("is visibly redacted", func() {
		Expect(fmt.Sprint(sensitive)).To(Equal("[REDACTED]"))
		Expect(sensitive.String()).To(Equal("[REDACTED]"))
	})

	DescribeTable("is not marshalled",
		func(marshal func(any) ([]byte, error)) {
			for _, value := range []any{sensitive, open, closed, request()} {
				raw, err := marshal(value)
				Expect(err).NotTo(HaveOccurred())
				Expect(string(raw)).NotTo(ContainSubstring(text))
			}
			raw, err := marshal(open)
			Expect(err).NotTo(HaveOccurred())
			Expect(string(raw)).To(ContainSubstring("[REDACTED]"))
		},
		Entry("to JSON", json.Marshal),
		Entry("to YAML", yaml.Marshal),
	)

	It("is not logged", func() {
		var lines string
		logger := funcr.NewJSON(func(line string) { lines += line }, funcr.Options{})
		logger.WithValues("with", sensitive).Info("hello", "alone", sensitive, "pointer", &sensitive, "open", open, "closed", closed, "request", request())
		Expect(lines).To(And(ContainSubstring("hello"), ContainSubstring("[REDACTED]"), Not(ContainSubstring(text))))
	})
})
