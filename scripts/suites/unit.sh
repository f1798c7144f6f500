#!/usr/bin/env bash
# Unit tests of every folder, in the configuration that ships; layering and formatting.
set -uo pipefail
. scripts/suites/lib.sh
scripts/setup.sh build check || exit 1
build release || exit 1
cmake --install build/release > build/test/install.log 2>&1 || { cat build/test/install.log; exit 1; }
mapfile -t programs < <(find build/release -name '*_test' -type f -perm -u+x -not -path '*/CMakeFiles/*' -not -path '*/apiserver_test/*' | sort)
doctest_suite unit "${programs[@]}"
check unit/layering scripts/check-layering.sh .
check unit/format scripts/check-format.sh
