package controllers

import (
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/fairshare"
)

// maxUnwrittenBytes bounds the size of all unwritten tokens, including the credentials that they were
// issued for. 10,000 tokens of typical size need a third of it.
const maxUnwrittenBytes = 64 << 20

// memory holds the remembered state of each ClientCredential. A restart loses it. Then an unwritten token is
// requested again. Refused requests, and tokens that a server returns from its cache, are then recognized
// only from the status and the Secret.
type memory struct {
	mutex   sync.Mutex
	entries map[types.NamespacedName]*entry
	// unwrittenBytes counts the bytes of unwritten tokens.
	unwrittenBytes *fairshare.Room
}

// entry is the remembered state of one ClientCredential. Its methods change it.
type entry struct {
	remembered

	uid            types.UID
	namespace      string
	unwrittenBytes *fairshare.Room
}

func newMemory() *memory {
	return &memory{entries: map[types.NamespacedName]*entry{}, unwrittenBytes: fairshare.NewRoom(maxUnwrittenBytes)}
}

// snapshot returns the remembered state of a ClientCredential.
func (m *memory) snapshot(owner *v1alpha1.ClientCredential) remembered {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if known := m.entries[client.ObjectKeyFromObject(owner)]; known != nil && known.uid == owner.UID {
		return known.remembered
	}
	return remembered{}
}

// update changes the remembered state of a ClientCredential. It drops the state of an earlier object of
// the same name.
func (m *memory) update(owner *v1alpha1.ClientCredential, change func(*entry)) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	key := client.ObjectKeyFromObject(owner)
	if known := m.entries[key]; known == nil || known.uid != owner.UID {
		m.drop(key)
		m.entries[key] = &entry{uid: owner.UID, namespace: owner.Namespace, unwrittenBytes: m.unwrittenBytes}
	}
	change(m.entries[key])
}

// forget drops the remembered state of a ClientCredential that no longer exists.
func (m *memory) forget(key types.NamespacedName) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.drop(key)
}

// drop removes the entry of a name. The caller must hold the mutex.
func (m *memory) drop(key types.NamespacedName) {
	if known := m.entries[key]; known != nil {
		known.setUnwritten(nil)
		delete(m.entries, key)
	}
}

// targetOwner returns the name of the first of owners that has a token in the target or an unwritten
// token. All owners name the same target. There may be thousands of owners, so targetOwner locks the mutex
// once.
func (m *memory) targetOwner(owners ...*v1alpha1.ClientCredential) (name string, found bool) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	for _, owner := range owners {
		known := remembered{}
		if e := m.entries[client.ObjectKeyFromObject(owner)]; e != nil && e.uid == owner.UID {
			known = e.remembered
		}
		if token := known.statusOf(owner).Token; known.unwritten != nil || (token != nil && token.SecretName == owner.TargetName()) {
			return owner.Name, true
		}
	}
	return "", false
}
