#!/usr/bin/env python3
"""What synchronous replication costs: messages/s of a master with a slave attached, waiting for its copy and not waiting.

Our pair and the Java pair in turns, asynchronous and synchronous in turns within each; medians and the ratio sync/async.
usage: bench/replication.py [--rounds N] [--messages N] [--in-flight N] [--only ours|java]
"""
import argparse
import statistics
import sys

from run import BROKER_PORT, NAMESRV_PORT, Broker

SLAVE_PORT = BROKER_PORT + 10
GATE = 0.85  # sync is at least this much of async


class Slave(Broker):
    """Follows the broker on BROKER_PORT, known to its name server."""

    def __init__(self, kind):
        super().__init__(kind, ("brokerRole=SLAVE", "brokerId=1", f"haMasterAddress=127.0.0.1:{BROKER_PORT + 1}"))

    def run(self, only=None):
        self.launch("broker", SLAVE_PORT)


def measure(kind, role, options):
    with Broker(kind, (f"brokerRole={role}",)) as master, Slave(kind):
        for topic in ("Warm", "Bench"):  # the first for the JVM and for the slave to connect
            master.topic(topic)
            result = master.load("send", topic=topic, size=options.size, connections=4, in_flight=options.in_flight // 4,
                                 messages=options.messages)
        return result["per_second"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--messages", type=int, default=400_000)
    parser.add_argument("--in-flight", type=int, default=256, help="sends in flight, over 4 connections")
    parser.add_argument("--size", type=int, default=1024)
    parser.add_argument("--only", choices=["ours", "java"])
    options = parser.parse_args()
    failed = False
    print(f"| broker | asynchronous | synchronous | sync/async, {options.in_flight} in flight, {options.size} B | gate |")
    print("|---|---|---|---|---|")
    for kind in [options.only] if options.only else ["ours", "java"]:
        values = {"ASYNC_MASTER": [], "SYNC_MASTER": []}
        for number in range(options.rounds):
            for role, list_of in values.items():
                list_of.append(measure(kind, role, options))
                print(f"{kind} {role} round {number + 1}: {list_of[-1]:,.0f}/s", file=sys.stderr, flush=True)
        slow, fast = statistics.median(values["SYNC_MASTER"]), statistics.median(values["ASYNC_MASTER"])
        verdict = "-" if kind == "java" else "pass" if slow >= GATE * fast else "MISSED"
        failed |= verdict == "MISSED"
        print(f"| {kind} | {fast:,.0f}/s | {slow:,.0f}/s | {slow / fast:.2f} | {verdict} |", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
