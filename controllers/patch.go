package controllers

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/internal/tokensecret"
)

// patchSecret sends a strategic merge patch for the metadata of a Secret, and updates secret from the
// response.
func patchSecret(ctx context.Context, to client.Client, secret *metav1.PartialObjectMetadata, patch []byte) error {
	return to.Patch(ctx, secret, client.RawPatch(types.StrategicMergePatchType, patch), client.FieldOwner(tokensecret.FieldManager))
}
