#!/usr/bin/env bash
# Builds the demo and replaces itself with it, so that Ctrl-C and the exit code are the demo's own.
set -euo pipefail
cd "$(dirname "$0")/.."

echo "Looking for etcd and kube-apiserver." >&2
hack/go-build.sh -buildvcs=false -o bin/assets ./hack/assets
KUBEBUILDER_ASSETS=$(bin/assets)
export KUBEBUILDER_ASSETS
echo "Building the demo." >&2
hack/go-build.sh -buildvcs=false -o bin/demo ./hack/demo
exec bin/demo "$@"
