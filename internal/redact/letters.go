package redact

import (
	"iter"
	"unicode"
	"unicode/utf8"
)

// letters are the bytes of a form that are searched for secrets. from and to give, for each byte,
// its range in the original text.
type letters struct {
	text     []byte
	from, to []int32
}

// lettersOf returns the letters of a form. It drops invisible characters and ignores case.
func lettersOf(f form) letters {
	out := letters{text: make([]byte, 0, len(f.text)), from: make([]int32, 0, len(f.text)), to: make([]int32, 0, len(f.text))}
	for at := 0; at < len(f.text); {
		r, size := utf8.DecodeRune(f.text[at:])
		if size > 1 && isSeen(r) || size == 1 && isSeenByte(f.text[at]) {
			before := len(out.text)
			out.text = appendLetter(out.text, f.text[at], r, size)
			for range out.text[before:] {
				out.from, out.to = append(out.from, f.from[at]), append(out.to, f.to[at+size-1])
			}
		}
		at += size
	}
	return out
}

// lettersIn yields the letters of a secret, in the same way as lettersOf.
func lettersIn(secret string) iter.Seq[byte] {
	return func(yield func(byte) bool) {
		var buffer [utf8.UTFMax]byte
		for at := 0; at < len(secret); {
			if b := secret[at]; b < utf8.RuneSelf {
				if isSeenByte(b) && !yield(lower(b)) {
					return
				}
				at++
				continue
			}
			r, size := utf8.DecodeRuneInString(secret[at:])
			if size == 1 || isSeen(r) {
				for _, b := range appendLetter(buffer[:0], secret[at], r, size) {
					if !yield(b) {
						return
					}
				}
			}
			at += size
		}
	}
}

// appendLetter appends a rune in lower case. It keeps a byte that is not UTF-8, because it may be a
// gap.
func appendLetter(to []byte, b byte, r rune, size int) []byte {
	if size == 1 {
		return append(to, lower(b))
	}
	return utf8.AppendRune(to, unicode.ToLower(r))
}

func lower(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		return b + 'a' - 'A'
	}
	return b
}

// isSeen reports whether a rune is visible. Invisible runes may be dropped before the text is
// shown, so they must not hide a secret.
func isSeen(r rune) bool {
	return !unicode.IsSpace(r) && !unicode.IsControl(r) && !unicode.Is(unicode.Cf, r) && r != utf8.RuneError
}

// isSeenByte is isSeen for a byte that is not part of a multi-byte rune. A plus sign counts as a space,
// as in a form.
func isSeenByte(b byte) bool { return b > ' ' && b != 0x7f && b != '+' }
