package controllers

// maxKept bounds the bytes of the tokens that wait to be written, with the credentials that they
// were issued for. 10,000 tokens of usual size take a third of it.
const maxKept = 64 << 20

// keptBytes has the bytes of these tokens for each namespace. A namespace has no more than are left
// free, so that a single one does not take the room of others.
type keptBytes map[string]int

// admits reports whether a namespace may keep so many bytes more.
func (k keptBytes) admits(namespace string, size int) bool {
	free := maxKept
	for _, kept := range k {
		free -= kept
	}
	return k[namespace]+size <= free-size
}

func (k keptBytes) add(namespace string, size int) {
	if k[namespace] += size; k[namespace] == 0 {
		delete(k, namespace)
	}
}

// size is how many bytes the token and its credentials take.
func (i *issued) size() int {
	if i == nil {
		return 0
	}
	size := len(i.token.AccessToken.Reveal())
	for name, field := range i.token.Fields {
		size += len(name) + len(field.Reveal())
	}
	for _, part := range i.provenance.Credentials.Parts() {
		size += len(part)
	}
	return size
}
