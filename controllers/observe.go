package controllers

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/renewal"
	"github.com/tokensync/tokensync/internal/resolve"
	"github.com/tokensync/tokensync/internal/throttle"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// observer reads the state that decisions are based on.
type observer struct {
	cache       client.Reader
	targets     targetReader
	resolver    *resolve.Resolver
	credentials *credentialsReader
	memory      *memory
	throttle    *throttle.Throttle
	started     func() time.Time
}

// observe reads from the cache. It reads the target live if the cache is behind a write of this operator,
// or if the target may be adopted. It reads a new version of the credentials Secret live. If there is an
// error, the observation is incomplete, but has the last known state of the target.
func (r *observer) observe(ctx context.Context, owner *v1alpha1.ClientCredential, now time.Time) (*observed, error) {
	known := r.memory.snapshot(owner)
	o := &observed{owner: owner, previous: known.statusOf(owner), remembered: known}
	o.Input = renewal.Input{
		Now:             now,
		Started:         r.started(),
		Policy:          renewal.PolicyOf(owner),
		Generation:      owner.Generation,
		Suspended:       owner.IsSuspended(),
		RenewRequest:    v1alpha1.RenewRequestOf(owner),
		Repairs:         known.repairs,
		IsRecovered:     r.throttle.IsRecovered(o.throttleID()),
		TargetName:      owner.TargetName(),
		TemplateProblem: tokensecret.Check(owner),
		Last: renewal.Last{
			Generation:   ptr.Deref(o.previous.ObservedGeneration, -1),
			RenewRequest: o.previous.LastHandledRenewRequest,
			Failure:      o.previous.Failure,
			Token:        o.previous.Token,
		},
	}
	o.assumeUnchanged(o.previous.Failure)
	requestHash, err := tokensecret.RequestHash(owner.Spec)
	if err != nil {
		return o, fmt.Errorf("hash the spec: %w", err)
	}
	o.RequestHash = requestHash
	target, err := r.targets.read(ctx, owner, known.targetOf(owner))
	o = o.withTarget(target)
	if known.unwritten != nil && o.remembered.unwritten == nil {
		r.memory.update(owner, func(e *entry) { e.setUnwritten(nil) })
	}
	if err != nil {
		return o, err
	}
	if o.server, err = r.resolver.Server(ctx, owner); err != nil && !errors.As(err, &o.DeclarationProblem) {
		return o, err
	}
	o.ServerVersion = o.server.Version
	o.Credentials = nil
	if o.usesSecret() {
		if o.Credentials, err = r.observeCredentials(ctx, owner); err != nil {
			return o, err
		}
		o.Credentials = r.compareCredentials(ctx, o)
	}
	if o.Target.IsFree() {
		o.ConflictingOwner, err = r.conflictingOwner(ctx, owner, known)
	}
	return o, err
}

// assumeUnchanged copies the versions of the server and the credentials from the last failure, until they
// are observed. Otherwise a failed observation would look like a change that may fix the failure.
func (o *observed) assumeUnchanged(failure *v1alpha1.FailureStatus) {
	if failure == nil {
		return
	}
	o.ServerVersion = failure.AuthorizationServerVersion
	if reference := o.owner.Spec.CredentialsRef; reference != nil {
		o.Credentials = &renewal.Credentials{Name: reference.Name, Version: failure.CredentialsVersion}
	}
}

func (r *observer) observeCredentials(ctx context.Context, owner *v1alpha1.ClientCredential) (*renewal.Credentials, error) {
	reference := owner.Spec.CredentialsRef
	secret := secretMetadata(types.NamespacedName{Namespace: owner.Namespace, Name: reference.Name})
	if err := r.cache.Get(ctx, client.ObjectKeyFromObject(secret), secret); err != nil {
		if apierrors.IsNotFound(err) {
			return &renewal.Credentials{Name: reference.Name}, nil
		}
		return nil, fmt.Errorf("read the metadata of credentials Secret %q: %w", reference.Name, err)
	}
	return r.credentials.stateOf(secret), nil
}
