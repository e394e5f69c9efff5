package controllers

import (
	"slices"
	"time"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/renewal"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// remembered is the state of a ClientCredential that the cache does not show, or does not show yet: an
// unwritten token, the last writes, and digests of tokens and requests. It is copied by value, so a change
// must replace its slices, not modify them.
type remembered struct {
	// status is the last status while the cache does not show it yet; nil otherwise. isStatusUnwritten is
	// true if the status has not reached the API server.
	status            *v1alpha1.ClientCredentialStatus
	isStatusUnwritten bool
	// statusVersion is the resourceVersion after the last status write; empty before the first write.
	statusVersion string
	// reportedNotices are the reported notices about written tokens; nil before the first token.
	reportedNotices []oauth2.Notice

	// target is the state of the token Secret named targetName after the last write; nil if there was
	// none.
	target     *tokensecret.State
	targetName string
	// terminatingTarget is the UID of the last token Secret that was observed while it was being deleted.
	// terminatingSince is when this was first observed.
	terminatingTarget string
	terminatingSince  time.Time
	// repairs are the recent repairs of the token Secret.
	repairs renewal.Repairs
	// conflictingOwner is the last known conflicting owner; empty if there was none.
	conflictingOwner string

	// unwritten is a token that is not in its Secret yet. isDropped is true if the last unwritten token
	// was dropped, because there were too many.
	unwritten *issuedToken
	isDropped bool
	// renderFailures counts the consecutive tokens that the template with the hash failedTemplate could
	// not render.
	renderFailures int
	failedTemplate string
	// knownExpiries are the expiries of recent tokens, the latest last.
	knownExpiries []knownExpiry
	// refusals are the recently refused requests, the latest last.
	refusals []refusal
	// paused is the client that a server last asked to wait; nil if there was none.
	paused *pausedClient

	// finalizerSetAt is when the finalizer was set on the ClientCredential; zero if it is not set.
	finalizerSetAt time.Time
	// revocation is the progress of the revocation of the token.
	revocation revocation
	// dependencies are the objects that the revocation needs besides Secrets; nil if unknown.
	dependencies *revocationDependencies
}

// statusOf returns the remembered status if it is newer than the status of the object. Otherwise it
// returns the status of the object.
func (k remembered) statusOf(owner *v1alpha1.ClientCredential) v1alpha1.ClientCredentialStatus {
	if k.isStatusNewer(owner) {
		return *k.status
	}
	return owner.Status
}

func (k remembered) isStatusNewer(owner *v1alpha1.ClientCredential) bool {
	return k.status != nil && (k.isStatusUnwritten || older(owner.ResourceVersion, k.statusVersion))
}

// latestVersion returns the latest known resourceVersion of a ClientCredential. The cache may not show the
// last status write yet.
func (k remembered) latestVersion(owner *v1alpha1.ClientCredential) string {
	if older(owner.ResourceVersion, k.statusVersion) {
		return k.statusVersion
	}
	return owner.ResourceVersion
}

// dropSeenStatus forgets the remembered status once the cache shows it, because ten thousand statuses take a
// lot of memory.
func (e *entry) dropSeenStatus(owner *v1alpha1.ClientCredential) {
	if !e.isStatusNewer(owner) {
		e.status = nil
	}
}

// rememberStatus remembers a written status. version is the resourceVersion after the write.
func (e *entry) rememberStatus(status v1alpha1.ClientCredentialStatus, version string) {
	e.status, e.isStatusUnwritten, e.statusVersion = &status, false, version
}

// rememberUnwrittenStatus remembers a status that has not reached the API server.
func (e *entry) rememberUnwrittenStatus(status v1alpha1.ClientCredentialStatus) {
	e.status, e.isStatusUnwritten = &status, true
}

// rememberNotices remembers notices about a written token. Their number is bounded, because each token of
// a server may cause a new notice.
func (e *entry) rememberNotices(notices []oauth2.Notice) {
	const maxNotices = 16
	reported := append([]oauth2.Notice{}, e.reportedNotices...)
	for _, notice := range notices {
		if !slices.Contains(reported, notice) {
			reported = append(reported, notice)
		}
	}
	e.reportedNotices = reported[max(0, len(reported)-maxNotices):]
}

// targetOf returns the state of the token Secret after the last write; nil if nothing was written. If the
// cache shows an older state, the cache is stale.
func (k remembered) targetOf(owner *v1alpha1.ClientCredential) *tokensecret.State {
	if k.targetName == owner.TargetName() {
		return k.target
	}
	return nil
}

func (e *entry) rememberTarget(owner *v1alpha1.ClientCredential, target *tokensecret.State) {
	e.target, e.targetName = target, owner.TargetName()
}

// targetTerminatingSince returns when the deletion of the token Secret was first observed.
func (k remembered) targetTerminatingSince(uid string, now time.Time) time.Time {
	if k.terminatingTarget != uid {
		return now
	}
	return k.terminatingSince
}
