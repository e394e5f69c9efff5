package oauth2_test

import (
	"strconv"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
)

// secretWith returns a source with the given data, which is read from the default keys.
func secretWith(data map[string]string, changes ...func(*oauth2.CredentialsSource)) oauth2.CredentialsSource {
	source := oauth2.CredentialsSource{
		SecretName: "shop-client", ClientIDKey: "client_id", ClientSecretKey: "client_secret", PrivateKeyKey: "private_key",
		Data: map[string][]byte{},
	}
	for key, value := range data {
		source.Data[key] = []byte(value)
	}
	for _, change := range changes {
		change(&source)
	}
	return source
}

func pair(id, secret string) map[string]string {
	return map[string]string{"client_id": id, "client_secret": secret}
}

func inlineID(source *oauth2.CredentialsSource) { source.ClientID = "inline" }

func noSecret(source *oauth2.CredentialsSource) { source.SecretName = "" }

var _ = Describe("credentials", func() {
	DescribeTable("are read",
		func(source oauth2.CredentialsSource, method v1alpha1.ClientAuthenticationMethod, id, secret string) {
			read, notices, err := oauth2.ReadCredentials(source, rfc6749(authenticatedBy(method)))
			Expect(err).NotTo(HaveOccurred())
			Expect(notices).To(BeEmpty())
			Expect(read.ClientID.Reveal()).To(Equal(id))
			Expect(read.ClientSecret.Reveal()).To(Equal(secret))
		},
		Entry("from the default keys", secretWith(pair("id", "secret")), v1alpha1.ClientSecretBasic, "id", "secret"),
		Entry("from keys of other names",
			secretWith(map[string]string{"user": "id", "pass": "secret"}, func(s *oauth2.CredentialsSource) {
				s.ClientIDKey, s.ClientSecretKey = "user", "pass"
			}), v1alpha1.ClientSecretPost, "id", "secret"),
		Entry("with an inline client ID, which overrides the Secret's client ID",
			secretWith(pair("id", "secret"), inlineID), v1alpha1.ClientSecretBasic, "inline", "secret"),
		Entry("with an inline client ID and none in the Secret",
			secretWith(map[string]string{"client_secret": "secret"}, inlineID), v1alpha1.ClientSecretBasic, "inline", "secret"),
		Entry("without the secret if the client authentication uses none",
			secretWith(pair("id", "not\x00even valid")), v1alpha1.ClientAuthenticationNone, "id", ""),
		Entry("without any Secret if nothing from it is used",
			secretWith(nil, noSecret, inlineID), v1alpha1.ClientAuthenticationNone, "inline", ""),
		Entry("with inner and outer spaces, which may be part of them",
			secretWith(pair("my id", " a b ")), v1alpha1.ClientSecretBasic, "my id", " a b "),
		Entry("in any alphabet", secretWith(pair("ключ", "密码")), v1alpha1.ClientSecretBasic, "ключ", "密码"),
	)

	DescribeTable("lose the characters that editors and shells add, and a notice says so:",
		func(raw string) {
			read, notices, err := oauth2.ReadCredentials(secretWith(pair("id", raw)), rfc6749())
			Expect(err).NotTo(HaveOccurred())
			Expect(read.ClientSecret.Reveal()).To(Equal("s3cr3t"))
			Expect(notices).To(ConsistOf(HaveField("Reason", v1alpha1.EventCredentialsTrimmed)))
			Expect(notices[0].Message).To(And(ContainSubstring(`"client_secret"`), ContainSubstring(`"shop-client"`),
				Not(ContainSubstring("s3cr3t"))))
		},
		Entry("a trailing newline", "s3cr3t\n"),
		Entry("a trailing CRLF", "s3cr3t\r\n"),
		Entry("several trailing newlines", "s3cr3t\n\n"),
		Entry("a leading byte order mark", "\ufeffs3cr3t"),
		Entry("a byte order mark and a newline", "\ufeffs3cr3t\n"),
	)

	It("have one notice for each value that was trimmed", func() {
		_, notices, err := oauth2.ReadCredentials(secretWith(pair("id\n", "s3cr3t\n")), rfc6749())
		Expect(err).NotTo(HaveOccurred())
		Expect(notices).To(HaveLen(2))
	})

	DescribeTable("are refused if a value is invalid:",
		func(raw, fault string) {
			_, _, err := oauth2.ReadCredentials(secretWith(pair("id", raw)), rfc6749())
			failure := failureOf(err)
			Expect(failure.Reason).To(Equal(v1alpha1.ReasonCredentialsInvalid))
			Expect(failure.Class).To(Equal(problem.ObjectNotReady))
			Expect(failure.Message).To(And(ContainSubstring(`"client_secret"`), ContainSubstring(`"shop-client"`),
				ContainSubstring(fault), Not(ContainSubstring("s3cr"))))
		},
		Entry("an empty value", "", "empty"),
		Entry("only a newline", "\n", "empty"),
		Entry("only a byte order mark", "\ufeff", "empty"),
		Entry("a newline in the middle", "s3cr\n3t", "control characters"),
		Entry("a tab", "s3cr\t3t", "control characters"),
		Entry("a NUL", "s3cr3t\x00", "control characters"),
		Entry("a DEL", "s3cr3t\x7f", "control characters"),
		Entry("a C1 control character", "s3cr\u00853t", "control characters"),
		Entry("a leading newline", "\ns3cr3t", "control characters"),
		Entry("bytes that are not UTF-8", "s3cr\xff3t", "UTF-8"),
		Entry("UTF-16, as some editors write", "\xff\xfes\x003\x00", "UTF-8"),
	)

	It("are refused if the client ID is invalid", func() {
		_, _, err := oauth2.ReadCredentials(secretWith(pair("my\tid", "secret")), rfc6749())
		Expect(failureOf(err).Message).To(ContainSubstring(`"client_id"`))
	})

	DescribeTable("are missing:",
		func(source oauth2.CredentialsSource, said ...string) {
			_, _, err := oauth2.ReadCredentials(source, rfc6749())
			failure := failureOf(err)
			Expect(failure.Reason).To(Equal(v1alpha1.ReasonCredentialsMissing))
			Expect(failure.Class).To(Equal(problem.ObjectNotReady))
			for _, words := range said {
				Expect(failure.Message).To(ContainSubstring(words))
			}
			Expect(failure.Message).NotTo(ContainSubstring("VALUE"))
		},
		Entry("the message names the missing key, the Secret, the existing keys and the remedy",
			secretWith(map[string]string{"client_id": "VALUE", "password": "VALUE"}),
			`no key "client_secret"`, `Secret "shop-client"`, "client_id, password", "spec.credentialsRef", "none"),
		Entry("for the client ID, the message offers spec.clientID",
			secretWith(map[string]string{"client_secret": "VALUE"}), `no key "client_id"`, "spec.clientID"),
		Entry("an empty Secret has no keys", secretWith(nil), "no keys"),
		Entry("without a Secret, the message says to set one", secretWith(nil, noSecret), "needs a client ID", "set spec.credentialsRef to a Secret"),
		Entry("with only an inline client ID, the secret is missing",
			secretWith(nil, noSecret, inlineID), "needs a client secret", "set spec.credentialsRef to a Secret"),
	)

	It("are missing in a Secret of many keys, and the message does not list all of them", func() {
		data := map[string]string{}
		for i := range 50 {
			data["key-"+strconv.Itoa(i)] = "x"
		}
		_, _, err := oauth2.ReadCredentials(secretWith(data), rfc6749())
		Expect(failureOf(err).Message).To(And(ContainSubstring("key-0, "), ContainSubstring("...")))
		Expect(len(err.Error())).To(BeNumerically("<", 300))
	})
})
