package redact

import (
	"bytes"
	"html"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// form is a text, unchanged or decoded. from and to give, for each byte, its range in the original
// text.
type form struct {
	text     []byte
	from, to []int32
	// isEncoded is true if a letter of the original holds only a part of a byte, as in base64 and
	// hex.
	isEncoded bool
}

func newForm(length int) form {
	return form{text: make([]byte, 0, length), from: make([]int32, 0, length), to: make([]int32, 0, length)}
}

func (f *form) add(decoded []byte, from, to int32) {
	for _, b := range decoded {
		f.addByte(b, from, to)
	}
}

func (f *form) addByte(b byte, from, to int32) {
	f.text, f.from, f.to = append(f.text, b), append(f.from, from), append(f.to, to)
}

// eachForm visits the forms of a text: the text itself, the text unescaped once and twice, and the
// text decoded from base64 or hex. A decoded form may be unescaped once before and once after the
// decoding.
func eachForm(text string, visit func(form)) {
	plain := seen(text)
	visit(plain)
	decoded(plain, visit)
	unescaped(plain, func(once form) {
		visit(once)
		decoded(once, visit)
		unescaped(once, visit)
	})
}

// decoded visits a form decoded from base64 and from hex, and each result unescaped.
func decoded(f form, visit func(form)) {
	visitBoth := func(f form) {
		if len(f.text) >= minLength {
			visit(f)
			unescaped(f, visit)
		}
	}
	for skip := range 4 {
		visitBoth(fromBase64(f, skip))
	}
	for skip := range 2 {
		visitBoth(fromHex(f, skip))
	}
}

// unescaped visits, for each kind of escape that a text has, the text without these escapes.
func unescaped(f form, visit func(form)) {
	for _, escape := range escapes {
		if bytes.IndexByte(f.text, escape.sign) < 0 {
			continue
		}
		if without := replaced(f, escape.sign, escape.decode); len(without.text) < len(f.text) {
			visit(without)
		}
	}
}

// escapes are the kinds of escape that servers use for single letters.
var escapes = []struct {
	sign byte
	// decode decodes the escape at the beginning of a text, which begins with the sign. It returns
	// the size of the escape in bytes; 0 if it is not an escape.
	decode func(text []byte) (decoded []byte, size int)
}{
	{'%', percent},
	{'\\', backslash},
	{'&', entity},
}

// seen returns the text without white space and other invisible characters.
func seen(text string) form {
	f := newForm(len(text))
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRuneInString(text[at:])
		if isSeen(r) {
			for i := range size {
				f.addByte(text[at+i], int32(at), int32(at+size)) //nolint:gosec // A text is short.
			}
		}
		at += size
	}
	return f
}

// replaced decodes the escapes that begin with a sign.
func replaced(f form, sign byte, decode func(text []byte) ([]byte, int)) form {
	out := newForm(len(f.text))
	out.isEncoded = f.isEncoded
	for at := 0; at < len(f.text); {
		letter, size := f.text[at:at+1], 1
		if letter[0] == sign {
			if decoded, took := decode(f.text[at:]); took > 0 {
				letter, size = decoded, took
			}
		}
		out.add(letter, f.from[at], f.to[at+size-1])
		at += size
	}
	return out
}

// percent decodes a percent escape, as in URLs and forms.
func percent(rest []byte) ([]byte, int) {
	if len(rest) > 1 && rest[1] == 'u' {
		return number(rest, 2, 4)
	}
	return octet(rest, 1, 2, 16)
}

// backslash decodes a backslash escape, as in strings of JSON, JavaScript, Go, Python and C.
func backslash(rest []byte) ([]byte, int) {
	if len(rest) < 2 {
		return nil, 0
	}
	switch letter := rest[1]; {
	case letter == 'u' && len(rest) > 2 && rest[2] == '{':
		if end := bytes.IndexByte(rest[:min(len(rest), 12)], '}'); end > 0 {
			decoded, size := number(rest[:end], 3, end-3)
			return decoded, size + min(size, 1)
		}
		return nil, 0
	case letter == 'u':
		return unit(rest)
	case letter == 'U':
		return number(rest, 2, 8)
	case letter == 'x':
		return octet(rest, 2, 2, 16)
	case isOctal(letter):
		return octal(rest)
	case strings.IndexByte("abfnrtv", letter) >= 0:
		// A control character is invisible.
		return nil, 2
	default:
		return rest[1:2], 2
	}
}

// unit decodes \uXXXX, or a surrogate pair of two such escapes.
func unit(rest []byte) ([]byte, int) {
	decoded, size := number(rest, 2, 4)
	if size == 0 || len(rest) < 12 || rest[6] != '\\' || rest[7] != 'u' {
		return decoded, size
	}
	high, _ := strconv.ParseUint(string(rest[2:6]), 16, 32)
	low, err := strconv.ParseUint(string(rest[8:12]), 16, 32)
	if r := utf16.DecodeRune(rune(high), rune(low)); err == nil && r != utf8.RuneError { //nolint:gosec // Four digits.
		return utf8.AppendRune(nil, r), 12
	}
	return decoded, size
}

// number decodes a rune from the hexadecimal digits after a prefix.
func number(rest []byte, prefix, digits int) ([]byte, int) {
	if digits < 1 || len(rest) < prefix+digits {
		return nil, 0
	}
	value, err := strconv.ParseUint(string(rest[prefix:prefix+digits]), 16, 31)
	if err != nil {
		return nil, 0
	}
	return utf8.AppendRune(nil, rune(value)), prefix + digits //nolint:gosec // 31 bits.
}

// octet decodes a byte from the digits after a prefix.
func octet(rest []byte, prefix, digits, base int) ([]byte, int) {
	if len(rest) < prefix+digits {
		return nil, 0
	}
	value, err := strconv.ParseUint(string(rest[prefix:prefix+digits]), base, 8)
	if err != nil {
		return nil, 0
	}
	return []byte{byte(value)}, prefix + digits
}

// octal decodes the one to three octal digits after a backslash.
func octal(rest []byte) ([]byte, int) {
	digits := 1
	for digits < 3 && len(rest) > 1+digits && isOctal(rest[1+digits]) {
		digits++
	}
	decoded, size := octet(rest, 1, digits, 8)
	if size == 0 {
		// The value of three digits may exceed a byte, so decode only two.
		return octet(rest, 1, 2, 8)
	}
	return decoded, size
}

func isOctal(b byte) bool { return '0' <= b && b <= '7' }

// entity decodes an entity of HTML and XML.
func entity(rest []byte) ([]byte, int) {
	const maxEntity = 12
	if len(rest) > 2 && rest[1] == '#' {
		return reference(rest)
	}
	end := bytes.IndexByte(rest[:min(len(rest), maxEntity)], ';')
	if end < 0 {
		return nil, 0
	}
	written := string(rest[:end+1])
	if letter := html.UnescapeString(written); letter != written {
		return []byte(letter), end + 1
	}
	return nil, 0
}

// reference decodes a numeric character reference. Browsers need no semicolon at its end.
func reference(rest []byte) ([]byte, int) {
	const maxDigits = 8
	first, base, isDigit := 2, 10, func(b byte) bool { return '0' <= b && b <= '9' }
	if rest[2] == 'x' || rest[2] == 'X' {
		first, base, isDigit = 3, 16, func(b byte) bool { return hexDigit(b) >= 0 }
	}
	for first < len(rest)-1 && rest[first] == '0' && isDigit(rest[first+1]) {
		first++
	}
	end := first
	for end < len(rest) && end-first < maxDigits && isDigit(rest[end]) {
		end++
	}
	value, err := strconv.ParseUint(string(rest[first:end]), base, 31)
	if err != nil {
		return nil, 0
	}
	if end < len(rest) && rest[end] == ';' {
		end++
	}
	return utf8.AppendRune(nil, rune(value)), end //nolint:gosec // 31 bits.
}

// gap ends a decoded run. It never occurs in UTF-8.
const gap = 0xff

// fromBase64 decodes each run of base64 letters, of either alphabet. It skips the first letters of
// each run, because the run may begin before the encoded text.
func fromBase64(f form, skip int) form {
	return fromDigits(f, skip, 6, func(rest []byte) (int, int) { return base64Digit(rest[0]), 1 })
}

// fromHex decodes each run of hexadecimal digits, with or without separators between the bytes.
func fromHex(f form, skip int) form {
	return fromDigits(f, skip, 4, func(rest []byte) (int, int) {
		if rest[0] == '0' && len(rest) > 1 && (rest[1] == 'x' || rest[1] == 'X') {
			return separator, 2
		}
		return hexDigit(rest[0]), 1
	})
}

const (
	// noDigit ends a run.
	noDigit = -1
	// separator marks a letter to skip.
	separator = -2
)

// fromDigits decodes digits of the given number of bits each, the highest first. next returns the
// digit at the beginning of rest, and its size in bytes.
func fromDigits(f form, skip, bits int, next func(rest []byte) (digit, size int)) form {
	out := newForm(len(f.text))
	out.isEncoded = true
	skipped, have, value := 0, 0, 0
	var from int32
	for at := 0; at < len(f.text); {
		digit, size := next(f.text[at:])
		switch {
		case digit == separator:
		case digit == noDigit:
			if n := len(out.text); n > 0 && out.text[n-1] != gap {
				out.addByte(gap, f.from[at], f.to[at])
			}
			skipped, have, value = 0, 0, 0
		case skipped < skip:
			skipped++
		default:
			if have == 0 {
				from = f.from[at]
			}
			first := from
			value, have = value<<bits|digit, have+bits
			if have >= 8 {
				have -= 8
				out.addByte(byte(value>>have), first, f.to[at])
				value &= 1<<have - 1
				from = f.from[at]
			}
		}
		at += size
	}
	return out
}

func base64Digit(b byte) int {
	switch {
	case 'A' <= b && b <= 'Z':
		return int(b - 'A')
	case 'a' <= b && b <= 'z':
		return int(b-'a') + 26
	case '0' <= b && b <= '9':
		return int(b-'0') + 52
	case b == '+', b == '-':
		return 62
	case b == '/', b == '_':
		return 63
	}
	return noDigit
}

func hexDigit(b byte) int {
	switch {
	case '0' <= b && b <= '9':
		return int(b - '0')
	case 'a' <= b && b <= 'f':
		return int(b-'a') + 10
	case 'A' <= b && b <= 'F':
		return int(b-'A') + 10
	case strings.IndexByte(":-.,;_", b) >= 0:
		return separator
	}
	return noDigit
}

// isEncoding reports whether a byte can be part of a word in base64 or hex.
func isEncoding(b byte) bool { return base64Digit(b) != noDigit || b == '=' }
