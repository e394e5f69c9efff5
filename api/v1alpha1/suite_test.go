package v1alpha1_test

import (
	"path/filepath"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/test/controlplane"
)

func TestAPI(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "API")
}

var apiServer client.Client

var _ = BeforeSuite(func() {
	_, apiServer = controlplane.Start(filepath.Join("..", ".."))
})
