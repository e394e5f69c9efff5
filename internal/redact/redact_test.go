package redact_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"math/rand/v2"
	"net/url"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/internal/redact"
)

const (
	short = `p4s/ "é&+`
	long  = `Zq7/ "é&+<mark>\Xk9w-0123456789`
)

func secrets(texts ...string) *redact.Secrets {
	s := &redact.Secrets{}
	s.Add(texts...)
	return s
}

func inJSON(text string) string {
	raw, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return strings.Trim(string(raw), `"`)
}

// encodings are the encodings in which servers repeat the texts of a request.
var encodings = map[string]func(string) string{
	"unencoded":                    func(s string) string { return s },
	"in upper case":                strings.ToUpper,
	"in lower case":                strings.ToLower,
	"as JSON":                      inJSON,
	"as JSON in JSON":              func(s string) string { return inJSON(inJSON(s)) },
	"as JSON that escapes slashes": func(s string) string { return strings.ReplaceAll(inJSON(s), "/", `\/`) },
	"as JSON in ASCII":             func(s string) string { return strings.Trim(strconv.QuoteToASCII(s), `"`) },
	"as JSON that escapes all":     func(s string) string { return each(s, func(r rune) string { return fmt.Sprintf(`\u%04X`, r) }) },
	"as JavaScript":                func(s string) string { return each(s, func(r rune) string { return fmt.Sprintf(`\u{%x}`, r) }) },
	"as Python":                    func(s string) string { return eachByte(s, `\x%02x`) },
	"as octal":                     func(s string) string { return eachByte(s, `\%03o`) },
	"as octal without zeros":       func(s string) string { return eachByte(s, `\%o`) },
	"as HTML":                      html.EscapeString,
	"as HTML in decimal":           func(s string) string { return each(s, func(r rune) string { return fmt.Sprintf("&#%d;", r) }) },
	"as HTML in hex":               func(s string) string { return each(s, func(r rune) string { return fmt.Sprintf("&#x%X;", r) }) },
	"as HTML in decimal without ;": func(s string) string { return each(s, func(r rune) string { return fmt.Sprintf("&#%d", r) }) },
	"as HTML in hex without ;":     func(s string) string { return each(s, func(r rune) string { return fmt.Sprintf("&#x%x", r) }) },
	"as HTML with zeros":           func(s string) string { return each(s, func(r rune) string { return fmt.Sprintf("&#%09d;", r) }) },
	"as a form":                    url.QueryEscape,
	"as a path":                    url.PathEscape,
	"as a form twice":              func(s string) string { return url.QueryEscape(url.QueryEscape(s)) },
	"as a form in lower case":      func(s string) string { return strings.ToLower(url.QueryEscape(s)) },
	"as a form with all escaped":   func(s string) string { return eachByte(s, "%%%02X") },
	"as a form in JSON":            func(s string) string { return inJSON(url.QueryEscape(s)) },
	"as a form in HTML":            func(s string) string { return html.EscapeString(url.PathEscape(s)) },
	"in base64":                    func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"in base64 after one letter":   func(s string) string { return base64.StdEncoding.EncodeToString([]byte("i" + s)) },
	"in base64 after two letters":  func(s string) string { return base64.StdEncoding.EncodeToString([]byte("id" + s)) },
	"in base64 for URLs":           func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte("id:" + s + ".")) },
	"in base64 of a form":          func(s string) string { return base64.StdEncoding.EncodeToString([]byte("id:" + url.QueryEscape(s))) },
	"in base64 of JSON": func(s string) string {
		return base64.RawURLEncoding.EncodeToString([]byte(`{"a":"` + inJSON(s) + `"}`))
	},
	"in base64 as a form":                 func(s string) string { return url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(s))) },
	"in base64 with line breaks":          func(s string) string { return broken(base64.StdEncoding.EncodeToString([]byte(s)), "\r\n") },
	"in base64 with line breaks, as JSON": func(s string) string { return broken(base64.StdEncoding.EncodeToString([]byte(s)), `\r\n`) },
	"in hex":                              func(s string) string { return hex.EncodeToString([]byte(s)) },
	"in hex, in upper case":               func(s string) string { return strings.ToUpper(hex.EncodeToString([]byte(s))) },
	"in hex after a digit":                func(s string) string { return "0" + hex.EncodeToString([]byte(s)) },
	"in hex with colons":                  func(s string) string { return strings.ReplaceAll(fmt.Sprintf("% x", s), " ", ":") },
	"in hex with spaces":                  func(s string) string { return fmt.Sprintf("% X", s) },
	"as bytes in hex":                     func(s string) string { return strings.ReplaceAll(fmt.Sprintf("% #x", s), " ", ", ") },
	"with line breaks":                    func(s string) string { return broken(s, "\n") },
	"with spaces":                         func(s string) string { return broken(s, " ") },
	"with invisible characters":           func(s string) string { return broken(s, "\u200b\x01\ufffd\u0085") },
	"with bytes that are not text":        func(s string) string { return broken(s, "\xff") },
}

func each(s string, write func(rune) string) string {
	out := ""
	for _, r := range s {
		out += write(r)
	}
	return out
}

func eachByte(s, format string) string {
	out := ""
	for i := range len(s) {
		out += fmt.Sprintf(format, s[i])
	}
	return out
}

// broken puts a text between letters.
func broken(s, between string) string {
	var parts []string
	for r := range strings.SplitSeq(s, "") {
		parts = append(parts, r)
	}
	return strings.Join(parts, between)
}

var _ = Describe("cutting secrets out of a text", func() {
	for name, encode := range encodings {
		It("finds them "+name, func() {
			for _, secret := range []string{short, long} {
				written := encode(secret)
				for _, before := range []string{"", "you sent ", "you sent: ", `"`, "(", "abc ", "ab ", "x+y%zz\\&amp; "} {
					Expect(secrets(secret).Cut(before+written+" to us")).To(
						And(HavePrefix(before+redact.Mark), HaveSuffix(" to us"), Not(ContainSubstring(written))), "%q in %q", secret, written)
				}
			}
		})

		It("finds a part of a long secret "+name, func() {
			written := encode(long[4:24])
			Expect(secrets(long).Cut("you sent " + written)).NotTo(ContainSubstring(written))
		})
	}

	It("does not change other text", func() {
		const text = "no such client “shop” at https://idp.example.com/token?a=b%20c&d=\\n, says “Ünïcode”: 50% + 1"
		Expect(secrets(short, long, "no", strings.Repeat("x", 1000)).Cut(text)).To(Equal(text))
		Expect(secrets("shop").Cut(text)).To(Equal(strings.Replace(text, "shop", redact.Mark, 1)))
		Expect(secrets().Cut("")).To(BeEmpty())
		Expect(secrets(" \n\t ").Cut(" \n\t ")).To(Equal(" \n\t "))
	})

	It("finds a very short secret only if it was added with AddAnyLength", func() {
		s := secrets("no")
		Expect(s.Cut("no such")).To(Equal("no such"))
		s.AddAnyLength("no")
		Expect(s.Cut("no such")).To(Equal(redact.Mark + " such"))
	})

	It("finds the words of a secret", func() {
		s := &redact.Secrets{}
		s.AddWords("Bearer s3cr3t")
		Expect(s.Cut("the s3cr3t is wrong")).To(Equal("the [REDACTED] is wrong"))
	})

	It("does not search its own marks", func() {
		Expect(secrets("s3cr3t", "REDACTED", "ACTED]").Cut("s3cr3t s3cr3t")).To(Equal("[REDACTED] [REDACTED]"))
	})

	Describe("in a text that is too long", func() {
		cut := func(secret, written string, begin int) {
			GinkgoHelper()
			cut := secrets(secret).Cut(strings.Repeat("-", begin-1) + " " + written + strings.Repeat(" y", 3000))
			Expect(cut).To(And(HaveSuffix("..."), HaveLen(len(strings.ToValidUTF8(cut, "")))))
			Expect(len(cut)).To(BeNumerically("<", 4096))
			shown := strings.TrimSuffix(strings.Trim(cut, "-"), "...")
			Expect(shown).NotTo(ContainSubstring(written[:4]), "%s, at %d: %s", written, begin, shown)
		}

		It("shows no part of a secret that the bound splits, in any encoding", func() {
			for _, encode := range encodings {
				cut(strings.Repeat(long, 10), encode(strings.Repeat(long, 10)), 4096-redact.Margin-4)
			}
		})

		It("shows no part of a secret that begins near the bound", func() {
			for _, secret := range []string{"s3cr3t-of-15-by", long, strings.Repeat(long, 10)} {
				for _, before := range []int{300, redact.Margin + 1, redact.Margin, 20, 8} {
					cut(secret, secret, 4096-before)
				}
			}
		})
	})

	It("keeps no copy of a secret, and searches for a repeated secret once", func() {
		token := strings.Repeat(long, 250<<10/len(long))
		same := slices.Repeat([]string{token}, 16)
		hostile := strings.Repeat(`%25\u0026&amp;+Zq7Zq7/ "`, 1000)
		allocated := func(do func()) uint64 {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			do()
			runtime.ReadMemStats(&after)
			return after.TotalAlloc - before.TotalAlloc
		}
		Expect(allocated(func() { secrets(same...).Cut("too large") })).To(BeNumerically("<", 1<<20))
		Expect(allocated(func() { secrets(same...).Cut(hostile) })).To(BeNumerically("<", 64<<20))
	})
})

// costly are texts that take long to search.
var costly = map[string]string{
	"words":                   strings.Repeat("word ", 820),
	"one letter":              strings.Repeat("a", 4096),
	"escapes of one kind":     strings.Repeat("%25", 1366),
	"escapes of all kinds":    strings.Repeat(`%41\x41&#65;`, 342),
	"escapes of escapes":      strings.Repeat(`%25\u0025&amp;aB`, 256),
	"escapes of one letter":   strings.Repeat(`%61\x61&#97;`, 342),
	"base64":                  strings.Repeat("QUJD", 1024),
	"hex":                     strings.Repeat("61", 2048),
	"a text beyond the bound": strings.Repeat("Zq7&amp;", 64<<10),
}

// manyWords returns short secrets of all lengths that Add accepts: 4 to 15 bytes.
func manyWords(count int) string {
	words := make([]string, count)
	for i := range words {
		words[i] = fmt.Sprintf("%0*d", 4+i%12, i)
	}
	return strings.Join(words, " ")
}

var _ = Describe("the work for all texts of a response", func() {
	DescribeTable("is bounded, and a text that is not searched is not shown",
		func(add func(*redact.Secrets), names ...string) {
			for _, name := range names {
				text := costly[name]
				s, shown := &redact.Secrets{}, 0
				add(s)
				for range 1000 {
					before := s.Work()
					cut := s.Cut(text)
					Expect(s.Work()).To(BeNumerically("<=", redact.MaxWork), name)
					if s.Work() < redact.MaxWork {
						shown++
						Expect(s.Work()-before).To(BeNumerically(">=", min(len(text), 4096)), name)
						continue
					}
					Expect(cut).To(Equal(redact.Mark), name)
				}
				Expect(shown).To(BeNumerically("<", 100), name)
				Expect(s.Cut("a sentence")).To(Equal(redact.Mark))
			}
		},
		Entry("for thousands of short secrets", func(s *redact.Secrets) { s.AddWords(manyWords(redact.MaxShort)) }, "words", "escapes of all kinds", "hex"),
		Entry("for a short secret of each length", func(s *redact.Secrets) {
			for length := range 15 {
				s.AddAnyLength(strings.Repeat("a", length+1))
			}
		}, "one letter", "escapes of one letter"),
		Entry("for one short secret", func(s *redact.Secrets) { s.Add("s3cr3t") }, "escapes of escapes", "a text beyond the bound"),
		Entry("for a secret of 1 MiB", func(s *redact.Secrets) { s.Add(strings.Repeat(long, 1<<20/len(long))) }, "words", "base64"),
		Entry("for a secret that is the whole text", func(s *redact.Secrets) {
			for _, text := range costly {
				s.Add(text)
			}
		}, "base64", "escapes of one kind"),
		Entry("for secrets that are longer than the bound", func(s *redact.Secrets) {
			s.Add(strings.Repeat(long, 2<<20/len(long)), strings.Repeat("x"+long, 2<<20/len(long)))
		}, "words"),
	)

	It("is small for typical texts of servers", func() {
		s := &redact.Secrets{}
		s.AddWords("Bearer " + strings.Repeat(long, 4))
		s.AddAnyLength(short)
		for range 64 {
			Expect(s.Cut("AADSTS7000215: Invalid client secret provided. Ensure the secret being sent is the value, and not its ID.")).
				To(HavePrefix("AADSTS7000215"))
		}
		Expect(s.Work()).To(BeNumerically("<", redact.MaxWork/2))
	})

	It("is zero if nothing is secret", func() {
		s := &redact.Secrets{}
		for range 1000 {
			Expect(s.Cut(costly["words"])).To(Equal(costly["words"][:4096-256] + "..."))
		}
		Expect(s.Work()).To(BeZero())
	})

	It("is zero if there are too many short secrets, and nothing is shown", func() {
		s := &redact.Secrets{}
		s.AddWords(manyWords(redact.MaxShort + 1))
		Expect(s.Cut("no such client")).To(Equal(redact.Mark))
		Expect(s.Cut("")).To(BeEmpty())
	})
})

func BenchmarkResponse(b *testing.B) {
	words, token := manyWords(redact.MaxShort), strings.Repeat(long, 256<<10/len(long))
	for name, text := range costly {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				s := &redact.Secrets{}
				s.AddWords(words)
				s.Add(token)
				for range 64 {
					s.Cut(text)
				}
			}
		})
	}
}

func BenchmarkCut(b *testing.B) {
	token := make([]byte, 250<<10)
	for i := range token {
		token[i] = byte('a' + rand.N(26))
	}
	fields := make([]string, 16)
	for i := range fields {
		fields[i] = string(token)
	}
	hostile := ""
	for len(hostile) < 8192 {
		hostile += base64.StdEncoding.EncodeToString([]byte{byte(rand.N(256)), byte(rand.N(256)), byte(rand.N(256))}) + `%25\u0026&amp;+`
	}
	for name, text := range map[string]string{
		"sentence": "Request entity too large: limit is 3145728", "hostile": hostile, "token": string(token),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s := &redact.Secrets{}
				s.Add(fields...)
				s.Cut(text)
			}
		})
	}
}
