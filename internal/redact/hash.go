package redact

import (
	"iter"
	"math/bits"
)

// partLength is the length of the parts that a long secret is searched by, in bytes.
const partLength = 16

// prime is the base of the hashes. At worst, a collision of two hashes hides a harmless word.
const prime = 0x9E3779B97F4A7C15

// window is a rolling hash of the last partLength letters.
type window struct {
	seen uint
	hash uint64
	last [partLength]byte
}

// power is prime to the power of partLength.
var power = func() uint64 {
	power := uint64(1)
	for range partLength {
		power *= prime
	}
	return power
}()

// push adds a letter. It returns the hash of the window, and reports whether the window is full.
func (w *window) push(letter byte) (hash uint64, isFull bool) {
	w.hash = w.hash*prime + uint64(letter) + 1
	if w.seen >= partLength {
		w.hash -= (uint64(w.last[w.seen%partLength]) + 1) * power
	}
	w.last[w.seen%partLength] = letter
	w.seen++
	return w.hash, w.seen >= partLength
}

// eachPart yields the hash of each part of the given length, with the index of its last letter.
func eachPart(letters []byte, length int) iter.Seq2[int, uint64] {
	return func(yield func(int, uint64) bool) {
		if len(letters) < length {
			return
		}
		hash, power := uint64(0), uint64(1)
		for _, letter := range letters[:length] {
			hash, power = hash*prime+uint64(letter)+1, power*prime
		}
		if !yield(length-1, hash) {
			return
		}
		for i, first := range letters[:len(letters)-length] {
			hash = hash*prime + uint64(letters[i+length]) + 1 - (uint64(first)+1)*power
			if !yield(i+length, hash) {
				return
			}
		}
	}
}

// filter is a set of hashes that is fast to search. It has false positives.
type filter struct {
	bits  []uint64
	shift int
}

// newFilter returns a filter of 2 to the power of width bits.
func newFilter(width int) filter {
	return filter{bits: make([]uint64, 1<<width/64), shift: 64 - width}
}

// newParts returns a filter for the parts of all forms of a text. It has at least 512 bits per byte
// of the text.
func newParts(text string) filter { return newFilter(bits.Len(uint(len(text))) + 9) }

// bit returns the bit for a hash. It multiplies the hash once more and takes the high bits, because
// the low bits depend on few letters.
func (f filter) bit(hash uint64) (word int, mask uint64) {
	at := (hash * prime) >> f.shift
	return int(at / 64), 1 << (at % 64) //nolint:gosec // It has few bits.
}

func (f filter) add(hash uint64) {
	word, mask := f.bit(hash)
	f.bits[word] |= mask
}

func (f filter) mayHave(hash uint64) bool {
	word, mask := f.bit(hash)
	return f.bits[word]&mask != 0
}

// hashes is a set of hashes behind a filter. The zero value is empty.
type hashes struct {
	all    map[uint64]struct{}
	filter filter
}

// add adds a hash, and reports whether it is new.
func (h *hashes) add(hash uint64) bool {
	const width = 15
	if h.all == nil {
		h.all, h.filter = map[uint64]struct{}{}, newFilter(width)
	}
	before := len(h.all)
	h.all[hash] = struct{}{}
	h.filter.add(hash)
	return len(h.all) > before
}

func (h *hashes) isEmpty() bool { return len(h.all) == 0 }
