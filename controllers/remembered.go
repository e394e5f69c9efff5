package controllers

import (
	"slices"
	"time"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/renewal"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// remembered is the state of a ClientCredential that the cache does not show, or not yet. It holds an
// unwritten token, the last writes, and digests of tokens and requests. It is a value: a change replaces
// its lists.
type remembered struct {
	// status is the last status while the cache is behind it; nil otherwise. isUnwritten is true if the
	// status has not reached the API server.
	status      *v1alpha1.ClientCredentialStatus
	isUnwritten bool
	// statusVersion is the resourceVersion after the last status write; empty before.
	statusVersion string
	// told are the reported notices about written tokens; nil before the first token.
	told []oauth2.Notice

	// target is the state of the token Secret named targetName after the last write; nil without one.
	target     *tokensecret.State
	targetName string
	// endingTarget is the UID of the last token Secret that was seen being deleted. endingSince is when
	// its deletion was first seen.
	endingTarget string
	endingSince  time.Time
	// repairs are the recent repairs of the token Secret.
	repairs renewal.Repairs
	// conflictingOwner is the last known conflicting owner; empty if there was none.
	conflictingOwner string

	// unwritten is a token that is not in its Secret yet. isDropped is true if the last such token was
	// dropped, because too many tokens wait to be written.
	unwritten *issued
	isDropped bool
	// unfit counts the tokens in a row that the template with the hash unfitFor could not render.
	unfit    int
	unfitFor string
	// knownExpiries are the tokens that the server returned recently, the latest last.
	knownExpiries []knownExpiry
	// refusals are the requests that the server refused recently, the latest last.
	refusals []refusal
	// paused is the client that a server asked to wait; nil before.
	paused *pausedClient

	// finalizedAt is when the finalizer was set on the ClientCredential; zero before.
	finalizedAt time.Time
	// revocation is the progress of the revocation of the token.
	revocation revocation
	// needs are the objects that the revocation needs besides Secrets; nil if they are unknown.
	needs *revocationNeeds
}

// statusOf returns the last status: the remembered status if the object is behind, otherwise the status
// of the object.
func (k remembered) statusOf(owner *v1alpha1.ClientCredential) v1alpha1.ClientCredentialStatus {
	if k.isStatusNewer(owner) {
		return *k.status
	}
	return owner.Status
}

func (k remembered) isStatusNewer(owner *v1alpha1.ClientCredential) bool {
	return k.status != nil && (k.isUnwritten || older(owner.ResourceVersion, k.statusVersion))
}

// latestVersion returns the latest known resourceVersion of a ClientCredential: the cache may be behind
// the last status write.
func (k remembered) latestVersion(owner *v1alpha1.ClientCredential) string {
	if older(owner.ResourceVersion, k.statusVersion) {
		return k.statusVersion
	}
	return owner.ResourceVersion
}

// see drops the remembered status once the cache shows it: ten thousand statuses take much memory.
func (e *entry) see(owner *v1alpha1.ClientCredential) {
	if !e.isStatusNewer(owner) {
		e.status = nil
	}
}

// keepStatus remembers a status that was written. version is the resourceVersion after the write.
func (e *entry) keepStatus(status v1alpha1.ClientCredentialStatus, version string) {
	e.status, e.isUnwritten, e.statusVersion = &status, false, version
}

// keepUnwrittenStatus remembers a status that has not reached the API server.
func (e *entry) keepUnwrittenStatus(status v1alpha1.ClientCredentialStatus) {
	e.status, e.isUnwritten = &status, true
}

// keepTold adds notices about a token that was written. The list is bounded, because a server may cause
// a new notice with every token.
func (e *entry) keepTold(notices []oauth2.Notice) {
	const maxTold = 16
	told := append([]oauth2.Notice{}, e.told...)
	for _, notice := range notices {
		if !slices.Contains(told, notice) {
			told = append(told, notice)
		}
	}
	e.told = told[max(0, len(told)-maxTold):]
}

// targetOf returns the state of the token Secret after the last write; nil if nothing was written. A
// cache that shows an older state is behind.
func (k remembered) targetOf(owner *v1alpha1.ClientCredential) *tokensecret.State {
	if k.targetName == owner.TargetName() {
		return k.target
	}
	return nil
}

func (e *entry) keepTarget(owner *v1alpha1.ClientCredential, target *tokensecret.State) {
	e.target, e.targetName = target, owner.TargetName()
}

// targetEndsSince returns when the deletion of the token Secret was first seen.
func (k remembered) targetEndsSince(uid string, now time.Time) time.Time {
	if k.endingTarget != uid {
		return now
	}
	return k.endingSince
}
