#!/usr/bin/env bash
# Runs the tests of this folder on a cluster of their own, which goes away at the end whatever happens.
#
# usage: e2e/kube/run.sh [--keep] [--nodes N] [TEST...]     --keep leaves the cluster up, and uses one that was left
#
# Uses the programs in build/release/install and compiles nothing. Prints PASS/FAIL lines; exit status 1 on a failure.
set -uo pipefail
cd "$(dirname "$0")/../.."
export RMQ_CLUSTER_NAME=${RMQ_CLUSTER_NAME:-rmq-e2e}
keep='' nodes=${RMQ_NODES:-1}
while :; do
  case ${1:-} in
    --keep) keep=yes; shift ;;
    --nodes) nodes=$2; shift 2 ;;
    *) break ;;
  esac
done
. e2e/lib/cluster.sh
logs=${RMQ_LOGS:-$repo/build/test/kube}; mkdir -p "$logs"
say() { printf '[%3d s] %s\n' $SECONDS "$*" >&2; }

running=()
finish() {
  trap - EXIT INT TERM
  local pid; for pid in ${running[@]+"${running[@]}"}; do kill "$pid" $(pgrep -P "$pid") 2>/dev/null; done
  [ -n "$keep" ] || { cluster_down > "$logs/down.log" 2>&1 || cat "$logs/down.log" >&2; }
}
trap finish EXIT
trap 'exit 130' INT TERM

cluster_tools
[ -n "$keep" ] || cluster_down > "$logs/down.log" 2>&1 # what an earlier run left
product_images > "$logs/images.log" 2>&1 && java_client_image >> "$logs/images.log" 2>&1 || { cat "$logs/images.log"; echo "FAIL kube/images"; exit 1; }
# The same programs under another tag: something to update to.
export tag client_image other_tag=other-$tag
others=()
for part in namesrv broker; do
  others+=("$images_dir/$part-$other_tag.tar")
  [ -s "${others[-1]}" ] || { rm -f "$images_dir/$part"-other-*.tar; pack_product $part "$other_tag" >> "$logs/images.log" 2>&1; }
done
say "images: $(for file in "${product_archives[@]}"; do printf '%s %s MB  ' "$(basename "$file" "-$tag.tar")" "$(($(stat -c %s "$file") / 1000000))"; done)"
cluster_up "$nodes" > "$logs/up.log" 2>&1 && cluster_load "${product_archives[@]}" "${others[@]}" "$client_archive" >> "$logs/up.log" 2>&1 ||
  { cat "$logs/up.log"; echo "FAIL kube/cluster comes up"; exit 1; }
say "the cluster is up"
if [ -n "$keep" ]; then # what an earlier run left in it
  kubectl get namespaces -o name | grep '^namespace/kube-\(cluster\|neighbour\|soak\|edits\|badspec\|deletion\|resilience\|replication\|many\|uninstall\)$' | xargs -r kubectl delete --wait --timeout 120s >/dev/null
fi

failed=0
run_test() { # TEST
  local start=$SECONDS log=$logs/$1.txt
  timeout 600 "e2e/kube/$1.sh" > "$log" 2> "$logs/$1.log"
  local status=$?
  [ $status = 0 ] || echo "FAIL $1/ended early (exit $status)" >> "$log"
  grep -E '^(PASS|FAIL) ' "$log"
  grep -h '^figure: ' "$logs/$1.log"
  say "$1: $(grep -c '^PASS' "$log") passed, $(grep -c '^FAIL' "$log") failed in $((SECONDS - start)) s"
  ! grep -q '^FAIL' "$log"
}
lane() { local test status=0; for test; do run_test "$test" || status=1; done; return $status; }
# side_by_side "TEST TEST" "TEST"...: each argument is a row of tests; rows run at the same time. Signals end it at once.
side_by_side() {
  local row pid
  running=()
  for row; do
    # shellcheck disable=SC2086
    lane $row & running+=($!)
  done
  for pid in "${running[@]}"; do wait "$pid" || failed=1; done
  running=()
}

if [ $# -gt 0 ]; then
  [ -n "$keep" ] && kubectl -n rocketmq-system get deployment rocketmq-operator >/dev/null 2>&1 && install_operator >/dev/null || side_by_side chart
  side_by_side "$*"
else
  side_by_side chart
  kubectl -n rocketmq-system wait deployment/rocketmq-operator --for=condition=Available --timeout 10s >/dev/null 2>&1 ||
    { echo "FAIL kube/without an operator nothing else can be tested"; exit 1; }
  side_by_side "cluster" "soak deletion" "edits" "badspec many"
  side_by_side "resilience replication uninstall"
fi
exit $failed
