#!/usr/bin/env bash
# Messages flow from and to the official Java client while broker and name server pods are deleted and killed.
set -uo pipefail; . "$(dirname "$0")/lib.sh"
namespace kube-soak
cluster a "$(spec 2 1)" >/dev/null
ready_within 120 a || exit 0

number() { sed -nE "s/.*\"$1\":([0-9]+).*/\1/p" "$work/summary"; }
flowing() { # grows while messages come in
  local now; now=$(metric a-broker-0-0 rocketmq_store_messages_appended_total) && [ "${now:-0}" -ge "$1" ]
}
java_client "$ns" soak clients.Soak --namesrv "$(namesrv a)" --topic Soak --seconds 60 --rate 200 --threads 4 --drain 60
within 45 "messages flow" flowing 200

kubectl -n "$ns" delete pod a-broker-0-0 --wait --timeout 70s >/dev/null
within 45 "they flow again after the broker's pod was deleted" flowing 200
kubectl -n "$ns" delete pod a-broker-0-0 --grace-period=0 --force >/dev/null 2>&1
within 45 "and after it was killed" flowing 200
kubectl -n "$ns" delete pod a-namesrv-0 --wait=false >/dev/null

java_client_wait "$ns" soak 150 > "$work/log" 2>&1
status=$?
tail -n 1 "$work/log" > "$work/summary"
equal "the client is content" 0 $status || tail -n 5 "$work/log" >&2
equal "no acknowledged message is lost" 0 "$(number lost)"
equal "none is undelivered" 0 "$(number undelivered)"
expect "thousands were acknowledged ($(number acknowledged))" test "$(number acknowledged)" -gt 2000
echo "figure: soak: $(number acknowledged) acknowledged, longest outage $(number longestOutageMs) ms, $(number duplicated) delivered twice" >&2
ready_within 60 a "ready at the end"
