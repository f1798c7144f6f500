#!/usr/bin/env bash
# The chart's later life: upgrade, roll-back, uninstall with clusters running, install again. Runs alone, last.
set -uo pipefail; . "$(dirname "$0")/lib.sh"
namespace kube-uninstall
cluster a >/dev/null; ready_within 90 a || exit 0
pods=$(get pods -l app.kubernetes.io/managed-by=rocketmq-operator -o jsonpath='{.items[*].metadata.uid}')
arguments() { kubectl -n rocketmq-system get deployment rocketmq-operator -o jsonpath='{.spec.template.spec.containers[0].args}'; }
unchanged() { equal "$1" "$pods" "$(get pods -l app.kubernetes.io/managed-by=rocketmq-operator -o jsonpath='{.items[*].metadata.uid}')"; }

expect "upgrade" install_operator --set logLevel=debug
expect "the value has arrived" grep -q log-level=debug <(arguments)
expect "roll-back" helm rollback -n rocketmq-system rocketmq-operator --wait --timeout 120s
expect "the value is back" grep -q log-level=info <(arguments)
unchanged "no pod of the cluster was restarted"

expect "uninstall" helm uninstall -n rocketmq-system rocketmq-operator --wait --timeout 120s
expect "clusters and their definition stay" get rmq a
unchanged "and their pods run on"
nothing_left() { [ -z "$(kubectl get clusterroles,clusterrolebindings -o name | grep rocketmq-operator; kubectl -n rocketmq-system get all,roles,rolebindings -o name)" ]; }
within 60 "nothing of the operator stays" nothing_left
quickstart "messages flow without an operator" a
edit a '{"spec":{"nameServers":{"replicas":2}}}' >/dev/null
expect "installed again" install_operator
ready_within 90 a "it takes up what was changed meanwhile"
