#!/usr/bin/env bash
# Prints the manifests of config/default with the given image. It changes no file, so that a
# deployment leaves nothing to commit.
set -euo pipefail
cd "$(dirname "$0")/.."

image=${1:?usage: hack/render.sh IMAGE}
go tool -modfile=hack/tools/go.mod kustomize build config/default |
  sed "s|image: controller:latest|image: $image|"
