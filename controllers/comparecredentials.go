package controllers

import (
	"context"
	"slices"

	"github.com/tokensync/tokensync/internal/renewal"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// compareCredentials returns the state of the credentials Secret, with the earlier versions that held the
// same credentials. It checks two earlier versions: the version in the record of the token, and the
// version in the last failure. If the comparison fails, the credentials count as changed.
func (r *observer) compareCredentials(ctx context.Context, o *observed) *renewal.Credentials {
	if o.Credentials == nil || o.Credentials.Version == "" || !o.Credentials.Allowed || o.Suspended || o.DeclarationProblem != nil {
		return o.Credentials
	}
	current := *o.Credentials
	var same []string
	if token := o.Token(); token != nil && r.isSame(ctx, o, &current, token.CredentialsVersion, true) {
		same = append(same, token.CredentialsVersion)
	}
	if failure := o.LastFailure(); failure != nil && r.isSame(ctx, o, &current, failure.CredentialsVersion, false) {
		same = append(same, failure.CredentialsVersion)
	}
	current.Same = same
	return &current
}

// isSame reports whether an earlier version of the credentials Secret held the same credentials as the
// current version. isOfToken is true if the token was issued with the earlier version. After a restart,
// the fingerprint in the token Secret can prove that the credentials did not change. If isSame reads the
// credentials Secret live, it updates current.
func (r *observer) isSame(ctx context.Context, o *observed, current *renewal.Credentials, earlier string, isOfToken bool) bool {
	if earlier == "" || earlier == current.Version {
		return false
	}
	versions := r.credentials.known.get(o.credentialsUse())
	versions.mutex.Lock()
	defer versions.mutex.Unlock()
	if versions.version == "" || older(versions.version, current.Version) {
		read, err := r.credentials.readWithoutRecording(ctx, o)
		if read.secret == nil {
			logger(ctx).Info("Cannot compare the credentials", "message", err.Error())
			return false
		}
		*current = *read.secret
		versions.record(read.secret.Version, read.content)
	}
	if versions.isSame(earlier) || !isOfToken || slices.Contains(versions.other, earlier) {
		return versions.isSame(earlier)
	}
	isSame, isProven := r.isIssuedWith(ctx, o)
	switch {
	case isSame:
		versions.same = appendVersion(versions.same, earlier)
	case isProven:
		versions.other = appendVersion(versions.other, earlier)
	}
	return isSame
}

// isIssuedWith reports whether the token Secret holds a token that was issued with the current
// credentials. isProven is false if the token is due for renewal or invalid, or a Secret cannot be read.
func (r *observer) isIssuedWith(ctx context.Context, o *observed) (isSame, isProven bool) {
	if !o.Valid() || !o.Now.Before(o.RenewAt()) {
		return false, false
	}
	read, err := r.credentials.readWithoutRecording(ctx, o)
	if err != nil {
		return false, false
	}
	secret, err := r.targets.live.target(ctx, o)
	if err != nil {
		return false, false
	}
	return tokensecret.VerifiedToken(secret, read.provenance) != nil, true
}
