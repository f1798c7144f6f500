#!/bin/bash
# Proves on a real cluster of two nodes what the end-to-end tests rely on, and
# that nothing is left afterwards. Takes about two minutes; needs root.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
export LOCALKUBE_NAME=smoke
localkube=$("$here/build.sh") || exit 1
passed=0 failed=0

lk() { "$localkube" "$@"; }
k() { lk kubectl "$@"; }

check() { # NAME COMMAND...: passes if the command does
  local name=$1
  shift
  if "$@" >"$work/out" 2>&1; then
    passed=$((passed + 1))
    echo "ok   $name"
  else
    failed=$((failed + 1))
    echo "FAIL $name"
    sed 's/^/     /' "$work/out" | tail -n 20
  fi
}

until_true() { # SECONDS COMMAND...
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ $SECONDS -lt $end ] || return 1
    sleep 0.5
  done
}

# What the machine looks like to someone who cares whether we clean up.
machine() {
  ip -br link | awk '{print $1}' | grep '^lk'
  ip route | grep ' lk'
  cut -d' ' -f5 /proc/self/mountinfo | grep localkube
  iptables-save 2>/dev/null | grep -i kube
  find /sys/fs/cgroup -type d -name 'localkube*'
  grep -lzs '^LOCALKUBE_UNIT=' /proc/[0-9]*/environ
  grep -H . /proc/sys/kernel/panic /proc/sys/kernel/panic_on_oops /proc/sys/vm/overcommit_memory /proc/sys/vm/panic_on_oom /proc/sys/fs/inotify/max_user_*
  ls -d /run/localkube* /opt/containerd /opt/cni /etc/cni /var/lib/kubelet /var/lib/cni /var/lib/containerd /var/log/pods /var/log/containers /usr/libexec/kubernetes /run/containerd /run/netns 2>/dev/null
  true
}

finish() {
  lk down >/dev/null 2>&1
  rm -rf "$work"
}
trap finish EXIT

lk down >/dev/null
machine >"$work/before"

applets=()
for applet in sh cat wget nslookup sleep id touch nc; do applets+=(--symlink "/bin/$applet=busybox"); done
check "an image is packed" lk images pack --name localhost/smoke:1 --output "$work/smoke.tar" \
  --add "$(command -v busybox)=/bin/busybox" "${applets[@]}" --entrypoint /bin/sh
check "a cluster of two nodes comes up" lk up --nodes 2 --image "$work/smoke.tar"
check "a second up does nothing" bash -c "'$localkube' up --nodes 2 | grep -q 'already up'"
check "status is well" lk status

# --- workloads -----------------------------------------------------------------
cat >"$work/web.yaml" <<'Y'
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {clusterIP: None, selector: {app: web}, ports: [{name: http, port: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: web-0-direct}
spec: {selector: {statefulset.kubernetes.io/pod-name: web-0}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 2, selector: {matchLabels: {app: web}}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  serviceName: web
  replicas: 2
  selector: {matchLabels: {app: web}}
  podManagementPolicy: Parallel
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      securityContext: {runAsNonRoot: true, runAsUser: 65532, runAsGroup: 65532, fsGroup: 65532, seccompProfile: {type: RuntimeDefault}}
      topologySpreadConstraints:
      - {maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: web}}}
      tolerations:
      - {key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 5}
      - {key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute, tolerationSeconds: 5}
      containers:
      - name: web
        image: localhost/smoke:1
        imagePullPolicy: Never
        command: [/bin/sh, -c, "echo started; touch /data/$(hostname).$(date +%s%N); exec busybox httpd -f -p 8080 -h /data"]
        securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
        resources: {requests: {cpu: 10m, memory: 16Mi}, limits: {memory: 32Mi}}
        readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
        volumeMounts: [{name: data, mountPath: /data}]
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
Y
sed -i 's/\$(hostname).\$(date +%s%N)/mark/' "$work/web.yaml"
check "objects are made" k apply -f "$work/web.yaml"
check "a non-root StatefulSet with claims and a read-only root runs" k rollout status statefulset/web --timeout=120s
check "its pods are on two nodes" bash -c "[ \$('$localkube' kubectl get pods -l app=web -o jsonpath='{.items[*].spec.nodeName}' | tr ' ' '\n' | sort -u | wc -l) = 2 ]"
check "logs" bash -c "'$localkube' kubectl logs web-0 | grep -q started"
check "exec, as the wanted user" bash -c "[ \"\$('$localkube' kubectl exec web-0 -- id -u)\" = 65532 ]"
check "the volume is writable" k exec web-0 -- sh -c 'echo first >/data/index.html'
check "the root file system is not" bash -c "! '$localkube' kubectl exec web-0 -- touch /tmp/x"
check "headless names resolve in another pod" k exec web-1 -- nslookup web-0.web.default.svc.cluster.local
check "short names resolve" k exec web-1 -- wget -qO- http://web-0.web:8080/
check "a service of one pod, from the other node" k exec web-1 -- wget -qO- http://web-0-direct/
check "a pod reaches itself through its service" k exec web-0 -- wget -qO- http://web-0-direct/
service=$(k get service web-0-direct -o jsonpath='{.spec.clusterIP}')
pod=$(k get pod web-0 -o jsonpath='{.status.podIP}')
check "a pod, from this computer" busybox wget -qO- "http://$pod:8080/"
check "a service, from this computer" busybox wget -qO- "http://$service/"
check "the API server reaches a service, as it does webhooks" k get --raw /api/v1/namespaces/default/services/web-0-direct/proxy/
check "the data outlives the pod" bash -c "'$localkube' kubectl delete pod web-0 && '$localkube' kubectl wait --for=condition=Ready pod/web-0 --timeout=60s && [ \"\$('$localkube' kubectl exec web-0 -- cat /data/index.html)\" = first ]"
check "the disruption budget is kept" bash -c "! '$localkube' kubectl drain node1 --ignore-daemonsets --force --timeout=3s; '$localkube' kubectl uncordon node1"
check "a claim grows" k patch pvc data-web-0 --type merge -p '{"spec":{"resources":{"requests":{"storage":"2Gi"}}}}'
check "its volume follows" until_true 20 bash -c "[ \$('$localkube' kubectl get pvc data-web-0 -o jsonpath='{.status.capacity.storage}') = 2Gi ]"

# --- the API -------------------------------------------------------------------
cat >"$work/crd.yaml" <<'Y'
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.smoke.test}
spec:
  group: smoke.test
  scope: Namespaced
  names: {kind: Thing, plural: things, singular: thing}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties: {min: {type: integer}, max: {type: integer}}
            x-kubernetes-validations: [{rule: self.min <= self.max, message: min is above max}]
Y
thing() { printf 'apiVersion: smoke.test/v1\nkind: Thing\nmetadata: {name: t}\nspec: {min: %d, max: %d}\n' "$1" "$2" | k apply -f -; }
refused() { ! thing 3 2 2>&1 | tee /dev/stderr | grep -q created; }
check "a resource definition" k apply -f "$work/crd.yaml"
check "is established" k wait --for=condition=Established crd/things.smoke.test --timeout=30s
check "takes what is right" until_true 15 thing 1 2
check "refuses by its CEL rule" refused
check "a lease" bash -c "printf 'apiVersion: coordination.k8s.io/v1\nkind: Lease\nmetadata: {name: l}\nspec: {holderIdentity: me, leaseDurationSeconds: 9}\n' | '$localkube' kubectl apply -f -"

mkdir -p "$work/chart/templates"
printf 'apiVersion: v2\nname: trivial\nversion: 0.1.0\n' >"$work/chart/Chart.yaml"
printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}}\ndata: {a: {{ .Values.a | quote }}}\n' >"$work/chart/templates/c.yaml"
check "helm installs" lk helm install one "$work/chart" --set a=1 --wait
check "helm upgrades" lk helm upgrade one "$work/chart" --set a=2
check "the value has changed" bash -c "[ \$('$localkube' kubectl get configmap one -o jsonpath='{.data.a}') = 2 ]"
check "helm uninstalls" lk helm uninstall one

# --- failures ------------------------------------------------------------------
check "the API server restarts" lk restart-apiserver
check "and still knows all" k get thing t
check "images load later too" lk load-image "$work/smoke.tar"
node=$(k get pod web-1 -o jsonpath='{.spec.nodeName}')
check "a node is killed" lk kill-node "$node"
check "it is seen NotReady" until_true 60 bash -c "'$localkube' kubectl get node $node | grep -q NotReady"
check "its endpoints go" until_true 30 bash -c "[ \$('$localkube' kubectl get endpointslice -l kubernetes.io/service-name=web -o jsonpath='{.items[*].endpoints[?(@.conditions.ready==true)].addresses[0]}' | wc -w) = 1 ]"
check "names still resolve" k exec web-0 -- nslookup web-0.web.default.svc.cluster.local
check "services are still reached from this computer" until_true 10 timeout 5 bash -c "exec 3<>/dev/tcp/$service/80"
check "the node comes back" lk start-node "$node"
check "and is Ready" k wait --for=condition=Ready "node/$node" --timeout=90s
check "with its pod" until_true 120 k wait --for=condition=Ready pod/web-1 --timeout=5s
check "and its pod's data" k exec web-1 -- cat /data/mark
check "claims can be deleted with their volumes" bash -c "'$localkube' kubectl delete statefulset web --wait && '$localkube' kubectl delete pvc --all --timeout=60s"
check "the volumes' folders go" until_true 20 bash -c "[ -z \"\$('$localkube' kubectl get pv -o name)\" ]"

# --- the end -------------------------------------------------------------------
check "the cluster goes down" lk down
check "a second down is fine" lk down
machine >"$work/after"
check "nothing is left" diff "$work/before" "$work/after"
check "not even a folder" bash -c "[ ! -e \$(dirname \$('$localkube' kubeconfig)) ]"

echo "smoke: $passed passed, $failed failed"
[ $failed -eq 0 ]
