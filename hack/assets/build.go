package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// build compiles the programs into folder.
func build(ctx context.Context, folder, root string, release release) error {
	say("building etcd and kube-apiserver %s; the first time this takes 5 to 10 minutes on 2 cores", release.version())
	var output buildOutput
	command := exec.CommandContext(ctx, "go", append([]string{"build", "-v", "-o", folder, "-ldflags", linkerFlags(release)}, packages()...)...)
	command.Dir = filepath.Join(root, controlPlaneFolder)
	// The user's values of these variables are not meant for this build.
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=-mod=readonly -buildvcs=false")
	command.Stdout, command.Stderr = &output, &output
	gentle(command)
	err := report(output.progress, command.Run)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("building the control plane: %w\n%s", err, output.problems())
	}
	say("built: %s", output.progress())
	return nil
}

func packages() []string {
	paths := make([]string, 0, len(programs))
	for _, name := range programs {
		paths = append(paths, "./"+name)
	}
	return paths
}

// linkerFlags returns flags that omit debug information and set the version that the API server reports.
func linkerFlags(release release) string {
	const variable = " -X k8s.io/component-base/version."
	return "-s -w" + variable + "gitVersion=" + release.version() +
		variable + "gitMajor=" + release.major + variable + "gitMinor=" + release.minor
}
