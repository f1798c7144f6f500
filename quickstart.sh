#!/usr/bin/env bash
# From a fresh clone to messages through a real cluster: brings a Kubernetes up (kind where Docker is, an embedded one
# where not), installs the operator, applies a sample RocketMQCluster, and sends and receives messages through it with
# the official Java client.
#
# usage: ./quickstart.sh                    bring everything up; can be repeated, and takes over what was changed
#        ./quickstart.sh send [COUNT]       send more messages and receive them
#        eval "$(./quickstart.sh env)"      kubectl and helm of this shell talk to the cluster
#        ./quickstart.sh down               take the cluster away with all it made
#
# Needs Debian or Ubuntu, and root unless Docker, kind, kubectl and helm are there. Installs the packages that are
# missing. The first run compiles, Kubernetes too: allow half an hour on two cores; later ones take half a minute.
set -euo pipefail
cd "$(dirname "$0")"

case "${1:-up}" in
  up|down|env|send) ;;
  -h|--help|help) sed -n '2,12s/^# \{0,1\}//p' "$0"; exit 0 ;;
  *) echo "quickstart: unknown command '$1'; see ./quickstart.sh --help" >&2; exit 2 ;;
esac
. e2e/lib/cluster.sh
logs=build/test; mkdir -p $logs

step_number=0
step() { step_number=$((step_number + 1)); printf '[%3d s] %d/7 %s\n' $SECONDS $step_number "$*"; }

# with_progress LOG COMMAND...: runs it with its output in LOG; says each quarter of a minute how far a build has come.
with_progress() {
  local log=$1 said=$SECONDS now pid; shift
  "$@" > "$log" 2>&1 & pid=$!
  while kill -0 $pid 2>/dev/null; do
    sleep 0.5
    [ $((SECONDS - said)) -ge 15 ] || continue
    said=$SECONDS
    now=$(tr '\r' '\n' < "$log" | grep -oE '^\[[0-9]+/[0-9]+\]' | tail -n 1) || true
    echo "still at it${now:+: $now}" | indent
  done
  wait $pid
}
compile() {
  cmake --preset release && cmake --build build/release --target rocketmq-namesrv rocketmq-broker rocketmq-operator &&
    cmake --install build/release --strip
}

messages() { # COUNT
  java_client default quickstart-client clients.Quickstart --namesrv sample-namesrv.default.svc:9876 --topic QuickstartTopic --count "$1" &&
    java_client_wait default quickstart-client 120 | indent
}
no_messages() {
  die "The messages did not get through. See: eval \"\$(./quickstart.sh env)\"; kubectl get pods; kubectl logs sample-broker-0-0"
}
need_cluster() { cluster_is_up || die "There is no cluster; ./quickstart.sh brings one up."; }

case "${1:-up}" in
  env) need_cluster; cluster_env; exit 0 ;;
  down) cluster_down; exit 0 ;;
  send)
    [[ ${2:-10} =~ ^[1-9][0-9]{0,5}$ ]] || die "quickstart: COUNT must be a number, not '$2'"
    need_cluster; cluster_use; localkube=${localkube:-}
    java_client_image && cluster_load "$client_archive" >/dev/null && messages "${2:-10}" || no_messages
    exit 0 ;;
esac

echo "RocketMQ for Kubernetes: quick start"
groups=(build clients); [ "$provider" = kind ] || groups+=(kube)
step "packages"
scripts/setup.sh "${groups[@]}" 2>&1 | indent || die "Packages could not be installed. Check the network and 'apt-get update', then run ./quickstart.sh again."

step "compiling name server, broker and operator (minutes the first time, seconds after)"
with_progress $logs/quickstart-build.log compile || {
  grep -E 'error|FAILED' -A 5 $logs/quickstart-build.log | head -n 30 >&2
  die "The build failed; all it said is in $logs/quickstart-build.log. After a repair run ./quickstart.sh again."
}

step "Kubernetes ($provider, cluster '$cluster_name')"
cluster_tools
cluster_up 1 > >(indent) 2>&1 || die "Kubernetes did not come up, see above. ./quickstart.sh down clears up; then try again."

step "images"
product_images > $logs/quickstart-images.log 2>&1 && java_client_image >> $logs/quickstart-images.log 2>&1 || {
  tail -n 20 $logs/quickstart-images.log >&2
  die "The images could not be made, see above; $logs/quickstart-images.log has all of it."
}
for file in "${product_archives[@]}" "$client_archive"; do
  printf '%-12s %6.1f MB\n' "$(basename "$file" | sed -E 's/-(dev-)?[0-9a-f]{12,}.*//')" "$(($(stat -c %s "$file") / 100000))e-1"
done | indent
cluster_load "${product_archives[@]}" "$client_archive" > $logs/quickstart-load.log 2>&1 || { cat $logs/quickstart-load.log >&2; die "The images could not be loaded."; }

step "operator (Helm chart rocketmq-operator, namespace rocketmq-system)"
kubectl apply --server-side --force-conflicts -f crds > $logs/quickstart-helm.log 2>&1 && install_operator >> $logs/quickstart-helm.log 2>&1 || {
  cat $logs/quickstart-helm.log >&2
  kubectl -n rocketmq-system get pods,events >&2
  die "The operator did not become ready, see above. ./quickstart.sh down clears up; then try again."
}
kubectl -n rocketmq-system get deployment rocketmq-operator | indent

step "RocketMQCluster 'sample' (e2e/samples/sample.yaml)"
kubectl apply -f e2e/samples/sample.yaml | indent
await_ready sample default 240 "$tag" || {
  kubectl get pods,events >&2; kubectl describe rmq sample >&2
  die "The cluster did not become ready: its conditions above say why. ./quickstart.sh down clears up; then try again."
}
kubectl get rmq,pods -l '!app' | indent

step "messages, with the official Java client"
messages 10 || no_messages
cat <<TEXT

Done in $SECONDS s. What next:
  eval "\$(./quickstart.sh env)"    kubectl and helm of this shell talk to the cluster
  kubectl get rmq                 the clusters; 'kubectl describe rmq sample' tells what happens
  kubectl edit rmq sample         change it: image, config, counts, resources
  ./quickstart.sh send 100        more messages
  ./quickstart.sh down            take all of it away
TEXT
