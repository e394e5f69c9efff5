package controllers

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/fairshare"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// secretWriter writes token Secrets.
type secretWriter struct {
	client  client.Client
	targets targetReader
	memory  *memory
	// large are the slots of large tokens.
	large   *fairshare.Slots
	tracing tracing
}

// delivery is a token to write.
type delivery struct {
	token      *oauth2.Token
	provenance tokensecret.Provenance
	// isNew is true if the server gave the token just now, and false if it waited to be written.
	isNew bool
	// replaces is true if the target has another type than is wanted. The type of a Secret cannot be
	// changed.
	replaces bool
}

// write puts a token into its Secret, unless that changed since it was observed:
// so neither a newer token nor a Secret of somebody else is ever overwritten.
func (w *secretWriter) write(ctx context.Context, o *observed, d delivery) (_ *tokensecret.State, err error) {
	ctx, end := w.tracing.span(ctx, "write Secret")
	defer func() { end(err) }()
	// A write that is under way is finished also while the operator ends.
	ctx, cancel := finishing(ctx)
	defer cancel()
	record := tokensecret.NewRecord(*d.token, d.provenance)
	configuration, err := tokensecret.Write(o.owner, o.Target, *d.token, record, d.provenance.Credentials.ClientID.Reveal())
	isReplaced := false
	switch {
	case err != nil:
		return nil, w.notRendered(o, d.token, err)
	case o.Target == nil:
		// An apply would write to a Secret that somebody else made meanwhile.
		err = w.create(ctx, configuration)
	default:
		isReplaced, err = w.overwrite(ctx, o, configuration, d)
	}
	if err != nil {
		err = w.targetConflictOr(ctx, o, err)
	}
	switch {
	case errors.Is(err, errCacheBehind):
		return nil, fmt.Errorf("write token Secret %q: %w", o.TargetName, err)
	case err != nil:
		return nil, w.writeFailure(ctx, o, d.token, configuration, err)
	}
	written := &tokensecret.State{
		ResourceVersion: ptr.Deref(configuration.ResourceVersion, ""),
		UID:             string(ptr.Deref(configuration.UID, "")),
		Owned:           true,
		Record:          &record,
	}
	w.memory.update(o.owner, func(e *entry) {
		e.keepTarget(o.owner, written)
		e.dropUnwritten(d.token.AccessToken)
	})
	logger(ctx).Info("Wrote the token", "secret", o.TargetName, "expiresAt", d.token.ExpiresAt)
	if isReplaced {
		// It holds nothing of the old one.
		return written, nil
	}
	tidied, err := w.removeStaleFields(ctx, o, record, written.ResourceVersion)
	if err != nil {
		// The token is there; what is left over counts as drift, and is tried again.
		return written, w.writeFailure(ctx, o, d.token, configuration, err)
	}
	if tidied != "" {
		changed := *written
		changed.ResourceVersion = tidied
		written = &changed
		w.memory.update(o.owner, func(e *entry) { e.keepTarget(o.owner, written) })
	}
	return written, nil
}

// removeStaleFields takes away what an earlier template or declaration put into the Secret, and
// returns the resourceVersion if that changed something.
func (w *secretWriter) removeStaleFields(ctx context.Context, o *observed, record tokensecret.Record, written string) (version string, err error) {
	patch := tokensecret.PrunePatch(o.owner, o.Target, record, written)
	if patch == nil {
		return "", nil
	}
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: o.owner.Namespace, Name: o.TargetName}}
	err = w.client.Patch(ctx, secret, client.RawPatch(types.StrategicMergePatchType, patch), client.FieldOwner(tokensecret.FieldManager))
	return secret.ResourceVersion, err
}

// maxRenderings is how many tokens in a row a template may fail to render before one an hour
// must do: each try costs a token.
const maxRenderings = 12

// notRendered is the failure of a template over a token. If it may render another response,
// the next attempt asks for one.
func (w *secretWriter) notRendered(o *observed, token *oauth2.Token, err error) error {
	failure := problem.Of(err)
	if failure == nil || failure.Class != problem.MayPass {
		return err
	}
	var inARow int
	w.memory.update(o.owner, func(e *entry) { inARow = e.addUnfit(o.owner, token.AccessToken) })
	if inARow == 0 || inARow > maxRenderings {
		// The Secret holds this token, or the template is wrong.
		return failure.WithClass(problem.Invalid)
	}
	return failure
}

// rehearse tries the write that failed last time as a dry run, if the token that could
// not be written has expired by now: while the API server refuses the Secret, a new token
// would be issued for nothing.
func (w *secretWriter) rehearse(ctx context.Context, o *observed, replaces bool) error {
	kept := o.remembered.unwritten
	if kept == nil || o.Now.Before(kept.token.ExpiresAt) || replaces || o.IsRenewRequested() {
		return nil
	}
	if kept.size() > maxSmall {
		defer w.large.Enter(ctx, o.owner.Namespace)()
	}
	record := tokensecret.NewRecord(kept.token, kept.provenance)
	configuration, err := tokensecret.Write(o.owner, o.Target, kept.token, record, kept.provenance.Credentials.ClientID.Reveal())
	if err != nil {
		// Another token may be fit for the template.
		w.memory.update(o.owner, func(e *entry) { e.keepUnwritten(nil) })
		// What the template lacks, the next token tells.
		return nil
	}
	if o.Target != nil {
		err = w.client.Apply(ctx, configuration, client.FieldOwner(tokensecret.FieldManager), client.ForceOwnership, client.DryRunAll)
	} else {
		var secret *corev1.Secret
		if secret, err = secretOf(configuration); err == nil {
			err = w.client.Create(ctx, secret, client.FieldOwner(tokensecret.FieldManager), client.DryRunAll)
		}
	}
	if err == nil || w.isImmutable(ctx, o, err) {
		return nil
	}
	if err = w.targetConflictOr(ctx, o, err); errors.Is(err, errCacheBehind) {
		return err
	}
	return w.writeFailure(ctx, o, &kept.token, configuration, err)
}

// writeFailure is what the API server said, which may be the words of an
// admission webhook that saw the Secret, as it is and as it was to be.
func (w *secretWriter) writeFailure(ctx context.Context, o *observed, token *oauth2.Token, configuration *corev1ac.SecretApplyConfiguration, err error) *problem.Problem {
	name, said := o.TargetName, quiet(err).Error()
	if old, readErr := w.targetData(ctx, o); readErr == nil {
		hidden := append(sensitive(configuration.Data), sensitive(old)...)
		said = shorten(token.Redact(err.Error(), hidden...))
	}
	// The name under which a replacement was rehearsed.
	said = regexp.MustCompile(regexp.QuoteMeta(name)+"-[a-z0-9]{5}\\b").ReplaceAllString(said, name)
	advice := "the write is retried with the same token"
	if w.memory.snapshot(o.owner).isDropped {
		advice = "another token is requested then, because too many tokens wait to be written"
	}
	if apierrors.IsInvalid(err) || apierrors.IsRequestEntityTooLargeError(err) {
		advice = "correct spec.target; " + advice
	}
	return problem.Retry(apiFailureClass(err), v1alpha1.ReasonSecretWriteFailed,
		"the token cannot be written to Secret %q: %s; %s", name, said, advice)
}

// targetData reads the data that the target has, if it exists.
func (w *secretWriter) targetData(ctx context.Context, o *observed) (map[string][]byte, error) {
	if o.Target == nil {
		return nil, nil
	}
	secret, err := w.targets.live.target(ctx, o)
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
func (w *secretWriter) targetConflictOr(ctx context.Context, o *observed, err error) error {
	var uid, resourceVersion string
	if o.Target != nil {
		uid, resourceVersion = o.Target.UID, o.Target.ResourceVersion
	}
	live := secretMetadata(types.NamespacedName{Namespace: o.owner.Namespace, Name: o.TargetName})
	err = w.targets.live.conflictOr(ctx, err, live, uid, resourceVersion)
	if errors.Is(err, errCacheBehind) && live.UID != "" {
		state := tokensecret.StateOf(o.owner, live)
		w.memory.update(o.owner, func(e *entry) { e.keepTarget(o.owner, state) })
	}
	return err
}
