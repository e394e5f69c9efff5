package tokensecret

import (
	"encoding/json"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// IsHeld reports whether an object has the finalizer that blocks its deletion until a token is revoked.
func IsHeld(object metav1.Object) bool {
	return slices.Contains(object.GetFinalizers(), v1alpha1.RevokeTokenFinalizer)
}

// HoldPatch returns a strategic merge patch that adds the finalizer to the Secret with the given UID.
func HoldPatch(uid types.UID) []byte {
	return metadataPatch(map[string]any{"uid": uid, "finalizers": []string{v1alpha1.RevokeTokenFinalizer}})
}

// ReleasePatch returns a strategic merge patch that removes the finalizer from the Secret with the given UID. The
// patch fails if the Secret has another resourceVersion. An empty resourceVersion matches any version.
func ReleasePatch(uid types.UID, resourceVersion string) []byte {
	metadata := map[string]any{"uid": uid, "$deleteFromPrimitiveList/finalizers": []string{v1alpha1.RevokeTokenFinalizer}}
	if resourceVersion != "" {
		metadata["resourceVersion"] = resourceVersion
	}
	return metadataPatch(metadata)
}

func metadataPatch(metadata map[string]any) []byte {
	// Encoding strings never fails.
	patch, _ := json.Marshal(map[string]any{"metadata": metadata})
	return patch
}

// HoldsToken reports whether the Secret holds an unexpired token that the operator wrote, for this spec or an
// earlier spec.
func (s *State) HoldsToken(now time.Time) bool {
	return s != nil && s.Owned && s.Record != nil && !s.Tampered && now.Before(s.Record.ExpiresAt)
}

// IsTerminating reports whether the Secret is being deleted and waits only for the operator's own finalizer.
func (s *State) IsTerminating() bool {
	return s != nil && slices.Equal(s.Finalizers, []string{v1alpha1.RevokeTokenFinalizer})
}
