package controllers

import (
	"maps"
	"slices"
	"sync"

	"k8s.io/utils/lru"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/resolve"
)

// The resourceVersion of a credentials Secret changes with each label edit. So the operator
// remembers which versions held the same credentials. One ClientCredential reads a new version, and all
// ClientCredentials that use the Secret in the same way share the result.

// maxHeld is the maximum number of remembered credentials. Credentials that were forgotten are compared
// by live reads.
const maxHeld = 16384

// maxVersions is the maximum number of earlier versions that are remembered for each of them.
const maxVersions = 64

// knownCredentials remembers digests of the credentials that versions of Secrets held.
type knownCredentials struct {
	mutex sync.Mutex
	lru   *lru.Cache
}

func newKnownCredentials() *knownCredentials { return &knownCredentials{lru: lru.New(maxHeld)} }

// holding identifies credentials by their Secret and by how the Secret is used.
type holding struct {
	secret client.ObjectKey
	use    digest
}

// held are the credentials that a Secret holds now.
type held struct {
	// mutex is locked during a live read, so that one ClientCredential reads for all.
	mutex   sync.Mutex
	version string
	content digest
	// same are earlier versions with this content. other are versions with different content.
	same, other []string
}

// of returns the record of credentials, which it adds if necessary.
func (m *knownCredentials) of(which holding) *held {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if known, found := m.lru.Get(which); found {
		return known.(*held) //nolint:forcetypeassert // Nothing else is put there.
	}
	added := &held{}
	m.lru.Add(which, added)
	return added
}

// note remembers credentials that were read live.
func (m *knownCredentials) note(which holding, read readCredentials) {
	held := m.of(which)
	held.mutex.Lock()
	defer held.mutex.Unlock()
	held.note(read.secret.Version, read.content)
}

// note remembers the content of a version that was read live. The caller holds the mutex.
func (h *held) note(version string, content digest) {
	switch {
	case version == h.version, older(version, h.version):
		return
	case h.version != "" && content == h.content:
		h.same = remember(h.same, h.version)
	case h.version != "":
		h.same, h.other = nil, remember(h.same, h.version)
	}
	h.version, h.content = version, content
}

func (h *held) isSame(version string) bool {
	return version == h.version || slices.Contains(h.same, version)
}

func remember(versions []string, version string) []string {
	return append(versions[max(0, len(versions)-maxVersions+1):], version)
}

// holding identifies the credentials of the ClientCredential.
func (o *observed) holding() holding {
	source := resolve.CredentialsSource(o.owner)
	return holding{
		secret: client.ObjectKey{Namespace: o.owner.Namespace, Name: o.owner.Spec.CredentialsRef.Name},
		use: digestOf(oauth2.SecretUse(o.server.AuthorizationServerSpec),
			source.ClientID, source.ClientIDKey, source.ClientSecretKey, source.PrivateKeyKey),
	}
}

// contentOf returns the digest of credentials. If the Secret lacks part of them, it returns the digest
// of all data of the Secret.
func contentOf(credentials oauth2.Credentials, data map[string][]byte, err error) digest {
	if err == nil {
		return digestOf(credentials.Parts()...)
	}
	parts := []string{"incomplete"}
	for _, key := range slices.Sorted(maps.Keys(data)) {
		parts = append(parts, key, string(data[key]))
	}
	return digestOf(parts...)
}
