//go:build e2e

package e2e_test

import (
	"cmp"
	"os"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/gomega"
)

// root is the folder of the repository.
var root = filepath.Join("..", "..")

// settings are read from the environment. hack/test-e2e.sh checks the environment first.
type settings struct {
	// image is the operator's image, and nextImage is the image that it is upgraded to. The cluster has
	// both.
	image, nextImage string
	// busybox is the image of the authorization server and the workload.
	busybox string
	// tokenLifetime is the lifetime of the workload's token.
	tokenLifetime time.Duration
	helm, kubectl string
}

func readSettings() settings {
	read := settings{
		image:   os.Getenv("IMG"),
		busybox: cmp.Or(os.Getenv("BUSYBOX_IMG"), "busybox:1.37"),
		helm:    cmp.Or(os.Getenv("HELM"), "helm"),
		kubectl: cmp.Or(os.Getenv("KUBECTL"), "kubectl"),
	}
	read.nextImage = cmp.Or(os.Getenv("IMG_NEXT"), read.image)
	for _, image := range []string{read.image, read.nextImage} {
		_, tag := splitImage(image)
		Expect(tag).NotTo(BeEmpty(), "IMG and IMG_NEXT must name the operator's image with a tag: %q", image)
	}
	lifetime, err := time.ParseDuration(cmp.Or(os.Getenv("E2E_TOKEN_LIFETIME"), "8m"))
	Expect(err).NotTo(HaveOccurred(), "E2E_TOKEN_LIFETIME must be a duration")
	Expect(lifetime).To(BeNumerically(">=", time.Minute), "E2E_TOKEN_LIFETIME must leave time for the operator and the kubelet")
	read.tokenLifetime = lifetime
	return read
}

// splitImage splits registry:5000/name:tag into registry:5000/name and tag.
func splitImage(image string) (repository, tag string) {
	colon := strings.LastIndex(image, ":")
	if colon < 0 || strings.Contains(image[colon:], "/") {
		return image, ""
	}
	return image[:colon], image[colon+1:]
}
