// Package alerts_test checks the alert rules and the dashboard with Prometheus's own code, against the
// metrics that the operator exports.
package alerts_test

import (
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

func TestAlerts(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Alerts")
}

// read returns the content of a file of the repository.
func read(path ...string) []byte {
	GinkgoHelper()
	content, err := os.ReadFile(file(path...))
	Expect(err).NotTo(HaveOccurred())
	return content
}

// file returns the path of a file of the repository.
func file(path ...string) string {
	return filepath.Join(append([]string{"..", "..", ".."}, path...)...)
}
