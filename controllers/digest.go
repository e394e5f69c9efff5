package controllers

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
)

// digest identifies a secret without holding it.
type digest [sha256.Size / 2]byte

// digestKey exists in this process only, so that a digest reveals nothing outside of it.
var digestKey = []byte(rand.Text())

func digestOf(parts ...string) (digest digest) {
	mac := hmac.New(sha256.New, digestKey)
	for _, part := range parts {
		mac.Write([]byte(part))
		mac.Write([]byte{0})
	}
	copy(digest[:], mac.Sum(nil))
	return digest
}
