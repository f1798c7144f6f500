#!/usr/bin/env bash
# Starts and stops our own name server and broker, with the same commands as javabroker.sh. See servers.sh.
# RMQ_BIN says where the binaries are (default: build/release/install/bin of this repository).
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
. "$here/servers.sh"

bin="${RMQ_BIN:-$here/../../build/release/install/bin}"
start_namesrv() { exec "$bin/rocketmq-namesrv" -c "$dir/namesrv.conf"; }
start_broker() { exec "$bin/rocketmq-broker" -c "$dir/broker.conf"; }

servers_main "$@"
