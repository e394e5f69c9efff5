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

// replace writes the whole status, of which no other has a part. An apply
// would leave there what others once wrote. The error is a conflict if the object is not in
// the version that the status rests on. written names the object, and is filled with it.
func (w statusWriter) replace(ctx context.Context, written client.Object, uid types.UID, version string, status any) error {
	patch, err := json.Marshal([]map[string]any{
		{"op": "test", "path": "/metadata/uid", "value": uid},
		// Not a test: only this makes a conflict of a difference.
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
