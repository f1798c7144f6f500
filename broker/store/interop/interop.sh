#!/usr/bin/env bash
# Our store and the official one take turns on the same folder, after clean stops and after crashes; each must read all.
#   interop.sh PATH_OF_STORE_PROBE
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
probe="$(realpath "$1")"
class_path="$("$here/../../../e2e/clients/java/build.sh" classes servers "$here")"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
java_store() {
  java -Xmx256m -Duser.home="$work/home" --add-exports=java.base/jdk.internal.ref=ALL-UNNAMED \
    --add-opens=java.base/{java.nio,sun.nio.ch,jdk.internal.misc}=ALL-UNNAMED -cp "$class_path" StoreProbe "$@" 2>"$work/java.log"
}
our_store() { "$probe" "$@" 2>"$work/ours.log"; }

failed=0
# compare NAME COUNT: both readers print COUNT messages, the same, all of them indexed.
compare() {
  our_store read "$work/store" >"$work/ours.txt" || { cat "$work/ours.log"; failed=1; }
  java_store read "$work/store" >"$work/java.txt" || { tail -20 "$work/java.log"; failed=1; }
  our_store read "$work/store" >"$work/again.txt" || { cat "$work/ours.log"; failed=1; }
  local count; count=$(grep -vc '^not in' "$work/ours.txt" || true)
  if [ "$count" = "$2" ] && cmp -s <(sort "$work/ours.txt") <(sort "$work/java.txt") && cmp -s "$work/ours.txt" "$work/again.txt" &&
     ! grep -q '^not in' "$work/ours.txt"; then
    echo "ok      $1 ($count messages)"
  else
    echo "FAILED  $1: $count of $2 messages, java $(grep -vc '^not in' "$work/java.txt" || true), not indexed:" \
      "$(grep -c '^not in' "$work/ours.txt" || true) ours, $(grep -c '^not in' "$work/java.txt" || true) java"
    failed=1
  fi
}
our_store write "$work/store" 500 clean; compare "ours, clean stop" 500
java_store write "$work/store" 500 clean; compare "then Java, clean stop" 1000
our_store write "$work/store" 300 crash || true
compare "then ours, killed; ours recovers" 1300
java_store write "$work/store" 300 crash || true
compare "then Java, killed; ours recovers" 1600
our_store write "$work/store" 200 crash || true
java_store write "$work/store" 200 clean
compare "then ours, killed; Java recovers and writes on" 2000
java_store write "$work/store" 100 crash || true
java_store write "$work/store" 100 crash || true
our_store write "$work/store" 100 clean
compare "Java killed twice, ours recovers and writes on" 2300
rm -rf "$work/store"
java_store write "$work/store" 400 crash || true
compare "a store that Java began and left by a crash" 400
exit "$failed"
