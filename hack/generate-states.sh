#!/usr/bin/env bash
# Writes docs/states.md from the results of tests, and the health scripts into Argo CD's ConfigMap.
set -euo pipefail
cd "$(dirname "$0")/.."

echo "Looking for etcd and kube-apiserver." >&2
KUBEBUILDER_ASSETS=$(go run ./hack/assets)
export KUBEBUILDER_ASSETS
cd test/ecosystem
UPDATE_DOCS=1 go test -count=1 ./states
