package hostile_test

import (
	"context"
	"slices"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// The control plane of the tests has no garbage collector and no namespace controller. The functions
// below replace them for ClientCredentials and Secrets. They send the same requests as the controllers of
// Kubernetes, in the same order, but list objects instead of watching them.

// collectGarbage runs a garbage collector in a namespace until the spec ends. It deletes each Secret
// whose owner does not exist, with background propagation. While an owner has the finalizer
// foregroundDeletion, it deletes the owner's Secrets. Once no Secret with blockOwnerDeletion is left,
// it removes that finalizer.
func collectGarbage(ctx context.Context, namespace string) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	running.Go(func() {
		defer GinkgoRecover()
		// Nothing depends on the length of this period.
		ticker := time.NewTicker(5 * time.Millisecond)
		defer ticker.Stop()
		for ctx.Err() == nil {
			if err := collectOnce(ctx, namespace); ctx.Err() == nil {
				Expect(err).NotTo(HaveOccurred())
			}
			<-ticker.C
		}
	})
	DeferCleanup(func() {
		cancel()
		running.Wait()
	})
}

func collectOnce(ctx context.Context, namespace string) error {
	// List the dependents first: an owner that is missing afterwards is gone for good.
	secrets, owners := &corev1.SecretList{}, &v1alpha1.ClientCredentialList{}
	if err := apiServer.List(ctx, secrets, client.InNamespace(namespace)); err != nil {
		return err
	}
	if err := apiServer.List(ctx, owners, client.InNamespace(namespace)); err != nil {
		return err
	}
	living := map[string]bool{}
	for i := range owners.Items {
		owner := &owners.Items[i]
		living[string(owner.UID)] = true
		if !slices.Contains(owner.Finalizers, metav1.FinalizerDeleteDependents) || owner.DeletionTimestamp == nil {
			continue
		}
		if err := collectForeground(ctx, owner, secrets.Items); err != nil {
			return err
		}
	}
	for i := range secrets.Items {
		secret := &secrets.Items[i]
		// A Secret can be deleted in the foreground too. It has no dependents to wait for.
		if err := endForeground(ctx, secret); err != nil {
			return err
		}
		owner := metav1.GetControllerOf(secret)
		if owner == nil || living[string(owner.UID)] || secret.DeletionTimestamp != nil {
			continue
		}
		if err := collect(ctx, secret); err != nil {
			return err
		}
	}
	return nil
}

func collectForeground(ctx context.Context, owner *v1alpha1.ClientCredential, secrets []corev1.Secret) error {
	blocked := false
	for i := range secrets {
		for _, reference := range secrets[i].OwnerReferences {
			if reference.UID != owner.UID {
				continue
			}
			blocked = blocked || ptr.Deref(reference.BlockOwnerDeletion, false)
			if secrets[i].DeletionTimestamp == nil {
				if err := collect(ctx, &secrets[i]); err != nil {
					return err
				}
			}
		}
	}
	if blocked {
		return nil
	}
	return endForeground(ctx, owner)
}

// endForeground removes the finalizer foregroundDeletion from an object without dependents.
func endForeground(ctx context.Context, object client.Object) error {
	before, ok := object.DeepCopyObject().(client.Object)
	if !ok || object.GetDeletionTimestamp() == nil || !controllerutil.RemoveFinalizer(object, metav1.FinalizerDeleteDependents) {
		return nil
	}
	err := apiServer.Patch(ctx, object, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
	if apierrors.IsConflict(err) {
		return nil
	}
	return client.IgnoreNotFound(err)
}

func collect(ctx context.Context, secret *corev1.Secret) error {
	return client.IgnoreNotFound(apiServer.Delete(ctx, secret,
		client.Preconditions{UID: &secret.UID}, client.PropagationPolicy(metav1.DeletePropagationBackground)))
}

// endNamespace deletes a namespace, so that nothing can be created in it. Then it deletes the objects
// in it, one kind after the other. The namespace controller does the same, but in a random order of
// kinds.
func endNamespace(ctx context.Context, namespace string, kinds ...client.Object) {
	GinkgoHelper()
	Expect(apiServer.Delete(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}})).To(Succeed())
	for _, kind := range kinds {
		Expect(apiServer.DeleteAllOf(ctx, kind, client.InNamespace(namespace),
			client.PropagationPolicy(metav1.DeletePropagationBackground))).To(Succeed())
	}
}
