#!/usr/bin/env bash
# Every libFuzzer target for a short time.
set -uo pipefail
. scripts/suites/lib.sh
scripts/setup.sh build check || exit 1
build fuzz fuzzers || exit 1
fuzz/run.sh "${FUZZ_SECONDS:-8}" | tee build/test/fuzz.log
status=${PIPESTATUS[0]}
collect build/test/fuzz.log fuzz/
exit "$status"
