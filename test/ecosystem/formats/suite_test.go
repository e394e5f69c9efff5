// Package formats_test applies the manifests of docs/formats.md unchanged. The programs that use
// the resulting Secrets then read them.
package formats_test

import (
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/tokensync/tokensync/test/controlplane"
)

// root is the root of the repository.
var root = filepath.Join("..", "..", "..")

func TestFormats(t *testing.T) {
	SetDefaultEventuallyTimeout(20 * time.Second)
	SetDefaultEventuallyPollingInterval(20 * time.Millisecond)
	RegisterFailHandler(Fail)
	RunSpecs(t, "Formats")
}

// apiServer is the client of the tests. It has no cache, and rejects fields that the API server does
// not know.
var apiServer client.Client

var _ = BeforeSuite(func() {
	logf.SetLogger(zap.New(zap.WriteTo(GinkgoWriter), zap.UseDevMode(true)))
	environment, lenient := controlplane.Start(root)
	apiServer = client.WithFieldValidation(lenient, metav1.FieldValidationStrict)
	startOperator(environment.Config)
})

// newNamespace creates a namespace for one test.
func newNamespace(ctx SpecContext) string {
	GinkgoHelper()
	return controlplane.NewNamespace(ctx, apiServer)
}
