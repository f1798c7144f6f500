#!/usr/bin/env bash
# Store files carried between brokers: one broker writes and ends, another opens the same store, and everything is checked.
#   run.sh FIRST SECOND stop|kill [THIRD]   e.g. run.sh our java kill; with THIRD the store is handed on once more
#   run.sh all            both directions between ours and the official broker, each with a clean stop and with kill -9
#   run.sh java-only      the same between two official brokers (shows that the test itself is right)
# A broker's name X stands for the launcher e2e/clients/Xbroker.sh. PORT_BASE (default 22800) sets the ports.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
clients="$here/../clients"
base="${PORT_BASE:-22800}"
namesrv="127.0.0.1:$((base + 76))"
. "$clients/servers.sh" # await_true

program() {
  java -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Duser.home="$dir" -Drocketmq.log.root="$dir" \
    -Drocketmq.log.level=error -cp "$path" "storecompat.$1" --namesrv "$namesrv" --manifest "$dir/manifest.json" "${@:2}"
}

# Small files, so that logs and queues roll over.
up() {
  "$clients/$1broker.sh" start "$dir" --namesrv-port $((base + 76)) --broker-port $((base + 11)) \
    --set mappedFileSizeCommitLog=8388608 --set mappedFileSizeConsumeQueue=2000
}

# Settings and offsets reach their files within seconds; a kill must not come before that.
settled() {
  grep -q "sc_odd@sc_group_plain" "$dir/store/config/consumerOffset.json" 2>/dev/null &&
    grep -q "sc_group_plain" "$dir/store/config/subscriptionGroup.json" &&
    grep -q "sc_readonly" "$dir/store/config/topics.json"
}

finish() { # whatever happens, leave nothing running
  for launcher in java our; do "$clients/${launcher}broker.sh" kill "$dir" 2>/dev/null || true; done
  [ -n "${KEEP:-}" ] && echo "kept $dir" || rm -rf "$dir"
}

one() (
  dir="$(mktemp -d)"
  trap finish EXIT
  first="$1" second="$2" end="$3" third="${4:-}"
  echo "== $first writes, $end, $second reads${third:+, $end, $third reads}"
  up "$first"
  program Writer
  if [ "$end" = kill ]; then await_true 30 settled; fi
  "$clients/${first}broker.sh" "$end" "$dir"
  up "$second"
  program Checker --append 20
  if [ "$end" = kill ]; then await_true 30 settled; fi
  "$clients/${second}broker.sh" "$end" "$dir"
  if [ -n "$third" ]; then
    up "$third"
    program Checker
    "$clients/${third}broker.sh" stop "$dir"
  fi
  echo "PASS $first-$second${third:+-$third}-$end"
)

path="$("$clients/java/build.sh" classes client "$clients/java/src/main/java" "$here/src")"
each() {
  local failed=0 line
  for line in "$@"; do
    # shellcheck disable=SC2086
    "$0" $line || { echo "FAIL ${line// /-}"; failed=$((failed + 1)); }
  done
  echo "$(($# - failed)) passed, $failed failed"
  [ "$failed" = 0 ]
}

case "${1:-all}" in
  all) each "our java stop our" "our java kill our" "java our stop java" "java our kill java" ;;
  java-only) each "java java stop" "java java kill" ;;
  *) one "$@" ;;
esac
