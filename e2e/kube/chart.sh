#!/usr/bin/env bash
# The chart: lint, install, test, its rights.
set -uo pipefail; . "$(dirname "$0")/lib.sh"
chart=$repo/charts/rocketmq-operator

expect lint helm lint --strict "$chart"
refused "a value of the wrong kind" "replicas" helm template "$chart" --set replicas=many
expect install install_operator || { kubectl -n rocketmq-system get pods,events; exit 1; }
expect "helm test" helm test -n rocketmq-system rocketmq-operator --timeout 120s
cp "$work/out" "$work/tested"
expect "helm test says Succeeded" grep -q 'Phase: *Succeeded' "$work/tested"
expect "the definition is established" kubectl wait --for=condition=Established crd/rocketmqclusters.rocketmq-operator.io --timeout 30s
ns=rocketmq-system
equal "not root, read-only root" "true true" "$(get pods -l app.kubernetes.io/name=rocketmq-operator \
  -o jsonpath='{.items[0].spec.securityContext.runAsNonRoot} {.items[0].spec.containers[0].securityContext.readOnlyRootFilesystem}')"
account=system:serviceaccount:rocketmq-system:rocketmq-operator
refused "the operator may not read secrets" no kubectl auth can-i get secrets -A --as "$account"
refused "nor delete volume claims" no kubectl auth can-i delete persistentvolumeclaims -A --as "$account"
refused "nor change its own rights" no kubectl auth can-i update clusterroles --as "$account"
# The table in docs/kubernetes.md has every field of the spec that holds a value.
fields() {
  kubectl get crd rocketmqclusters.rocketmq-operator.io -o json | python3 -c '
import json, sys
def walk(schema, path):
    for name, inner in schema.get("properties", {}).items():
        if inner.get("type") == "object" and "properties" in inner: walk(inner, path + [name])
        else: print(".".join(path + [name]))
walk(json.load(sys.stdin)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"], [])'
}
expect "fields are listed" fields
missing=$(for field in $(fields); do grep -qF "\`$field\`" "$repo/docs/kubernetes.md" || echo "$field"; done)
equal "every field is documented" "" "$missing"
