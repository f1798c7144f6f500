#!/usr/bin/env bash
# Runs the official Go client's tests: run.sh --namesrv 127.0.0.1:9876 [--cluster C] [tests...]
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
cache="${XDG_CACHE_HOME:-$HOME/.cache}/rocketmq-k8s/go"
binary="$cache/client-$(cat "$here"/*.go "$here"/go.mod "$here"/go.sum | sha256sum | cut -c1-16)"
if [ ! -x "$binary" ]; then
  mkdir -p "$cache"
  (cd "$here" && go build -o "$binary.$$" . && mv "$binary.$$" "$binary")
fi
exec "$binary" "$@"
