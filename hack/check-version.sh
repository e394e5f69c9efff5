#!/usr/bin/env bash
# Fails unless VERSION can be released: it must have the right form, and the chart must have the same version.
set -euo pipefail
cd "$(dirname "$0")/.."

version=${1:?usage: hack/check-version.sh VERSION}
chart=charts/tokensync/Chart.yaml

fail() { # MESSAGE
  echo "release: $1" >&2
  exit 1
}

number='(0|[1-9][0-9]*)'
[[ "$version" =~ ^v$number\.$number\.$number(-[0-9A-Za-z.-]+)?$ ]] ||
  fail "VERSION is $version: set a version such as v0.1.0 or v0.1.0-rc.1"
! grep --quiet 'no release yet' README.md || fail "README.md says that there is no release yet: remove that before you create the tag"
# The chart is also installed from a clone of the tag, and its appVersion is the tag of the image.
for line in "version: ${version#v}" "appVersion: $version"; do
  grep --quiet --line-regexp --fixed-strings "$line" "$chart" ||
    fail "$chart has no line '$line': write the version there before you create the tag"
done
