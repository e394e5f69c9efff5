package recovery_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// requestRenewal asks for a renewal by the annotation.
func requestRenewal(ctx context.Context, a *actor) {
	GinkgoHelper()
	change(ctx, &v1alpha1.ClientCredential{}, a.namespace, a.name, func(c *v1alpha1.ClientCredential) {
		metav1.SetMetaDataAnnotation(&c.ObjectMeta, v1alpha1.RenewRequestedAtAnnotation, "now")
	})
}

// openServer makes the server listen.
func openServer(_ context.Context, a *actor) { a.listener.open() }

func correctEndpoint(ctx context.Context, a *actor) {
	GinkgoHelper()
	a.changeSpec(ctx, func(spec *v1alpha1.ClientCredentialSpec) { spec.AuthorizationServer.TokenEndpoint = a.tokenEndpoint() })
}
