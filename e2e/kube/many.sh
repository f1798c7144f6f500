#!/usr/bin/env bash
# Ten clusters: all become Ready, and the operator stays small.
set -uo pipefail; . "$(dirname "$0")/lib.sh"
namespace kube-many
for i in 0 1 2 3 4 5 6 7 8 9; do cluster "c$i" >/dev/null; done
all_ready() { [ "$(get rmq -o jsonpath='{.items[*].status.conditions[?(@.type=="Ready")].status}')" = "True True True True True True True True True True" ]; }
within 180 "ten clusters are ready" all_ready || describe c0
resident=$(kubectl get --raw /api/v1/namespaces/rocketmq-system/services/rocketmq-operator-metrics:8080/proxy/metrics | awk '$1 == "process_resident_memory_bytes" { print int($2 / 1024) }')
expect "the operator's memory is at most 30 MB ($resident KiB)" test "$resident" -le $((30 * 1024))
echo "figure: operator resident memory with 10 clusters: $resident KiB" >&2
kubectl delete namespace "$ns" --wait=false >/dev/null
