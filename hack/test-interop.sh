#!/usr/bin/env bash
# Runs the operator, with a real API server, against a certified OpenID provider that npm installs.
set -euo pipefail
cd "$(dirname "$0")/.."

minimum=20
version=$(node --version 2>/dev/null || true)
major=${version#v}
major=${major%%.*}
if [[ ! "$major" =~ ^[0-9]+$ ]] || ((major < minimum)); then
  echo "test-interop: the OpenID provider needs Node.js $minimum or newer, but the version here is ${version:-none}: install it (https://nodejs.org)" >&2
  exit 1
fi
if ! command -v npm >/dev/null; then
  echo "test-interop: npm, which installs the OpenID provider, is missing: install it (it comes with Node.js)" >&2
  exit 1
fi

echo "Looking for etcd and kube-apiserver." >&2
KUBEBUILDER_ASSETS=$(go run ./hack/assets)
export KUBEBUILDER_ASSETS
echo "Running the interop tests with Node.js $version; the first run installs the provider."
go test -race -tags interop -timeout 15m ./test/interop/...
