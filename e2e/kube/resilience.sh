#!/usr/bin/env bash
# At rest nothing is written; killed operators and restarted API servers at bad moments don't matter. Runs alone.
set -uo pipefail; . "$(dirname "$0")/lib.sh"
namespace kube-resilience
cluster a "$(spec 1 2)" >/dev/null
ready_within 120 a || exit 0
operator() { kubectl -n rocketmq-system get pods -l app.kubernetes.io/name=rocketmq-operator --field-selector status.phase=Running -o jsonpath='{.items[0].metadata.name}'; }
operator_metric() {
  kubectl get --raw "/api/v1/namespaces/rocketmq-system/pods/$(operator):8080/proxy/metrics" | awk -v name="$1" 'index($1, name) == 1 { sum += $2 } END { print sum + 0 }'
}
versions() {
  get rmq,pods,statefulsets,services,configmaps,poddisruptionbudgets,networkpolicies,pvc,events -o jsonpath='{range .items[*]}{.kind}/{.metadata.name} {.metadata.resourceVersion}{"\n"}{end}'
}
# Writes that the API server counted, of the kinds an operator touches.
writes() {
  kubectl get --raw /metrics | grep '^apiserver_request_total{' | grep -E 'verb="(POST|PUT|PATCH|APPLY|DELETE|DELETECOLLECTION)"' |
    grep -E 'resource="(rocketmqclusters|pods|statefulsets|services|configmaps|poddisruptionbudgets|networkpolicies|persistentvolumeclaims|events)"' | awk '{ sum += $NF } END { print sum + 0 }'
}
quiet() { local before; before=$(versions); sleep 4; [ "$before" = "$(versions)" ]; }
await 60 "the cluster to rest" quiet # the kubelet's and the controllers' own last words
before=$(versions) counted=$(writes) requests=$(operator_metric rocketmq_operator_api_requests_total)
sleep 15 # the test itself: for so long nothing may happen
equal "at rest no object changes" "$before" "$(versions)"
equal "the API server counts no write" "$counted" "$(writes)"
equal "the operator sends no request" "$requests" "$(operator_metric rocketmq_operator_api_requests_total)"

kill_operator() { kubectl -n rocketmq-system delete pod -l app.kubernetes.io/name=rocketmq-operator --grace-period=0 --force --wait=false; }
changed() { equal "$1" "$2 $2" "$(get pods -l app.kubernetes.io/component=broker -o jsonpath='{.items[*].spec.containers[0].resources.limits.memory}')"; }
edit a '{"spec":{"brokerGroups":{"resources":{"limits":{"memory":"520Mi"}}}}}' >/dev/null
within 30 "a roll-out begins" condition_is a Progressing True
expect "the operator is killed in the middle" kill_operator
ready_within 120 a "it is completed"
changed "on both brokers" 520Mi

if [ "$provider" = localkube ]; then
  edit a '{"spec":{"brokerGroups":{"resources":{"limits":{"memory":"530Mi"}}}}}' >/dev/null
  within 30 "another begins" condition_is a Progressing True
  expect "the API server restarts in the middle" "$localkube" restart-apiserver
  ready_within 120 a "that is completed, too"
  changed "on both brokers after the restart" 530Mi
  edit a '{"spec":{"brokerGroups":{"count":3}}}' >/dev/null
  ready_within 120 a "and the operator still watches"
fi
kubectl -n "$ns" delete statefulset a-broker-1 --cascade=orphan >/dev/null
within 60 "a StatefulSet that someone deleted comes back" get statefulset a-broker-1
kubectl -n "$ns" delete service a-broker-0-0 >/dev/null
within 60 "so does a service" get service a-broker-0-0
ready_within 90 a "ready at the end"
quickstart "messages flow at the end" a
