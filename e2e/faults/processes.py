#!/usr/bin/env python3
"""The same faults on plain processes for our programs and for the Java original in controller mode, side by side.

usage: processes.py run --kind ours|java --mode sync|quorum [--times stock|quick] [--port PORT] [--only WORD]... [--json FILE]
       processes.py table FILE...         Markdown of what `run --json` wrote

One name server, one Controller (ours over an etcd), 2 (sync) or 3 (quorum) brokers, all on loopback, PORT..PORT+99 (default 31000).
For each fault an official Java client with default settings sends 200 a second and consumes. Two figures: when the group acknowledged
again (probed at every broker's own address), and when that client did. There is no Service that follows the master here: the client
learns of a new master when it asks for routes again, every 30 s. Exit status 1 if anything acknowledged was lost, displaced or out
of order, or a group did not become whole again within 120 s.
KEEP_LOGS=DIR keeps what the processes said when something failed.
"""
import argparse
import json
import os
import sys
import time

from process_group import FAULTS, Client, Group, Probe
from process_table import counts, tables, times

LEAST_MS = 200  # what is shorter is the probe's own pace
WHOLE_LIMIT_S = 120
KEPT = ("acknowledged", "failed", "unknown", "lost", "undelivered", "displaced", "outOfOrder", "duplicated", "offsetRewinds",
        "offsetRewoundBy", "storeRead", "lostSample", "errors")
WRONG = ("lost", "displaced", "outOfOrder")


def long_ones(outages):
    return [(begin, end) for begin, end in outages if end - begin >= LEAST_MS]


def one_fault(report, group, number, name, fault, seconds):
    group.await_whole(WHOLE_LIMIT_S)
    client = Client(report, group, number, seconds, 200).start()
    report.needs(60, f"{name}: messages flow", lambda: client.acknowledged()[-1] > 200)
    probe = Probe(group)
    time.sleep(3)
    master, slave, begun = group.master(), group.slave(), time.time() * 1000
    load = os.getloadavg()[0]
    fault(group, master, slave)
    try:
        group.await_whole(WHOLE_LIMIT_S)
        whole_ms = time.time() * 1000 - begun
    except TimeoutError:
        whole_ms = None
    client.process.wait(seconds + 150)
    group_back = probe.alive()
    probe.close()
    summary = json.loads(client.summary_file.read_text())
    told = client.acknowledged()
    grouped, seen = long_ones(probe.outages()), long_ones(summary["outages"])
    event = {"fault": name, "begun": begun, "load": max(load, os.getloadavg()[0]), "wholeMs": whole_ms,
             "groupBack": group_back, "groupOutages": grouped,
             "clientBack": told[-1] > told[-3], "clientOutages": seen, **{key: summary[key] for key in KEPT}}
    wrong = [key for key in WRONG if event[key]] + ([] if whole_ms else ["never whole"])
    report.check(f"{name}: nothing acknowledged is lost, displaced or out of order", not wrong, wrong)
    print(f"{event['fault']}: {times(event)}; {counts(event)}", flush=True)
    return event


def run(options):
    from harness.report import Report  # found through process_group
    events = []
    with Report() as report:
        group = Group(report, options.kind, options.mode, options.times, options.port)
        chosen = [fault for fault in FAULTS if not options.only or any(word in fault[0] for word in options.only)]
        for number, fault in enumerate(chosen):
            events.append(one_fault(report, group, number, *fault))
            if events[-1]["wholeMs"] is None:
                break  # what comes after would only measure this
    result = {"kind": options.kind, "mode": options.mode, "times": options.times,
              "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()), "events": events}
    if options.json:
        with open(options.json, "w") as file:
            json.dump(result, file, indent=1)
    print(tables([result]))
    report.exit()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    runs = commands.add_parser("run")
    runs.add_argument("--kind", required=True, choices=["ours", "java"])
    runs.add_argument("--mode", required=True, choices=["sync", "quorum"])
    runs.add_argument("--times", default="quick", choices=["stock", "quick"])
    runs.add_argument("--port", type=int, default=31000)
    runs.add_argument("--only", action="append", default=[], help="faults whose name contains this")
    runs.add_argument("--json", default="")
    made = commands.add_parser("table")
    made.add_argument("files", nargs="+")
    options = parser.parse_args()
    if options.command == "run":
        run(options)
    results = []
    for name in options.files:
        with open(name) as file:
            results.append(json.load(file))
    print(tables(results))


if __name__ == "__main__":
    sys.exit(main())
