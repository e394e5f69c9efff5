package explain

import (
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// targetNotice returns a notice if the target Secret does not match the status.
func (in Input) targetNotice() []Point {
	if in.Target == nil || in.says(v1alpha1.ReasonTargetConflict) {
		return nil
	}
	token, name := in.ClientCredential.Status.Token, in.ClientCredential.TargetName()
	switch {
	case apierrors.IsNotFound(in.Target.Err) && token != nil && token.SecretName == name:
		return notice("Secret %q, which held the token, does not exist: Pods that mount it cannot start until the operator has written it again", name)
	case in.Target.Err != nil:
		return nil
	}
	switch state := tokensecret.StateOf(in.ClientCredential, &in.Target.Object); {
	case state.Owned && !in.Target.Object.DeletionTimestamp.IsZero():
		return notice("Secret %q is being deleted", name)
	case state.Owned:
		return in.recordNotice(state.Record)
	case state.Inherited:
		return notice("Secret %q was left by an earlier ClientCredential of this name: the operator takes it over", name)
	case !state.IsFree():
		return notice("Secret %q belongs to %s, not to this ClientCredential: the operator does not touch it", name, state.Owner)
	}
	return nil
}

// recordNotice returns a notice if the record in the token Secret does not match the token of the
// status.
func (in Input) recordNotice(record *tokensecret.Record) []Point {
	token, name := in.ClientCredential.Status.Token, in.ClientCredential.TargetName()
	switch {
	case record == nil:
		return notice("Secret %q holds no readable record of a token: the operator writes it again", name)
	case token == nil || token.SecretName != name:
		return nil
	case !token.ExpiresAt.Time.Equal(record.ExpiresAt):
		return notice("Secret %q holds a token that expires at %s (%s), which the status does not show yet",
			name, instant(metav1.NewTime(record.ExpiresAt)), Relative(in.Now, record.ExpiresAt))
	}
	return nil
}
