package redact

import (
	"iter"
	"unicode"
	"unicode/utf8"
)

// letters are the bytes of a form as they are compared, and where in the original text
// each comes from.
type letters struct {
	text     []byte
	from, to []int32
}

// lettersOf drops what cannot be seen, and the case.
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

// lettersIn yields the bytes of a secret as they are compared.
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

// appendLetter keeps a byte that is not UTF-8: it may end a run of what was decoded.
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

// isSeen reports whether a rune shows: the others may be dropped before the text is shown,
// and must not hide a secret.
func isSeen(r rune) bool {
	return !unicode.IsSpace(r) && !unicode.IsControl(r) && !unicode.Is(unicode.Cf, r) && r != utf8.RuneError
}

// isSeenByte is isSeen for a byte that is no part of a longer rune. A form has + for a space.
func isSeenByte(b byte) bool { return b > ' ' && b != 0x7f && b != '+' }
