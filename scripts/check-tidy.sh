#!/usr/bin/env bash
# clang-tidy over the project's sources (not the tests).
# usage: scripts/check-tidy.sh [FILE...]     default: all; takes about half an hour of processor time
set -uo pipefail
cd "$(dirname "$0")/.."
# Its own compile commands: clang can't read g++'s precompiled headers.
cmake -S . -B build/tidy -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON \
  -DCMAKE_EXPORT_COMPILE_COMMANDS=ON > /dev/null || exit 1
files=("$@")
[ ${#files[@]} -gt 0 ] || mapfile -t files < <(git ls-files '*.cc' | grep -vE '(_test|_test_util)\.cc$|^fuzz/|/testing/|/apiserver_test/|/bench/|/interop/|^bench/')
findings=build/tidy/findings.log
printf '%s\n' "${files[@]}" | xargs -P "$(nproc)" -n 4 clang-tidy-16 -p build/tidy --quiet 2>/dev/null > "$findings"
status=$?
grep -E '(error|warning):' "$findings" && exit 1
[ "$status" = 0 ] || { echo "clang-tidy failed, see $findings" >&2; exit 1; }
echo "clang-tidy: ${#files[@]} files, nothing found"
