#!/bin/bash
# Builds localkube, unless nothing changed since it was built, and prints the
# path of the binary as the last line. What it does goes to standard error.
#
#   e2e/localkube/build.sh [--no-install]
#
# --no-install leaves Debian packages alone and only says what is missing.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/rocketmq-k8s/bin
install=yes
[ "${1:-}" = --no-install ] && install=no

say() { echo "localkube: $*" >&2; }

# --- Debian packages -------------------------------------------------------
missing_packages() {
  local package
  while read -r package; do
    dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || echo "$package"
  done < "$here/packages.txt"
}

install_packages() {
  local missing
  command -v dpkg-query >/dev/null || { say "not a Debian system: install what packages.txt lists by hand"; return; }
  mapfile -t missing < <(missing_packages)
  [ ${#missing[@]} -eq 0 ] && return
  if [ $install = no ]; then
    say "missing Debian packages: ${missing[*]}"
    return
  fi
  say "installing ${missing[*]}"
  apt-get update -qq >&2
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
}

# --- the binaries ----------------------------------------------------------
# The hash covers every source, the pinned modules and this recipe.
source_hash() {
  cd "$here"
  { go env GOVERSION GOARCH
    find . -type f \( -name '*.go' -o -name go.mod -o -name go.sum -o -path '*/templates/*' -o -path '*/manifests/*' -o -name build.sh \) -print0 |
      LC_ALL=C sort -z | xargs -0 sha256sum
  } | sha256sum | cut -c1-16
}

version_of() { awk -v module="$1" '$1 == module { print $2; exit }' "$here/go.mod"; }

# Upstream release scripts put versions in at link time; so do we.
link_flags() {
  local kubernetes helm minor date=1970-01-01T00:00:00Z package
  kubernetes=$(version_of k8s.io/kubernetes)
  helm=$(version_of helm.sh/helm/v3)
  minor=$(cut -d. -f2 <<<"$kubernetes")
  printf -- '-s -w'
  for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    printf -- ' -X %s.gitVersion=%s -X %s.gitMajor=1 -X %s.gitMinor=%s' $package "$kubernetes" $package $package "$minor"
    printf -- ' -X %s.gitCommit=none -X %s.gitTreeState=clean -X %s.buildDate=%s' $package $package $package $date
  done
  printf -- ' -X helm.sh/helm/v3/internal/version.version=%s' "$helm"
  for package in helm.sh/helm/v3/pkg/lint/rules helm.sh/helm/v3/pkg/chartutil; do
    printf -- ' -X %s.k8sVersionMajor=1 -X %s.k8sVersionMinor=%s' $package $package "$minor"
  done
}

# A cold build takes minutes: say each half minute that it goes on.
with_heartbeat() {
  local start=$SECONDS pid status=0
  "$@" >&2 &
  pid=$!
  while sleep 1; kill -0 $pid 2>/dev/null; do
    (( (SECONDS - start) % 30 )) || say "still building after $((SECONDS - start)) s"
  done
  wait $pid || status=$?
  return $status
}

compile() {
  local out=$1
  cd "$here"
  say "building (5 to 12 minutes the first time, on two cores)"
  export CGO_ENABLED=0 GOFLAGS="${GOFLAGS:-} -mod=readonly"
  with_heartbeat nice go build -p "${LOCALKUBE_BUILD_JOBS:-$(nproc)}" -trimpath -buildvcs=false -ldflags "$(link_flags)" \
    -o "$out/" . ./pause helm.sh/helm/v3/cmd/helm
}

install_packages
command -v go >/dev/null || { say "Go is missing: version $(awk '$1 == "go" { print $2 }' "$here/go.mod") or later"; exit 1; }
home=$cache/localkube-$(source_hash)
if [ ! -x "$home/localkube" ]; then
  mkdir -p "$cache"
  work=$(mktemp -d "$cache/.building-XXXXXX")
  trap 'rm -rf "$work"' EXIT
  start=$SECONDS
  compile "$work"
  chmod 755 "$work"
  if ! mv -T "$work" "$home" 2>/dev/null && [ ! -x "$home/localkube" ]; then
    say "can't put the build into $home"
    exit 1
  fi
  say "built in $((SECONDS - start)) s"
  # Older builds go, but for the last few: clusters may still run them.
  ls -dt "$cache"/localkube-* | tail -n +5 | xargs -r rm -rf
fi
echo "$home/localkube"
