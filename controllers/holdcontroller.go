package controllers

import (
	"context"
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
	// secretOnlyHold is how long a credentials Secret is held if only the Secret is being deleted, and no
	// ClientCredential. Tools that delete both delete them within seconds of each other, in any order.
	secretOnlyHold = 10 * time.Second
	// maxHold bounds every hold, even if objects are deleted or created meanwhile. A ClientCredential that
	// is deleted at the end of secretOnlyHold still has the full revocationTimeout.
	maxHold = secretOnlyHold + revocationTimeout
)

// holdReconciler removes the finalizer from Secrets that no revocation needs any more.
type holdReconciler struct {
	*holder
	timeout time.Duration
}

const (
	holdsName   = "heldsecret"
	holdWorkers = 16
)

// addHolds adds the reconciler of held Secrets.
func (o *Operator) addHolds(mgr manager.Manager, holder *holder, options controller.Options) error {
	workers, waiting, err := addWorkers(mgr, o.Clock, holdsName, holdWorkers)
	if err != nil {
		return err
	}
	options.MaxConcurrentReconciles = holdWorkers
	return builder.ControllerManagedBy(mgr).
		Named(holdsName).
		WatchesRawSource(waiting).
		For(&corev1.Secret{}, builder.OnlyMetadata, builder.WithPredicates(predicate.NewPredicateFuncs(func(secret client.Object) bool {
			return tokensecret.IsHeld(secret) || holder.held.has(secret)
		}))).
		Watches(&v1alpha1.ClientCredential{}, handler.EnqueueRequestsFromMapFunc(holder.neededSecrets), builder.WithPredicates(mayRelease())).
		WithOptions(options).
		Complete(workers.share(o.watched(holdsName, &holdReconciler{holder: holder, timeout: o.Timeout})))
}

// mayRelease passes updates and deletions after which a revocation may no longer need a Secret.
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

// Reconcile removes the finalizer from one Secret if no revocation needs it or its hold is over.
func (r *holdReconciler) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	secret := secretMetadata(request.NamespacedName)
	if err := r.client.Get(ctx, request.NamespacedName, secret); err != nil {
		if apierrors.IsNotFound(err) {
			r.held.forget(request.NamespacedName)
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
	now := r.clock.Now()
	if until := r.held.recordDeletion(secret, now).Add(hold); now.Before(until) {
		return requeueBy(now, until), nil
	}
	return reconcile.Result{}, r.release(ctx, secret)
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
			hold = secretOnlyHold
			continue
		}
		// The garbage collector may have deleted the Secret after its owner. The cache may not show the
		// deletion of the owner yet.
		if err := r.live.confirmOwner(ctx, user.ClientCredential); err != nil {
			return 0, err
		}
	}
	isTerminating, err := r.live.isNamespaceTerminating(ctx, secret.Namespace)
	if err != nil {
		return 0, err
	}
	if isTerminating {
		// The ClientCredentials are deleted next.
		hold = maxHold
	}
	return hold, nil
}
