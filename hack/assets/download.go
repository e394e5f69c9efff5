package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"
)

const (
	defaultIndex = "https://raw.githubusercontent.com/kubernetes-sigs/controller-tools/HEAD/envtest-releases.yaml"

	indexTimeout    = 5 * time.Second
	indexLimit      = 8 << 20
	downloadTimeout = 10 * time.Minute
)

// download downloads the programs with setup-envtest and returns their folder, which is in folder. It reads
// the index first, with a short timeout, so that it fails fast without a network.
func download(ctx context.Context, folder, root string, release release, index string) (string, error) {
	if index == "" {
		return "", errors.New("-index is empty")
	}
	say("looking for a download of Kubernetes %s.%s", release.major, release.minor)
	body, err := readIndex(ctx, index)
	if err != nil {
		return "", err
	}
	if !offers(body, release, runtime.GOOS, runtime.GOARCH) {
		return "", fmt.Errorf("the index has no %s.%s for %s/%s", release.major, release.minor, runtime.GOOS, runtime.GOARCH)
	}
	say("downloading with setup-envtest")
	ctx, cancel := context.WithTimeout(ctx, downloadTimeout)
	defer cancel()
	var result string
	err = report(
		func() string { return "still downloading" },
		func() error { result, err = setupEnvtest(ctx, folder, root, release, index); return err },
	)
	if err == nil {
		say("downloaded")
	}
	return result, err
}

func readIndex(ctx context.Context, index string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, indexTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, index, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the index answered %s", response.Status)
	}
	return io.ReadAll(io.LimitReader(response.Body, indexLimit))
}

// offers reports whether the index has any patch release of the minor version.
func offers(index []byte, release release, system, architecture string) bool {
	pattern := fmt.Sprintf(`envtest-v%s\.%s\.\d+-%s-%s\.tar\.gz`, release.major, release.minor, system, architecture)
	return regexp.MustCompile(pattern).Match(index)
}

func setupEnvtest(ctx context.Context, folder, root string, release release, index string) (string, error) {
	var errorOutput strings.Builder
	command := exec.CommandContext(ctx, "go", "tool", "-modfile="+toolsModfile, "setup-envtest", "use",
		"--bin-dir", folder, "--index", index, "--print", "path", release.major+"."+release.minor+".x")
	command.Dir = root
	command.Env = append(os.Environ(), "GOWORK=off")
	command.Stderr = &errorOutput
	gentle(command)
	output, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("setup-envtest: %w: %s", err, lastLine(errorOutput.String()))
	}
	result := strings.TrimSpace(string(output))
	if !filepath.IsAbs(result) {
		return "", fmt.Errorf("setup-envtest printed %q instead of a folder", result)
	}
	return result, nil
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}
