#!/usr/bin/env bash
# Runs the tests that need other projects: Prometheus, Flux, Argo CD and more. They are a separate
# Go module, so that the operator does not depend on these projects.
set -euo pipefail
cd "$(dirname "$0")/.."

echo "Looking for etcd and kube-apiserver." >&2
KUBEBUILDER_ASSETS=$(go run ./hack/assets)
export KUBEBUILDER_ASSETS
cd test/ecosystem
echo "Running the ecosystem tests; with nothing compiled yet, the first results take some minutes."
go test -race -timeout 20m ./...
