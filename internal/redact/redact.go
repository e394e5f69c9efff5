// Package redact removes secrets from texts before they are shown. It finds a secret in every
// encoding that a server may repeat it in. Its work for all texts of a response is bounded. It is
// pure.
package redact

import (
	"strings"
)

// Mark replaces a secret.
const Mark = "[REDACTED]"

const (
	// maxText bounds a text, in bytes. The end of a longer text is dropped unread.
	maxText = 4 << 10
	// margin is the number of bytes before maxText that are searched, but not shown, in a text that
	// is longer than maxText. A secret that crosses maxText is found if it begins before the margin:
	// its first partLength bytes are enough, in any encoding.
	margin = 256
	// minLength is the minimum length of a secret for Add: a shorter secret would hide ordinary
	// words.
	minLength = 4
	// maxShort bounds the number of secrets that are shorter than partLength. If there are more, no
	// text is shown.
	maxShort = 4096
	// maxWork bounds the work for all texts together. A search of one sentence for a typical Secret
	// takes a thousandth of it.
	maxWork = 2 << 20
)

// The work of a search is counted in hashed letters. decodingWork is the approximate cost of decoding
// a byte of a form, and findingWork that of looking up a hash that the filter does not rule out.
const (
	decodingWork = 6
	findingWork  = 12
)

// Secrets are texts that must not be shown. A search ignores case, white space and plus signs,
// which are spaces in a form. Each part of partLength bytes of a long secret is a secret too,
// because servers quote parts. The zero value holds no secrets.
//
// Use one Secrets for all texts of a response, because the bound on the work covers all of them
// together. Texts beyond that bound are neither searched nor shown.
type Secrets struct {
	long map[string]struct{}
	// longBytes is the total length of all long secrets.
	longBytes int
	short     [partLength]hashes
	// shorts is the number of short secrets.
	shorts int
	// work is the work of all searches so far.
	work int
}

// Add adds secrets. It ignores texts that are too short to be distinguished from ordinary words.
func (s *Secrets) Add(secrets ...string) {
	for _, secret := range secrets {
		if len(secret) >= minLength {
			s.AddAnyLength(secret)
		}
	}
}

// AddAnyLength adds a secret of any length.
func (s *Secrets) AddAnyLength(secret string) {
	letters := make([]byte, 0, partLength)
	for letter := range lettersIn(secret) {
		letters = append(letters, letter)
		if len(letters) == partLength {
			if s.long == nil {
				s.long = map[string]struct{}{}
			}
			if _, known := s.long[secret]; !known {
				s.long[secret] = struct{}{}
				s.longBytes += len(secret)
			}
			return
		}
	}
	if len(letters) == 0 || s.shorts > maxShort {
		return
	}
	for _, hash := range eachPart(letters, len(letters)) {
		if s.short[len(letters)].add(hash) {
			s.shorts++
		}
	}
}

// AddWords adds a secret and its words, because each word may be a secret.
func (s *Secrets) AddWords(secret string) {
	s.Add(secret)
	for word := range strings.FieldsSeq(secret) {
		// A longer word is found by its parts.
		if len(word) < partLength && len(word) < len(secret) {
			s.Add(word)
		}
	}
}

// Cut replaces the secrets in a text with Mark. It returns only the beginning of a text of more
// than 4 KiB. If a bound stops the search, it returns only Mark.
func (s *Secrets) Cut(text string) string {
	if text == "" || len(s.long) == 0 && s.shorts == 0 {
		return bounded(text, make([]bool, min(len(text), maxText)))
	}
	if s.isSpent() {
		return Mark
	}
	hidden := s.find(text[:min(len(text), maxText)])
	if s.isSpent() {
		return Mark
	}
	return bounded(text, hidden)
}

// isSpent reports whether the bound is reached, so that no more text may be searched or shown.
func (s *Secrets) isSpent() bool { return s.work > maxWork || s.shorts > maxShort }

// spend adds to the work, and reports whether the search may continue.
func (s *Secrets) spend(work int) bool {
	s.work += min(work, maxWork+1-s.work)
	return !s.isSpent()
}

// bounded returns the text that may be shown, with Mark in place of the hidden bytes.
func bounded(text string, hidden []bool) string {
	shown := len(text)
	if len(text) > maxText {
		text, shown = text[:maxText], maxText-margin
	}
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

// find reports for each byte of a text whether it belongs to a secret. It ends early if a bound
// is reached.
func (s *Secrets) find(text string) []bool {
	found := newFindings(text)
	hits := s.partsIn(text)
	s.eachForm(text, func(f form) {
		letters := lettersOf(f)
		for length := 1; length <= partLength && !s.isSpent(); length++ {
			sought := &hits
			if length < partLength {
				sought = &s.short[length]
			}
			if !sought.isEmpty() && s.spend(len(letters.text)) {
				s.spend(findingWork * found.search(f, letters, sought, length))
			}
		}
	})
	return found.hidden(text)
}

// eachForm visits the forms of a text until a bound is reached.
func (s *Secrets) eachForm(text string, visit func(form)) {
	if s.isSpent() {
		return
	}
	eachForm(text, func(f form) {
		if s.spend(decodingWork * len(f.text)) {
			visit(f)
		}
	})
}

// partsIn returns the hashes of the parts of long secrets that are in a text, with a few false
// positives.
func (s *Secrets) partsIn(text string) (hits hashes) {
	if len(s.long) == 0 || len(text) < partLength {
		return hits
	}
	parts := newParts(text)
	s.spend(len(parts.bits) / 2)
	s.eachForm(text, func(f form) {
		letters := lettersOf(f).text
		s.spend(len(letters))
		for _, hash := range eachPart(letters, partLength) {
			parts.add(hash)
		}
	})
	if !s.spend(s.longBytes) {
		return hits
	}
	for secret := range s.long {
		var window window
		for letter := range lettersIn(secret) {
			hash, isFull := window.push(letter)
			if isFull && parts.mayHave(hash) && hits.add(hash) && !s.spend(findingWork) {
				return hits
			}
		}
	}
	return hits
}

// findings are the positions of secrets in a text.
type findings struct {
	// edges is, for each byte, the number of secrets that begin there minus the number that end
	// there.
	edges []int32
	// encoded is true for each byte that begins a secret in a form with isEncoded.
	encoded []bool
}

func newFindings(text string) findings {
	return findings{edges: make([]int32, len(text)+1), encoded: make([]bool, len(text))}
}

// search records the secrets of one length in a form of the text. It returns the number of parts
// that the filter did not rule out.
func (f findings) search(in form, letters letters, sought *hashes, length int) (looked int) {
	for i, hash := range eachPart(letters.text, length) {
		if !sought.filter.mayHave(hash) {
			continue
		}
		looked++
		if _, found := sought.all[hash]; found {
			from := letters.from[i-length+1]
			f.edges[from]++
			f.edges[letters.to[i]]--
			f.encoded[from] = f.encoded[from] || in.isEncoded
		}
	}
	return looked
}

// hidden reports for each byte of the text whether it must not be shown.
func (f findings) hidden(text string) []bool {
	hidden := make([]bool, len(text))
	depth := int32(0)
	for at := range hidden {
		depth += f.edges[at]
		hidden[at] = depth > 0
	}
	hideRuns(text, hidden, f.encoded)
	return hidden
}

// hideRuns hides a whole word if a decoded part of the word is secret, because the letters around
// that part also hold bits of the secret.
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
