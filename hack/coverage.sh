#!/usr/bin/env bash
# Fails if the tests of a pure package cover less of it than the goal. These packages hold the
# decisions of the operator, and tests can reach each of their lines.
set -euo pipefail
cd "$(dirname "$0")/.."

goal=90
module=$(go list -m)
profile=$(mktemp)
trap 'rm -f "$profile"' EXIT

failed=0
for package in explain fairshare jsondoc oauth2 problem profile progress redact renewal template throttle tokensecret status; do
  if ! { head -n 1 cover.out && grep "^$module/internal/$package/[^/]*:" cover.out; } >"$profile"; then
    echo "internal/$package: not in cover.out"
    failed=1
    continue
  fi
  percent=$(go tool cover -func="$profile" | awk '/^total:/ { print $3 + 0 }')
  echo "internal/$package: $percent% covered by its own tests"
  if awk "BEGIN { exit !($percent < $goal) }"; then
    echo "  the goal is $goal%; to see the uncovered lines: go tool cover -html=cover.out"
    failed=1
  fi
done
exit "$failed"
