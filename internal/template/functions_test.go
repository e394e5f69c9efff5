package template_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// certificate is a chain of two, and der are both in their binary form.
var certificate, der = func() (text string, ders [][]byte) {
	for serial := range int64(2) {
		key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		template := &x509.Certificate{SerialNumber: big.NewInt(serial + 1)}
		raw, _ := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		text += string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}))
		ders = append(ders, raw)
	}
	return "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n" + text, ders
}()

var _ = Describe("a template", func() {
	DescribeTable("renders texts",
		func(text, out string) { Expect(rendered(text)).To(Equal(out)) },
		Entry("as they are", `plain`, "plain"),
		Entry("of nothing", ``, ""),
		Entry("of nothing but a comment", `{{/* nothing */}}`, ""),
		Entry("by their names", `{{ .user }}:{{ .password }}`, "me:s3cr3t-value"),
		Entry("by names that are no identifiers", `{{ index . "tls.crt" | x5tS256 | len }}`, "43"),
		Entry("with print, println and printf", `{{ print .user .user 1 }}{{ println .user }}{{ printf "%s:%-4s|%05d" .user "x" 7 }}`, "meme1me\nme:x   |00007"),
		Entry("in base64, and back", `{{ b64enc .user }} {{ b64dec "bWU=" }} {{ b32enc .user }}`, "bWU= me NVSQ===="),
		Entry("as digests", `{{ sha1sum "" | trunc 6 }} {{ sha256sum "" | trunc 6 }} {{ sha512sum "" | trunc 6 }}`, "da39a3 e3b0c4 cf83e1"),
		Entry("in other letters", `{{ upper .user }}{{ lower "ÄB" }}`, "MEäb"),
		Entry("with less around them", `{{ trim " a " }}|{{ trimAll "-" "-a-" }}|{{ trimPrefix "a" "ab" }}|{{ trimSuffix "b" "ab" }}|{{ nospace " a b " }}`, "a|a|b|a|ab"),
		Entry("in parts", `{{ substr 0 2 .password }}{{ trunc -2 .password }}`, "s3ue"),
		Entry("with others in the place of parts", `{{ .password | replace "-" "+" }}`, "s3cr3t+value"),
		Entry("joined", `{{ join "," .scopes }}`, "a,b"),
		Entry("escaped", `{{ urlquery "a b&" }} {{ html "<" }} {{ js "'" }}`, `a+b%26 &lt; \'`),
		Entry("as JSON", `{{ quote "a\"<&>" }} {{ toJson .scopes }} {{ toJson 1 }}`, `"a\"<&>" ["a","b"] 1`),
		Entry("from JSON", `{{ (fromJson .account).email }} {{ (fromJson .account).nested.k }}`, "a@example.com <v>"),
		Entry("from JSON, with all digits of a number", `{{ (fromJson .account).id }} {{ (fromJson .account).id | toJson }}`, "12345678901234567890 12345678901234567890"),
		Entry("from JSON and back", `{{ (fromJson .account).nested | toJson }}`, `{"k":"<v>"}`),
		Entry("from JSON, by names that are no identifiers", `{{ index (fromJson "{\"a-b\": \"c\"}") "a-b" }}`, "c"),
		Entry("by conditions", `{{ if eq .user "me" }}yes{{ else }}no{{ end }}{{ with .empty }}x{{ else }}none{{ end }}`, "yesnone"),
		Entry("by further conditions", `{{ if .empty }}a{{ else if hasPrefix "m" .user }}b{{ else }}c{{ end }}`, "b"),
		Entry("by defaults of what is empty", `{{ default "x" .empty }}{{ default "x" .user }}{{ ternary "a" "b" (empty .empty) }}`, "xmea"),
		Entry("by what they contain", `{{ contains "cr" .password }}{{ hasSuffix "x" .password }}`, "truefalse"),
		Entry("through variables", `{{ $x := upper .user }}{{ $x }}{{ $x = "y" }}{{ $x }}`, "MEy"),
		Entry("by the operators of the language", `{{ and .user .password }} {{ or .empty .user }} {{ not .empty }} {{ len .user }} {{ slice .password 0 2 }} {{ lt 1 2 }}`, "s3cr3t-value me true 2 s3 true"),
	)

	It("makes thumbprints of the first certificate, and a list of all", func() {
		one, two := sha1.Sum(der[0]), sha256.Sum256(der[0])
		Expect(rendered(`{{ index . "tls.crt" | x5t }}`)).To(Equal(base64.RawURLEncoding.EncodeToString(one[:])))
		Expect(rendered(`{{ index . "tls.crt" | x5tS256 }}`)).To(Equal(base64.RawURLEncoding.EncodeToString(two[:])))
		var chain []string
		Expect(json.Unmarshal([]byte(rendered(`{{ index . "tls.crt" | x5c }}`)), &chain)).To(Succeed())
		Expect(chain).To(Equal([]string{base64.StdEncoding.EncodeToString(der[0]), base64.StdEncoding.EncodeToString(der[1])}))
	})
})
