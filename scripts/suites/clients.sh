#!/usr/bin/env bash
# The official Java and Go clients against our name server and broker; the official broker on our files and the reverse.
set -uo pipefail
. scripts/suites/lib.sh
scripts/setup.sh build clients || exit 1
build release || exit 1
cmake --install build/release > build/test/install.log 2>&1 || { cat build/test/install.log; exit 1; }

work=$(mktemp -d)
trap 'e2e/clients/ourbroker.sh stop "$work/ours" >/dev/null 2>&1; rm -rf "$work"' EXIT
namesrv_port=18976 broker_port=18911
e2e/clients/ourbroker.sh start "$work/ours" --namesrv-port $namesrv_port --broker-port $broker_port \
  || exit 1

run_client() { # NAME COMMAND...: a program that prints PASS/FAIL lines
  local name=$1; shift
  "$@" > "build/test/clients-$name.log" 2>&1
  local status=$?
  collect "build/test/clients-$name.log" "$name/"
  if [ $status -ne 0 ] && ! grep -q '^FAIL ' "build/test/clients-$name.log"; then
    record FAIL "$name" "(exit $status)"; tail -n 30 "build/test/clients-$name.log" | sed 's/^/    /'
  fi
}
run_client java e2e/clients/java/run.sh --namesrv 127.0.0.1:$namesrv_port
run_client go e2e/clients/go/run.sh --namesrv 127.0.0.1:$namesrv_port
e2e/clients/ourbroker.sh stop "$work/ours" > build/test/ourbroker-stop.log 2>&1 || record FAIL clients/clean-stop
# The official classes read what our codecs wrote; the official store and ours take turns on one folder.
golden() {
  build/release/common/protocol/golden_writer/rmq_golden_writer common/protocol/testdata "$work/golden" && e2e/golden/golden.sh check "$work/golden"
}
run_client golden golden
check store-interop timeout 600 broker/store/interop/interop.sh build/release/broker/store/store_probe
check ha-interop timeout 300 broker/replication/interop/interop.py build/release/broker/replication/ha_probe
run_client store-compat e2e/store-compat/run.sh all
exit 0
