# A Kubernetes for tests and the quick start: kind where a Docker engine runs, the embedded one (e2e/localkube) where not.
# Sourced by quickstart.sh and the kube suite. Only ever talks to the cluster that it made, through a kubeconfig of its own.
#
#   cluster_up             brings it up (or finds it up) and sets KUBECONFIG
#   cluster_load FILE...   loads image archives on its nodes
#   cluster_down           takes it away
#   kubectl, helm          functions or programs that work with it

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cluster_name=${RMQ_CLUSTER_NAME:-rocketmq}
image_repository=localhost/rocketmq-k8s
images_dir=$repo/build/images

step_start=$SECONDS
step() { printf '[%3ds] %s\n' $((SECONDS - step_start)) "$*"; }
die() { echo "$*" >&2; exit 1; }

choose_provider() {
  if [ -n "${RMQ_PROVIDER:-}" ]; then echo "$RMQ_PROVIDER"
  elif command -v kind >/dev/null && command -v docker >/dev/null && docker info >/dev/null 2>&1; then echo kind
  else echo localkube
  fi
}
provider=$(choose_provider)

cluster_tools() { # what cluster_up needs; takes minutes the first time
  [ "$provider" = localkube ] || return 0
  [ -n "${localkube:-}" ] && return 0
  localkube=$("$repo/e2e/localkube/build.sh" | tail -n 1) || die "localkube could not be built, see above"
  kubectl() { "$localkube" kubectl "$@"; }
  helm() { "$localkube" helm "$@"; }
}

cluster_up() { # [NODES]
  cluster_tools
  if [ "$provider" = kind ]; then
    mkdir -p "$repo/build"
    export KUBECONFIG=$repo/build/kind-$cluster_name.kubeconfig
    kind get clusters 2>/dev/null | grep -qx "$cluster_name" ||
      kind create cluster --name "$cluster_name" --config "$repo/kind-config.yaml" --kubeconfig "$KUBECONFIG" --wait 180s
    kind export kubeconfig --name "$cluster_name" --kubeconfig "$KUBECONFIG"
  else
    export LOCALKUBE_NAME=$cluster_name
    "$localkube" up --nodes "${1:-1}"
    export KUBECONFIG; KUBECONFIG=$("$localkube" kubeconfig)
  fi
}

cluster_down() {
  cluster_tools
  if [ "$provider" = kind ]; then kind delete cluster --name "$cluster_name"; else LOCALKUBE_NAME=$cluster_name "$localkube" down; fi
}

cluster_load() {
  if [ "$provider" = kind ]; then
    local file; for file in "$@"; do kind load image-archive --name "$cluster_name" "$file"; done
  else
    "$localkube" load-image "$@"
  fi
}

# image_tag PROGRAM...: changes when one of the programs does, so a new build is rolled out and an old one is not.
image_tag() { sha256sum "$@" | sha256sum | cut -c1-12; }

# product_images: packs the installed programs into build/images; sets `tag`. Nothing is compiled here.
product_images() {
  cluster_tools
  local bin=$repo/build/release/install/bin part
  tag=dev-$(image_tag "$bin"/rocketmq-{namesrv,broker,operator})
  mkdir -p "$images_dir"
  for part in namesrv broker operator; do
    local file=$images_dir/$part-$tag.tar
    [ -s "$file" ] && continue
    if [ "$provider" = kind ]; then
      docker build -q --target "$part" -t "$image_repository/$part:$tag" "$repo" && docker save -o "$file" "$image_repository/$part:$tag"
    else
      rm -f "$images_dir/$part"-dev-*.tar
      "$localkube" images pack --name "$image_repository/$part:$tag" --output "$file" \
        --add "$bin/rocketmq-$part=/usr/local/bin/rocketmq-$part" --entrypoint "/usr/local/bin/rocketmq-$part" \
        --empty-dir /var/lib/rocketmq
    fi
  done
}

# client_image: the official Java client with our small programs, and a Java runtime; sets `client_image`.
client_image() {
  cluster_tools
  local path jars java_home client_tag file
  path=$("$repo/e2e/clients/java/build.sh" classes client "$repo/e2e/clients/java/src/main/java")
  local conf classes libs; IFS=: read -r conf classes libs <<<"$path"; libs=${libs%/\*}
  client_tag=$(basename "$classes"); client_tag=${client_tag#classes-}
  client_image=$image_repository/java-client:$client_tag
  file=$images_dir/java-client-$client_tag.tar
  mkdir -p "$images_dir"
  client_archive=$file
  [ -s "$file" ] && return 0
  java_home=$(dirname "$(dirname "$(readlink -f "$(command -v java)")")")
  local runtime=$repo/build/java-runtime
  rm -rf "$runtime"
  # A runtime with only the modules that the client uses is a quarter of a JDK.
  "$java_home/bin/jlink" --module-path "$java_home/jmods" --output "$runtime" --strip-debug --no-header-files --no-man-pages \
    --add-modules java.base,java.desktop,java.logging,java.management,java.naming,java.security.jgss,java.sql,java.xml,jdk.unsupported,jdk.crypto.ec \
    2>/dev/null || cp -rL "$java_home" "$runtime"
  "$localkube" images pack --name "$client_image" --output "$file" --add "$runtime=/opt/java" --add "$conf=/opt/client/conf" \
    --add "$classes=/opt/client/classes" --add "$libs=/opt/client/libs" \
    --entrypoint /opt/java/bin/java --entrypoint -XX:+UseSerialGC --entrypoint -XX:TieredStopAtLevel=1 --entrypoint -Xmx256m \
    --entrypoint -Duser.home=/tmp --entrypoint -Drocketmq.log.root=/tmp --entrypoint -Drocketmq.log.level=error \
    --entrypoint -cp --entrypoint '/opt/client/conf:/opt/client/classes:/opt/client/libs/*'
}

install_operator() { # [helm flags]
  helm upgrade --install rocketmq-operator "$repo/charts/rocketmq-operator" --namespace rocketmq-system --create-namespace \
    --set "image.repository=$image_repository" --set "image.tag=$tag" --wait --timeout 180s "$@"
}

# await LIMIT_S WHAT COMMAND...: until the command succeeds.
await() {
  local limit=$1 what=$2 end=$((SECONDS + $1)); shift 2
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || { echo "gave up after $limit s waiting for: $what" >&2; return 1; }
    sleep 1
  done
}

await_ready() { # CLUSTER NAMESPACE [LIMIT_S]
  kubectl wait --for=condition=Ready "rocketmqcluster/$1" -n "$2" --timeout "${3:-180}s" >/dev/null
}

# java_client NAMESPACE POD CLASS ARG...: runs one of our programs with the official client in a pod; its output, its exit code.
java_client() {
  local namespace=$1 pod=$2; shift 2
  kubectl -n "$namespace" delete pod "$pod" --ignore-not-found --wait --timeout 60s >/dev/null 2>&1
  local arguments; arguments=$(printf '"%s",' "$@"); arguments=${arguments%,}
  kubectl -n "$namespace" apply -f - >/dev/null <<YAML
apiVersion: v1
kind: Pod
metadata: {name: $pod, labels: {app: java-client}}
spec:
  restartPolicy: Never
  automountServiceAccountToken: false
  securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: client
    image: $client_image
    imagePullPolicy: Never
    args: [$arguments]
    securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
    volumeMounts: [{name: tmp, mountPath: /tmp}]
  volumes: [{name: tmp, emptyDir: {}}]
YAML
}
java_client_wait() { # NAMESPACE POD LIMIT_S: prints what the program printed
  local phase end=$((SECONDS + $3))
  while phase=$(kubectl -n "$1" get pod "$2" -o jsonpath='{.status.phase}'); [ "$phase" != Succeeded ] && [ "$phase" != Failed ]; do
    [ "$SECONDS" -lt "$end" ] || { echo "the client did not finish in $3 s" >&2; break; }
    sleep 0.5
  done
  kubectl -n "$1" logs "$2"
  [ "$phase" = Succeeded ]
}
