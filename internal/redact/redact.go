// Package redact cuts secrets out of texts that are to be shown, in whatever encoding a
// server repeats them. It searches the text for the secrets, so its work is bounded by the
// length of both. It is pure.
package redact

import (
	"strings"
)

// Mark stands in the place of a secret.
const Mark = "[REDACTED]"

const (
	// maxText bounds a text. The end of a longer one is dropped unread.
	maxText = 4 << 10
	// margin is what is dropped besides. A secret that the bound splits is found if it
	// begins before the margin: by its first partLength bytes, in any encoding.
	margin = 256
	// minLength is the length of what is cut out: a shorter text would blot out words.
	minLength = 4
	// maxShort bounds the secrets that are shorter than partLength. The first count.
	maxShort = 4096
)

// Secrets are texts that must not be shown. They are compared without case, white
// space and plus signs, which are white space in a form. Of a long one, each part of partLength bytes counts, because servers quote
// parts. The zero value holds none.
type Secrets struct {
	long  map[string]struct{}
	short [partLength]map[uint64]struct{}
	// shorts is the number of short secrets.
	shorts int
}

// Add adds secrets, and ignores those that are too short to be told from words.
func (s *Secrets) Add(secrets ...string) {
	for _, secret := range secrets {
		if len(secret) >= minLength {
			s.AddAnyLength(secret)
		}
	}
}

// AddAnyLength adds a secret however short it is.
func (s *Secrets) AddAnyLength(secret string) {
	letters := make([]byte, 0, partLength)
	for letter := range lettersIn(secret) {
		letters = append(letters, letter)
		if len(letters) == partLength {
			if s.long == nil {
				s.long = map[string]struct{}{}
			}
			s.long[secret] = struct{}{}
			return
		}
	}
	if len(letters) == 0 || s.shorts >= maxShort {
		return
	}
	of := &s.short[len(letters)]
	if *of == nil {
		*of = map[uint64]struct{}{}
	}
	hash, _ := hashOf(letters)
	(*of)[hash] = struct{}{}
	s.shorts++
}

// AddWords adds a secret and its words, each of which may be one.
func (s *Secrets) AddWords(secret string) {
	s.Add(secret)
	for word := range strings.FieldsSeq(secret) {
		// A longer word is found by its parts.
		if len(word) < partLength && len(word) < len(secret) {
			s.Add(word)
		}
	}
}

// Cut replaces the secrets in a text by Mark. Of a text of more than 4 KiB, it returns the
// beginning.
func (s *Secrets) Cut(text string) string {
	shown := len(text)
	if len(text) > maxText {
		text, shown = text[:maxText], maxText-margin
	}
	hidden := s.find(text)
	var out strings.Builder
	for at := 0; at < shown; {
		end := at
		for end < shown && hidden[end] == hidden[at] {
			end++
		}
		if hidden[at] {
			out.WriteString(Mark)
		} else {
			out.WriteString(text[at:end])
		}
		at = end
	}
	if shown < len(text) {
		return strings.ToValidUTF8(out.String(), "") + "..."
	}
	return out.String()
}

// find returns for each byte of a text whether it belongs to a secret.
func (s *Secrets) find(text string) []bool {
	hits := s.partsIn(text)
	hidden, encoded := make([]bool, len(text)), make([]bool, len(text))
	if len(hits) == 0 && s.shorts == 0 {
		return hidden
	}
	mark := func(f form, letters letters, last, length int) {
		from, to := letters.from[last-length+1], letters.to[last]
		for at := from; at < to; at++ {
			hidden[at] = true
		}
		encoded[from] = encoded[from] || f.isEncoded
	}
	eachForm(text, func(f form) {
		letters := lettersOf(f)
		for length := 1; length <= partLength; length++ {
			sought := hits
			if length < partLength {
				sought = s.short[length]
			}
			if len(sought) == 0 {
				continue
			}
			window := newWindow(length)
			for i, letter := range letters.text {
				hash, isFull := window.push(letter)
				if _, found := sought[hash]; found && isFull {
					mark(f, letters, i, length)
				}
			}
		}
	})
	hideRuns(text, hidden, encoded)
	return hidden
}

// partsIn returns the hashes of the parts of long secrets that are in a text, and a few
// that are not.
func (s *Secrets) partsIn(text string) map[uint64]struct{} {
	if len(s.long) == 0 || len(text) < partLength {
		return nil
	}
	parts := newParts(text)
	eachForm(text, func(f form) {
		window := newWindow(partLength)
		for _, letter := range lettersOf(f).text {
			if hash, isFull := window.push(letter); isFull {
				parts.add(hash)
			}
		}
	})
	hits := map[uint64]struct{}{}
	for secret := range s.long {
		window := newWindow(partLength)
		for letter := range lettersIn(secret) {
			if hash, isFull := window.push(letter); isFull && parts.mayHave(hash) {
				hits[hash] = struct{}{}
			}
		}
	}
	return hits
}

// hideRuns hides the whole word where a part of it, once decoded, is secret: the letters
// around hold bits of it.
func hideRuns(text string, hidden, encoded []bool) {
	for at := 0; at < len(text); {
		end, isSecret := at, false
		for end < len(text) && isEncoding(text[end]) {
			isSecret = isSecret || encoded[end]
			end++
		}
		for i := at; isSecret && i < end; i++ {
			hidden[i] = true
		}
		at = max(end, at+1)
	}
}
