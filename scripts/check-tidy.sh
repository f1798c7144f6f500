#!/usr/bin/env bash
# clang-tidy over the project's sources (not the tests), with the compile commands of build/dev.
# usage: scripts/check-tidy.sh [FILE...]     default: all; takes about half an hour of processor time
set -uo pipefail
cd "$(dirname "$0")/.."
[ -f build/dev/compile_commands.json ] || cmake --preset dev > /dev/null
files=("$@")
[ ${#files[@]} -gt 0 ] || mapfile -t files < <(git ls-files '*.cc' | grep -vE '(_test|_test_util)\.cc$|^fuzz/|/testing/|/apiserver_test/|^bench/')
printf '%s\n' "${files[@]}" | xargs -P "$(nproc)" -n 4 clang-tidy-16 -p build/dev --quiet 2>/dev/null | tee build/tidy.log | grep -E 'error:' && exit 1
echo "clang-tidy: ${#files[@]} files, nothing found"
