package controllers

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
)

// digest identifies a secret value, but does not contain it.
type digest [sha256.Size / 2]byte

// digestKey exists only in this process, so a digest reveals nothing to other processes.
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
