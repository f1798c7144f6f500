#!/usr/bin/env bash
# Starts etcd and a kube-apiserver on loopback from the localkube binary, runs the checks against them, stops them.
# Usage: run.sh LOCALKUBE TEST_PROGRAM [doctest options]
# Nothing outside a temporary folder is touched; only processes started here are ended.
set -euo pipefail
localkube=$(realpath "$1"); program=$(realpath "$2"); shift 2
dir=$(mktemp -d "${TMPDIR:-/tmp}/rmq-apiserver-XXXXXX")
# Ports of its own, so that several runs can go on side by side.
free_port() {
  local port
  for _ in $(seq 100); do
    port=$((20000 + RANDOM % 10000))
    (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null || { echo "$port"; return; }
  done
  return 1
}
etcd_port=${ETCD_PORT:-$(free_port)}; peer_port=$(free_port); api_port=${API_PORT:-$(free_port)}
stop() {
  for name in apiserver etcd; do
    [ -s "$dir/$name.pid" ] || continue
    pid=$(cat "$dir/$name.pid")
    kill "$pid" 2>/dev/null || true
    for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
    kill -9 "$pid" 2>/dev/null || true
  done
  [ -n "${KEEP:-}" ] || rm -rf "$dir"
}
trap stop EXIT

cd "$dir"
openssl ecparam -name prime256v1 -genkey -noout -out ca.key
openssl req -x509 -new -key ca.key -subj /CN=check-ca -days 2 -out ca.crt 2>/dev/null
openssl genrsa -out sa.key 2048 2>/dev/null
openssl rsa -in sa.key -pubout -out sa.pub 2>/dev/null
certificate() {  # NAME SUBJECT [SAN]
  openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"
  openssl req -new -key "$1.key" -subj "$2" -out "$1.csr"
  printf 'extendedKeyUsage=serverAuth,clientAuth\n%s\n' "${3:+subjectAltName=$3}" > "$1.ext"
  openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile "$1.ext" -out "$1.crt" 2>/dev/null
}
certificate server /CN=kube-apiserver DNS:localhost,IP:127.0.0.1
certificate admin /O=system:masters/CN=admin
token=$(openssl rand -hex 16)
echo "$token,token-user,1,system:masters" > tokens.csv
echo "$token" > token
kubeconfig() {  # FILE USER
  cat > "$1" <<Y
apiVersion: v1
kind: Config
current-context: check
contexts: [{name: check, context: {cluster: check, user: me}}]
clusters: [{name: check, cluster: {server: "https://127.0.0.1:$api_port", certificate-authority: ca.crt}}]
users: [{name: me, user: $2}]
Y
}
kubeconfig admin.kubeconfig '{client-certificate: admin.crt, client-key: admin.key}'
kubeconfig token.kubeconfig '{tokenFile: token}'

# Without ListFromCacheSnapshot, pages come from etcd and expire when it is compacted, as on older servers.
cat > start-apiserver <<Y
#!/bin/bash
cd "$dir"
setsid "$localkube" kube-apiserver --etcd-servers http://127.0.0.1:$etcd_port --bind-address 127.0.0.1 --advertise-address 127.0.0.1 \
  --secure-port $api_port --service-cluster-ip-range 10.96.0.0/24 --client-ca-file ca.crt --tls-cert-file server.crt \
  --tls-private-key-file server.key --token-auth-file tokens.csv --service-account-issuer https://kubernetes.default.svc \
  --service-account-key-file sa.pub --service-account-signing-key-file sa.key --authorization-mode RBAC \
  --feature-gates ListFromCacheSnapshot=false --profiling=false --endpoint-reconciler-type none >> apiserver.log 2>&1 < /dev/null &
echo \$! > apiserver.pid
for _ in \$(seq 600); do
  curl -fsS --cacert ca.crt --cert admin.crt --key admin.key https://127.0.0.1:$api_port/readyz > /dev/null 2>&1 && exit 0
  kill -0 \$(cat apiserver.pid) 2> /dev/null || { tail -5 apiserver.log >&2; exit 1; }
  sleep 0.1
done
exit 1
Y
cat > restart <<Y
#!/bin/bash
pid=\$(cat "$dir/apiserver.pid")
kill -9 "\$pid"
while kill -0 "\$pid" 2> /dev/null; do sleep 0.05; done
exec "$dir/start-apiserver"
Y
# etcd's gateway speaks JSON: the newest revision, then everything before it is forgotten.
cat > compact <<Y
#!/bin/bash
url=http://127.0.0.1:$etcd_port/v3/kv
revision=\$(curl -fsS "\$url/range" -d '{"key":"AA=="}' | sed -E 's/.*"revision":"?([0-9]+).*/\1/')
curl -fsS "\$url/compaction" -d "{\"revision\":\"\$revision\",\"physical\":true}" > /dev/null
Y
chmod +x start-apiserver restart compact

setsid "$localkube" etcd --data-dir "$dir/etcd" --listen-client-urls "http://127.0.0.1:$etcd_port" \
  --advertise-client-urls "http://127.0.0.1:$etcd_port" --listen-peer-urls "http://127.0.0.1:$peer_port" \
  --initial-advertise-peer-urls "http://127.0.0.1:$peer_port" --initial-cluster "default=http://127.0.0.1:$peer_port" \
  --unsafe-no-fsync --log-level warn > etcd.log 2>&1 < /dev/null &
echo $! > etcd.pid
./start-apiserver
"$program" --kubeconfig="$dir/admin.kubeconfig" --token-kubeconfig="$dir/token.kubeconfig" --restart="$dir/restart" \
  --compact="$dir/compact" "$@"
