// Package docs_test checks the documentation: it passes the YAML to an API server, kustomize or helm, and
// follows the links. It finds new pages by itself.
package docs_test

import (
	"path/filepath"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/tokensync/tokensync/test/controlplane"
)

// root is the root of the repository.
var root = filepath.Join("..", "..")

func TestDocs(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Docs")
}

// apiServer is the client of the tests. It has no cache, and rejects fields that the API server does
// not know.
var apiServer client.Client

var _ = BeforeSuite(func() {
	logf.SetLogger(zap.New(zap.WriteTo(GinkgoWriter), zap.UseDevMode(true)))
	_, lenient := controlplane.Start(root)
	apiServer = client.WithFieldValidation(lenient, metav1.FieldValidationStrict)
})
