#!/usr/bin/env bash
# Golden bytes between the official Java classes (5.5.0) and ours.
#   golden.sh write [DIR]   the official classes write DIR (default: common/protocol/testdata)
#   golden.sh check DIR     the official classes read files that our codecs wrote into DIR
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
command="${1:?write or check}"
dir="${2:-$here/../../common/protocol/testdata}"
path="$("$here/../clients/java/build.sh" classes servers "$here/src")"
logs="$(mktemp -d)"
trap 'rm -rf "$logs"' EXIT
case "$command" in write) main=golden.Write; exec 3>/dev/null ;; check) main=golden.Check; exec 3>&1 ;; *) echo "unknown: $command" >&2; exit 2 ;; esac
java -Xshare:auto -XX:TieredStopAtLevel=1 -Drocketmq.log.root="$logs" -Drocketmq.remoting.version=513 -Duser.timezone=UTC -Djava.io.tmpdir="$logs" \
  --add-exports=java.base/jdk.internal.ref=ALL-UNNAMED --add-opens=java.base/java.nio=ALL-UNNAMED \
  --add-opens=java.base/sun.nio.ch=ALL-UNNAMED --add-opens=java.base/jdk.internal.misc=ALL-UNNAMED \
  -cp "$path" "$main" "$dir" "$here/../../common/protocol/testdata" >&3
