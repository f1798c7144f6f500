#!/usr/bin/env bash
# Runs every libFuzzer target for SECONDS (default 8) on seeds from common/protocol/testdata.
# One line each: "PASS name N executions" or "FAIL name reason". Exits non-zero on a finding.
# usage: fuzz/run.sh [SECONDS]     RMQ_FUZZ_BUILD: build directory (default build/fuzz)
set -uo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-8}
build=${RMQ_FUZZ_BUILD:-build/fuzz}
golden=common/protocol/testdata
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$build/findings"

seed() { mkdir -p "$work/$1"; cat > "$work/$1/$2"; } # seed TARGET NAME < bytes
for file in "$golden"/frames/*.json.bin; do seed frame_json "$(basename "$file")" < "$file"; done
for file in "$golden"/frames/*.rmq.bin; do seed frame_binary "$(basename "$file")" < "$file"; done
for file in "$golden"/messages/record_*.bin; do seed record "$(basename "$file")" < "$file"; done
seed batch golden < "$golden/messages/batch_body.bin"
printf 'TAGS\1a\2KEYS\1k1 k2\2UNIQ_KEY\1AC11\2' | seed properties golden
printf 'K\1v\2\1x\2abc\2K\1w' | seed properties odd
for file in "$golden"/catalog/bodies/*.json; do
  name=$(basename "$file" .json)
  if [ "$(stat -c %s "$file")" -lt 4096 ]; then { echo "$name"; cat "$file"; } | seed body "$name"; fi
done
printf 'golden_fifo 1 1 6 SINGLE_TAG {"message.type":"FIFO"}' | seed topic_text golden
{ printf z; cat "$golden/bodies/register_broker_compressed.bin"; } | seed register_broker compressed
printf 'p\0\0\0\2{}\0\0\0\1\0\0\0\26T 1 2 6 SINGLE_TAG {} \0\0\0\2[]\0\0\0\1\0\0\0\13{"topic":"T"}' | seed register_broker plain

failed=0
for program in "$build"/fuzz/fuzz_*; do
  [ -x "$program" ] || { echo "FAIL fuzz no targets in $build/fuzz"; exit 1; }
  name=$(basename "$program"); name=${name#fuzz_}
  mkdir -p "$work/$name"
  if "$program" "$work/$name" -max_total_time="$seconds" -max_len=8192 -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
      -artifact_prefix="$build/findings/$name-" > "$work/$name.log" 2>&1; then
    echo "PASS $name $(sed -n 's/.*number_of_executed_units: *//p' "$work/$name.log") executions"
  else
    echo "FAIL $name a finding, its input is in $build/findings"
    tail -n 40 "$work/$name.log" | sed 's/^/    /'
    failed=1
  fi
done
exit $failed
