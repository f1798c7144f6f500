#!/usr/bin/env bash
# Fetches the official jars and compiles our Java programs, each only when its inputs changed.
#   build.sh libs client|servers      prints the folder of jars
#   build.sh classes client|servers SRC_DIR...   prints the class path: log settings, compiled classes, jars
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
cache="${XDG_CACHE_HOME:-$HOME/.cache}/rocketmq-k8s/java"
mkdir -p "$cache"

hash_of() { find "$@" -type f | LC_ALL=C sort | xargs sha256sum | awk '{print $1}' | sha256sum | cut -c1-16; }

# Only a complete result gets its final name, so an interrupted build is repeated.
publish() { mv -T "$1" "$2" 2>/dev/null || { [ -d "$2" ] && rm -rf "$1"; }; }

libs() {
  local pom="$here/pom.xml"
  [ "$1" = servers ] && pom="$here/servers/pom.xml"
  local out="$cache/libs-$1-$(hash_of "$pom")"
  if [ ! -d "$out" ]; then
    local tmp; tmp="$(mktemp -d "$cache/.libs.XXXXXX")"
    mvn -q -B -f "$pom" org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies \
      -DincludeScope=runtime -DoutputDirectory="$tmp" >&2
    publish "$tmp" "$out"
  fi
  echo "$out"
}

classes() {
  local set="$1"; shift
  local lib; lib="$(libs "$set")"
  local out="$cache/classes-$(hash_of "$@")-${lib##*-}"
  if [ ! -d "$out" ]; then
    local tmp; tmp="$(mktemp -d "$cache/.classes.XXXXXX")"
    find "$@" -name '*.java' -print0 | xargs -0 javac -nowarn -XDsuppressNotes --release 17 -encoding UTF-8 \
      -proc:none -cp "$lib/*" -d "$tmp" >&2 || { rm -rf "$tmp"; return 1; }
    publish "$tmp" "$out"
  fi
  echo "$here/conf:$out:$lib/*"
}

"$@"
