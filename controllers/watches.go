package controllers

import (
	"context"
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/resolve"
)

// watches finds the ClientCredentials that an event affects.
type watches struct{ cache client.Reader }

// labelsChanged passes updates of labels, which may change the servers that a namespace may use.
func labelsChanged() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc:  func(event.CreateEvent) bool { return false },
		DeleteFunc:  func(event.DeleteEvent) bool { return false },
		GenericFunc: func(event.GenericEvent) bool { return false },
		UpdateFunc:  predicate.LabelChangedPredicate{}.Update,
	}
}

// specOrRenewRequestChanged passes changes that may need a token request or a change of the status. It
// drops changes of labels, of other annotations and of the status.
func specOrRenewRequestChanged() predicate.Predicate {
	return predicate.Or(
		predicate.GenerationChangedPredicate{},
		finalizersChanged(),
		predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
			return resolve.IsOutline(e.ObjectOld) != resolve.IsOutline(e.ObjectNew) ||
				e.ObjectOld.GetAnnotations()[v1alpha1.RenewRequestedAtAnnotation] !=
					e.ObjectNew.GetAnnotations()[v1alpha1.RenewRequestedAtAnnotation]
		}},
	)
}

// finalizersChanged passes updates of finalizers, such as those of this operator.
func finalizersChanged() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc:  func(event.CreateEvent) bool { return false },
		DeleteFunc:  func(event.DeleteEvent) bool { return false },
		GenericFunc: func(event.GenericEvent) bool { return false },
		UpdateFunc: func(e event.UpdateEvent) bool {
			return !slices.Equal(e.ObjectOld.GetFinalizers(), e.ObjectNew.GetFinalizers())
		},
	}
}

// targetReleased passes updates and deletions that may free a target for another ClientCredential.
func targetReleased() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc:  func(event.CreateEvent) bool { return false },
		GenericFunc: func(event.GenericEvent) bool { return false },
		UpdateFunc: func(e event.UpdateEvent) bool {
			before, ok := e.ObjectOld.(*v1alpha1.ClientCredential)
			after, alsoOK := e.ObjectNew.(*v1alpha1.ClientCredential)
			return ok && alsoOK && (before.TargetName() != after.TargetName() ||
				(tokenSecretOf(before) != "" && tokenSecretOf(before) != tokenSecretOf(after)))
		},
	}
}

// sharingTarget returns the ClientCredentials with the same target.
func (w watches) sharingTarget(ctx context.Context, object client.Object) []reconcile.Request {
	clientCredential, ok := object.(*v1alpha1.ClientCredential)
	if !ok {
		return nil
	}
	return w.requests(ctx, object.GetNamespace(), client.MatchingFields{targetIndex: clientCredential.TargetName()})
}

// usingSecret returns the ClientCredentials that write to a Secret or read from it.
func (w watches) usingSecret(ctx context.Context, secret client.Object) []reconcile.Request {
	return append(
		w.requests(ctx, secret.GetNamespace(), client.MatchingFields{targetIndex: secret.GetName()}),
		w.requests(ctx, secret.GetNamespace(), client.MatchingFields{credentialsIndex: secret.GetName()})...)
}

// usingServer returns the ClientCredentials that name an authorization server.
func (w watches) usingServer(ctx context.Context, object client.Object) []reconcile.Request {
	named, ok := object.(server)
	if !ok {
		return nil
	}
	return w.requests(ctx, object.GetNamespace(), client.MatchingFields{serverIndex: serverIndexKey(resolve.KindOf(named), object.GetName())})
}

// inNamespace returns the ClientCredentials of a namespace that name a ClusterAuthorizationServer.
func (w watches) inNamespace(ctx context.Context, namespace client.Object) []reconcile.Request {
	return w.requests(ctx, namespace.GetName(), client.MatchingFields{serverIndex: string(v1alpha1.AuthorizationServerCluster)})
}

func (w watches) requests(ctx context.Context, namespace string, fields client.MatchingFields) []reconcile.Request {
	list, err := listIn(ctx, w.cache, namespace, fields)
	if err != nil {
		logger(ctx).Error(err, "Cannot list ClientCredentials in the cache", "namespace", namespace)
		return nil
	}
	requests := make([]reconcile.Request, len(list.Items))
	for i := range list.Items {
		requests[i].NamespacedName = client.ObjectKeyFromObject(&list.Items[i])
	}
	return requests
}

// tokenSecretOf returns the name of the Secret in the status of a ClientCredential; empty if there is
// none.
func tokenSecretOf(object client.Object) string {
	if owner, ok := object.(*v1alpha1.ClientCredential); ok && owner.Status.Token != nil {
		return owner.Status.Token.SecretName
	}
	return ""
}
