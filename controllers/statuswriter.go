package controllers

import (
	"context"
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/internal/tokensecret"
)

// statusWriter writes the status of objects.
type statusWriter struct{ client client.Client }

// replace replaces the whole status, because only the operator writes it. An apply would leave fields of
// other field managers. The error is a conflict if the resourceVersion of the object is not version.
// written names the object, and the response fills it.
func (w statusWriter) replace(ctx context.Context, written client.Object, uid types.UID, version string, status any) error {
	patch, err := json.Marshal([]map[string]any{
		{"op": "test", "path": "/metadata/uid", "value": uid},
		// Use add, not test, so that the API server answers a different resourceVersion with a conflict.
		{"op": "add", "path": "/metadata/resourceVersion", "value": version},
		{"op": "add", "path": "/status", "value": status},
	})
	if err != nil {
		return fmt.Errorf("encode the status: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, reportTimeout)
	defer cancel()
	if err := w.client.Status().Patch(ctx, written, client.RawPatch(types.JSONPatchType, patch), client.FieldOwner(tokensecret.FieldManager)); err != nil {
		return fmt.Errorf("write the status: %w", err)
	}
	return nil
}
