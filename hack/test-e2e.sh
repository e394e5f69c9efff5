#!/usr/bin/env bash
# Runs the end-to-end tests on the cluster of KUBECONFIG. They install the operator there and remove it.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() { # MESSAGE
  echo "test-e2e: $1" >&2
  exit 1
}

kubectl=${KUBECTL:-kubectl}
command -v "$kubectl" >/dev/null || fail "there is no $kubectl: install it, or set KUBECTL"
# Commands in the documentation need these programs, late in the run.
missing=()
for program in basenc curl jq openssl; do
  command -v "$program" >/dev/null || missing+=("$program")
done
[ "${#missing[@]}" = 0 ] || fail "missing programs: ${missing[*]}: install them (basenc is one of the GNU coreutils, from 8.31 on)"
[ -n "${KUBECONFIG:-}" ] || fail "KUBECONFIG is not set: export the path of the kubeconfig of a cluster for tests"
[ -n "${IMG:-}" ] || fail "IMG is not set: build the operator's image, load it into the cluster, and set IMG=name:tag"
"$kubectl" get --raw /readyz --request-timeout=10s >/dev/null ||
  fail "the cluster of KUBECONFIG=$KUBECONFIG cannot be reached: start it, or correct KUBECONFIG"

# The documentation runs "helm", so the folder of the program must be in the PATH of the tests.
HELM=${HELM:-$(go tool -modfile=hack/tools/go.mod -n helm)}
PATH=$(dirname "$(command -v "$HELM")"):$PATH
export HELM PATH
echo "Compiling the tests."
go test -c -tags e2e -o bin/e2e.test ./test/e2e
cd test/e2e
# exec replaces this process with the tests, so that Ctrl-C reaches them and they clean up.
[ -t 1 ] || set -- -ginkgo.no-color "$@"
exec ../../bin/e2e.test -ginkgo.v -ginkgo.timeout=2h "$@"
