#!/usr/bin/env bash
# Broker groups on a real Kubernetes under the short list of faults; the checker of the clients' histories decides.
set -uo pipefail
. scripts/suites/lib.sh
scripts/setup.sh build clients kube || exit 1
build release rocketmq-namesrv rocketmq-broker rocketmq-operator || exit 1
cmake --install build/release --strip > build/test/install.log 2>&1 || { cat build/test/install.log; exit 1; }
e2e/faults/run.sh --set 2>&1 | tee build/test/faults-run.log | grep --line-buffered -v '^PASS' | sed -u 's/^/  /'
status=${PIPESTATUS[0]}
collect build/test/faults-run.log faults/ > /dev/null
[ "$status" = 0 ] || grep -q '^FAIL' build/test/faults-run.log || record FAIL faults/run "(exit $status)"
exit 0
