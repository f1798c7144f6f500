#!/usr/bin/env bash
# Edits of the spec take effect, with as little disturbance as can be.
set -uo pipefail; . "$(dirname "$0")/lib.sh"
namespace kube-edits
cluster a "$(spec 1 2)" >/dev/null
ready_within 120 a || exit 0
setting() { kubectl -n "$ns" exec "$1" -- /usr/local/bin/rocketmq-broker -c /etc/rocketmq/broker.conf -p | sed -n "s/^$2=//p"; }
template() { get "$1" -o "jsonpath={.spec.containers[0].$2}"; }

brokers=$(uids broker)
expect "a second name server is asked for" edit a '{"spec":{"nameServers":{"replicas":2}}}'
ready_within 60 a "it is ready"
equal "no broker was restarted for it" "$brokers" "$(uids broker)"
knows() { [ "$(metric "$1" rocketmq_namesrv_live_brokers)" = "$2" ]; }
within 20 "it knows both masters" knows a-namesrv-1 2
quickstart "it serves routes" a "a-namesrv-1.a-namesrv.$ns.svc:9876"

servers=$(uids name-server)
edit a '{"spec":{"brokerGroups":{"config":{"maxMessageSize":"2097152"}}}}' >/dev/null
ready_within 120 a "a changed key of broker.conf is rolled out"
equal "to both brokers" "2097152 2097152" "$(setting a-broker-0-0 maxMessageSize) $(setting a-broker-1-0 maxMessageSize)"
expect "which run with it, the Java tool says" grep -q 'maxMessageSize *= *2097152' <(mqadmin a getBrokerConfig -b "a-broker-1-0.$ns.svc:10911")
equal "no name server was restarted for it" "$servers" "$(uids name-server)"

edit a '{"spec":{"brokerGroups":{"resources":{"limits":{"memory":"640Mi"}}}}}' >/dev/null
ready_within 120 a "changed resources are rolled out"
equal "to the pods" "640Mi 640Mi" "$(template pod/a-broker-0-0 resources.limits.memory) $(template pod/a-broker-1-0 resources.limits.memory)"
expect "rolling was announced" has_event ReplacingPod

edit a "{\"spec\":{\"image\":{\"tag\":\"$other_tag\"}}}" >/dev/null
ready_within 150 a "another image tag is rolled out"
equal "to every pod" "$other_tag" "$(get pods -l app.kubernetes.io/managed-by=rocketmq-operator -o jsonpath='{range .items[*]}{.spec.containers[0].image}{"\n"}{end}' | sed 's/.*://' | sort -u)"
equal "and shown" "$other_tag" "$(field rmq/a '{.status.version}')"
quickstart "messages flow after all that" a

expect "kubectl scale asks for a third group" kubectl -n "$ns" scale rmq/a --replicas=3
ready_within 90 a "it is ready"
equal "status counts it" "3 3" "$(field rmq/a '{.status.brokerGroups} {.status.masters}')"

expect "a volume may grow" edit a '{"spec":{"brokerGroups":{"storage":{"size":"2Gi"}}}}'
within 60 "its claims follow" fields_are pvc/store-a-broker-0-0 '{.spec.resources.requests.storage}' 2Gi
