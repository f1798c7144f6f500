#!/usr/bin/env bash
# Replication and failover: our brokers and Controller with the official ones 5.5.0 in both directions, state over a fail-over,
# mqadmin, and the rules under random faults (rocketmq-sim), which must also find the mistakes put back on purpose.
set -uo pipefail
. scripts/suites/lib.sh
scripts/setup.sh build clients || exit 1
build release || exit 1
cmake --install build/release > build/test/install.log 2>&1 || { cat build/test/install.log; exit 1; }
export RMQ_BIN=$PWD/build/release/install/bin
limit_s=480

run() { # NAME COMMAND...: a program that prints PASS/FAIL lines; its results are taken over at the end
  local name=$1; shift
  KEEP_LOGS=build/test/replication-$name timeout --kill-after 30 "$limit_s" "$@" > "build/test/replication-$name.log" 2>&1
  echo $? > "build/test/replication-$name.status"
}
take() { # NAME...
  local name status log
  for name in "$@"; do
    log=build/test/replication-$name.log
    status=$(cat "build/test/replication-$name.status" 2>/dev/null || echo none)
    collect "$log" "$name/"
    if [ "$status" != 0 ] && ! grep -q '^FAIL ' "$log"; then
      record FAIL "$name" "(exit $status)"; tail -n 30 "$log" | sed 's/^/    /'
    fi
  done
}

simulate() { # all modes without a finding, each known mistake found, and a finding that replays exactly
  local sim=$RMQ_BIN/rocketmq-sim mode bug out seed
  for mode in async sync quorum; do
    out=$("$sim" --seeds 10000 --mode "$mode") && echo "PASS 10000 schedules, $mode" || echo "FAIL 10000 schedules, $mode $out"
  done
  for bug in 7017 6662 5663 7689 10666 10578 7790 3015; do
    out=$("$sim" --seeds 10000 --bug "$bug"); [ $? = 1 ] && echo "PASS finds bug $bug" || echo "FAIL finds bug $bug $out"
    seed=$(sed -nE 's/^seed ([0-9]+):.*/\1/p' <<<"$out" | head -n 1)
    if [ -n "$seed" ] && cmp -s <("$sim" --seed "$seed" --trace --bug "$bug") <("$sim" --seed "$seed" --trace --bug "$bug"); then
      echo "PASS replays bug $bug"
    else
      echo "FAIL replays bug $bug seed '$seed'"
    fi
  done
}

rm -rf build/test/replication-*
tests=e2e/replication
lane_1() {
  run our-master-java-slave $tests/classic.py our java 18200
  run mixed-our-controller $tests/group.py our our java --port 18300
  run state $tests/state.py 18400
}
lane_2() {
  run java-master-our-slave $tests/classic.py java our 18500
  run mixed-java-controller $tests/group.py java our java --port 18600
  run sync-master-answers $tests/classic.py answers 18800
  run admin $tests/admin.py 19000
}
lane_3() {
  BASE_PORT=18700 run controller $tests/controller.sh "$RMQ_BIN"
  run our-brokers-java-controller $tests/group.py java our our our --soak --port 19100
  simulate > build/test/replication-sim.log 2>&1; echo $? > build/test/replication-sim.status
}
lane_1 & lane_2 & lane_3 &
wait
take our-master-java-slave java-master-our-slave sync-master-answers our-brokers-java-controller mixed-our-controller \
  mixed-java-controller controller state admin sim
exit 0
