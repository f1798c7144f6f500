#!/usr/bin/env bash
# Brings up a Kubernetes of several nodes with the operator on it, runs run.py there, and takes it away.
#
# usage: e2e/faults/run.sh [--keep] [ARGUMENT OF run.py...]      --keep leaves the cluster up, and uses one that was left
#        e2e/faults/run.sh [--keep] --set [--seed N]             the set of ./test.sh: the short list in both modes, and a
#                                                                checker that has to see a loss; prints PASS/FAIL lines
#
# Uses the programs in build/release/install and compiles nothing.
set -uo pipefail
cd "$(dirname "$0")/../.."
export RMQ_CLUSTER_NAME=${RMQ_CLUSTER_NAME:-rmq-faults}
keep=
[ "${1:-}" = --keep ] && { keep=yes; shift; }
case "${1:-}" in -h|--help) sed -n '2,9s/^# \{0,1\}//p' "$0"; exec python3 e2e/faults/run.py --help ;; esac
. e2e/lib/cluster.sh
[ "$provider" = localkube ] || die "the faults need nodes that can be killed: set RMQ_PROVIDER=localkube"
logs=$repo/build/test/faults; mkdir -p "$logs"
nodes=${NODES:-4} # one for clients and operator, one for each of three replicas

finish() {
  trap - EXIT INT TERM
  { kubectl get rmq,rmqg,pods -A -o wide; kubectl get events -A --sort-by=.lastTimestamp; } > "$logs/end.txt" 2>&1
  kubectl -n rocketmq-system logs deployment/rocketmq-operator --tail=2000 > "$logs/operator.log" 2>&1
  local ns pod; for ns in faults-sync faults-quorum faults-async; do
    for pod in $(kubectl -n "$ns" get pods -o name 2>/dev/null); do
      kubectl -n "$ns" logs "$pod" --tail=2000 > "$logs/$ns-${pod#pod/}.log" 2>&1
      kubectl -n "$ns" logs "$pod" --previous --tail=1000 > "$logs/$ns-${pod#pod/}-previous.log" 2>/dev/null
    done
  done
  [ -n "$keep" ] || cluster_down > "$logs/down.log" 2>&1 || cat "$logs/down.log" >&2
}
trap finish EXIT
trap 'exit 130' INT TERM

cluster_tools
[ -n "$keep" ] || cluster_down > "$logs/down.log" 2>&1 # what an earlier run left
product_images > "$logs/images.log" 2>&1 && java_client_image >> "$logs/images.log" 2>&1 || { cat "$logs/images.log" >&2; exit 1; }
cluster_up "$nodes" > "$logs/up.log" 2>&1 && cluster_load "${product_archives[@]}" "$client_archive" >> "$logs/up.log" 2>&1 ||
  { cat "$logs/up.log" >&2; exit 1; }
kubectl label node node1 rmq-e2e/clients=yes --overwrite > /dev/null
kubectl delete namespace faults-sync faults-quorum faults-async --ignore-not-found --wait --timeout 120s > /dev/null 2>&1
# The first node holds what must not die by accident; replicas spread over the others.
kubectl taint node node1 rmq-e2e/clients=yes:PreferNoSchedule --overwrite > /dev/null
install_operator --set "nodeSelector.rmq-e2e/clients=yes" > "$logs/helm.log" 2>&1 || { cat "$logs/helm.log" >&2; exit 1; }
export LOCALKUBE=$localkube LOCALKUBE_HOME=$localkube_home
[ "${1:-}" = --set ] || { python3 e2e/faults/run.py --client-image "$client_image" "$@"; exit; }

shift
part() { # NAME ARGUMENT...
  local name=$1; shift
  if timeout 420 python3 e2e/faults/run.py --client-image "$client_image" "$@" > "$logs/$name.txt" 2> "$logs/$name.log"
  then echo "PASS faults/$name"
  else echo "FAIL faults/$name $(tail -n 1 "$logs/$name.txt") $(tail -n 1 "$logs/$name.log") (seed: $(head -n 1 "$logs/$name.txt"))"
  fi
  grep '^|' "$logs/$name.txt" | grep -v -- '---' | sed 's/^/figure: /' >&2
}
part sync --short --mode sync "$@" &
part quorum --short --mode quorum "$@" &
part "the checker sees a loss" --early-ack "$@" &
wait
