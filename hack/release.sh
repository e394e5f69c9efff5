#!/usr/bin/env bash
# Writes the files of a release to dist/release: the kubectl plugin for each platform, the chart,
# install.yaml and their checksums. Files that are already there, such as an SBOM, get a checksum too.
set -euo pipefail
cd "$(dirname "$0")/.."

usage='usage: hack/release.sh VERSION IMAGE'
version=${1:?$usage}
image=${2:?$usage}

platforms=(linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64)
out=$PWD/dist/release
# With the commit's time and a fixed order of names, archives are reproducible, byte for byte.
epoch=$(git log -1 --format=%ct)
export LC_ALL=C TZ=UTC
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

archive() { # FOLDER NAME: a zip for Windows, a tar.gz for other systems
  (
    cd "$1"
    touch --date="@$epoch" -- *
    case $2 in
      *_windows_*) zip --quiet -X "$out/$2.zip" -- * ;;
      *) tar --create --owner=0 --group=0 --numeric-owner -- * | gzip --no-name >"$out/$2.tar.gz" ;;
    esac
  )
}

plugin() { # OS ARCHITECTURE
  local suffix=''
  [ "$1" != windows ] || suffix=.exe
  local folder=$scratch/$1_$2
  mkdir "$folder"
  cp LICENSE "$folder/"
  GOOS=$1 GOARCH=$2 make --no-print-directory build-plugin "VERSION=$version" "PLUGIN=$folder/kubectl-tokensync$suffix"
  archive "$folder" "kubectl-tokensync_${version}_$1_$2"
}

checksums() {
  (cd "$out" && rm -f checksums.txt && sha256sum -- * >"$scratch/checksums.txt")
  mv "$scratch/checksums.txt" "$out/"
}

hack/check-version.sh "$version"
mkdir -p "$out"
rm -f "$out"/kubectl-tokensync_*.{zip,tar.gz} "$out"/tokensync-*.tgz
for platform in "${platforms[@]}"; do
  plugin "${platform%/*}" "${platform#*/}"
done
go tool -modfile=hack/tools/go.mod helm package charts/tokensync --destination "$out"
hack/render.sh "$image" >"$out/install.yaml"
checksums
