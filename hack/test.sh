#!/usr/bin/env bash
# Runs all tests against a real API server, and then checks the coverage.
set -euo pipefail
cd "$(dirname "$0")/.."

echo "Looking for etcd and kube-apiserver." >&2
hack/go-build.sh -buildvcs=false -o bin/assets ./hack/assets
KUBEBUILDER_ASSETS=$(bin/assets)
export KUBEBUILDER_ASSETS
echo "Running all tests: about 20 minutes on 2 cores. With nothing compiled yet, the first results take some minutes."
go test -race -timeout 20m -coverprofile=cover.out ./...
echo "Checking the coverage of the pure packages."
hack/coverage.sh
