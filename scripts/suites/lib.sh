# Shared by test.sh and the suites: results are lines "PASS name", "FAIL name reason" or "SKIP name reason" in $RMQ_RESULTS.

jobs_limit() { nproc; }

record() { # record PASS|FAIL|SKIP name [reason]
  printf '%s\n' "$*" >> "$RMQ_RESULTS"
  [ "$1" = PASS ] || printf '  %s\n' "$*"
}

# check NAME COMMAND...: records PASS or FAIL by exit status; output is shown only when it fails.
check() {
  local name=$1; shift
  local log="build/test/$(echo "$name" | tr '/ ' '__').log"
  if "$@" > "$log" 2>&1; then
    record PASS "$name"
  else
    record FAIL "$name" "(exit $?)"
    tail -n 60 "$log" | sed 's/^/    /'
  fi
}

# collect FILE PREFIX: takes over the PASS/FAIL/SKIP lines that a test program printed.
collect() {
  sed -nE "s#^(PASS|FAIL|SKIP) (.*)#\1 $2\2#p" "$1" >> "$RMQ_RESULTS"
  grep -E '^(FAIL|SKIP) ' "$1" | sed 's/^/  /' || true
}

run_suite() {
  local suite=$1 start=$SECONDS before
  before=$(wc -l < "$RMQ_RESULTS")
  echo "== $suite"
  if ! "scripts/suites/$suite.sh"; then
    record FAIL "$suite" "the suite did not run to its end"
  fi
  local spent=$((SECONDS - start))
  tail -n "+$((before + 1))" "$RMQ_RESULTS" > "build/test/$suite.txt"
  printf '== %s: %d passed, %d failed, %d skipped in %d min %02d s\n' "$suite" \
    "$(grep -c '^PASS' "build/test/$suite.txt")" "$(grep -c '^FAIL' "build/test/$suite.txt")" \
    "$(grep -c '^SKIP' "build/test/$suite.txt")" $((spent / 60)) $((spent % 60))
}

summary() {
  local passed failed skipped unlisted=0
  passed=$(grep -c '^PASS' "$RMQ_RESULTS"); failed=$(grep -c '^FAIL' "$RMQ_RESULTS"); skipped=$(grep -c '^SKIP' "$RMQ_RESULTS")
  while read -r _ name _; do
    grep -qE "^$name( |\$)" scripts/suites/allowed-skips.txt || { echo "skipped without a listed reason: $name"; unlisted=1; }
  done < <(grep '^SKIP' "$RMQ_RESULTS")
  [ "$failed" = 0 ] || { echo "failed:"; grep '^FAIL' "$RMQ_RESULTS" | sed 's/^FAIL/ /'; }
  printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
  [ "$failed" = 0 ] && [ "$unlisted" = 0 ] && [ "$passed" -gt 0 ]
}

# build PRESET [TARGET...]: configures and builds, quietly unless it fails.
build() {
  local preset=$1; shift
  local log=build/test/build-$preset.log
  echo "  building ($preset)"
  { cmake --preset "$preset" && cmake --build "build/$preset" -j "$(jobs_limit)" ${@:+--target "$@"}; } > "$log" 2>&1 \
    || { grep -E 'error|FAILED' -A5 "$log" | head -n 60; tail -n 20 "$log"; return 1; }
}

# doctest_suite BUILD_DIR PREFIX TEST_PROGRAM...: runs test programs, one result a test case.
doctest_suite() {
  local prefix=$1; shift
  local program name out
  for program in "$@"; do
    name=$(basename "$program"); out=build/test/$prefix-$name.log
    timeout 600 "$program" --no-colors=true > "$out" 2>&1
    local status=$?
    local cases; cases=$(sed -nE 's/.*test cases: +([0-9]+) \| +([0-9]+) passed \| +([0-9]+) failed.*/\2 \3/p' "$out" | tail -n 1)
    if [ -z "$cases" ] || { [ $status -ne 0 ] && [ "${cases#* }" = 0 ]; }; then
      record FAIL "$prefix/$name" "(exit $status)"; tail -n 40 "$out" | sed 's/^/    /'; continue
    fi
    local i
    for ((i = 0; i < ${cases% *}; i++)); do echo "PASS $prefix/$name" >> "$RMQ_RESULTS"; done
    for ((i = 0; i < ${cases#* }; i++)); do record FAIL "$prefix/$name"; done
    [ $status -eq 0 ] || sed -n '/ERROR/,/^$/p' "$out" | head -n 40 | sed 's/^/    /'
  done
}
