package controllers

import (
	"maps"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/fairshare"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/renewal"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// maxKept bounds the bytes of the tokens that wait to be written, with the credentials that they
// were issued for. 10,000 tokens of usual size take a third of it.
const maxKept = 64 << 20

// memory holds what the cache does not show, or not yet: tokens that could not be written, the
// last writes, and digests of tokens and requests. A restart loses it: an unwritten token is
// requested again, and refused requests and cached tokens are recognized only by the status
// and the Secret.
type memory struct {
	mutex   sync.Mutex
	entries map[types.NamespacedName]*entry
	// secrets are the Secrets that the operator held, or tried to hold.
	secrets map[types.NamespacedName]*heldSecret
	// requests are kept by name: a ClientCredential that is deleted and created again sends no
	// more requests than one that stays.
	requests   map[types.NamespacedName]renewal.Requests
	requestsAt time.Time
	// kept has the bytes of the tokens that are not in their Secrets yet.
	kept *fairshare.Room

	credentials *credentialsMemory
}

type entry struct {
	uid types.UID
	// unwritten is a token that is not in its Secret yet.
	unwritten *issued
	// isDropped is true if the last token could not be kept until it is written.
	isDropped bool
	// unfit counts the tokens in a row that the template with the hash unfitFor could not
	// render.
	unfit    int
	unfitFor string
	// target is the token Secret called targetName after the last write; nil if there was
	// none.
	target     *tokensecret.State
	targetName string
	// repairs of the token Secret that were made lately.
	repairs renewal.Repairs
	// status is the last status, which isUnwritten if it did not reach the API server.
	status      *v1alpha1.ClientCredentialStatus
	isUnwritten bool
	// statusVersion is the resourceVersion of the last write of a status; empty before.
	statusVersion string
	// endingTarget is the UID of the last token Secret that was seen while it was being deleted, and endingSince
	// when that was first seen.
	endingTarget string
	endingSince  time.Time
	// rival is the ClientCredential that went first at the last look; empty without one.
	rival string
	// told are the notices about the tokens that were written; nil before the first.
	told []oauth2.Notice
	// refusals are the requests that the server refused of late, the latest last.
	refusals []refusal
	// believed are the tokens that the server gave of late, the latest last.
	believed []believed
	// paused is the client that a server asked to wait; nil before.
	paused *pausedClient
	// finalizedAt is when the finalizer was set on the ClientCredential; zero before.
	finalizedAt time.Time
	// revocation is how far the revocation of the token is; nil before the deletion.
	revocation *revocation
	// needs is what the revocation needs besides Secrets; nil if that is not known.
	needs *revocationNeeds
}

// pausedClient is a client and what its ID was read for.
type pausedClient struct {
	client                          clientKey
	requestHash, credentialsVersion string
}

func newMemory() *memory {
	return &memory{
		entries: map[types.NamespacedName]*entry{}, secrets: map[types.NamespacedName]*heldSecret{},
		requests: map[types.NamespacedName]renewal.Requests{}, kept: fairshare.NewRoom(maxKept), credentials: newCredentialsMemory(),
	}
}

// nextRequest returns when a ClientCredential may send the next token request; zero if that
// is now.
func (m *memory) nextRequest(owner *v1alpha1.ClientCredential, now time.Time) time.Time {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return m.requests[client.ObjectKeyFromObject(owner)].NextAt(now)
}

// requestsSweep is how often requests are forgotten that count no longer.
const requestsSweep = time.Minute

func (m *memory) rememberRequest(owner *v1alpha1.ClientCredential, now time.Time) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if now.Sub(m.requestsAt).Abs() > requestsSweep {
		maps.DeleteFunc(m.requests, func(_ types.NamespacedName, r renewal.Requests) bool { return r.AreOver(now) })
		m.requestsAt = now
	}
	key := client.ObjectKeyFromObject(owner)
	m.requests[key] = m.requests[key].Another(now)
}

func (m *memory) forget(key types.NamespacedName) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.drop(key)
}

// drop forgets the entry of a name. The mutex is locked.
func (m *memory) drop(key types.NamespacedName) {
	if known := m.entries[key]; known != nil {
		m.kept.Add(key.Namespace, -known.unwritten.size())
		delete(m.entries, key)
	}
}

// with runs do on the entry of owner. The entry of an earlier object of the same
// name is dropped.
func (m *memory) with(owner *v1alpha1.ClientCredential, do func(*entry)) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	key := client.ObjectKeyFromObject(owner)
	if m.entries[key] == nil || m.entries[key].uid != owner.UID {
		m.drop(key)
		m.entries[key] = &entry{uid: owner.UID}
	}
	do(m.entries[key])
}

// status returns the last status: that of the object, unless it is behind.
func (m *memory) status(owner *v1alpha1.ClientCredential) (status v1alpha1.ClientCredentialStatus) {
	status = owner.Status
	m.with(owner, func(e *entry) {
		if e.isNewer(owner) {
			status = *e.status
		} else {
			e.status = nil
		}
	})
	return status
}

// isNewer reports whether the entry has a newer status than an object.
func (e *entry) isNewer(owner *v1alpha1.ClientCredential) bool {
	return e.status != nil && (e.isUnwritten || older(owner.ResourceVersion, e.statusVersion))
}

// isStatusUnwritten tells that the last status did not reach the API server.
func (m *memory) isStatusUnwritten(owner *v1alpha1.ClientCredential) (unwritten bool) {
	m.with(owner, func(e *entry) { unwritten = e.isUnwritten })
	return unwritten
}

func (m *memory) rememberStatus(owner *v1alpha1.ClientCredential, status v1alpha1.ClientCredentialStatus, version string) {
	m.with(owner, func(e *entry) { e.status, e.isUnwritten, e.statusVersion = &status, false, version })
}

// rememberUnwrittenStatus keeps a status that has not reached the API server.
func (m *memory) rememberUnwrittenStatus(owner *v1alpha1.ClientCredential, status v1alpha1.ClientCredentialStatus) {
	m.with(owner, func(e *entry) { e.status, e.isUnwritten = &status, true })
}

// latestVersion returns the resourceVersion of a ClientCredential after the last write of its
// status. The cache may be behind that.
func (m *memory) latestVersion(owner *v1alpha1.ClientCredential) (version string) {
	version = owner.ResourceVersion
	m.with(owner, func(e *entry) {
		if older(version, e.statusVersion) {
			version = e.statusVersion
		}
	})
	return version
}

// target returns the state of the token Secret that the cache must not be behind; nil if
// nothing was written.
func (m *memory) target(owner *v1alpha1.ClientCredential) (target *tokensecret.State) {
	m.with(owner, func(e *entry) {
		if e.targetName == owner.TargetName() {
			target = e.target
		}
	})
	return target
}

func (m *memory) rememberTarget(owner *v1alpha1.ClientCredential, target *tokensecret.State) {
	m.with(owner, func(e *entry) { e.target, e.targetName = target, owner.TargetName() })
}

func (m *memory) repairs(owner *v1alpha1.ClientCredential) (repairs renewal.Repairs) {
	m.with(owner, func(e *entry) { repairs = e.repairs })
	return repairs
}

func (m *memory) rememberRepair(owner *v1alpha1.ClientCredential, now time.Time) {
	m.with(owner, func(e *entry) { e.repairs = e.repairs.Another(now) })
}

// rememberUnwritten keeps a token until it is in its Secret; nil for none. It drops the token if
// the namespace has too many that cannot be written.
func (m *memory) rememberUnwritten(owner *v1alpha1.ClientCredential, token *issued) {
	m.with(owner, func(e *entry) {
		m.kept.Add(owner.Namespace, -e.unwritten.size())
		size := token.size()
		if e.unwritten, e.isDropped = token, token != nil && !m.kept.Admits(owner.Namespace, size); e.isDropped {
			e.unwritten = nil
			return
		}
		m.kept.Add(owner.Namespace, size)
	})
}

// isDropped reports whether the last token could not be kept until it is written.
func (m *memory) isDropped(owner *v1alpha1.ClientCredential) (dropped bool) {
	m.with(owner, func(e *entry) { dropped = e.isDropped })
	return dropped
}

// dropUnwritten forgets the token that is not in its Secret yet, if it is the given one.
func (m *memory) dropUnwritten(owner *v1alpha1.ClientCredential, written oauth2.Sensitive) {
	m.with(owner, func(e *entry) {
		e.isDropped = false
		if e.unwritten != nil && e.unwritten.token.AccessToken.Reveal() == written.Reveal() {
			m.kept.Add(owner.Namespace, -e.unwritten.size())
			e.unwritten, e.unfit = nil, 0
		}
	})
}

// rememberUnfit notes that the template cannot render the token that is not in its Secret yet.
// It returns for how many tokens in a row that was so, and 0 if it is another token.
func (m *memory) rememberUnfit(owner *v1alpha1.ClientCredential, token oauth2.Sensitive) (inARow int) {
	m.with(owner, func(e *entry) {
		if e.unwritten == nil || e.unwritten.token.AccessToken.Reveal() != token.Reveal() {
			return
		}
		unfit := *e.unwritten
		unfit.unfitFor = tokensecret.TemplateHash(owner)
		if e.unfitFor != unfit.unfitFor {
			e.unfit = 0
		}
		e.unwritten, e.unfitFor, e.unfit = &unfit, unfit.unfitFor, e.unfit+1
		inARow = e.unfit
	})
	return inARow
}

func (m *memory) unwritten(owner *v1alpha1.ClientCredential) (token *issued) {
	m.with(owner, func(e *entry) { token = e.unwritten })
	return token
}

func (m *memory) told(owner *v1alpha1.ClientCredential) (told []oauth2.Notice) {
	m.with(owner, func(e *entry) { told = e.told })
	return told
}

// rememberTold adds notices about a token that was written. The list is bounded: a
// server may say something else with every token.
func (m *memory) rememberTold(owner *v1alpha1.ClientCredential, notices []oauth2.Notice) {
	const maxTold = 16
	m.with(owner, func(e *entry) {
		told := slices.Clone(e.told)
		for _, notice := range notices {
			if !slices.Contains(told, notice) {
				told = append(told, notice)
			}
		}
		e.told = append([]oauth2.Notice{}, told[max(0, len(told)-maxTold):]...)
	})
}

// rememberPaused keeps the client, so that a look during the pause reads no credentials.
func (m *memory) rememberPaused(o *observed, client clientKey) {
	m.with(o.owner, func(e *entry) {
		e.paused = &pausedClient{client: client, requestHash: o.RequestHash, credentialsVersion: o.credentialsVersion()}
	})
}

// pausedClient returns the client of the last pause; nil if it may be another one by now.
func (m *memory) pausedClient(o *observed) (client *clientKey) {
	m.with(o.owner, func(e *entry) {
		if e.paused != nil && e.paused.requestHash == o.RequestHash && e.paused.credentialsVersion == o.credentialsVersion() {
			client = &e.paused.client
		}
	})
	return client
}
