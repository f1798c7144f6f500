#!/usr/bin/env bash
# Installs the Debian/Ubuntu packages that the project needs. Packages that are there already cost nothing.
#
# usage: scripts/setup.sh [GROUP...]    groups: build check clients kube (default: all)
#        scripts/setup.sh --list GROUP  prints the group's packages
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

packages_of() {
  if [ "$1" = kube ]; then
    grep -vE '^\s*(#|$)' "$here/../e2e/localkube/packages.txt"
  else
    sed -nE "s/^$1: //p" "$here/packages.txt" | tr ' ' '\n'
  fi
}

installed() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'install ok installed'; }
# A JDK or Maven that came another way is as good.
provided() {
  case "$1" in
    openjdk-17-jdk-headless) command -v javac >/dev/null ;;
    maven) command -v mvn >/dev/null ;;
    golang*) command -v go >/dev/null ;;
    *) installed "$1" ;;
  esac
}

case "${1:-}" in
  -h|--help) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 0 ;;
  --list) packages_of "$2"; exit 0 ;;
esac
command -v apt-get >/dev/null || { echo "setup: this script knows Debian and Ubuntu only; the packages are in scripts/packages.txt" >&2; exit 1; }

[ $# -gt 0 ] || set -- build check clients kube
missing=()
for group in "$@"; do
  for package in $(packages_of "$group"); do
    provided "$package" || missing+=("$package")
  done
done
if [ ${#missing[@]} -eq 0 ]; then
  echo "setup: everything is installed ($*)"
  exit 0
fi
echo "setup: installing ${missing[*]}"
root=()
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || { echo "setup: run as root, or install sudo" >&2; exit 1; }
  root=(sudo)
fi
"${root[@]}" apt-get update -qq
"${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
echo "setup: done"
