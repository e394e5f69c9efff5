package formats_test

import (
	"net/netip"

	. "github.com/onsi/ginkgo/v2"
	"k8s.io/client-go/rest"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/tokensync/tokensync/controllers"
	"github.com/tokensync/tokensync/internal/resolve"
	"github.com/tokensync/tokensync/internal/tokenendpoint"
	"github.com/tokensync/tokensync/test/operator"
)

// startOperator starts the operator that all tests share.
func startOperator(config *rest.Config) {
	GinkgoHelper()
	started := operator.Start(config, logf.Log, &controllers.Operator{
		TokenEndpoint: tokenendpoint.NewClient(tokenendpoint.Options{
			AllowHTTP: true, AllowedCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		}),
		Policy: resolve.Policy{RequireCredentialsLabel: true},
	})
	DeferCleanup(started.Stop)
}
