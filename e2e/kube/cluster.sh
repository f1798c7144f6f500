#!/usr/bin/env bash
# A cluster of two name servers and two groups: what it is made of, what its status says, and the official Java client.
set -uo pipefail; . "$(dirname "$0")/lib.sh"
namespace kube-cluster

expect apply cluster a "$(spec 2 2 'flush: sync, config: {enablePropertyFilter: "false"}')"
ready_within 120 a || exit 0
columns=$(get rmq a | tail -n 1)
equal "printer columns" "a True 2 2 2 $tag" "$(awk '{print $1, $2, $3, $4, $5, $6}' <<<"$columns")"
equal "status: name servers" '["a-namesrv-0.a-namesrv.kube-cluster.svc:9876","a-namesrv-1.a-namesrv.kube-cluster.svc:9876"]' \
  "$(field rmq/a '{.status.nameServerAddresses}')"
equal "status: groups, pods and masters" "a-broker-0 a-broker-0-0 a-broker-0-0 master; a-broker-1 a-broker-1-0 a-broker-1-0 master; " \
  "$(field rmq/a '{range .status.groups[*]}{.name} {.master} {.pods[*].name} {.pods[*].role}; {end}')"
security='{range .items[*]}{.spec.securityContext.runAsNonRoot} {.spec.containers[*].securityContext.readOnlyRootFilesystem} {.spec.containers[*].securityContext.allowPrivilegeEscalation} {.spec.containers[*].securityContext.capabilities.drop[*]} {.spec.automountServiceAccountToken}{"\n"}{end}'
equal "pods: no root, no rights, no token" "true true false ALL false" \
  "$(get pods -l app.kubernetes.io/managed-by=rocketmq-operator -o jsonpath="$security" | sort -u)"
equal "sets: Parallel, OnDelete" "Parallel OnDelete" \
  "$(get statefulsets -o jsonpath='{range .items[*]}{.spec.podManagementPolicy} {.spec.updateStrategy.type}{"\n"}{end}' | sort -u)"
equal "each broker pod has a service" "true true" \
  "$(get services a-broker-0-0 a-broker-1-0 -o jsonpath='{.items[*].spec.publishNotReadyAddresses}')"
address=$(field service/a-broker-0-0 '{.spec.clusterIP}')
equal "sync flush reached the broker" flushDiskType=SYNC_FLUSH \
  "$(kubectl -n "$ns" exec a-broker-0-0 -- /usr/local/bin/rocketmq-broker -c /etc/rocketmq/broker.conf -p | grep '^flushDiskType=')"
equal "disruption budgets" "1 1" "$(get poddisruptionbudgets -o jsonpath='{.items[*].spec.maxUnavailable}')"
knows() { [ "$(metric "$1" rocketmq_namesrv_live_brokers)" = "$2" ]; }
within 20 "a name server knows both masters" knows a-namesrv-0 2; within 20 "so does the other" knows a-namesrv-1 2

quickstart "ten messages of the Java client" a
tests=(send-sync send-async send-batch send-oneway push-clustering orderly tag-filter pull-consumer lite-pull-subscribe
  query-by-key view-by-id offset-resume compressed-body large-message create-topic retry-dead-letter)
java_client "$ns" client-suite clients.Runner --namesrv "$(namesrv a)" --cluster a --parallel 4 "${tests[@]}"
java_client_wait "$ns" client-suite 180 > "$work/suite" 2>&1
sed -nE "s#^(PASS|FAIL) #\1 $name/java #p" "$work/suite"
expect "all the Java tests ran" grep -q "^${#tests[@]} passed, 0 failed" "$work/suite"

kubectl -n "$ns" delete pod a-broker-0-0 --wait --timeout 70s >/dev/null
ready_within 60 a "ready again after a pod went"
equal "the address stayed" "$address" "$(field service/a-broker-0-0 '{.spec.clusterIP}')"

# A second cluster beside the first, and one of the same name in another namespace.
namespace kube-neighbour
cluster a >/dev/null && cluster b >/dev/null
ready_within 90 a "a namesake in another namespace is ready"; ready_within 60 b "a second in that namespace, too"
quickstart "messages through the namesake" a; quickstart "messages through the second" b
equal "each name server knows its own broker only" "1 1" \
  "$(metric a-namesrv-0 rocketmq_namesrv_live_brokers) $(metric b-namesrv-0 rocketmq_namesrv_live_brokers)"
