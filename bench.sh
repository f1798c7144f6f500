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
case " $* " in *" -h "*|*" --help "*) exec python3 bench/run.py --help ;; esac
status=0
python3 bench/run.py "$@" || status=$?
case " $* " in *" --rows "*|*" --quick "*|*" --only "*) exit $status ;; esac # part of it: the page stays
# The name server: 1,000 brokers, 10,000 topics on 8 brokers each, 100,000 route queries a second.
{
  printf '\n## Name server\n\n`bench/namesrv/run.py --rounds 1 --brokers 1000 --topics 10000`\n\n'
  python3 bench/namesrv/run.py --rounds 1 --brokers 1000 --topics 10000
} | tee -a docs/bench-results.md
# What waiting for a slave's copy costs.
{
  printf '\n## Replication\n\n`bench/replication.py`\n\n'
  python3 bench/replication.py || status=1
} | tee -a docs/bench-results.md
exit $status
