#!/usr/bin/env bash
# Fails if a generated file, a go.mod or the formatting is stale. Everything is generated in
# a copy of the work tree, so that uncommitted work is checked too and nothing here changes.
set -euo pipefail
cd "$(dirname "$0")/.."

generated=(api config/crd/bases config/rbac/role.yaml docs/reference/api.md docs/profiles.md docs/reference/flags.md charts)
modules=(. hack/tools hack/controlplane test/ecosystem)

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
failed=0

stale() { # MESSAGE
  echo "stale: $1" >&2
  failed=1
}

copy_tree() {
  git ls-files -z --cached --others --exclude-standard |
    while IFS= read -r -d '' file; do
      [ ! -f "$file" ] || printf '%s\0' "$file"
    done |
    tar -cf - --null -T - | tar -xf - -C "$copy"
}

echo "generated files"
copy_tree
# A file that is no longer generated must show up as a difference.
rm -rf "$copy/config/crd/bases" "$copy/config/rbac/role.yaml" "$copy/docs/reference/api.md" "$copy/docs/profiles.md" "$copy/docs/reference/flags.md"
rm -rf "$copy/charts/tokensync/files" "$copy/charts/tokensync/values.yaml" "$copy/charts/tokensync/README.md"
find "$copy/api" -name 'zz_generated.*.go' -delete
(cd "$copy" && make generate) >"$copy/generate.log" 2>&1 || { cat "$copy/generate.log" >&2; exit 1; }
for path in "${generated[@]}"; do
  diff -ru "$path" "$copy/$path" || stale "$path (run: make generate)"
done

# Specs with the label docs compare tables in the docs with the code. They need no API server.
echo "tables in the docs"
go test ./hack/profiles ./internal/explain ./internal/metrics ./internal/profile ./internal/status \
  ./internal/template ./internal/tokenendpoint -ginkgo.label-filter=docs -ginkgo.fail-on-empty >"$copy/docs.log" 2>&1 &&
  go test ./cmd/kubectl-tokensync -run='^TestDocs$' >>"$copy/docs.log" 2>&1 ||
  { cat "$copy/docs.log" >&2; stale "tables in docs (they differ from the code)"; }

# These tests render the chart and the kustomizations with several values and components. They compare
# the results with each other and with the docs.
echo "manifests"
go test -count=1 ./test/manifests >"$copy/manifests.log" 2>&1 || { cat "$copy/manifests.log" >&2; stale "charts or config (they differ from each other or from the docs)"; }

echo "go.mod and go.sum"
for module in "${modules[@]}"; do
  (cd "$module" && go mod tidy -diff) || stale "$module/go.mod (run: go mod tidy there)"
done

echo "formatting"
unformatted=$(gofmt -d .)
[ -z "$unformatted" ] || { echo "$unformatted"; stale "formatting (run: gofmt -w .)"; }

exit "$failed"
