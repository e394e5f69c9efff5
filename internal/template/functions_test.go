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
	"maps"
	"math/big"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/internal/template"
)

// certificate is a public key and two certificates in PEM, and der the certificates in DER.
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
		Entry("that are empty", ``, ""),
		Entry("that are only a comment", `{{/* nothing */}}`, ""),
		Entry("by their names", `{{ .user }}:{{ .password }}`, "me:s3cr3t-value"),
		Entry("by names that are not identifiers", `{{ index . "tls.crt" | x5tS256 | len }}`, "43"),
		Entry("with print and printf", `{{ print .user .user 1 }} {{ print 1 2 }} {{ printf "%s:%v|%d%%" .user "x" 7 }}`, "meme1 1 2 me:x|7%"),
		Entry("in base64, and back", `{{ b64enc .user }} {{ b64dec "bWU=" }}`, "bWU= me"),
		Entry("as digests", `{{ sha256sum "" | trunc 6 }} {{ sha512sum "" | trunc 6 }}`, "e3b0c4 cf83e1"),
		Entry("in upper and lower case", `{{ upper .user }}{{ lower "ÄB" }}`, "MEäb"),
		Entry("trimmed", `{{ trim " a " }}|{{ trimAll "-" "-a-" }}|{{ trimPrefix "a" "ab" }}|{{ trimSuffix "b" "ab" }}`, "a|a|b|a"),
		Entry("in parts", `{{ trunc 2 .password }}{{ trunc -2 .password }}{{ trunc 9 .user }}{{ trunc -9 .user }}`, "s3uememe"),
		Entry("with replaced parts", `{{ .password | replace "-" "+" }}`, "s3cr3t+value"),
		Entry("joined", `{{ join "," .scopes }}`, "a,b"),
		Entry("escaped", `{{ urlquery "a b&" }} {{ html "<" }}`, `a+b%26 &lt;`),
		Entry("as JSON", `{{ quote "a\"<&>" }} {{ toJson .scopes }} {{ toJson 1 }}`, `"a\"<&>" ["a","b"] 1`),
		Entry("from JSON", `{{ (fromJson .account).email }} {{ (fromJson .account).nested.k }}`, "a@example.com <v>"),
		Entry("from JSON, with all digits of a number", `{{ (fromJson .account).id }} {{ (fromJson .account).id | toJson }}`, "12345678901234567890 12345678901234567890"),
		Entry("from JSON and back", `{{ (fromJson .account).nested | toJson }}`, `{"k":"<v>"}`),
		Entry("from JSON, by names that are not identifiers", `{{ index (fromJson "{\"a-b\": \"c\"}") "a-b" }}`, "c"),
		Entry("by conditions", `{{ if eq .user "me" }}yes{{ else }}no{{ end }}{{ with .empty }}x{{ else }}none{{ end }}`, "yesnone"),
		Entry("by an else if", `{{ if .empty }}a{{ else if hasPrefix "m" .user }}b{{ else }}c{{ end }}`, "b"),
		Entry("by defaults for empty values", `{{ default "x" .empty }}{{ default "x" .user }}{{ ternary "a" "b" (empty .empty) }}`, "xmea"),
		Entry("by what they contain", `{{ contains "cr" .password }}{{ hasSuffix "x" .password }}`, "truefalse"),
		Entry("through variables", `{{ $x := upper .user }}{{ $x }}{{ $x = "y" }}{{ $x }}`, "MEy"),
		Entry("by the operators of the language", `{{ and .user .password }} {{ or .empty .user }} {{ not .empty }} {{ len .user }} {{ slice .password 0 2 }} {{ lt 1 2 }}`, "s3cr3t-value me true 2 s3 true"),
	)

	DescribeTable("has the function",
		func(text, out string) { Expect(rendered(text)).To(Equal(out)) },
		rows(),
	)

	It("has an example for every function", func() {
		Expect(slices.Sorted(maps.Keys(examples))).To(Equal(template.Functions()))
	})

	It("computes thumbprints of the first certificate, and lists all certificates", func() {
		one, two := sha1.Sum(der[0]), sha256.Sum256(der[0])
		Expect(rendered(`{{ index . "tls.crt" | x5t }}`)).To(Equal(base64.RawURLEncoding.EncodeToString(one[:])))
		Expect(rendered(`{{ index . "tls.crt" | x5tS256 }}`)).To(Equal(base64.RawURLEncoding.EncodeToString(two[:])))
		var chain []string
		Expect(json.Unmarshal([]byte(rendered(`{{ index . "tls.crt" | x5c }}`)), &chain)).To(Succeed())
		Expect(chain).To(Equal([]string{base64.StdEncoding.EncodeToString(der[0]), base64.StdEncoding.EncodeToString(der[1])}))
	})
})

// examples has a template for each function, and its output.
var examples = map[string][2]string{
	"upper":      {`{{ upper "äb" }}`, "ÄB"},
	"lower":      {`{{ lower "ÄB" }}`, "äb"},
	"trim":       {`{{ trim " a\n" }}`, "a"},
	"trimAll":    {`{{ trimAll "-ä" "ä-a-b-ä" }}`, "a-b"},
	"trimPrefix": {`{{ trimPrefix "Bearer " "Bearer x" }} {{ trimPrefix "y" "x" }}`, "x x"},
	"trimSuffix": {`{{ trimSuffix "/" "a//" }}`, "a/"},
	"trunc":      {`{{ trunc 2 "abc" }} {{ trunc -2 "abc" }}`, "ab bc"},
	"replace":    {`{{ "a-b-c" | replace "-" "+" }} {{ replace "" "." "ab" }}`, "a+b+c .a.b."},
	"repeat":     {`{{ repeat 3 "ab" }}{{ repeat 0 "x" }}`, "ababab"},
	"indent":     {`{{ indent 2 "a\nb" }}|{{ indent 2 "\na" }}`, "  a\n  b|  \n  a"},
	"nindent":    {`{{ nindent 2 "a\nb" }}|{{ nindent 1 "\na" }}`, "\n  a\n  b|\n \n a"},
	"contains":   {`{{ contains "b" "abc" }} {{ contains "d" "abc" }}`, "true false"},
	"hasPrefix":  {`{{ hasPrefix "a" "ab" }} {{ hasPrefix "b" "ab" }}`, "true false"},
	"hasSuffix":  {`{{ hasSuffix "b" "ab" }} {{ hasSuffix "a" "ab" }}`, "true false"},

	"print":    {`{{ print "a" 1 2 true }} {{ print .scopes }}`, "a1 2 true [a b]"},
	"printf":   {`{{ printf "%s:%d|%v 100%%" "a" 7 .scopes }} {{ printf "" }}`, "a:7|[a b] 100% "},
	"toString": {`{{ toString 12 }} {{ fromJson "1.50" | toString | b64enc }}`, "12 MS41MA=="},
	"quote":    {`{{ quote "a" 1 "b\"" (fromJson "null") }}`, `"a" 1 "b\""`},
	"html":     {`{{ html "<a&\"b\">" }}`, "&lt;a&amp;&#34;b&#34;&gt;"},
	"urlquery": {`{{ urlquery "a b/c&d" }}`, "a+b%2Fc%26d"},

	"b64enc":    {`{{ b64enc "me:<>" }}`, "bWU6PD4="},
	"b64dec":    {`{{ b64dec "bWU6PD4=" }}`, "me:<>"},
	"sha256sum": {`{{ sha256sum "a" }}`, "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"},
	"sha512sum": {`{{ sha512sum "a" | trunc 16 }}`, "1f40fc92da241694"},
	"x5t":       {`{{ index . "tls.crt" | x5t | len }}`, "27"},
	"x5tS256":   {`{{ index . "tls.crt" | x5tS256 | len }}`, "43"},
	"x5c":       {`{{ index . "tls.crt" | x5c | fromJson | len }}`, "2"},

	"list":      {`{{ list 1 "a" (list) }} {{ list | toJson }}`, "[1 a []] []"},
	"splitList": {`{{ splitList "," "a,b" }} {{ index (splitList "." "a.b.c") 1 }}`, "[a b] b"},
	"join":      {`{{ join "-" .list }} {{ join "-" (list 1 "a") }} {{ join "-" (list) }}`, "y-x-y 1-a "},
	"first":     {`{{ splitList "." "a.b" | first }}`, "a"},
	"has":       {`{{ has "x" .list }} {{ has "z" .list }}`, "true false"},
	"dict":      {`{{ dict "b" 1 "a" (dict) | toJson }}`, `{"a":{},"b":1}`},
	"get":       {`{{ get (fromJson .map) "a" }} {{ get (fromJson .map) "x" }}`, "x "},
	"hasKey":    {`{{ hasKey (fromJson .map) "a" }} {{ hasKey . "x" }}`, "true false"},
	"index":     {`{{ index .list 1 }} {{ index (fromJson .map) "b" "d" }} {{ index . "user" }}`, "x e me"},
	"fromJson":  {`{{ (fromJson .map).b.d }} {{ fromJson "[1, \"a,[{\\\"\"]" }} {{ fromJson "null" }}`, `e [1 a,[{"] <no value>`},
	"toJson":    {`{{ toJson (list "<&>" 1 true (fromJson "1.50")) }} {{ fromJson .map | toJson }}`, `["<&>",1,true,1.50] {"a":"x","b":{"d":"e"}}`},

	"default":  {`{{ .empty | default "x" }} {{ .user | default "x" }} {{ default "y" }}`, "x me y"},
	"empty":    {`{{ empty .empty }} {{ empty 0 }} {{ empty (list) }} {{ empty (fromJson "null") }} {{ empty .user }}`, "true true true true false"},
	"coalesce": {`{{ coalesce "" 0 .user "x" }} {{ coalesce "" }}`, "me <no value>"},
	"ternary":  {`{{ ternary "a" "b" true }} {{ empty .user | ternary "a" "b" }}`, "a b"},
	"int64":    {`{{ int64 "12" }} {{ gt (fromJson "12" | int64) 9 }}`, "12 true"},
	"fail":     {`{{ if empty .user }}{{ fail "no user" }}{{ end }}`, ""},

	"toDate": {`{{ toDate "2006-01-02" "2026-11-22" }} {{ toDate "Mon, 02 Jan 2006 15:04:05 MST" "Sun, 22 Nov 2026 10:00:00 GMT" }} {{ toDate "15:04 -0700" "10:00 +0100" }}`,
		"2026-11-22T00:00:00Z 2026-11-22T10:00:00Z 0000-01-01T10:00:00+01:00"},
	"unixEpoch": {`{{ unixEpoch "2026-11-22T10:00:00Z" }} {{ unixEpoch "5" }}`, "1795341600 5"},
	"dateInZone": {`{{ dateInZone "Mon, 02 Jan 2006 15:04:05 GMT" "2026-11-22T11:00:00+01:00" "UTC" }} {{ dateInZone "2006" (fromJson "0") "UTC" }} {{ dateInZone "2006" 0 "UTC" }} {{ dateInZone "2006-01-02" "1795341600" "UTC" }}`,
		"Sun, 22 Nov 2026 10:00:00 GMT 1970 1970 2026-11-22"},
	"dateModify": {`{{ dateModify "-10m" "2026-11-22T10:00:00Z" }} {{ dateModify "1h" 0 }}`, "2026-11-22T09:50:00Z 1970-01-01T01:00:00Z"},
}

func rows() (entries []TableEntry) {
	for _, function := range slices.Sorted(maps.Keys(examples)) {
		entries = append(entries, Entry(function, examples[function][0], examples[function][1]))
	}
	return entries
}
