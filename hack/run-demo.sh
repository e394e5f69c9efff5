#!/usr/bin/env bash
# Builds the demo and becomes it: Ctrl-C and the exit code then are the demo's own.
set -euo pipefail
cd "$(dirname "$0")/.."

# On a new machine the finder itself is compiled first, which takes some seconds.
echo "Looking for etcd and kube-apiserver." >&2
KUBEBUILDER_ASSETS=$(go run ./hack/assets)
export KUBEBUILDER_ASSETS
go build -o bin/demo ./hack/demo
exec bin/demo "$@"
