#!/usr/bin/env bash
# Deleted clusters leave what their storage policy says, and nothing else; kept messages come back.
set -uo pipefail; . "$(dirname "$0")/lib.sh"
namespace kube-deletion
gone() { [ -z "$(get "$1" -l "app.kubernetes.io/instance=$2" -o name)" ]; }
delete() { kubectl -n "$ns" delete rmq "$1" --wait --timeout 60s; }

cluster kept >/dev/null
cluster lost "$(spec 1 1 | sed 's/storage: {/storage: {policy: delete, /g')" >/dev/null
ready_within 120 kept "the one to keep is ready" || exit 0
ready_within 60 lost "the one to lose is ready" || exit 0
quickstart "messages are stored" kept

expect "one is deleted" delete lost
within 60 "with policy delete, claims go" gone pvc lost
expect "the other is deleted" delete kept
objects=pods,statefulsets,services,configmaps,poddisruptionbudgets,networkpolicies
within 90 "everything else of both goes" bash -c "[ -z \"\$(kubectl -n $ns get $objects -l app.kubernetes.io/managed-by=rocketmq-operator -o name)\" ]"
equal "with policy keep, claims stay" "store-kept-broker-0-0 store-kept-namesrv-0" "$(get pvc -l app.kubernetes.io/instance=kept -o jsonpath='{.items[*].metadata.name}')"

cluster kept >/dev/null
ready_within 90 kept "made again, it is ready"
read_back() { mqadmin kept printMsg -t QuickstartTopic > "$work/messages" 2>&1; [ "$(grep -c 'BODY: message' "$work/messages")" = 10 ]; }
within 60 "its messages are there again" read_back
