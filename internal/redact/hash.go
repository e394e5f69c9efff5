package redact

import "math/bits"

// partLength is the length of the parts by which a long secret is found.
const partLength = 16

// prime is the base of the hashes. Two parts with one hash cost no more than a word.
const prime = 0x9E3779B97F4A7C15

// window is a rolling hash of the last letters.
type window struct {
	length, seen int
	hash         uint64
	// power is prime to the power of length.
	power uint64
	last  [partLength]byte
}

func newWindow(length int) window {
	w := window{length: length, power: 1}
	for range length {
		w.power *= prime
	}
	return w
}

// push adds a letter. It reports whether the window is full.
func (w *window) push(letter byte) (hash uint64, isFull bool) {
	w.hash = w.hash*prime + uint64(letter) + 1
	if w.seen >= w.length {
		w.hash -= (uint64(w.last[(w.seen-w.length)%partLength]) + 1) * w.power
	}
	w.last[w.seen%partLength] = letter
	w.seen++
	return w.hash, w.seen >= w.length
}

func hashOf(letters []byte) (hash uint64, isFull bool) {
	window := newWindow(len(letters))
	for _, letter := range letters {
		hash, isFull = window.push(letter)
	}
	return hash, isFull
}

// parts is a Bloom filter of the parts of a text in all its forms.
type parts struct {
	bits  []uint64
	shift int
}

// newParts returns a filter for a text, with 512 bits for each of its bytes.
func newParts(text string) parts {
	width := bits.Len(uint(len(text))) + 9
	return parts{bits: make([]uint64, 1<<width/64), shift: 64 - width}
}

// bit spreads the hash once more: the low bits of a product depend on few letters.
func (p parts) bit(hash uint64) (word int, mask uint64) {
	at := (hash * prime) >> p.shift
	return int(at / 64), 1 << (at % 64) //nolint:gosec // It has few bits.
}

func (p parts) add(hash uint64) {
	word, mask := p.bit(hash)
	p.bits[word] |= mask
}

func (p parts) mayHave(hash uint64) bool {
	word, mask := p.bit(hash)
	return p.bits[word]&mask != 0
}
