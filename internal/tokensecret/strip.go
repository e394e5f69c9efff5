package tokensecret

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

const (
	// maxMetadata is the maximum size of the metadata of a token Secret in the cache, in bytes as protobuf.
	// The operator writes far less. If a Secret has more, its owner is unknown.
	maxMetadata = 64 << 10
	// maxFinalizers is the maximum number of foreign finalizers in the cache. Messages show them.
	maxFinalizers = 8
	// maxReference is the maximum length of each foreign text in the cache. No name is longer.
	maxReference = 256
)

// strippedAnnotation marks a Secret in the cache whose metadata was too large, so that its owner is unknown.
const strippedAnnotation = "oauth2.tokensync.dev/stripped"

// Strip removes metadata of a Secret that the operator does not read. So the cache stays small, regardless of
// the number and the metadata of Secrets. Token Secrets keep their labels, annotations and managed fields.
func Strip(secret *metav1.PartialObjectMetadata) {
	stripFinalizers(secret)
	// Keep the annotation in a second Strip.
	_, isStripped := secret.Annotations[strippedAnnotation]
	if secret.Annotations[v1alpha1.FingerprintAnnotation] != "" || secret.Annotations[v1alpha1.OwnerUIDAnnotation] != "" {
		delete(secret.Annotations, corev1.LastAppliedConfigAnnotation)
		if secret.ObjectMeta.Size() <= maxMetadata {
			return
		}
		secret.OwnerReferences, isStripped = nil, true
	}
	secret.OwnerReferences = controllerOf(secret)
	maps.DeleteFunc(secret.Labels, func(key, _ string) bool { return key != v1alpha1.UsageLabel })
	kept := map[string]string{}
	if adoptableBy, isAdoptable := secret.Annotations[v1alpha1.AdoptableByAnnotation]; isAdoptable {
		kept[v1alpha1.AdoptableByAnnotation] = cut(adoptableBy)
	}
	if isStripped {
		kept[strippedAnnotation] = "true"
	}
	secret.Annotations, secret.ManagedFields = nil, nil
	if len(kept) > 0 {
		secret.Annotations = kept
	}
}

// stripFinalizers keeps the operator's own finalizer and some foreign finalizers.
func stripFinalizers(secret *metav1.PartialObjectMetadata) {
	if len(secret.Finalizers) <= maxFinalizers {
		return
	}
	isHeld := IsHeld(secret)
	kept := slices.DeleteFunc(slices.Clone(secret.Finalizers[:maxFinalizers]), func(finalizer string) bool {
		return finalizer == v1alpha1.RevokeTokenFinalizer
	})
	if isHeld {
		kept = append(kept, v1alpha1.RevokeTokenFinalizer)
	}
	secret.Finalizers = kept
}

// controllerOf returns the controller reference of a Secret, if it exists, with its texts cut.
func controllerOf(secret *metav1.PartialObjectMetadata) []metav1.OwnerReference {
	controller := metav1.GetControllerOf(secret)
	if controller == nil {
		return nil
	}
	for _, text := range []*string{&controller.APIVersion, &controller.Kind, &controller.Name} {
		*text = cut(*text)
	}
	controller.UID = types.UID(cut(string(controller.UID)))
	return []metav1.OwnerReference{*controller}
}

// cut returns the beginning of a text as a copy, so that the long text can be freed.
func cut(text string) string {
	return strings.Clone(strings.ToValidUTF8(text[:min(len(text), maxReference)], ""))
}
