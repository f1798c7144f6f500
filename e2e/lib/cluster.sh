# A Kubernetes for tests and the quick start: kind where a Docker engine runs, the embedded one (e2e/localkube) where not.
# Sourced. Only ever talks to the cluster that it made, through a kubeconfig of its own.
#
#   cluster_tools          builds what cluster_up needs
#   cluster_up [NODES]     brings it up (or finds it up); sets KUBECONFIG, puts kubectl and helm in PATH
#   cluster_load FILE...   loads image archives on its nodes
#   cluster_down           takes it away; fine if there is none
#   cluster_env            prints what a shell needs to talk to it
#
# $RMQ_CLUSTER_NAME chooses among clusters side by side, $RMQ_PROVIDER the kind of cluster (localkube or kind), $RMQ_BIN the folder
# of programs to make images of, $RMQ_IMAGES where those are kept: runs of different builds go on side by side.

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cluster_name=${RMQ_CLUSTER_NAME:-rocketmq}
image_repository=localhost/rocketmq-k8s
programs=${RMQ_BIN:-$repo/build/release/install/bin}
images_dir=${RMQ_IMAGES:-$repo/build/images}
kind_kubeconfig=$repo/build/kind-$cluster_name.kubeconfig
localkube_home=${LOCALKUBE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/rocketmq-k8s/localkube}/$cluster_name
unset KUBECONFIG # never another cluster's

die() { echo "$*" >&2; exit 1; }
indent() { sed -u 's/^/        /'; }

choose_provider() {
  if [ -n "${RMQ_PROVIDER:-}" ]; then echo "$RMQ_PROVIDER"
  elif command -v kind >/dev/null && command -v docker >/dev/null && docker info >/dev/null 2>&1; then echo kind
  else echo localkube
  fi
}
provider=$(choose_provider)
case $provider in
  kind|localkube) ;;
  *) die "RMQ_PROVIDER is '$provider'; it must be localkube or kind" ;;
esac

# The program that runs the cluster; a cluster that is up keeps the one it was started with.
running_localkube() { readlink -f "$localkube_home/bin/localkube" 2>/dev/null && [ -x "$localkube_home/bin/localkube" ]; }

cluster_tools() {
  if [ "$provider" = kind ]; then
    local tool; for tool in kind docker kubectl helm; do
      command -v $tool >/dev/null || die "with Docker the cluster is made by kind: install $tool, or set RMQ_PROVIDER=localkube"
    done
    return 0
  fi
  [ -z "${localkube:-}" ] || return 0
  [ "$(id -u)" = 0 ] || die "the embedded Kubernetes makes network namespaces and mounts: run this as root (sudo), or install Docker, kind, kubectl and helm"
  localkube=$("$repo/e2e/localkube/build.sh" | tail -n 1) && [ -n "$localkube" ] ||
    die "the embedded Kubernetes (e2e/localkube) could not be built, see above"
  export LOCALKUBE_NAME=$cluster_name
}

cluster_is_up() {
  if [ "$provider" = kind ]; then kind get clusters 2>/dev/null | grep -qx "$cluster_name"
  else localkube=${localkube:-$(running_localkube)} && LOCALKUBE_NAME=$cluster_name "$localkube" status >/dev/null 2>&1
  fi
}

# Settings for this shell; the cluster is up.
cluster_use() {
  if [ "$provider" = kind ]; then
    export KUBECONFIG=$kind_kubeconfig
  else
    export LOCALKUBE_NAME=$cluster_name KUBECONFIG=$localkube_home/admin.kubeconfig PATH=$localkube_home/bin:$PATH
    localkube=${localkube:-$(running_localkube)}
  fi
}

# The cluster's processes outlive the caller: a pipe of the caller's that they kept open would never end.
only_standard_files() { # COMMAND...
  (
    for descriptor in /proc/self/fd/*; do
      descriptor=${descriptor##*/}
      [ "$descriptor" -le 2 ] || eval "exec $descriptor>&-"
    done 2>/dev/null
    exec "$@"
  )
}

cluster_up() { # [NODES]
  cluster_tools
  if [ "$provider" = kind ]; then
    mkdir -p "$repo/build"
    cluster_is_up || kind create cluster --name "$cluster_name" --config "$repo/kind-config.yaml" --kubeconfig "$kind_kubeconfig" --wait 180s || return 1
    kind export kubeconfig --name "$cluster_name" --kubeconfig "$kind_kubeconfig" || return 1
  else
    only_standard_files "$localkube" up --nodes "${1:-1}" > >(grep --line-buffered -v '^export ') || return 1
  fi
  cluster_use
}

cluster_down() {
  if [ "$provider" = kind ]; then
    kind delete cluster --name "$cluster_name"
    rm -f "$kind_kubeconfig"
  elif [ -e "$localkube_home" ]; then
    localkube=${localkube:-$(running_localkube)} || cluster_tools
    LOCALKUBE_NAME=$cluster_name "$localkube" down
  fi
}

cluster_env() {
  if [ "$provider" = kind ]; then echo "export KUBECONFIG=$kind_kubeconfig"
  else echo "export KUBECONFIG=$localkube_home/admin.kubeconfig; export PATH=$localkube_home/bin:\$PATH"
  fi
}

cluster_load() {
  if [ "$provider" = kind ]; then
    local file; for file in "$@"; do kind load image-archive --name "$cluster_name" "$file" || return 1; done
  else
    "$localkube" load-image "$@"
  fi
}

# image_tag PROGRAM...: changes when one of the programs does, so a new build is rolled out and an old one is not.
image_tag() { cat "$@" | sha256sum | cut -c1-12; }

# pack_product PART TAG [FILE]: an image of an installed program.
pack_product() {
  local part=$1 image=$image_repository/$1:$2 file=${3:-$images_dir/$1-$2.tar}
  if [ "$provider" = kind ]; then
    docker build -q --target "$part" -t "$image" "$repo" && docker save -o "$file" "$image"
  else
    "$localkube" images pack --name "$image" --output "$file" --empty-dir /var/lib/rocketmq \
      --add "$programs/rocketmq-$part=/usr/local/bin/rocketmq-$part" --entrypoint "/usr/local/bin/rocketmq-$part"
  fi
}

# product_images: images of the installed programs; sets tag and product_archives. Compiles nothing.
product_images() {
  cluster_tools
  local part
  tag=dev-$(image_tag "$programs"/rocketmq-{namesrv,broker,operator})
  mkdir -p "$images_dir"
  product_archives=()
  for part in namesrv broker operator; do
    product_archives+=("$images_dir/$part-$tag.tar")
    [ -s "$images_dir/$part-$tag.tar" ] && continue
    rm -f "$images_dir/$part"-dev-*.tar
    pack_product "$part" "$tag" "$images_dir/.$part.tar" && mv "$images_dir/.$part.tar" "$images_dir/$part-$tag.tar" || return 1
  done
}

# A runtime with only the modules that the client uses is a quarter of a JDK. Without jmods, the whole one is copied.
java_runtime() { # FOLDER
  local home; home=$(dirname "$(dirname "$(readlink -f "$(command -v javac)")")")
  "$home/bin/jlink" --module-path "$home/jmods" --output "$1" --strip-debug --no-header-files --no-man-pages \
    --add-modules java.base,java.desktop,java.logging,java.management,java.naming,java.security.jgss,java.sql,java.xml,jdk.unsupported,jdk.crypto.ec \
    >/dev/null 2>&1 || { rm -rf "$1"; cp -rL "$home" "$1"; }
}

# java_client_image: the official Java client with our small programs, and a Java runtime; sets client_image and client_archive.
java_client_image() {
  cluster_tools
  local path conf classes libs tag_of runtime work
  path=$("$repo/e2e/clients/java/build.sh" classes client "$repo/e2e/clients/java/src/main/java") || return 1
  IFS=: read -r conf classes libs <<<"$path"; libs=${libs%/\*}
  tag_of=$(basename "$classes"); tag_of=${tag_of#classes-}
  client_image=$image_repository/java-client:$tag_of
  client_archive=$images_dir/java-client-$tag_of.tar
  [ -s "$client_archive" ] && return 0
  mkdir -p "$images_dir"
  rm -f "$images_dir"/java-client-*.tar
  runtime=$repo/build/java-runtime
  if [ ! -x "$runtime/bin/java" ]; then
    work=$(mktemp -d "$repo/build/.java-runtime-XXXXXX"); java_runtime "$work/jre" && mv "$work/jre" "$runtime"; rm -rf "$work"
  fi
  if [ "$provider" = kind ]; then
    work=$(mktemp -d "$repo/build/.java-client-XXXXXX")
    cp -r "$conf" "$work/conf"; cp -r "$classes" "$work/classes"; cp -r "$libs" "$work/libs"
    docker build -q -f "$repo/e2e/clients/java/Dockerfile" -t "$client_image" "$work" && docker save -o "$client_archive" "$client_image"
    rm -rf "$work"
  else
    "$localkube" images pack --name "$client_image" --output "$images_dir/.java-client.tar" --add "$runtime=/opt/java" --add "$conf=/opt/client/conf" \
      --add "$classes=/opt/client/classes" --add "$libs=/opt/client/libs" --entrypoint /opt/java/bin/java \
      --lib libpthread.so.0 --lib libdl.so.2 --lib librt.so.1 --lib libm.so.6 && # the last four for the zstd library in a jar
      mv "$images_dir/.java-client.tar" "$client_archive"
  fi
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
    sleep 0.5
  done
}

# Ready, of the spec as it is now and of the version (image tag) that is given.
is_ready() { # CLUSTER NAMESPACE [VERSION]
  local got; got=$(kubectl get rmq "$1" -n "$2" -o jsonpath='{.metadata.generation} {.status.observedGeneration} {.status.conditions[?(@.type=="Ready")].status} {.status.conditions[?(@.type=="Progressing")].status} {.status.version}') || return 1
  local generation observed ready progressing version; read -r generation observed ready progressing version <<<"$got"
  [ "$generation" = "$observed" ] && [ "$ready" = True ] && [ "$progressing" = False ] && [ "${3:-$version}" = "$version" ]
}
await_ready() { # CLUSTER NAMESPACE LIMIT_S [VERSION]
  await "$3" "RocketMQCluster $2/$1 to be ready" is_ready "$1" "$2" ${4:+"$4"}
}

# java_client NAMESPACE POD CLASS ARG...: starts one of our programs with the official client in a pod.
java_client() {
  local namespace=$1 pod=$2; shift 2
  kubectl -n "$namespace" delete pod "$pod" --ignore-not-found --grace-period=0 --force --wait --timeout 60s >/dev/null 2>&1
  local arguments; arguments=$(printf '"%s",' "$@"); arguments=${arguments%,}
  kubectl -n "$namespace" apply -f - >/dev/null <<YAML
apiVersion: v1
kind: Pod
metadata: {name: $pod, labels: {app: java-client}}
spec:
  restartPolicy: Never
  automountServiceAccountToken: false
  enableServiceLinks: false
  securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: client
    image: $client_image
    imagePullPolicy: IfNotPresent
    command: [/opt/java/bin/java, -XX:+UseSerialGC, -XX:TieredStopAtLevel=1, -Xmx512m, -Duser.home=/tmp, -Drocketmq.log.root=/tmp,
      -Drocketmq.log.level=error, -cp, "/opt/client/conf:/opt/client/classes:/opt/client/libs/*"]
    args: [$arguments]
    securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
    volumeMounts: [{name: tmp, mountPath: /tmp}]
  volumes: [{name: tmp, emptyDir: {}}]
YAML
}
client_ended() { # NAMESPACE POD
  local phase; phase=$(kubectl -n "$1" get pod "$2" -o jsonpath='{.status.phase}') && [[ $phase == Succeeded || $phase == Failed ]]
}
# Prints what the program printed; its success is the result.
java_client_wait() { # NAMESPACE POD LIMIT_S
  await "$3" "the Java client in pod $1/$2" client_ended "$1" "$2"
  kubectl -n "$1" logs "$2"
  [ "$(kubectl -n "$1" get pod "$2" -o jsonpath='{.status.phase}')" = Succeeded ]
}
