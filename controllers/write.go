package controllers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// write puts a token into its Secret, unless that changed since it was observed:
// so neither a newer token nor a Secret of somebody else is ever overwritten.
func (r *Reconciler) write(ctx context.Context, o *observed, token *oauth2.Token, provenance tokensecret.Provenance) (_ *tokensecret.State, err error) {
	ctx, end := r.span(ctx, "write Secret")
	defer func() { end(err) }()
	// A write that is under way is finished also while the operator ends.
	ctx, cancel := finishing(ctx)
	defer cancel()
	record := tokensecret.NewRecord(*token, provenance)
	configuration, err := tokensecret.Write(o.owner, o.Target, *token, record, provenance.Credentials.ClientID.Reveal())
	switch {
	case err != nil:
		return nil, r.notRendered(o, token, err)
	case o.Target == nil:
		// An apply would write to a Secret that somebody else made meanwhile.
		err = r.create(ctx, configuration)
	default:
		err = r.overwrite(ctx, o, configuration, &issued{token: *token, provenance: provenance})
	}
	if err != nil {
		err = r.targetConflictOr(ctx, o, err)
	}
	switch {
	case errors.Is(err, errCacheBehind):
		return nil, fmt.Errorf("write token Secret %q: %w", o.TargetName, err)
	case err != nil:
		return nil, r.writeFailure(ctx, o, token, configuration, err)
	}
	written := &tokensecret.State{
		ResourceVersion: ptr.Deref(configuration.ResourceVersion, ""),
		UID:             string(ptr.Deref(configuration.UID, "")),
		Owned:           true,
		Record:          &record,
	}
	r.memory.rememberTarget(o.owner, written)
	r.memory.dropUnwritten(o.owner, token.AccessToken)
	logger(ctx).Info("Wrote the token", "secret", o.TargetName, "expiresAt", token.ExpiresAt)
	tidied, err := r.tidy(ctx, o, record, written.ResourceVersion)
	if err != nil {
		// The token is there; what is left over counts as drift, and is tried again.
		return written, r.writeFailure(ctx, o, token, configuration, err)
	}
	if tidied != "" {
		changed := *written
		changed.ResourceVersion = tidied
		written = &changed
		r.memory.rememberTarget(o.owner, written)
	}
	return written, nil
}

// tidy takes away what an earlier template or declaration put into the Secret, and
// returns the resourceVersion if that changed something.
func (r *Reconciler) tidy(ctx context.Context, o *observed, record tokensecret.Record, written string) (version string, err error) {
	patch := tokensecret.Tidy(o.owner, o.Target, record, written)
	// A Secret that was replaced holds nothing of the old one.
	if patch == nil || o.replaces {
		return "", nil
	}
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: o.owner.Namespace, Name: o.TargetName}}
	err = r.Client.Patch(ctx, secret, client.RawPatch(types.StrategicMergePatchType, patch), client.FieldOwner(tokensecret.FieldManager))
	return secret.ResourceVersion, err
}

// maxRenderings is how many tokens in a row a template may fail to render before one an hour
// must do: each try costs a token.
const maxRenderings = 12

// notRendered is the failure of a template over a token. If it may render another response,
// the next attempt asks for one.
func (r *Reconciler) notRendered(o *observed, token *oauth2.Token, err error) error {
	failure := problem.Of(err)
	if failure == nil || failure.Class != problem.MayPass {
		return err
	}
	if inARow := r.memory.rememberUnfit(o.owner, token.AccessToken); inARow == 0 || inARow > maxRenderings {
		// The Secret holds this token, or the template is wrong.
		return failure.WithClass(problem.Invalid)
	}
	return failure
}

// rehearse tries the write that failed last time as a dry run, if the token that could
// not be written has expired by now: while the API server refuses the Secret, a new token
// would be issued for nothing.
func (r *Reconciler) rehearse(ctx context.Context, o *observed) error {
	kept := r.memory.unwritten(o.owner)
	if kept == nil || o.Now.Before(kept.token.ExpiresAt) || o.replaces || o.IsRenewRequested() {
		return nil
	}
	if kept.size() > maxSmall {
		defer r.large.Enter(ctx, o.owner.Namespace)()
	}
	record := tokensecret.NewRecord(kept.token, kept.provenance)
	configuration, err := tokensecret.Write(o.owner, o.Target, kept.token, record, kept.provenance.Credentials.ClientID.Reveal())
	if err != nil {
		// Another token may be fit for the template.
		r.memory.rememberUnwritten(o.owner, nil)
		// What the template lacks, the next token tells.
		return nil
	}
	if o.Target != nil {
		err = r.Client.Apply(ctx, configuration, client.FieldOwner(tokensecret.FieldManager), client.ForceOwnership, client.DryRunAll)
	} else {
		var secret *corev1.Secret
		if secret, err = secretOf(configuration); err == nil {
			err = r.Client.Create(ctx, secret, client.FieldOwner(tokensecret.FieldManager), client.DryRunAll)
		}
	}
	if err == nil || r.isImmutable(ctx, o, err) {
		return nil
	}
	if err = r.targetConflictOr(ctx, o, err); errors.Is(err, errCacheBehind) {
		return err
	}
	return r.writeFailure(ctx, o, &kept.token, configuration, err)
}

// isImmutable reports whether a write was refused because the target, which is owned, is
// immutable: then it can be replaced.
func (r *Reconciler) isImmutable(ctx context.Context, o *observed, refusal error) bool {
	if !apierrors.IsInvalid(refusal) || o.Target == nil || !o.Target.Owned {
		return false
	}
	secret, err := r.target(ctx, o)
	return err == nil && tokensecret.IsImmutable(secret)
}

// create makes the Secret of a configuration and fills in what came of it.
func (r *Reconciler) create(ctx context.Context, configuration *corev1ac.SecretApplyConfiguration) error {
	secret, err := secretOf(configuration)
	if err != nil {
		return err
	}
	if err := r.Client.Create(ctx, secret, client.FieldOwner(tokensecret.FieldManager)); err != nil {
		return err
	}
	configuration.WithUID(secret.UID).WithResourceVersion(secret.ResourceVersion)
	return nil
}

func secretOf(configuration *corev1ac.SecretApplyConfiguration) (*corev1.Secret, error) {
	raw, err := json.Marshal(configuration)
	if err != nil {
		return nil, err
	}
	secret := &corev1.Secret{}
	return secret, json.Unmarshal(raw, secret)
}

// writeFailure is what the API server said, which may be the words of an
// admission webhook that saw the Secret, as it is and as it was to be.
func (r *Reconciler) writeFailure(ctx context.Context, o *observed, token *oauth2.Token, configuration *corev1ac.SecretApplyConfiguration, err error) *problem.Problem {
	name, said := o.TargetName, quiet(err).Error()
	if old, readErr := r.targetData(ctx, o); readErr == nil {
		hidden := append(sensitive(configuration.Data), sensitive(old)...)
		said = shorten(token.Redact(err.Error(), hidden...))
	}
	// The name under which a replacement was rehearsed.
	said = regexp.MustCompile(regexp.QuoteMeta(name)+"-[a-z0-9]{5}\\b").ReplaceAllString(said, name)
	advice := "the write is retried with the same token"
	if r.memory.isDropped(o.owner) {
		advice = "another token is requested then, because too many tokens wait to be written"
	}
	if apierrors.IsInvalid(err) || apierrors.IsRequestEntityTooLargeError(err) {
		advice = "correct spec.target; " + advice
	}
	return problem.Retry(apiFailureClass(err), v1alpha1.ReasonSecretWriteFailed,
		"the token cannot be written to Secret %q: %s; %s", name, said, advice)
}

// targetData reads the data that the target has, if it exists.
func (r *Reconciler) targetData(ctx context.Context, o *observed) (map[string][]byte, error) {
	if o.Target == nil {
		return nil, nil
	}
	secret, err := r.target(ctx, o)
	if err != nil {
		return nil, err
	}
	return secret.Data, nil
}

func sensitive(data map[string][]byte) (values []oauth2.Sensitive) {
	for _, value := range data {
		values = append(values, oauth2.NewSensitive(string(value)))
	}
	return values
}

// targetConflictOr returns errCacheBehind if the target is not as it was observed, and
// otherwise err.
func (r *Reconciler) targetConflictOr(ctx context.Context, o *observed, err error) error {
	var uid, resourceVersion string
	if o.Target != nil {
		uid, resourceVersion = o.Target.UID, o.Target.ResourceVersion
	}
	live := secretMetadata(types.NamespacedName{Namespace: o.owner.Namespace, Name: o.TargetName})
	err = r.conflictOr(ctx, err, live, uid, resourceVersion)
	if errors.Is(err, errCacheBehind) && live.UID != "" {
		r.memory.rememberTarget(o.owner, tokensecret.StateOf(o.owner, live))
	}
	return err
}

// releaseFormer releases the Secret of a former target, unless it holds the credentials of others.
func (r *Reconciler) releaseFormer(ctx context.Context, owner *v1alpha1.ClientCredential, secret *metav1.PartialObjectMetadata) error {
	users, err := r.usersOf(ctx, secret)
	if err != nil || slices.ContainsFunc(users, func(u user) bool { return u.UID != owner.UID }) {
		return err
	}
	return r.release(ctx, secret)
}

// prune deletes the token Secrets of former targets, or releases those that are to be
// retained, now that the token is in its place: nothing renews them.
func (r *Reconciler) prune(ctx context.Context, o *observed) error {
	secrets := secretMetadataList()
	if err := r.Client.List(ctx, secrets, client.InNamespace(o.owner.Namespace),
		client.MatchingFields{ownerIndex: string(o.owner.UID)}); err != nil {
		return fmt.Errorf("list token Secrets: %w", err)
	}
	for i := range secrets.Items {
		secret := &secrets.Items[i]
		state := tokensecret.StateOf(o.owner, secret)
		// A copy that somebody made under another name is not ours.
		if secret.Name == o.TargetName || state.Record == nil || state.Tampered {
			continue
		}
		if o.owner.RetainsTarget() {
			if _, err := r.refer(ctx, o.owner, secret.Name, state); err != nil {
				return err
			}
		}
		if state.Held {
			if err := r.releaseFormer(ctx, o.owner, secret); err != nil {
				return err
			}
		}
		if o.owner.RetainsTarget() {
			continue
		}
		err := r.Client.Delete(ctx, secret, client.Preconditions{UID: &secret.UID, ResourceVersion: &secret.ResourceVersion})
		if client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("delete token Secret %q of a former target: %w", secret.Name, quiet(err))
		}
		logger(ctx).Info("Deleted the token Secret of a former target", "secret", secret.Name)
	}
	return nil
}
