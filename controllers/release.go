package controllers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

const (
	// aloneHold is how long a credentials Secret is held that is deleted while no
	// ClientCredential is. Tools that delete both do so within seconds, in any order.
	aloneHold = 10 * time.Second
	// maxHold bounds every hold, whatever is deleted or created meanwhile: a ClientCredential
	// that is deleted at the end of aloneHold still has all its time.
	maxHold = aloneHold + revocationPatience
)

// holdReconciler removes the finalizer from Secrets that no revocation needs any more.
type holdReconciler struct{ *Reconciler }

const (
	holdsName   = "heldsecret"
	holdWorkers = 16
)

// addHolds adds the reconciler of held Secrets.
func (r *Reconciler) addHolds(mgr manager.Manager, options controller.Options) error {
	workers, err := r.addWorkers(mgr, holdsName, holdWorkers)
	if err != nil {
		return err
	}
	return builder.ControllerManagedBy(mgr).
		Named(holdsName).
		WatchesRawSource(workers.source()).
		For(&corev1.Secret{}, builder.OnlyMetadata, builder.WithPredicates(predicate.NewPredicateFuncs(func(secret client.Object) bool {
			return tokensecret.IsHeld(secret) || r.memory.hasSecret(client.ObjectKeyFromObject(secret))
		}))).
		Watches(&v1alpha1.ClientCredential{}, handler.EnqueueRequestsFromMapFunc(r.neededSecrets), builder.WithPredicates(mayRelease())).
		WithOptions(controller.Options{
			MaxConcurrentReconciles: holdWorkers, ReconciliationTimeout: options.ReconciliationTimeout,
			SkipNameValidation: options.SkipNameValidation, RateLimiter: options.RateLimiter, NewQueue: options.NewQueue,
		}).
		Complete(workers.share(r.watched(holdsName, &holdReconciler{r})))
}

// neededSecrets are the Secrets that the revocation for a ClientCredential needs.
func (r *Reconciler) neededSecrets(ctx context.Context, object client.Object) []reconcile.Request {
	owner, ok := object.(*v1alpha1.ClientCredential)
	if !ok {
		return nil
	}
	target := reconcile.Request{NamespacedName: client.ObjectKeyFromObject(owner)}
	target.Name = owner.TargetName()
	requests := []reconcile.Request{target}
	if reference := owner.Spec.CredentialsRef; reference != nil {
		credentials := target
		credentials.Name = reference.Name
		requests = append(requests, credentials)
	}
	former, err := r.formerTargets(ctx, owner, owner.Status.Token)
	if err != nil {
		logger(ctx).Error(err, "Cannot list the Secrets of former targets in the cache", "namespace", owner.Namespace)
	}
	for i := range former {
		requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&former[i])})
	}
	return requests
}

// mayRelease lets through what may make a revocation need a Secret no more.
func mayRelease() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc:  func(event.CreateEvent) bool { return false },
		GenericFunc: func(event.GenericEvent) bool { return false },
		UpdateFunc: func(e event.UpdateEvent) bool {
			return tokensecret.IsHeld(e.ObjectOld) &&
				(!tokensecret.IsHeld(e.ObjectNew) || e.ObjectOld.GetGeneration() != e.ObjectNew.GetGeneration() ||
					tokenSecretOf(e.ObjectOld) != tokenSecretOf(e.ObjectNew))
		},
	}
}

// tokenSecretOf returns the Secret that the status of a ClientCredential names; empty without one.
func tokenSecretOf(object client.Object) string {
	if owner, ok := object.(*v1alpha1.ClientCredential); ok && owner.Status.Token != nil {
		return owner.Status.Token.SecretName
	}
	return ""
}

// Reconcile releases one Secret, if it is time.
func (r *holdReconciler) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	ctx, cancel := r.bound(ctx)
	defer cancel()
	secret := secretMetadata(request.NamespacedName)
	if err := r.Client.Get(ctx, request.NamespacedName, secret); err != nil {
		if apierrors.IsNotFound(err) {
			r.memory.forgetSecret(request.NamespacedName)
		}
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	if !tokensecret.IsHeld(secret) {
		return reconcile.Result{}, nil
	}
	users, err := r.usersOf(ctx, secret)
	if err != nil || (len(users) > 0 && secret.DeletionTimestamp == nil) {
		return reconcile.Result{}, err
	}
	hold, err := r.holdFor(ctx, secret, users)
	if err != nil {
		return reconcile.Result{}, err
	}
	now := r.Clock.Now()
	if until := r.memory.endsSince(secret, now).Add(hold); now.Before(until) {
		return requeueBy(r.Clock.Now(), until), nil
	}
	return reconcile.Result{}, r.release(ctx, secret)
}

// release removes the finalizer from a Secret.
func (r *Reconciler) release(ctx context.Context, secret *metav1.PartialObjectMetadata) error {
	uid := secret.UID
	err := r.patchSecret(ctx, secret, tokensecret.Release(uid, ""))
	if err != nil && !r.isGone(ctx, err, secretMetadata(client.ObjectKeyFromObject(secret)), uid) {
		return fmt.Errorf("remove the finalizer %s from Secret %q: %w", v1alpha1.RevokeTokenFinalizer, secret.Name, quiet(err))
	}
	return nil
}

// releaseFor releases the Secrets that only the given ClientCredential needed, whose revocation
// has ended. An operator that ends sees no event of that.
func (r *Reconciler) releaseFor(ctx context.Context, owner *v1alpha1.ClientCredential) error {
	var failed error
	for _, request := range r.neededSecrets(ctx, owner) {
		secret := secretMetadata(request.NamespacedName)
		err := r.Client.Get(ctx, request.NamespacedName, secret)
		if apierrors.IsNotFound(err) {
			continue
		}
		var users []user
		if err == nil {
			users, err = r.usersOf(ctx, secret)
		}
		isNeeded := slices.ContainsFunc(users, func(u user) bool { return u.UID != owner.UID })
		if err == nil && !isNeeded && tokensecret.IsHeld(secret) {
			err = r.release(ctx, secret)
		}
		failed = errors.Join(failed, err)
	}
	return failed
}

// user is a ClientCredential whose revocation needs a Secret.
type user struct {
	*v1alpha1.ClientCredential
	// isOwner is true if the Secret holds its token, and not its credentials.
	isOwner bool
}

func (r *Reconciler) usersOf(ctx context.Context, secret *metav1.PartialObjectMetadata) (users []user, err error) {
	owners, err := listIn(ctx, r.Client, secret.Namespace, client.MatchingFields{targetIndex: secret.Name})
	if err != nil {
		return nil, fmt.Errorf("list ClientCredentials with target %q: %w", secret.Name, err)
	}
	for i := range owners.Items {
		if owner := &owners.Items[i]; tokensecret.IsHeld(owner) && tokensecret.StateOf(owner, secret).Owned {
			users = append(users, user{owner, true})
		}
	}
	former, err := r.formerOwner(ctx, secret)
	if err != nil {
		return nil, fmt.Errorf("read the owner of Secret %q: %w", secret.Name, err)
	}
	if former != nil && tokensecret.IsHeld(former) {
		users = append(users, user{former, true})
	}
	if !r.credentialsOf(secret).Allowed {
		return users, nil
	}
	clients, err := listIn(ctx, r.Client, secret.Namespace, client.MatchingFields{credentialsIndex: secret.Name})
	if err != nil {
		return nil, fmt.Errorf("list ClientCredentials with credentials %q: %w", secret.Name, err)
	}
	for i := range clients.Items {
		if tokensecret.IsHeld(&clients.Items[i]) {
			users = append(users, user{&clients.Items[i], false})
		}
	}
	return users, nil
}

// holdFor returns how long a Secret that is being deleted is held for its users.
func (r *holdReconciler) holdFor(ctx context.Context, secret *metav1.PartialObjectMetadata, users []user) (time.Duration, error) {
	if slices.ContainsFunc(users, func(u user) bool { return u.DeletionTimestamp != nil }) {
		return maxHold, nil
	}
	if len(users) == 0 {
		return 0, nil
	}
	var hold time.Duration
	for _, user := range users {
		if !user.isOwner {
			hold = aloneHold
			continue
		}
		// The garbage collector may have deleted the Secret for an owner whose deletion the
		// cache does not show yet.
		if err := r.confirmOwner(ctx, user.ClientCredential); err != nil {
			return 0, err
		}
	}
	ends, err := r.namespaceEnds(ctx, secret.Namespace)
	if err != nil {
		return 0, err
	}
	if ends {
		// The ClientCredentials are deleted next.
		hold = maxHold
	}
	return hold, nil
}
