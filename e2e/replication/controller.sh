#!/usr/bin/env bash
# rocketmq-controller over a real etcd, with the official broker 5.5.0 (controller mode) and the official mqadmin:
# elections, a killed master, a killed leader of the Controllers, the tools. Prints "PASS name" and "FAIL name reason".
#   e2e/replication/controller.sh [BIN_DIR]      default: build/release/install/bin
set -uo pipefail
repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
bin=$(cd "${1:-$repo/build/release/install/bin}" && pwd) || exit 1
. "$repo/e2e/replication/lib.sh"

base=${BASE_PORT:-18700}
etcd_port=$((base + 1)) namesrv_port=$((base + 3))
controller_ports=($((base + 10)) $((base + 12)))
broker_ports=($((base + 20)) $((base + 30)))
controllers="127.0.0.1:${controller_ports[0]};127.0.0.1:${controller_ports[1]}"
group=broker-a cluster=DefaultCluster

start_etcd() {
  background etcd etcd --data-dir "$work/etcd" --log-level warn --name one \
    --listen-client-urls "http://127.0.0.1:$etcd_port" --advertise-client-urls "http://127.0.0.1:$etcd_port" \
    --listen-peer-urls "http://127.0.0.1:$((etcd_port + 1))" \
    --initial-advertise-peer-urls "http://127.0.0.1:$((etcd_port + 1))" \
    --initial-cluster "one=http://127.0.0.1:$((etcd_port + 1))"
}
start_controller() { # 0|1
  cat >"$work/controller-$1.conf" <<CONF
listenPort=${controller_ports[$1]}
bindAddress=127.0.0.1
controllerId=controller-$1
controllerPeers=controller-0-127.0.0.1:${controller_ports[0]};controller-1-127.0.0.1:${controller_ports[1]}
adminPort=0
logLevel=${LOG_LEVEL:-info}
etcdEndpoints=http://127.0.0.1:$etcd_port
etcdLeaseSeconds=3
replicationMode=synchronous
replicas=2
leaseMs=2000
heartbeatTimeoutMs=5000
configStorePath=$work/controller-$1.properties
CONF
  background "controller-$1" "$bin/rocketmq-controller" -c "$work/controller-$1.conf"
}
start_namesrv() {
  printf 'listenPort=%s\nbindAddress=127.0.0.1\nadminPort=0\nkvConfigPath=%s\nconfigStorePath=%s\n' "$namesrv_port" \
    "$work/kvConfig.json" "$work/namesrv.properties" >"$work/namesrv.conf"
  background namesrv "$bin/rocketmq-namesrv" -c "$work/namesrv.conf"
}
start_broker() { # 0|1: the Java broker
  local dir=$work/broker-$1 port=${broker_ports[$1]}
  mkdir -p "$dir/logs" "$dir/tmp"
  [ -f "$dir/ports" ] || "$repo/e2e/clients/javabroker.sh" configure "$dir" --namesrv-port "$namesrv_port" \
    --broker-port "$port" --set enableControllerMode=true --set "controllerAddr=$controllers" \
    --set haListenPort=$((port + 5)) --set brokerName=$group --set allAckInSyncStateSet=true \
    --set inSyncReplicas=1 --set minInSyncReplicas=1 --set controllerHeartBeatTimeoutMills=5000 \
    --set syncBrokerMetadataPeriod=1000 --set checkSyncStateSetPeriod=1000 --set syncControllerMetadataPeriod=2000
  JAVA_BROKER_HEAP=512m background "broker-$1" "$repo/e2e/clients/javabroker.sh" run "$dir" broker
}

leader() { # the port of the Controller that leads, as a Controller at port $1 says
  mqadmin getControllerMetaData -a "127.0.0.1:$1" | sed -nE 's/^#ControllerLeaderAddress[[:space:]]+.*:([0-9]+)$/\1/p'
}
leads() { [ "$(leader "$1")" = "$2" ]; }
any_leads() { [ -n "$(leader "$1")" ]; }
sync_set() { mqadmin getSyncStateSet -a "$controllers" -b "$group" >"$work/set" 2>&1; cat "$work/set"; }
master_port() { sync_set | sed -nE 's/^#MasterAddr[[:space:]]+.*:([0-9]+)$/\1/p'; }
in_sync_is() { sync_set | grep -q "^#SyncStateSetNums[[:space:]]*$1\$"; }
master_is() { [ "$(master_port)" = "$1" ]; }
some_master() { [ -n "$(master_port)" ]; }
master_epoch() { sync_set | sed -nE 's/^#MasterEpoch[[:space:]]+([0-9]+)$/\1/p'; }
broker_of() { [ "$1" = "${broker_ports[0]}" ] && echo 0 || echo 1; }
send() { mqadmin sendMessage -n "127.0.0.1:$namesrv_port" -t ControllerTopic -p "$1" | grep -q SEND_OK; }
received() { mqadmin printMsg -n "127.0.0.1:$namesrv_port" -t ControllerTopic >"$work/messages" 2>&1; grep -c "BODY: $1" "$work/messages"; }
all_received() { [ "$(received "$1")" -ge "$2" ]; }

start_etcd
start_namesrv
start_controller 0
within 20 "a Controller leads" any_leads "${controller_ports[0]}" || finish
start_controller 1
within 20 "the other one knows where the leader is" leads "${controller_ports[1]}" "${controller_ports[0]}"

start_broker 0
start_broker 1
within 90 "Java brokers elect a master" some_master || finish
within 60 "both Java brokers are in the sync set" in_sync_is 2 || finish
expect "getSyncStateSet shows epochs" grep -q '^#SyncStateSetEpoch' "$work/set"
first=$(master_port)
second=${broker_ports[$((1 - $(broker_of "$first")))]}

within 30 "a topic is made" mqadmin_ok updateTopic -n "127.0.0.1:$namesrv_port" -c "$cluster" -t ControllerTopic -r 4 -w 4
for i in 1 2 3; do within 20 "a message is acknowledged ($i)" send "before-$i"; done

# The Controllers' leader goes; brokers find the other one and keep their master.
epoch=$(master_epoch)
kill_hard controller-0
within 20 "the other Controller leads after kill -9" leads "${controller_ports[1]}" "${controller_ports[1]}"
controllers="127.0.0.1:${controller_ports[1]}"
within 30 "both Java brokers are in the sync set of the new leader" in_sync_is 2
expect "and the master stayed" master_is "$first"
equal "with its epoch" "$epoch" "$(master_epoch)"
within 20 "a message is acknowledged under the new leader" send "between-1"
start_controller 0
within 20 "a Controller that comes back stands by" leads "${controller_ports[0]}" "${controller_ports[1]}"

# The master goes; the other broker has everything.
within 40 "the slave has the topic" grep -q ControllerTopic "$work/broker-$(broker_of "$second")/store/config/topics.json"
kill_hard "broker-$(broker_of "$first")"
within 30 "the other Java broker is master after kill -9" master_is "$second"
within 40 "a message is acknowledged by the new master" send "after-1"
within 30 "every acknowledged message is there" all_received "\(before\|between\|after\)-" 5
start_broker "$(broker_of "$first")"
within 90 "the old master comes back as a slave in the sync set" in_sync_is 2
expect "and the master stayed the new one" master_is "$second"

# The tools.
id_of() { sync_set | sed -nE "s/.*brokerId=([0-9]+), brokerAddress='[^']*:$1'.*/\1/p"; }
expect "electMaster designates" mqadmin_ok electMaster -a "$controllers" -bn "$group" -b "$(id_of "$first")" -c "$cluster"
within 20 "and the designated one is master" master_is "$first"
within 60 "with the other in the sync set" in_sync_is 2
expect "getControllerConfig" mqadmin_says 'replicationMode=synchronous' getControllerConfig -a "$controllers"
expect "updateControllerConfig" mqadmin_ok updateControllerConfig -a "$controllers" -k leaseMs -v 2500
expect "shows what it changed" mqadmin_says 'leaseMs=2500' getControllerConfig -a "$controllers"
expect "no path changes" mqadmin_fails updateControllerConfig -a "$controllers" -k configStorePath -v /tmp/x
gone=$(id_of "$second")
expect "cleanBrokerMetadata refuses a living broker" mqadmin_fails cleanBrokerMetadata -a "$controllers" -bn "$group" -b "$gone" -c "$cluster"
kill_hard "broker-$(broker_of "$second")"
within 20 "a dead slave leaves the sync set" in_sync_is 1
within 20 "cleanBrokerMetadata removes a dead one" mqadmin_ok cleanBrokerMetadata -a "$controllers" -bn "$group" -b "$gone" -c "$cluster"
expect "which is not listed any more" test -z "$(id_of "$second")"
finish
