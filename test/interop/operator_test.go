//go:build interop

package interop_test

import (
	"context"
	"io"
	"net/netip"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"go.uber.org/zap/zapcore"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/tokensync/tokensync/controllers"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/resolve"
	"github.com/tokensync/tokensync/internal/tokenendpoint"
	"github.com/tokensync/tokensync/test/operator"
)

// systemNamespace is the namespace of the objects that ClusterAuthorizationServers name.
const systemNamespace = "tokensync-system"

// observed is the real operator, which runs in this process, with its token requests and its log.
type observed struct {
	*tokenendpoint.Client
	logs  *gbytes.Buffer
	mutex sync.Mutex
	sent  []*oauth2.Request
}

// Send sends a token request to the provider, and records it for the test.
func (o *observed) Send(ctx context.Context, request *oauth2.Request) (oauth2.Response, error) {
	o.mutex.Lock()
	o.sent = append(o.sent, request)
	o.mutex.Unlock()
	return o.Client.Send(ctx, request)
}

// requests returns the token requests so far.
func (o *observed) requests() []*oauth2.Request {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.sent[:len(o.sent):len(o.sent)]
}

// startOperator starts an operator that trusts only the system's authorities. The provider's authority
// is not among them.
func startOperator(config *rest.Config) *observed {
	GinkgoHelper()
	Expect(apiServer.Create(context.Background(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: systemNamespace}})).To(Succeed())
	o := &observed{
		// The provider listens on a loopback address, which is denied by default.
		Client: tokenendpoint.NewClient(tokenendpoint.Options{AllowedCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}),
		logs:   gbytes.NewBuffer(),
	}
	logger := zap.New(zap.WriteTo(io.MultiWriter(o.logs, GinkgoWriter)), zap.Level(zapcore.Level(-5)))
	logf.SetLogger(logger)
	started := operator.Start(config, logger, &controllers.Operator{
		TokenEndpoint: o, Policy: resolve.Policy{RequireCredentialsLabel: true, ClusterResourceNamespace: systemNamespace},
	})
	DeferCleanup(started.Stop)
	return o
}
