package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
)

const (
	toolsModfile       = "hack/tools/go.mod"
	controlPlaneFolder = "hack/controlplane"
)

// release is the Kubernetes version that hack/controlplane/go.mod requires.
type release struct {
	major, minor, patch string
	digest              string // of all versions in that go.mod
}

var kubernetesLine = regexp.MustCompile(`(?m)^(?:require)?\s*k8s\.io/kubernetes v(\d+)\.(\d+)\.(\S+)`)

func parseRelease(goMod []byte) (release, error) {
	match := kubernetesLine.FindSubmatch(goMod)
	if match == nil {
		return release{}, errors.New("go.mod does not require k8s.io/kubernetes")
	}
	sum := sha256.Sum256(goMod)
	return release{
		major: string(match[1]), minor: string(match[2]), patch: string(match[3]),
		digest: hex.EncodeToString(sum[:6]),
	}, nil
}

func readRelease(root string) (release, error) {
	path := filepath.Join(root, controlPlaneFolder, "go.mod")
	goMod, err := os.ReadFile(path)
	if err != nil {
		return release{}, err
	}
	r, err := parseRelease(goMod)
	if err != nil {
		return release{}, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

func (r release) version() string { return "v" + r.major + "." + r.minor + "." + r.patch }

// key returns the name of the folder in the cache. It changes with any version in go.mod, so that an upgrade
// never uses old programs.
func (r release) key() string {
	return r.version() + "-" + runtime.GOOS + "-" + runtime.GOARCH + "-" + r.digest
}

// repositoryRoot returns the nearest folder, from here upwards, that has hack/controlplane.
func repositoryRoot() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, controlPlaneFolder, "go.mod")); err == nil {
			return folder, nil
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			return "", errors.New("run this inside the repository: there is no " + controlPlaneFolder + " here or above")
		}
		folder = parent
	}
}
