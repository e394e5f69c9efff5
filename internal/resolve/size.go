package resolve

import (
	"encoding/json"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
)

// OutlinedAnnotation marks an object whose spec is too large: the operator's cache holds only an outline of
// it. If a user sets the annotation on an object, the spec of that object is refused too.
const OutlinedAnnotation = "oauth2.tokensync.dev/outlined"

// maxSpecBytes bounds a spec as JSON, together with the finalizers of its object. The operator keeps both of
// all tenants in memory.
const maxSpecBytes = 64 << 10

// IsOutline reports whether an object is only the outline of an object.
func IsOutline(object client.Object) bool {
	_, isOutline := object.GetAnnotations()[OutlinedAnnotation]
	return isOutline
}

// IsTooLarge reports whether the spec of an object of tokensync, together with its finalizers, is too large to
// be used.
func IsTooLarge(object client.Object) (bool, error) {
	if IsOutline(object) {
		return true, nil
	}
	raw, err := json.Marshal([]any{specOf(object), object.GetFinalizers()})
	if err != nil {
		return false, fmt.Errorf("encode the spec of %s %q: %w", object.GetObjectKind().GroupVersionKind().Kind, object.GetName(), err)
	}
	return len(raw) > maxSpecBytes, nil
}

func specOf(object client.Object) any {
	switch object := object.(type) {
	case *v1alpha1.ClientCredential:
		return object.Spec
	case *v1alpha1.AuthorizationServer:
		return object.Spec
	case *v1alpha1.ClusterAuthorizationServer:
		return object.Spec
	}
	return nil
}

// CheckSize returns an error if the spec of an object is too large. name names the spec in the message.
func CheckSize(name string, object client.Object) error {
	isTooLarge, err := IsTooLarge(object)
	if err == nil && isTooLarge {
		return specTooLarge(name)
	}
	return err
}

// checkOutline returns an error if an object is an outline. name names the spec in the message.
func checkOutline(name string, object client.Object) error {
	if IsOutline(object) {
		return specTooLarge(name)
	}
	return nil
}

func specTooLarge(name string) *problem.Problem {
	return problem.Stalled(v1alpha1.ReasonSpecTooLarge,
		"%s has more than %d KiB of JSON, and is not used: make its values shorter, or put them into the credentials Secret",
		name, maxSpecBytes>>10)
}
