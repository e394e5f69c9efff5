package controllers

import (
	"encoding/json"
	"fmt"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// outlinedAnnotation marks an object whose spec is too large, and of which the cache holds an
// outline only. If a user sets it on an object, the spec of that object is refused.
const outlinedAnnotation = "oauth2.tokensync.dev/outlined"

// strip drops from the metadata of an object of tokensync what nobody here reads, and from a
// spec that is too large all but its outline: the cache holds the objects of all tenants.
func strip(object any) (any, error) {
	var err error
	switch object := object.(type) {
	case *v1alpha1.ClientCredential:
		err = stripObject(object, &object.Spec, outlineOf)
	case *v1alpha1.AuthorizationServer:
		err = stripObject(object, &object.Spec, nothingOf)
	case *v1alpha1.ClusterAuthorizationServer:
		err = stripObject(object, &object.Spec, nothingOf)
	}
	return object, err
}

func stripObject[Spec any](object client.Object, spec *Spec, outlineOf func(Spec) Spec) error {
	kept := map[string]string{}
	if _, isRequested := object.GetAnnotations()[v1alpha1.RenewRequestedAtAnnotation]; isRequested {
		// The clone does not keep the whole of a long annotation in memory.
		kept[v1alpha1.RenewRequestedAtAnnotation] = strings.Clone(v1alpha1.RenewRequestOf(object))
	}
	// A transform has to be idempotent.
	_, isOutlined := object.GetAnnotations()[outlinedAnnotation]
	object.SetLabels(nil)
	object.SetOwnerReferences(nil)
	object.SetManagedFields(nil)
	// The operator patches the list as a whole, so it keeps all or gives up.
	raw, err := json.Marshal([]any{*spec, object.GetFinalizers()})
	if err != nil {
		return fmt.Errorf("encode the spec of %s %q: %w", object.GetObjectKind().GroupVersionKind().Kind, object.GetName(), err)
	}
	if isOutlined || len(raw) > oauth2.MaxSpecBytes {
		*spec = outlineOf(*spec)
		kept[outlinedAnnotation] = "true"
		isHeld := tokensecret.IsHeld(object)
		object.SetFinalizers(nil)
		if isHeld {
			object.SetFinalizers([]string{v1alpha1.RevokeTokenFinalizer})
		}
	}
	object.SetAnnotations(kept)
	return nil
}

// outlineOf keeps what tells which Secrets belong to a ClientCredential.
func outlineOf(spec v1alpha1.ClientCredentialSpec) v1alpha1.ClientCredentialSpec {
	outline := v1alpha1.ClientCredentialSpec{
		CredentialsRef: spec.CredentialsRef, AuthorizationServerRef: spec.AuthorizationServerRef, Suspend: spec.Suspend,
	}
	if target := spec.Target; target != nil {
		outline.Target = &v1alpha1.TokenTarget{Name: target.Name, DeletionPolicy: target.DeletionPolicy}
	}
	return outline
}

func nothingOf[Spec any](Spec) (nothing Spec) { return nothing }

func isOutline(object client.Object) bool {
	_, isOutlined := object.GetAnnotations()[outlinedAnnotation]
	return isOutlined
}
