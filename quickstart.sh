#!/usr/bin/env bash
# From a fresh clone to messages through a real cluster: brings a Kubernetes up (kind where Docker is, an embedded one
# where not), installs the operator, applies a sample RocketMQCluster, and sends and receives messages through it with
# the official Java client.
#
# usage: ./quickstart.sh          bring everything up; can be repeated
#        ./quickstart.sh env      print the line that points your shell's kubectl at the cluster
#        ./quickstart.sh send     send ten more messages and receive them
#        ./quickstart.sh down     take the cluster away with all it made
set -euo pipefail
cd "$(dirname "$0")"
. e2e/lib/cluster.sh
export RMQ_NAMESPACE=default

messages() {
  client_image
  java_client default quickstart-client clients.Quickstart --namesrv "sample-namesrv.default.svc:9876" --topic QuickstartTopic --count 10
  java_client_wait default quickstart-client 120 | sed 's/^/        /'
}

case "${1:-up}" in
  up) ;;
  -h|--help) sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 0 ;;
  down) cluster_down; exit 0 ;;
  env) cluster_tools >/dev/null; [ "$provider" = kind ] && echo "export KUBECONFIG=$PWD/build/kind-$cluster_name.kubeconfig" \
         || echo "export KUBECONFIG=$(LOCALKUBE_NAME=$cluster_name "$localkube" kubeconfig); alias kubectl='$localkube kubectl'"; exit 0 ;;
  send) cluster_up >/dev/null; messages; exit 0 ;;
  *) echo "quickstart: unknown command '$1'; see ./quickstart.sh --help" >&2; exit 2 ;;
esac

step "packages"
scripts/setup.sh build clients $([ "$provider" = localkube ] && echo kube) | sed 's/^/        /'
step "building name server, broker and operator (minutes the first time, seconds after)"
mkdir -p build/test
. scripts/suites/lib.sh
cmake --preset release > build/test/quickstart-build.log 2>&1 &&
  cmake --build build/release --target rocketmq-namesrv rocketmq-broker rocketmq-operator >> build/test/quickstart-build.log 2>&1 &&
  cmake --install build/release >> build/test/quickstart-build.log 2>&1 ||
  { tail -n 40 build/test/quickstart-build.log >&2; die "the build failed; the whole log is build/test/quickstart-build.log"; }
step "Kubernetes ($provider)"
cluster_up | sed 's/^/        /'
cluster_tools
[ "$provider" = kind ] && export KUBECONFIG=$PWD/build/kind-$cluster_name.kubeconfig || { export LOCALKUBE_NAME=$cluster_name; KUBECONFIG=$("$localkube" kubeconfig); export KUBECONFIG; }
step "images"
product_images | sed 's/^/        /'
product_images >/dev/null
client_image
cluster_load "$images_dir"/*-"$tag".tar "$client_archive" | sed 's/^/        /'
step "operator (Helm chart rocketmq-operator, namespace rocketmq-system)"
install_operator > build/test/quickstart-helm.log 2>&1 || { cat build/test/quickstart-helm.log; kubectl -n rocketmq-system get pods,events; die "the operator did not become ready"; }
step "RocketMQCluster 'sample'"
kubectl apply -f e2e/samples/sample.yaml | sed 's/^/        /'
await_ready sample default 180 || { kubectl get rmq sample -o yaml; kubectl get pods,events; die "the cluster did not become ready, see its conditions above"; }
kubectl get rmq,pods,pvc -o wide | sed 's/^/        /'
step "messages, with the official Java client"
messages
step "done"
cat <<TEXT

What next:
  eval "\$(./quickstart.sh env)"       point kubectl at this cluster
  kubectl get rmq                     the clusters; kubectl describe rmq sample tells what happens
  ./quickstart.sh send                more messages
  kubectl edit rmq sample             change it: image, config, counts, resources
  ./quickstart.sh down                take all of it away
TEXT
