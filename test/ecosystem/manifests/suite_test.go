// Package manifests_test applies manifests of the documentation to an API server. Their kinds
// belong to other projects, whose CRDs are installed.
package manifests_test

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/tokensync/tokensync/test/controlplane"
	"github.com/tokensync/tokensync/test/docs/page"
)

// root is the root of the repository.
var root = filepath.Join("..", "..", "..")

func TestManifests(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Manifests")
}

// apiServer is the client of the tests. It rejects fields that the API server does not know.
var apiServer client.Client

var _ = BeforeSuite(func(ctx SpecContext) {
	logf.SetLogger(zap.New(zap.WriteTo(GinkgoWriter), zap.UseDevMode(true)))
	environment, lenient := controlplane.Start(root)
	for _, crds := range page.Foreign {
		_, err := envtest.InstallCRDs(environment.Config, envtest.CRDInstallOptions{
			Paths: []string{filepath.Join(folderOf(ctx, crds.Module), crds.Folder)}, ErrorIfPathMissing: true,
		})
		Expect(err).NotTo(HaveOccurred(), crds.Module)
	}
	apiServer = client.WithFieldValidation(lenient, metav1.FieldValidationStrict)
})

// folderOf downloads a Go module. No code here imports the module, so it is in no go.mod.
func folderOf(ctx SpecContext, module string) string {
	GinkgoHelper()
	output, err := exec.CommandContext(ctx, "go", "mod", "download", "-json", module).Output()
	Expect(err).NotTo(HaveOccurred(), "%s: %s", module, output)
	var downloaded struct{ Dir string }
	Expect(json.Unmarshal(output, &downloaded)).To(Succeed())
	return downloaded.Dir
}
