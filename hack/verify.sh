#!/usr/bin/env bash
# Fails when a generated file, a go.mod or the formatting is stale. Everything is generated in
# a copy of the work tree, so that uncommitted work is checked too and nothing here changes.
set -euo pipefail
cd "$(dirname "$0")/.."

generated=(api config/crd/bases config/rbac/role.yaml docs/reference/api.md docs/profiles.md)
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
# A file that nothing generates any more has to show up as a difference.
rm -rf "$copy/config/crd/bases" "$copy/config/rbac/role.yaml" "$copy/docs/reference/api.md" "$copy/docs/profiles.md"
find "$copy/api" -name 'zz_generated.*.go' -delete
(cd "$copy" && make generate) >"$copy/generate.log" 2>&1 || { cat "$copy/generate.log" >&2; exit 1; }
for path in "${generated[@]}"; do
  diff -ru "$path" "$copy/$path" || stale "$path (run: make generate)"
done

echo "manifests"
for manifests in default components/serviceaccount-token prometheus; do
  go tool -modfile=hack/tools/go.mod kustomize build "config/$manifests" >/dev/null || stale "config/$manifests does not render"
done

echo "go.mod and go.sum"
for module in "${modules[@]}"; do
  (cd "$module" && go mod tidy -diff) || stale "$module/go.mod (run: go mod tidy there)"
done

echo "formatting"
unformatted=$(gofmt -d .)
[ -z "$unformatted" ] || { echo "$unformatted"; stale "formatting (run: gofmt -w .)"; }

exit "$failed"
