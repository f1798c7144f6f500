# Shared by the tests of e2e/kube; sourced by each. A test prints "PASS name" and "FAIL name reason" lines; every wait has a limit.
. "$(dirname "${BASH_SOURCE[0]}")/../lib/cluster.sh"
cluster_use
: "${tag:?}" "${client_image:?}"
name=$(basename "$0" .sh)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

pass() { echo "PASS $name/$1"; }
fail() { echo "FAIL $name/$1 $(tr '\n' ' ' <<<"${2:-}" | cut -c1-400)"; }

# expect WHAT COMMAND...: passes if the command succeeds; the reason otherwise is the end of what it printed.
expect() {
  local what=$1; shift
  if "$@" > "$work/out" 2>&1; then pass "$what"; else fail "$what" "$(tail -n 4 "$work/out")"; return 1; fi
}
# refused WHAT WORDS COMMAND...: passes if the command fails and prints the words.
refused() {
  local what=$1 words=$2; shift 2
  if "$@" > "$work/out" 2>&1; then fail "$what" "it was accepted"
  elif grep -qF -- "$words" "$work/out"; then pass "$what"
  else fail "$what" "$(tail -n 4 "$work/out")"; fi
}
equal() { if [ "$2" = "$3" ]; then pass "$1"; else fail "$1" "expected '$2', got '$3'"; return 1; fi; }
# within LIMIT_S WHAT COMMAND...: passes as soon as the command succeeds.
within() {
  local limit=$1 what=$2; shift 2
  if await "$limit" "$what" "$@" 2> "$work/out"; then pass "$what"; else fail "$what" "$(cat "$work/out")"; return 1; fi
}

get() { kubectl -n "$ns" get "$@"; }
field() { get "$1" -o "jsonpath=$2"; } # field rmq/a '{.status.masters}'
fields_are() { [ "$(field "$1" "$2")" = "$3" ]; }
condition() { field "rmq/$1" "{.status.conditions[?(@.type==\"$2\")].${3:-status}}"; }
condition_is() { [ "$(condition "$1" "$2" "${4:-status}")" = "$3" ]; }
has_event() { get events -o jsonpath='{.items[*].reason}' | grep -qw "$1"; }
edit() { kubectl -n "$ns" patch rmq "$1" --type merge -p "$2"; }
uids() { get pods -l "app.kubernetes.io/component=$1" -o jsonpath='{range .items[*]}{.metadata.name}={.metadata.uid} {end}'; }
metric() { # POD NAME
  kubectl get --raw "/api/v1/namespaces/$ns/pods/$1:5557/proxy/metrics" | awk -v name="$2" '$1 == name { print $2 }'
}

namespace() { # NAME: a fresh one, current for the helpers above
  ns=$1
  kubectl create namespace "$ns" >/dev/null
}

# cluster NAME [SPEC_YAML]: applies a RocketMQCluster that asks little of the machine. SPEC_YAML is indented by two.
cluster() {
  kubectl -n "$ns" apply -f - <<YAML
apiVersion: rocketmq-operator.io/v1alpha1
kind: RocketMQCluster
metadata: {name: $1}
spec:
${2:-$(spec)}
YAML
}
# spec [NAME_SERVERS] [GROUPS] [MORE OF brokerGroups]
spec() {
  cat <<YAML
  nameServers: {replicas: ${1:-1}, resources: {requests: {cpu: 5m, memory: 16Mi}}, storage: {size: 100Mi}}
  brokerGroups: {count: ${2:-1}, resources: {requests: {cpu: 10m, memory: 32Mi}, limits: {memory: 512Mi}}, storage: {size: 1Gi}${3:+, $3}}
YAML
}
ready_within() { within "$1" "${3:-ready}" is_ready "$2" "$ns" || { describe "$2"; return 1; }; } # LIMIT_S CLUSTER [WHAT]
describe() { { kubectl -n "$ns" get rmq,pods -o wide; kubectl -n "$ns" describe rmq "$1" | tail -n 30; } >&2; }

namesrv() { echo "$1-namesrv.$ns.svc:9876"; } # CLUSTER: where clients find it
# quickstart WHAT CLUSTER [NAMESRV]: ten messages of the official Java client through the cluster.
quickstart() {
  java_client "$ns" "client-$2" clients.Quickstart --namesrv "${3:-$(namesrv "$2")}" --topic QuickstartTopic --count 10
  expect "$1" java_client_wait "$ns" "client-$2" 90
}
mqadmin() { # CLUSTER COMMAND ARG...: the official administration tool in a pod; prints what it prints
  local cluster=$1; shift
  java_client "$ns" "admin-$cluster" org.apache.rocketmq.tools.command.MQAdminStartup "$@" -n "$(namesrv "$cluster")"
  java_client_wait "$ns" "admin-$cluster" 60
}
