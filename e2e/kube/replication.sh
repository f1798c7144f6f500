#!/usr/bin/env bash
# Groups with several replicas, synchronous and quorum: what `kubectl get` says, and that a killed master costs nothing acknowledged.
set -uo pipefail; . "$(dirname "$0")/lib.sh"
namespace kube-replication

# two replicas that both must have a message; a majority of three
expect "a synchronous cluster" cluster s "$(spec 1 1 'replicasPerGroup: 2, replication: sync')"
expect "a quorum" cluster q "$(spec 1 1 'replicasPerGroup: 3, replication: quorum')"
ready_within 150 s "the synchronous one is ready, its replicas in sync" || exit 0
ready_within 120 q "so is the quorum" || exit 0

group() { field "rmqg/$1-broker-0" "{.status.$2}"; }
columns() { get rmqg "$1-broker-0" --no-headers | awk '{print $2, $3, $4, $6}'; }
in_sync() { [ "$(group "$1" inSync)" = "$2" ]; }
sync_set_is() { within 30 "$1: the sync set is whole" in_sync "$2" "$3"; }
# Service, labels and status name the same master as the broker group does.
follows() {
  local master; master=$(group "$1" master)
  [ -n "$master" ] &&
    [ "$(field "service/$1-broker-0" '{.spec.selector.statefulset\.kubernetes\.io/pod-name}')" = "$master" ] &&
    [ "$(get pods -l "app.kubernetes.io/instance=$1,rocketmq-operator.io/role=master" -o jsonpath='{.items[*].metadata.name}')" = "$master" ] &&
    [ "$(field "rmq/$1" '{.status.groups[0].master}')" = "$master" ]
}
has_master_other_than() { local master; master=$(group "$1" master); [ -n "$master" ] && [ "$master" != "$2" ]; }

sync_set_is "synchronous" s 0,1
sync_set_is "quorum" q 0,1,2
equal "kubectl get rmqg: mode, replicas, master, sync set (synchronous)" "sync 2 $(group s master) 0,1" "$(columns s)"
equal "kubectl get rmqg (quorum)" "quorum 3 $(group q master) 0,1,2" "$(columns q)"
equal "roles of the quorum's pods" "master slave slave" \
  "$(get pods -l app.kubernetes.io/instance=q,app.kubernetes.io/component=broker -o jsonpath='{range .items[*]}{.metadata.labels.rocketmq-operator\.io/role}{"\n"}{end}' | sort | xargs)"
endpoint() { field endpointslice/s-controller '{.endpoints[0].addresses[0]}'; }
equal "the controller's service leads to the operator" "$(kubectl -n rocketmq-system get pods -l app.kubernetes.io/name=rocketmq-operator -o jsonpath='{.items[0].status.podIP}')" "$(endpoint)"
expect "the election was told" has_event MasterElected
equal "and is recorded" True "$(group s 'conditions[?(@.type=="HasMaster")].status')"
quickstart "ten messages of the Java client (synchronous)" s
quickstart "ten messages of the Java client (quorum)" q

number() { sed -nE "s/.*\"$1\":([0-9]+).*/\1/p" "$work/summary"; }
flowing() { local now; now=$(metric "$1" rocketmq_store_messages_appended_total) && [ "${now%.*}" -ge "$2" ]; }
# lose_master CLUSTER HOW COMMAND...: messages flow, the command takes the master's pod {} away, another takes over.
lose_master() {
  local cluster=$1 how=$2 master epoch start; shift 2
  master=$(group "$cluster" master) epoch=$(group "$cluster" masterEpoch) start=$(date +%s%3N)
  "${@//\{\}/$master}" >/dev/null 2>&1
  within 30 "$cluster, $how: another master" has_master_other_than "$cluster" "$master"
  echo "figure: replication: $cluster, $how: another master after $(($(date +%s%3N) - start)) ms" >&2
  expect "$cluster, $how: a later epoch" test "$(group "$cluster" masterEpoch)" -gt "$epoch"
  within 20 "$cluster, $how: service, labels and status follow" follows "$cluster"
}
soak() { # CLUSTER ALL
  local cluster=$1 all=$2
  java_client "$ns" "soak-$cluster" clients.Soak --namesrv "$(namesrv "$cluster")" --topic Soak --seconds 75 --rate 200 --threads 4 --drain 60
  within 45 "$cluster: messages flow" flowing "$(group "$cluster" master)" 200
  lose_master "$cluster" "pod deleted" kubectl -n "$ns" delete pod {} --wait=false
  ready_within 60 "$cluster" "$cluster: all in sync again"
  lose_master "$cluster" "pod killed" kubectl -n "$ns" delete pod {} --grace-period=0 --force
  ready_within 60 "$cluster" "$cluster: once more in sync"
  java_client_wait "$ns" "soak-$cluster" 150 > "$work/log" 2>&1
  local status=$?
  tail -n 1 "$work/log" > "$work/summary"
  equal "$cluster: the client is content" 0 $status || tail -n 5 "$work/log" >&2
  equal "$cluster: no acknowledged message is lost" 0 "$(number lost)"
  expect "$cluster: thousands were acknowledged ($(number acknowledged))" test "$(number acknowledged)" -gt 2000
  echo "figure: replication: $cluster: $(number acknowledged) acknowledged, longest outage $(number longestOutageMs) ms" >&2
  sync_set_is "$cluster at the end" "$cluster" "$all"
}
soak s 0,1
soak q 0,1,2

# A roll-out: slaves first, the mastership handed over.
master=$(group s master)
edit s '{"spec":{"brokerGroups":{"config":{"fileReservedTime":"71"}}}}' >/dev/null
ready_within 150 s "a changed key is rolled out over both replicas"
expect "the mastership was handed over for it" has_master_other_than s "$master"
quickstart "messages flow after it" s

expect "a third replica is asked for" edit s '{"spec":{"brokerGroups":{"replicasPerGroup":3}}}'
ready_within 120 s "it joins"; sync_set_is "with it" s 0,1,2
expect "and is given up" edit s '{"spec":{"brokerGroups":{"replicasPerGroup":2}}}'
two() { [ "$(get pods -l app.kubernetes.io/instance=s,app.kubernetes.io/component=broker -o name | wc -l)" = 2 ]; }
within 60 "two are left" two
ready_within 60 s "ready with two"

# One replica becomes two, and its messages are the group's.
cluster g "$(spec 1 1)" >/dev/null; ready_within 60 g "a cluster of one replica is ready"
quickstart "it holds ten messages" g
expect "it is to have two" edit g '{"spec":{"brokerGroups":{"replicasPerGroup":2,"replication":"sync"}}}'
within 60 "it elects" has_master_other_than g ""
ready_within 60 g "both are in sync"; sync_set_is "grown" g 0,1
lose_master g "pod deleted" kubectl -n "$ns" delete pod {} --wait=false
read_back() { mqadmin g printMsg -t QuickstartTopic > "$work/messages" 2>&1; [ "$(grep -c 'BODY: message' "$work/messages")" = 10 ]; }
within 60 "the ten messages are on the other, too" read_back

# At rest a replicated cluster costs no write either.
ready_within 60 g "ready with two again"
versions() { get rmq,rmqg,pods,services,endpointslices,statefulsets -o jsonpath='{range .items[*]}{.kind}/{.metadata.name} {.metadata.resourceVersion}{"\n"}{end}'; }
quiet() { local before; before=$(versions); sleep 4; [ "$before" = "$(versions)" ]; }
await 90 "the clusters to rest" quiet # a lag band may still be on its way
before=$(versions)
sleep 10 # the test itself: for so long nothing may happen
equal "at rest no object changes" "$before" "$(versions)"

kubectl -n "$ns" delete rmqg s-broker-0 --wait=false >/dev/null
within 30 "a broker group deleted by hand is kept, and said" condition_is s Degraded BrokerGroupDeleted reason
kubectl -n "$ns" delete rmq s q g --wait --timeout 60s >/dev/null
gone() { [ -z "$(get rmqg -o name)" ]; }
within 60 "with its cluster it goes" gone
