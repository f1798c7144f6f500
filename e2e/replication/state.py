#!/usr/bin/env python3
"""What a broker was told is there after a fail-over: topics, groups, committed offsets, resets, delayed messages. The master is
killed (kill -9) as soon as the official client has its answer, several times, each time another replica.

usage: state.py [PORT]      ports PORT..PORT+99 (default 19100)
"""
import sys

from harness import remoting
from harness.controlled import Group, Sent
from harness.report import Report

GET_TOPIC, GET_GROUP = 351, 352
QUEUES = range(3)
ROUNDS = 3


def topic_of(broker, topic):
    """Its settings; None if the broker has no such topic."""
    answer = broker.ask(GET_TOPIC, {"topic": topic})
    return answer.json() if answer.code == remoting.SUCCESS else None


def group_of(broker, group):
    answer = broker.ask(GET_GROUP, {"group": group})
    return answer.json() if answer.code == remoting.SUCCESS else None


def committed(broker, group, topic):
    return {queue: broker.committed(group, topic, queue) for queue in QUEUES}


class Told:
    """One round: what the master of that round was told, and whether the next one knows it."""

    def __init__(self, report, group, number):
        self.report, self.group, self.number = report, group, number
        self.console = group.console
        self.name = f"fail-over {number}"
        self.topic, self.consumers = f"StateTopic{number}", f"StateGroup{number}"

    def check(self, what, good, reason=""):
        self.report.check(f"{self.name}: {what}", good, reason)

    def consumed(self, master):
        """A consumer's commits, 500 ms before the end."""
        console = self.console
        console.tell("topic", master.address, self.topic, len(QUEUES))
        console.tell("group", master.address, self.consumers, 3)
        sent = Sent(console, self.topic)
        self.check("messages are acknowledged", sent.send(60) == {"SEND_OK": 60})
        self.check("and consumed", console.tell("consume", self.consumers, self.topic, 0, 60, 40) == {"missing": 0, "others": [], "again": 0})
        self.offsets = committed(master, self.consumers, self.topic)
        for other in self.group.others(master):
            self.report.within(10, f"{self.name}: the replica knows the commits", lambda: committed(other, self.consumers, self.topic) == self.offsets)
        return sent

    def at_once(self, master):
        """Changes whose answer is the last thing that the master says."""
        console, number, namesrv = self.console, self.number, self.group.namesrv.address
        console.tell("topic", master.address, f"Gone{number}", 1)
        console.tell("topic", master.address, f"Reset{number}", 1)
        console.tell("group", master.address, f"ResetGroup{number}", 3)
        self.check("messages to reset to", console.send(f"Reset{number}", 0, 30) == {"SEND_OK": 30})
        console.tell("topic", master.address, f"Delayed{number}", 1)
        told = console.mqadmin("deleteTopic", "-n", namesrv, "-c", "DefaultCluster", "-t", f"Gone{number}")
        self.check("a topic is deleted", "success" in told, told)
        self.check("delayed messages are acknowledged", console.send(f"Delayed{number}", 0, 10, delay_level=2) == {"SEND_OK": 10})
        told = console.mqadmin("resetOffsetByTime", "-n", namesrv, "-g", f"ResetGroup{number}", "-t", f"Reset{number}", "-s", "0",
                               "-b", master.address, "-q", "0", "-o", "17")
        self.check("an offset is reset", "17" in told and "Exception" not in told, told)
        console.tell("group", master.address, f"LastGroup{number}", 5)
        console.tell("topic", master.address, f"LastTopic{number}", 7)

    def known(self, master):
        """What the new master knows at once, before it is asked anything else."""
        number = self.number
        last = topic_of(master, f"LastTopic{number}") or {}
        self.check("9804/9984: the last topic made is there, with its settings", last.get("writeQueueNums") == 7, last)
        last = group_of(master, f"LastGroup{number}") or {}
        self.check("the last group made is there, with its settings", last.get("retryMaxTimes") == 5, last)
        self.check("9804/9984: topics of all rounds are there", all(topic_of(master, f"StateTopic{n}") for n in range(1, number + 1)))
        self.check("a deleted topic stays deleted", topic_of(master, f"Gone{number}") is None)
        offsets = committed(master, self.consumers, self.topic)
        self.check("7790: no committed offset went back", offsets == self.offsets, f"{offsets}, were {self.offsets}")
        reset = master.committed(f"ResetGroup{number}", f"Reset{number}")
        self.check("a reset holds", reset == 17, reset)

    def goes_on(self, sent):
        console = self.console
        self.report.within(30, f"{self.name}: the new master acknowledges", sent.one)
        self.check("more is acknowledged", sent.send(20) == {"SEND_OK": 20})
        first = min(number for number in sent.acknowledged if number >= 60)
        told = console.tell("consume", self.consumers, self.topic, first, first + 21, 40)
        # What was sent without an acknowledgement may be there, too.
        self.check("7790: the consumer gets what is new, and nothing again",
                   told["missing"] == 0 and told["again"] == 0 and all(number >= 60 for number in told["others"]), told)
        sent.check(self.report, self.name)
        self.report.within(30, f"{self.name}: delayed messages are delivered by the new master, each once",
                           lambda: console.numbers(f"Delayed{self.number}") == list(range(10)))


def play(report, port):
    group = Group(report, "our", ["our", "our"], port)
    for number in range(1, ROUNDS + 1):
        told = Told(report, group, number)
        former = group.master()
        sent = told.consumed(former)
        told.at_once(former)
        former.kill()
        master = report.needs(30, f"{told.name}: another is master", lambda: group.another_is_master(former))
        told.known(master)
        told.goes_on(sent)
        former.start()
        group.needs_all(f"{told.name}: the old master is back")
        group.check_logs(told.name)


with Report() as the_report:
    play(the_report, int((sys.argv[1:] or [19100])[0]))
the_report.exit()
