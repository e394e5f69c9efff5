package controllers

import (
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/resolve"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// strip drops, from an object of tokensync, the metadata that the operator does not read. It replaces a spec
// that is too large with its outline, because the cache holds the objects of all tenants.
func strip(object any) (any, error) {
	var err error
	switch object := object.(type) {
	case *v1alpha1.ClientCredential:
		err = stripObject(object, &object.Spec, outlineOf)
	case *v1alpha1.AuthorizationServer:
		err = stripObject(object, &object.Spec, zeroOf)
	case *v1alpha1.ClusterAuthorizationServer:
		err = stripObject(object, &object.Spec, zeroOf)
	}
	return object, err
}

func stripObject[Spec any](object client.Object, spec *Spec, outlineOf func(Spec) Spec) error {
	annotations := map[string]string{}
	if _, isRequested := object.GetAnnotations()[v1alpha1.RenewRequestedAtAnnotation]; isRequested {
		// Clone the value, so that a long annotation does not stay in memory.
		annotations[v1alpha1.RenewRequestedAtAnnotation] = strings.Clone(v1alpha1.RenewRequestOf(object))
	}
	// An outline is too large too: a transform must be idempotent.
	isTooLarge, err := resolve.IsTooLarge(object)
	if err != nil {
		return err
	}
	object.SetLabels(nil)
	object.SetOwnerReferences(nil)
	object.SetManagedFields(nil)
	// A patch replaces the whole list of finalizers, so keep all of them, unless the object is an outline.
	if isTooLarge {
		*spec = outlineOf(*spec)
		annotations[resolve.OutlinedAnnotation] = "true"
		isHeld := tokensecret.IsHeld(object)
		object.SetFinalizers(nil)
		if isHeld {
			object.SetFinalizers([]string{v1alpha1.RevokeTokenFinalizer})
		}
	}
	object.SetAnnotations(annotations)
	return nil
}

// outlineOf keeps the fields that say which Secrets belong to a ClientCredential.
func outlineOf(spec v1alpha1.ClientCredentialSpec) v1alpha1.ClientCredentialSpec {
	outline := v1alpha1.ClientCredentialSpec{
		CredentialsRef: spec.CredentialsRef, AuthorizationServerRef: spec.AuthorizationServerRef, Suspend: spec.Suspend,
	}
	if target := spec.Target; target != nil {
		outline.Target = &v1alpha1.TokenTarget{Name: target.Name, DeletionPolicy: target.DeletionPolicy}
	}
	return outline
}

func zeroOf[Spec any](Spec) (zero Spec) { return zero }
