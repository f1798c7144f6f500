#!/usr/bin/env bash
# Fails when a C++ file is not as clang-format would write it; `--fix` writes it so.
set -euo pipefail
cd "$(dirname "$0")/.."
formatter=$(command -v clang-format-16 || command -v clang-format)
mapfile -t files < <(git ls-files '*.h' '*.cc')
if [ "${1:-}" = --fix ]; then
  "$formatter" -i "${files[@]}"
else
  "$formatter" --dry-run --Werror "${files[@]}"
fi
