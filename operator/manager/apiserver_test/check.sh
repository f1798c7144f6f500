#!/usr/bin/env bash
# The operator and its CRD against a real API server and the real controllers, without nodes: a thread of the test plays
# the kubelet. Usage: check.sh LOCALKUBE BUILD_FOLDER [doctest options]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
localkube=$(realpath "$1"); build=$(realpath "$2"); shift 2
export ETCD_PORT=${ETCD_PORT:-23890} API_PORT=${API_PORT:-26543}
exec "$here/../../kube/apiserver_test/run.sh" "$localkube" "$build/operator/manager/apiserver_test/rmq_operator_apiserver_check" \
  --localkube="$localkube" --operator="$build/operator/rocketmq-operator" "$@"
