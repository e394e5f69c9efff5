package controllers

import (
	"slices"
	"time"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/renewal"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// remembered is what the cache does not show of a ClientCredential, or not yet: a token that could not be
// written, the last writes, and digests of tokens and requests. It is a value: a change replaces the lists in it.
type remembered struct {
	// status is the last status, as long as the cache is behind it. isUnwritten is true if it did not
	// reach the API server.
	status      *v1alpha1.ClientCredentialStatus
	isUnwritten bool
	// statusVersion is the resourceVersion of the last write of a status; empty before.
	statusVersion string
	// told are the notices about the tokens that were written; nil before the first.
	told []oauth2.Notice

	// target is the token Secret called targetName after the last write; nil if there was none.
	target     *tokensecret.State
	targetName string
	// endingTarget is the UID of the last token Secret that was seen while it was being deleted, and endingSince
	// when that was first seen.
	endingTarget string
	endingSince  time.Time
	// repairs of the token Secret that were made lately.
	repairs renewal.Repairs
	// conflictingOwner is the ClientCredential that went first at the last look; empty without one.
	conflictingOwner string

	// unwritten is a token that is not in its Secret yet. isDropped is true if the last one could not be
	// kept.
	unwritten *issued
	isDropped bool
	// unfit counts the tokens in a row that the template with the hash unfitFor could not render.
	unfit    int
	unfitFor string
	// believed are the tokens that the server gave of late, the latest last.
	believed []believed
	// refusals are the requests that the server refused of late, the latest last.
	refusals []refusal
	// paused is the client that a server asked to wait; nil before.
	paused *pausedClient

	// finalizedAt is when the finalizer was set on the ClientCredential; zero before.
	finalizedAt time.Time
	// revocation is how far the revocation of the token is.
	revocation revocation
	// needs is what the revocation needs besides Secrets; nil if that is not known.
	needs *revocationNeeds
}

// statusOf returns the last status: that of the object, unless it is behind.
func (k remembered) statusOf(owner *v1alpha1.ClientCredential) v1alpha1.ClientCredentialStatus {
	if k.isStatusNewer(owner) {
		return *k.status
	}
	return owner.Status
}

func (k remembered) isStatusNewer(owner *v1alpha1.ClientCredential) bool {
	return k.status != nil && (k.isUnwritten || older(owner.ResourceVersion, k.statusVersion))
}

// latestVersion returns the resourceVersion of a ClientCredential after the last write of its status. The cache may
// be behind that.
func (k remembered) latestVersion(owner *v1alpha1.ClientCredential) string {
	if older(owner.ResourceVersion, k.statusVersion) {
		return k.statusVersion
	}
	return owner.ResourceVersion
}

// see drops the last status when the cache shows it: ten thousand of them take much memory.
func (e *entry) see(owner *v1alpha1.ClientCredential) {
	if !e.isStatusNewer(owner) {
		e.status = nil
	}
}

// keepStatus remembers a status that was written. version is the resourceVersion since.
func (e *entry) keepStatus(status v1alpha1.ClientCredentialStatus, version string) {
	e.status, e.isUnwritten, e.statusVersion = &status, false, version
}

// keepUnwrittenStatus remembers a status that has not reached the API server.
func (e *entry) keepUnwrittenStatus(status v1alpha1.ClientCredentialStatus) {
	e.status, e.isUnwritten = &status, true
}

// keepTold adds notices about a token that was written. The list is bounded: a server may say something else
// with every token.
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

// targetOf returns the state of the token Secret that the cache must not be behind; nil if nothing was written.
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
