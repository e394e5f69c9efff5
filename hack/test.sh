#!/usr/bin/env bash
# Runs all tests against a real API server, and then checks the coverage.
set -euo pipefail
cd "$(dirname "$0")/.."

# On a new machine the finder itself is compiled first, which takes some seconds.
echo "Looking for etcd and kube-apiserver." >&2
KUBEBUILDER_ASSETS=$(go run ./hack/assets)
export KUBEBUILDER_ASSETS
echo "Running all tests; with nothing compiled yet, the first results take some minutes."
go test -race -timeout 20m -coverprofile=cover.out ./...
hack/coverage.sh
