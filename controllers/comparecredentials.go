package controllers

import (
	"context"
	"slices"

	"github.com/tokensync/tokensync/internal/renewal"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// compareCredentials returns the state of the credentials Secret, with the earlier versions that held
// the same credentials. It compares the versions that the record of the token and the last failure
// name. If the comparison fails, the credentials count as changed.
func (r *observer) compareCredentials(ctx context.Context, o *observed) *renewal.Credentials {
	if o.Credentials == nil || o.Credentials.Version == "" || !o.Credentials.Allowed || o.Suspended || o.Declaration != nil {
		return o.Credentials
	}
	now := *o.Credentials
	var same []string
	if token := o.Token(); token != nil && r.isSame(ctx, o, &now, token.CredentialsVersion, true) {
		same = append(same, token.CredentialsVersion)
	}
	if failure := o.LastFailure(); failure != nil && r.isSame(ctx, o, &now, failure.CredentialsVersion, false) {
		same = append(same, failure.CredentialsVersion)
	}
	now.Same = same
	return &now
}

// isSame reports whether an earlier version of the credentials Secret held the same credentials as the
// current version. isOfToken is true for the version that the token was issued with. After a restart, the
// fingerprint in the token Secret can prove that the credentials are the same. A live read of the
// credentials Secret updates now.
func (r *observer) isSame(ctx context.Context, o *observed, now *renewal.Credentials, earlier string, isOfToken bool) bool {
	if earlier == "" || earlier == now.Version {
		return false
	}
	held := r.credentials.known.of(o.holding())
	held.mutex.Lock()
	defer held.mutex.Unlock()
	if held.version == "" || older(held.version, now.Version) {
		read, err := r.credentials.readOnly(ctx, o)
		if read.secret == nil {
			logger(ctx).Info("Cannot compare the credentials", "message", err.Error())
			return false
		}
		*now = *read.secret
		held.note(read.secret.Version, read.content)
	}
	if held.isSame(earlier) || !isOfToken || slices.Contains(held.other, earlier) {
		return held.isSame(earlier)
	}
	isSame, isProven := r.isIssuedWith(ctx, o)
	switch {
	case isSame:
		held.same = remember(held.same, earlier)
	case isProven:
		held.other = remember(held.other, earlier)
	}
	return isSame
}

// isIssuedWith reports whether the token Secret holds a token that was issued with the current
// credentials. isProven is false if there is no good token or a Secret cannot be read.
func (r *observer) isIssuedWith(ctx context.Context, o *observed) (isSame, isProven bool) {
	if !o.Valid() || !o.Now.Before(o.RenewAt()) {
		return false, false
	}
	read, err := r.credentials.readOnly(ctx, o)
	if err != nil {
		return false, false
	}
	secret, err := r.targets.live.target(ctx, o)
	if err != nil {
		return false, false
	}
	return tokensecret.VerifiedToken(secret, read.provenance) != nil, true
}
