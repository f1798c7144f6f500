#!/usr/bin/env bash
# Operator, chart and clients on a real Kubernetes; the operator and its Kubernetes client against a real API server.
set -uo pipefail
. scripts/suites/lib.sh
scripts/setup.sh build clients kube || exit 1
build release rocketmq-namesrv rocketmq-broker rocketmq-operator rmq_operator_apiserver_check rmq_kube_apiserver_test || exit 1
cmake --install build/release --strip > build/test/install.log 2>&1 || { cat build/test/install.log; exit 1; }
localkube=$(e2e/localkube/build.sh | tail -n 1) && [ -n "$localkube" ] || exit 1

# On an API server alone, without nodes: a thread plays the kubelet, so that many moments are tried in little time.
check kube/apiserver-operator timeout 300 operator/manager/apiserver_test/check.sh "$localkube" build/release &
beside=($!)
check kube/apiserver-client timeout 300 operator/kube/apiserver_test/run.sh "$localkube" \
  build/release/operator/kube/apiserver_test/rmq_kube_apiserver_test &
beside+=($!)

e2e/kube/run.sh 2>&1 | tee build/test/kube-run.log | grep --line-buffered -v '^PASS' | sed -u 's/^/  /'
status=${PIPESTATUS[0]}
wait "${beside[@]}"
collect build/test/kube-run.log kube/ > /dev/null
[ "$status" = 0 ] || grep -q '^FAIL' build/test/kube-run.log || record FAIL kube/run "(exit $status)"
exit 0
