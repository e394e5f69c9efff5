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

// Each edit of a credentials Secret changes its resourceVersion, even an edit of its labels. So the
// operator remembers which versions held the same credentials. Only one ClientCredential reads a new
// version. All ClientCredentials that use the Secret in the same way share the result.

// maxKnownCredentials is the maximum number of remembered credentials. Forgotten credentials are compared
// by live reads.
const maxKnownCredentials = 16384

// maxVersions is the maximum number of earlier versions that are remembered for each Secret and use.
const maxVersions = 64

// knownCredentials remembers which versions of Secrets held the same credentials, as digests.
type knownCredentials struct {
	mutex sync.Mutex
	lru   *lru.Cache
}

func newKnownCredentials() *knownCredentials {
	return &knownCredentials{lru: lru.New(maxKnownCredentials)}
}

// credentialsUse identifies credentials by their Secret and by how the Secret is used.
type credentialsUse struct {
	secret client.ObjectKey
	usage  digest
}

// credentialsVersions records the latest known version of a Secret, and its earlier versions.
type credentialsVersions struct {
	// mutex is locked during a live read, so that only one ClientCredential reads a new version.
	mutex   sync.Mutex
	version string
	content digest
	// same are earlier versions with the same content, and other are versions with different content.
	same, other []string
}

// get returns the versions of a Secret for a use. It adds them if they are unknown.
func (m *knownCredentials) get(use credentialsUse) *credentialsVersions {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if known, found := m.lru.Get(use); found {
		return known.(*credentialsVersions) //nolint:forcetypeassert // The cache has only values of this type.
	}
	added := &credentialsVersions{}
	m.lru.Add(use, added)
	return added
}

// record remembers credentials that were read live.
func (m *knownCredentials) record(use credentialsUse, read readCredentials) {
	versions := m.get(use)
	versions.mutex.Lock()
	defer versions.mutex.Unlock()
	versions.record(read.secret.Version, read.content)
}

// record remembers the content of a version that was read live. The caller must hold the mutex.
func (h *credentialsVersions) record(version string, content digest) {
	switch {
	case version == h.version, older(version, h.version):
		return
	case h.version != "" && content == h.content:
		h.same = appendVersion(h.same, h.version)
	case h.version != "":
		h.same, h.other = nil, appendVersion(h.same, h.version)
	}
	h.version, h.content = version, content
}

func (h *credentialsVersions) isSame(version string) bool {
	return version == h.version || slices.Contains(h.same, version)
}

func appendVersion(versions []string, version string) []string {
	return append(versions[max(0, len(versions)-maxVersions+1):], version)
}

// credentialsUse identifies the credentials of the ClientCredential.
func (o *observed) credentialsUse() credentialsUse {
	source := resolve.CredentialsSource(o.owner)
	return credentialsUse{
		secret: client.ObjectKey{Namespace: o.owner.Namespace, Name: o.owner.Spec.CredentialsRef.Name},
		usage: digestOf(oauth2.SecretUse(o.server.AuthorizationServerSpec),
			source.ClientID, source.ClientIDKey, source.ClientSecretKey, source.PrivateKeyKey),
	}
}

// contentOf returns the digest of credentials. If the Secret lacks a part of them, it returns the digest
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
