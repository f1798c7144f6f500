#!/usr/bin/env bash
# Measures our name server and broker beside the Java originals (5.5.0, from Maven Central), in turns on this machine.
#
# usage: ./bench.sh [--rounds N] [--rows send,saturation,...] [--quick]     see bench/run.py --help
#
# Builds what it needs, uses loopback only, and writes the table to docs/bench-results.md.
set -euo pipefail
cd "$(dirname "$0")"
scripts/setup.sh build clients
mkdir -p build/test
. scripts/suites/lib.sh
build release
cmake --install build/release > build/test/install.log
exec python3 bench/run.py "$@"
