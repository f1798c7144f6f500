#!/usr/bin/env python3
"""Breaks a broker group on a real Kubernetes in every way there is, with official clients running, and checks their histories.

usage: run.py [--mode sync|quorum|async] [--replicas N] [--rounds K] [--seed S] [--short] [--random MINUTES] [--only WORD]...
              [--early-ack] [--json FILE]

Needs the cluster that run.sh brings up. Each fault is begun while the official Java client sends (default settings, through
the name servers and the group's Service) and consumes; its figure is the time from the fault to the next acknowledged
send. At the end the clients' whole history is checked: lost, undelivered, displaced, out of order. --early-ack proves that the
checker can fail: brokers told to acknowledge before the copies are there (asynchronous mode) lose their master while its
slave is late; then exit status 0 means that the loss was seen.
Exit status 1 if anything acknowledged was lost, or a group did not come back. Prints the seed; the same seed chooses the same faults.
"""
import argparse
import json
import random
import statistics
import subprocess
import sys
import time

import faults
from cluster import Group, kubectl, wait_until, CommandFailed

REPEAT_LIMIT_S = 90
SETTLE_S = 3.0
RECOVERY_LIMIT_S = 60


def say(text):
    print(f"[{time.monotonic() - STARTED:4.0f} s] {text}", file=sys.stderr, flush=True)


STARTED = time.monotonic()


def manifest(name, replicas, mode, config):
    """One group; each of its replicas on a node of its own where there are enough."""
    return json.dumps({
        "apiVersion": "rocketmq-operator.io/v1alpha1", "kind": "RocketMQCluster", "metadata": {"name": name},
        "spec": {
            "nameServers": {"replicas": 1, "resources": {"requests": {"cpu": "5m", "memory": "16Mi"}},
                            "storage": {"size": "100Mi"}},
            "brokerGroups": {"count": 1, "replicasPerGroup": replicas, "replication": mode,
                             "config": config,
                             "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "512Mi"}},
                             "storage": {"size": "2Gi"}}}})


class Clients:
    """The official Java client, sending and consuming in a pod of its own; a record of all it saw at the end."""

    def __init__(self, namespace, image, name_server, seconds, rate):
        self.namespace = namespace
        arguments = ["--namesrv", name_server, "--topic", "Faults", "--seconds", str(seconds), "--rate", str(rate), "--threads", "4",
                     "--drain", "90"]
        java = ["/opt/java/bin/java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx512m", "-Duser.home=/tmp",
                "-Drocketmq.log.root=/tmp", "-Drocketmq.log.level=error", "-cp",
                "/opt/client/conf:/opt/client/classes:/opt/client/libs/*", "clients.Soak"]
        kubectl("-n", namespace, "apply", "-f", "-", stdin=json.dumps({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "clients"},
            "spec": {"restartPolicy": "Never", "automountServiceAccountToken": False, "enableServiceLinks": False,
                     "nodeSelector": {"rmq-e2e/clients": "yes"}, "terminationGracePeriodSeconds": 0,
                     "containers": [{"name": "client", "image": image, "imagePullPolicy": "IfNotPresent",
                                     "command": java, "args": arguments}]}}))

    def log(self):
        return kubectl("-n", self.namespace, "logs", "clients", timeout=60)

    def acknowledged(self):
        lines = [line for line in self.log().splitlines() if line.startswith("attempted")]
        return int(lines[-1].split("acknowledged ")[1].split(",")[0]) if lines else 0

    def phase(self):
        return kubectl("-n", self.namespace, "get", "pod", "clients", "-o", "jsonpath={.status.phase}")

    def summary(self, limit_s):
        wait_until(limit_s, "the clients to end", lambda: self.phase() in ("Succeeded", "Failed"), every_s=1)
        last = self.log().strip().splitlines()[-1]
        try:
            return json.loads(last)
        except json.JSONDecodeError as error:
            raise CommandFailed(f"the clients ended without a summary: {last[-400:]}") from error


def recovery_ms(outages, begun_ms, until_ms):
    """From the fault to the end of the longest outage in its time; 0 if sends were acknowledged all the time."""
    mine = [(end - begin, end - begun_ms) for begin, end in outages if end > begun_ms and begin < until_ms]
    return max(mine)[1] if mine else 0


def planned(options, chooser):
    if options.random:
        return None
    chosen = faults.SHORT if options.short else faults.by_name(options.only)
    rounds = [fault for _ in range(options.rounds) for fault in chosen]
    if not options.short:
        chooser.shuffle(rounds)
    return rounds


def one_fault(group, kind, chooser):
    """Begins the fault, holds and heals it, waits for a whole group; returns when it was, in ms of the wall clock."""
    time.sleep(SETTLE_S)
    fault = kind(group, chooser)
    begun = time.time() * 1000
    say(f"{fault.name}: {fault.pod}")
    try:
        fault.begin()
        time.sleep(fault.hold_s)
    finally:
        fault.heal()
    try:
        wait_until(REPEAT_LIMIT_S, f"the group to be whole after '{fault.name}'", lambda: group.master() and group.whole())
    except TimeoutError as error:
        say(str(error))
        return {"fault": fault.name, "begun": begun, "ended": time.time() * 1000, "whole": False}
    return {"fault": fault.name, "begun": begun, "ended": time.time() * 1000, "whole": True}


def combination(group, chooser):
    """Two faults at once, healed in any order."""
    time.sleep(SETTLE_S)
    kinds = chooser.sample(faults.ALL, 2)
    begun = time.time() * 1000
    active = []
    say(" + ".join(kind.name for kind in kinds))
    try:
        for kind in kinds:
            try:
                fault = kind(group, chooser)
                active.append(fault)
                fault.begin()
            except (CommandFailed, subprocess.TimeoutExpired, ProcessLookupError, TypeError, IndexError) as error:
                say(f"  {kind.name} was not possible now: {error}")
            time.sleep(chooser.uniform(0, 3))
        time.sleep(max((fault.hold_s for fault in active), default=0))
    finally:
        chooser.shuffle(active)
        for fault in active:
            fault.heal()
    try:
        wait_until(REPEAT_LIMIT_S * 2, "the group to be whole", lambda: group.master() and group.whole())
        whole = True
    except TimeoutError as error:
        say(str(error))
        whole = False
    return {"fault": " + ".join(sorted(kind.name for kind in kinds)), "begun": begun, "ended": time.time() * 1000, "whole": whole}


def table(mode, events, outages):
    rows = {}
    for event in events:
        figures = rows.setdefault(event["fault"], [])
        figures.append(recovery_ms(outages, event["begun"], event["ended"]))
    lines = ["| fault | mode | times | recovery p50 | worst |", "|---|---|---|---|---|"]
    for name, figures in sorted(rows.items()):
        lines.append(f"| {name} | {mode} | {len(figures)} | {statistics.median(figures) / 1000:.1f} s | {max(figures) / 1000:.1f} s |")
    return "\n".join(lines), rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mode", default="sync", choices=["async", "sync", "quorum"])
    parser.add_argument("--replicas", type=int, default=0, help="default: 2, or 3 in quorum mode")
    parser.add_argument("--rounds", type=int, default=1, help="how often each fault")
    parser.add_argument("--seed", type=int, default=int(time.time()) % 1_000_000)
    parser.add_argument("--short", action="store_true", help="the few faults that every test run has")
    parser.add_argument("--random", type=float, default=0, metavar="MINUTES", help="random pairs of faults for so long")
    parser.add_argument("--only", action="append", default=[], help="faults whose name contains this word")
    parser.add_argument("--early-ack", action="store_true")
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--client-image", required=True)
    parser.add_argument("--json", default="")
    options = parser.parse_args()
    if options.early_ack:
        options.mode, options.only = "async", ["LateCopy"]
    replicas = options.replicas or (3 if options.mode == "quorum" else 2)
    chooser = random.Random(options.seed)
    print(f"seed {options.seed}, mode {options.mode}, {replicas} replicas", flush=True)

    namespace, name = f"faults-{options.mode}", "f"
    kubectl("create", "namespace", namespace)
    plan = planned(options, chooser)
    config = faults.disk_settings() if plan is None or faults.FillDisk in plan else {}
    kubectl("-n", namespace, "apply", "-f", "-", stdin=manifest(name, replicas, options.mode, config))
    group = Group(namespace, name, 0, replicas)
    wait_until(120, "a whole group with a master", lambda: group.master() and group.whole())
    seconds = options.random * 60 if plan is None else 20 + 40 * len(plan)
    clients = Clients(namespace, options.client_image, f"{name}-namesrv.{namespace}.svc:9876", int(seconds), options.rate)
    wait_until(60, "messages to flow", lambda: clients.acknowledged() > options.rate)
    end = time.monotonic() + seconds - 15
    events = []
    while time.monotonic() < end and (plan is None or plan):
        events.append(combination(group, chooser) if plan is None else one_fault(group, plan.pop(0), chooser))
        if not events[-1]["whole"]:
            break  # what comes after would only measure this
    if plan:
        say(f"out of time: {len(plan)} faults were left out")
    summary = clients.summary(seconds + 300)
    text, figures = table(options.mode, events, summary["outages"])
    print(text)
    print(json.dumps({key: value for key, value in summary.items() if key != "outages"}))
    bad = [key for key in ("lost", "undelivered", "displaced", "outOfOrder") if summary[key]]
    if not summary["storeRead"]:
        bad.append("the store could not be read")
    bad += [f"not whole after {event['fault']}" for event in events if not event["whole"]]
    bad += [f"no recovery after {name}" for name, values in figures.items() if max(values) > RECOVERY_LIMIT_S * 1000]
    if options.json:
        with open(options.json, "w") as file:
            json.dump({"seed": options.seed, "mode": options.mode, "replicas": replicas, "events": events, "figures": figures,
                       "summary": summary, "bad": bad}, file, indent=1)
    if options.early_ack:
        print(f"the checker saw {summary['lost']} lost messages, as it must" if summary["lost"] else "the checker saw NO loss")
        return 0 if summary["lost"] else 1
    print("content" if not bad else "NOT content: " + ", ".join(bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
