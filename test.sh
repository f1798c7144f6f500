#!/usr/bin/env bash
# Runs the tests. Everything they need is installed first.
#
# usage: ./test.sh [unit|sanitize|fuzz|clients|replication|kube|faults ...]   (default: all of them)
#
#   unit         unit tests, layering, formatting, manifests
#   sanitize     unit tests under AddressSanitizer + UndefinedBehaviorSanitizer, and the threaded ones under ThreadSanitizer
#   fuzz         every libFuzzer target for a short time
#   clients      the official Java and Go clients, and the Java broker on our files and the reverse
#   replication  copies and fail-overs with the official servers and tools; ten thousand simulated fault schedules
#   kube         operator, chart and clients on a real Kubernetes
#   faults       pods killed, frozen and cut off while official clients run; their histories are checked
#
# Prints each suite's minutes and ends with "N passed, N failed, N skipped". Exit status 0 only if nothing failed and
# nothing was skipped but what scripts/suites/allowed-skips.txt lists.
set -uo pipefail
cd "$(dirname "$0")"
case "${1:-}" in -h|--help) sed -n '2,16s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
. scripts/suites/lib.sh

suites=("$@")
[ ${#suites[@]} -gt 0 ] || suites=(unit sanitize fuzz clients replication kube faults)
for suite in "${suites[@]}"; do
  [ -x "scripts/suites/$suite.sh" ] || { echo "test.sh: there is no suite '$suite'; see ./test.sh --help" >&2; exit 2; }
done

mkdir -p build/test
export RMQ_RESULTS=$PWD/build/test/results.txt
: > "$RMQ_RESULTS"
for suite in "${suites[@]}"; do
  run_suite "$suite"
done
summary
