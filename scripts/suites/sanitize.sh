#!/usr/bin/env bash
# Unit tests under AddressSanitizer + UndefinedBehaviorSanitizer; the threaded ones under ThreadSanitizer as well.
set -uo pipefail
. scripts/suites/lib.sh
scripts/setup.sh build || exit 1
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1 TSAN_OPTIONS=halt_on_error=1
targets_in() { # the test targets of a configured build
  cmake --preset "$1" > "build/test/configure-$1.log" 2>&1 || { cat "build/test/configure-$1.log"; return 1; }
  ninja -C "build/$1" -t targets all | sed -nE 's/^(rmq_[a-z_]*_test): phony$/\1/p' | grep -v apiserver_test | sort -u
}
mapfile -t asan < <(targets_in asan)
build asan "${asan[@]}" || exit 1
mapfile -t programs < <(find build/asan -name '*_test' -type f -perm -u+x -not -path '*/CMakeFiles/*' -not -path '*/apiserver_test/*' | sort)
doctest_suite asan "${programs[@]}"

tsan=(); for t in $(targets_in tsan); do case $t in rmq_remoting_test|rmq_store_test|rmq_kube_test|rmq_broker_*_test) tsan+=("$t") ;; esac; done
build tsan "${tsan[@]}" || exit 1
programs=(); for t in "${tsan[@]}"; do programs+=("$(find build/tsan -name "$t" -type f | head -n 1)"); done
doctest_suite tsan "${programs[@]}"
