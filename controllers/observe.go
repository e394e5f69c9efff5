package controllers

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/renewal"
	"github.com/tokensync/tokensync/internal/resolve"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// observed is what was seen of one ClientCredential at one instant.
type observed struct {
	renewal.Input

	owner *v1alpha1.ClientCredential
	// server is its authorization server, completed by the profile; empty when the
	// Declaration says what is wrong with it.
	server resolve.Declaration
	// previous is the status before.
	previous v1alpha1.ClientCredentialStatus
	// journey is nil before a step may do something.
	journey *journey
	// replaces tells that the target has another type than is wanted. The type of a
	// Secret cannot be changed.
	replaces bool
	// expiry reports an expired token during a step.
	expiry expiryWatch
	// notTakenOver is why the target, which is inherited, could not be taken over.
	notTakenOver *problem.Problem
}

// credentialsVersion is the resourceVersion of the credentials Secret; empty without one.
func (o *observed) credentialsVersion() string {
	if o.Credentials == nil {
		return ""
	}
	return o.Credentials.Version
}

// usesSecret tells whether anything of a credentials Secret is needed.
func (o *observed) usesSecret() bool {
	return o.owner.Spec.CredentialsRef != nil && (o.Declaration != nil || o.server.UsesSecret(o.owner))
}

// lostTarget reports whether there was a token, and the Secret that held it is gone.
func (r *Reconciler) lostTarget(o *observed) bool {
	return o.Target == nil && (o.previous.Token != nil || r.memory.target(o.owner) != nil)
}

// key is how the ClientCredential is known to the throttle.
func (o *observed) key() string { return client.ObjectKeyFromObject(o.owner).String() }

// observe reads from the cache alone, except where the cache is known to be
// behind what this operator wrote, and except the credentials of a new version of their Secret. With an error, what was observed is incomplete, but
// holds the target, as far as it is known.
func (r *Reconciler) observe(ctx context.Context, owner *v1alpha1.ClientCredential, now time.Time) (*observed, error) {
	o := &observed{owner: owner, previous: r.memory.status(owner)}
	o.Input = renewal.Input{
		Now:          now,
		Started:      r.started(),
		Policy:       policyOf(owner),
		Generation:   owner.Generation,
		Suspended:    owner.IsSuspended(),
		RenewRequest: v1alpha1.RenewRequestOf(owner),
		Repairs:      r.memory.repairs(owner),
		IsRecovered:  r.Throttle.IsRecovered(client.ObjectKeyFromObject(owner).String()),
		TargetName:   owner.TargetName(),
		Template:     tokensecret.Check(owner),
		Last: renewal.Last{
			Generation:   ptr.Deref(o.previous.ObservedGeneration, -1),
			RenewRequest: o.previous.LastHandledRenewRequest,
			Failure:      o.previous.Failure,
			Token:        o.previous.Token,
		},
	}
	o.assume(o.previous.Failure)
	requestHash, err := tokensecret.RequestHash(owner.Spec)
	if err != nil {
		return o, fmt.Errorf("hash the spec: %w", err)
	}
	o.RequestHash = requestHash
	target, err := r.observeTarget(ctx, owner)
	r.seeTarget(o, target)
	if err != nil {
		return o, err
	}
	if o.server, err = r.observeServer(ctx, owner); err != nil && !errors.As(err, &o.Declaration) {
		return o, err
	}
	o.ServerVersion = o.server.Version
	o.Credentials = nil
	if o.usesSecret() {
		if o.Credentials, err = r.observeCredentials(ctx, owner); err != nil {
			return o, err
		}
		r.compareCredentials(ctx, o)
	}
	if o.Target.IsFree() {
		o.Rival, err = r.rival(ctx, owner)
	}
	return o, err
}

// observeServer finds the authorization server. What makes it unusable is a *problem.Problem.
func (r *Reconciler) observeServer(ctx context.Context, owner *v1alpha1.ClientCredential) (resolve.Declaration, error) {
	if isOutline(owner) {
		return resolve.Declaration{}, oauth2.SpecTooLarge("the spec")
	}
	return r.resolver.Server(ctx, owner)
}

// assume takes over from the last failure what is not observed yet, so that an
// observation that fails does not look like a change that cures it.
func (o *observed) assume(failure *v1alpha1.FailureStatus) {
	if failure == nil {
		return
	}
	o.ServerVersion = failure.AuthorizationServerVersion
	if reference := o.owner.Spec.CredentialsRef; reference != nil {
		o.Credentials = &renewal.Credentials{Name: reference.Name, Version: failure.CredentialsVersion}
	}
}

func policyOf(owner *v1alpha1.ClientCredential) renewal.Policy {
	policy := renewal.Policy{
		BeforePercentage: owner.Spec.RenewBeforePercentage,
		Seed:             string(owner.UID),
	}
	if owner.Spec.RenewBefore != nil {
		policy.Before = owner.Spec.RenewBefore.Duration
	}
	return policy
}

func (r *Reconciler) observeCredentials(ctx context.Context, owner *v1alpha1.ClientCredential) (*renewal.Credentials, error) {
	reference := owner.Spec.CredentialsRef
	secret := secretMetadata(types.NamespacedName{Namespace: owner.Namespace, Name: reference.Name})
	if err := r.Client.Get(ctx, client.ObjectKeyFromObject(secret), secret); err != nil {
		if apierrors.IsNotFound(err) {
			return &renewal.Credentials{Name: reference.Name}, nil
		}
		return nil, fmt.Errorf("read the metadata of credentials Secret %q: %w", reference.Name, err)
	}
	return r.credentialsOf(secret), nil
}

func (r *Reconciler) credentialsOf(secret metav1.Object) *renewal.Credentials {
	return &renewal.Credentials{
		Name:    secret.GetName(),
		Version: secret.GetResourceVersion(),
		Issued:  secret.GetAnnotations()[v1alpha1.FingerprintAnnotation] != "",
		Allowed: r.Policy.MayUse(secret.GetLabels()),
	}
}

func (r *Reconciler) observeTarget(ctx context.Context, owner *v1alpha1.ClientCredential) (*tokensecret.State, error) {
	secret := secretMetadata(types.NamespacedName{Namespace: owner.Namespace, Name: owner.TargetName()})
	key := client.ObjectKeyFromObject(secret)
	err := r.Client.Get(ctx, key, secret)
	written := r.memory.target(owner)
	if client.IgnoreNotFound(err) == nil && written != nil && older(secret.ResourceVersion, written.ResourceVersion) {
		// The cache does not show the last write yet, so read the Secret live.
		secret = secretMetadata(key)
		err = r.APIReader.Get(ctx, key, secret)
	}
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return written, fmt.Errorf("read the metadata of token Secret %q: %w", key.Name, err)
	}
	state := tokensecret.StateOf(owner, secret)
	if !state.Adoptable {
		return state, nil
	}
	// The cache holds metadata only, so read live whether the Secret fits.
	live := &corev1.Secret{}
	if err := r.APIReader.Get(ctx, key, live); err != nil {
		if apierrors.IsNotFound(err) {
			return nil, nil
		}
		return state, fmt.Errorf("read Secret %q before its adoption: %w", key.Name, err)
	}
	state = tokensecret.StateOf(owner, live)
	state.Unfit = tokensecret.Unfit(owner, live)
	return state, nil
}
