#!/usr/bin/env bash
# Runs the official Java client's tests, or another of our programs with it.
#   run.sh --namesrv 127.0.0.1:9876 [--cluster DefaultCluster] [--later] [--list] [--parallel N] [tests...]
#   run.sh --main Quickstart|Soak|StoreWriter|StoreChecker ...
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
main=Runner
if [ "${1:-}" = --main ]; then main="$2"; shift 2; fi
path="$("$here/build.sh" classes client "$here/src/main/java")"
logs="$(mktemp -d)"
trap 'rm -rf "$logs"' EXIT
java -Xmx768m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto -Duser.home="$logs" -Drocketmq.log.root="$logs" \
  -Drocketmq.log.level="${LOG_LEVEL:-error}" -cp "$path" "clients.$main" "$@"
