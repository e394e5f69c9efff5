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

	"github.com/tokensync/tokensync/internal/fairshare"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// secretWriter writes token Secrets.
type secretWriter struct {
	client   client.Client
	targets  targetReader
	expiries expiries
	memory   *memory
	// largeTokens limits how many large tokens are handled concurrently.
	largeTokens *fairshare.Slots
	tracing     tracing
}

// delivery is a token to write.
type delivery struct {
	token      *oauth2.Token
	provenance tokensecret.Provenance
	// isNew is true if the server has just returned the token, and false if it is an earlier token.
	isNew bool
	// mustReplace is true if the target has the wrong type, which cannot be changed.
	mustReplace bool
}

// write writes a token to its Secret, unless the Secret has changed since it was observed. So it never
// overwrites a newer token or a Secret of another owner.
func (w *secretWriter) write(ctx context.Context, o *observed, d delivery) (_ *tokensecret.State, err error) {
	ctx, end := w.tracing.span(ctx, "write Secret")
	defer func() { end(err) }()
	// Finish the write even if the operator shuts down.
	ctx, cancel := finishContext(ctx)
	defer cancel()
	record := tokensecret.NewRecord(*d.token, d.provenance)
	configuration, err := tokensecret.Write(o.owner, o.Target, *d.token, record, d.provenance.Credentials.ClientID.Reveal())
	isReplaced := false
	switch {
	case err != nil:
		return nil, w.renderFailure(o, d.token, err)
	case o.Target == nil:
		// Create the Secret, because an apply would overwrite a Secret that another client has created
		// meanwhile.
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
		e.rememberTarget(o.owner, written)
		e.dropUnwritten(d.token.AccessToken)
	})
	logger(ctx).Info("Wrote the token", "secret", o.TargetName, "expiresAt", d.token.ExpiresAt)
	if isReplaced {
		// The new Secret has no stale fields.
		return written, nil
	}
	pruned, err := w.removeStaleFields(ctx, o, record, written.ResourceVersion)
	if err != nil {
		// The token is written. The stale fields count as drift, and their removal is retried.
		return written, w.writeFailure(ctx, o, d.token, configuration, err)
	}
	if pruned != "" {
		changed := *written
		changed.ResourceVersion = pruned
		written = &changed
		w.memory.update(o.owner, func(e *entry) { e.rememberTarget(o.owner, written) })
	}
	return written, nil
}

// removeStaleFields removes the fields that an earlier template or declaration added to the Secret. It
// returns the new resourceVersion; empty if there are no stale fields.
func (w *secretWriter) removeStaleFields(ctx context.Context, o *observed, record tokensecret.Record, written string) (version string, err error) {
	patch := tokensecret.PrunePatch(o.owner, o.Target, record, written)
	if patch == nil {
		return "", nil
	}
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: o.owner.Namespace, Name: o.TargetName}}
	err = w.client.Patch(ctx, secret, client.RawPatch(types.StrategicMergePatchType, patch), client.FieldOwner(tokensecret.FieldManager))
	return secret.ResourceVersion, err
}

// maxRenderFailures is the maximum number of consecutive tokens that a template may fail to render. After
// that, the operator requests one token an hour, because each attempt needs a new token.
const maxRenderFailures = 12

// renderFailure returns the problem of a template that cannot render the token. If the template may render
// another response, the next attempt requests a new token.
func (w *secretWriter) renderFailure(o *observed, token *oauth2.Token, err error) error {
	failure := problem.Of(err)
	if failure == nil || failure.Class != problem.MayPass {
		return err
	}
	var failures int
	w.memory.update(o.owner, func(e *entry) { failures = e.addRenderFailure(o.owner, token.AccessToken) })
	if failures == 0 || failures > maxRenderFailures {
		// Retry only once an hour: this token is already in the Secret or was not remembered, or the template
		// has failed for too many tokens in a row.
		return failure.WithClass(problem.Invalid)
	}
	return failure
}

// dryRun retries the last failed write as a dry run, if the unwritten token has expired. While the API
// server refuses the Secret, a request for a new token would be useless.
func (w *secretWriter) dryRun(ctx context.Context, o *observed, mustReplace bool) error {
	unwritten := o.remembered.unwritten
	if unwritten == nil || o.Now.Before(unwritten.token.ExpiresAt) || mustReplace || o.IsRenewRequested() {
		return nil
	}
	if unwritten.size() > maxSmallBytes {
		defer w.largeTokens.Enter(ctx, o.owner.Namespace)()
	}
	record := tokensecret.NewRecord(unwritten.token, unwritten.provenance)
	configuration, err := tokensecret.Write(o.owner, o.Target, unwritten.token, record, unwritten.provenance.Credentials.ClientID.Reveal())
	if err != nil {
		// The template may be able to render another token.
		w.memory.update(o.owner, func(e *entry) { e.setUnwritten(nil) })
		// If the template is wrong, the write of the next token reports it.
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
	return w.writeFailure(ctx, o, &unwritten.token, configuration, err)
}

// writeFailure returns the problem of a failed write, with the message of the API server. The data of the
// old and the new Secret is redacted from the message, because an admission webhook may quote it.
func (w *secretWriter) writeFailure(ctx context.Context, o *observed, token *oauth2.Token, configuration *corev1ac.SecretApplyConfiguration, err error) *problem.Problem {
	name, message := o.TargetName, withoutMessage(err).Error()
	if old, readErr := w.targetData(ctx, o); readErr == nil {
		hidden := append(sensitive(configuration.Data), sensitive(old)...)
		message = shorten(token.Redact(err.Error(), hidden...))
	}
	// The dry run of a replacement uses a generated name, so replace that name with the real name.
	message = regexp.MustCompile(regexp.QuoteMeta(name)+"-[a-z0-9]{5}\\b").ReplaceAllString(message, name)
	isInvalid := apierrors.IsInvalid(err) || apierrors.IsRequestEntityTooLargeError(err)
	return problem.SecretNotWritten(apiFailureClass(err), name, message, isInvalid, w.memory.snapshot(o.owner).isDropped)
}

// targetData reads the data of the target; nil if the target does not exist.
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

// targetConflictOr returns errCacheBehind if the target has changed since it was observed, and err
// otherwise.
func (w *secretWriter) targetConflictOr(ctx context.Context, o *observed, err error) error {
	var uid, resourceVersion string
	if o.Target != nil {
		uid, resourceVersion = o.Target.UID, o.Target.ResourceVersion
	}
	live := secretMetadata(types.NamespacedName{Namespace: o.owner.Namespace, Name: o.TargetName})
	err = w.targets.live.conflictOr(ctx, err, live, uid, resourceVersion)
	if errors.Is(err, errCacheBehind) && live.UID != "" {
		state := tokensecret.StateOf(o.owner, live)
		w.memory.update(o.owner, func(e *entry) { e.rememberTarget(o.owner, state) })
	}
	return err
}
