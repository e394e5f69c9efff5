#!/usr/bin/env bash
# Runs "go build" and prints its progress. With an empty cache, it takes minutes.
set -euo pipefail

compiled=0
go build -v "$@" 2>&1 | while IFS= read -r line; do
  if [[ ! $line =~ ^[A-Za-z0-9_.~-]+(/[A-Za-z0-9_.~-]+)*$ ]]; then
    echo "$line"
  elif ((++compiled % 50 == 0)); then
    echo "  $compiled packages compiled"
  fi
done >&2
