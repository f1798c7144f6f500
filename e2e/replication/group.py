#!/usr/bin/env python3
"""Elections, fail-over and truncation in a group of our brokers and official ones 5.5.0, under our Controller or the official one.

usage: group.py CONTROLLER BROKER BROKER... [--port PORT] [--soak]   each "our" or "java"; ports PORT..PORT+99 (default 18400)
       --soak: the official client sends and receives all the time, and its whole history is checked in the end
"""
import argparse
import json
import signal
import subprocess

from harness.controlled import Group, Sent
from harness.report import Report
from harness.servers import CLIENTS

TOPIC = "InteropTopic"
SOAK_S = 30


def prepare(report, group):
    master = group.master()
    report.within(20, "a topic is made", lambda: group.console.tell("topic", master.address, TOPIC, 4))
    report.within(20, "a group is made", lambda: group.console.tell("group", master.address, "InteropGroup", 7))
    sent = Sent(group.console, TOPIC)
    report.within(30, "a message is acknowledged", sent.one)
    report.equal("500 messages are acknowledged", {"SEND_OK": 500}, sent.send(500, 1000))
    for other in group.others(master):
        report.within(30, f"{other.name} has topic and group", lambda: f'"{TOPIC}"' in other.file("topics.json")
                      and '"InteropGroup"' in other.file("subscriptionGroup.json"))
    group.check_logs("at first")
    return sent


def fail_over(report, group, sent, name, at_rest=True):
    """kill -9 of the master; it comes back as a slave. Logs can be compared only at rest."""
    former = group.master()
    former.kill()
    master = report.needs(30, f"{name}: after kill -9 of {former.name} another is master", lambda: group.another_is_master(former))
    report.within(30, f"{name}: {master.name} acknowledges", sent.one)
    report.equal(f"{name}: 100 more are acknowledged", {"SEND_OK": 100}, sent.send(100, 1000))
    former.start()
    group.needs_all(f"{name}: {former.name} comes back into the sync set")
    report.check(f"{name}: {master.name} stays master", group.master() is master)
    if at_rest:
        group.check_logs(name)
    sent.check(report, name)


def truncate(report, group, sent, name):
    """A master that dies with a tail that no other has loses it when it comes back: the others' epoch begins before its end."""
    former = group.master()
    for other in group.others(former):
        other.send_signal(signal.SIGSTOP)
    try:
        answers = sent.send(200, 100_000, wait=False)  # far more than what sockets hold
        end = former.end()
    finally:
        former.kill()
        for other in group.others(former):
            other.send_signal(signal.SIGCONT)
    master = report.needs(30, f"{name}: another is master", lambda: group.another_is_master(former))
    start = report.within(30, f"{name}: its epoch is known", lambda: master.epochs()[-1][1])
    report.check(f"{name}: {former.name} has what nobody else has", start < end, f"epoch begins at {start}, log ended at {end}, answers were {answers}")
    report.within(30, f"{name}: {master.name} acknowledges", sent.one)
    report.equal(f"{name}: 50 more are acknowledged", {"SEND_OK": 50}, sent.send(50, 1000))
    former.start()
    group.needs_all(f"{name}: {former.name} comes back into the sync set")
    group.check_logs(f"{name}: what was cut off is gone")
    sent.check(report, name)


def hand_over(report, group, sent):
    former = group.master()
    report.check(f"{former.name} ends when told", former.stop())
    master = report.needs(30, "after an orderly end another is master", lambda: group.another_is_master(former))
    report.within(30, f"{master.name} acknowledges", sent.one)
    sent.check(report, "after an orderly end")


class Soak:
    """The official client sending and receiving meanwhile; the whole history is checked."""

    def __init__(self, report, group):
        # The client gives up on a topic it is to create if it looks just while there is no master.
        group.console.tell("topic", group.master().address, "SoakTopic", 4)
        self.report = report
        self.path = report.work / "soak.json"
        with open(report.work / "soak.out", "wb") as output:
            self.process = subprocess.Popen(
                [CLIENTS / "java" / "run.sh", "--main", "Soak", "--namesrv", group.namesrv.address, "--topic", "SoakTopic",
                 "--seconds", str(SOAK_S), "--rate", "200", "--poll", "500", "--drain", "40", "--summary", self.path],
                stdout=output, stderr=output, stdin=subprocess.DEVNULL, start_new_session=True)
        report.on_end(self.process.kill)

    def check(self):
        status = self.process.wait(SOAK_S + 100)
        told = json.loads(self.path.read_text()) if self.path.exists() else {}
        shown = {key: told.get(key) for key in ("acknowledged", "lost", "undelivered", "displaced", "outOfOrder", "longestOutageMs")}
        self.report.check("soak: nothing acknowledged is lost, displaced or out of order", status == 0, f"status {status}: {shown}")
        self.report.check("soak: messages went on between the faults", shown["acknowledged"] and shown["acknowledged"] > 1000, shown)


def play(report, arguments):
    group = Group(report, arguments.controller, arguments.brokers, arguments.port)
    sent = prepare(report, group)
    soak = Soak(report, group) if arguments.soak else None
    fail_over(report, group, sent, "first fail-over", at_rest=not soak)
    fail_over(report, group, sent, "second fail-over", at_rest=not soak)
    if soak:
        soak.check()
        group.check_logs("after the soak")
    truncate(report, group, sent, "first truncation")
    truncate(report, group, sent, "second truncation")
    hand_over(report, group, sent)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("controller", choices=["our", "java"])
    parser.add_argument("brokers", choices=["our", "java"], nargs="+")
    parser.add_argument("--port", type=int, default=18400)
    parser.add_argument("--soak", action="store_true")
    arguments = parser.parse_args()
    with Report() as report:
        play(report, arguments)
    report.exit()


main()
