#!/usr/bin/env python3
"""Replication with fixed roles (brokerRole, brokerId) between our broker and the official one 5.5.0.

usage: classic.py MASTER SLAVE [PORT]   each "our" or "java"; ports PORT..PORT+99 (default 18200)
       classic.py answers [PORT]        what a SYNC_MASTER answers without a slave: ours as the original
"""
import shutil
import sys

from harness.console import Console
from harness.logs import check_same
from harness.report import Report
from harness.servers import Broker, NameServer

QUEUES = range(4)


class Group:
    """A master and a slave of one group, a name server and a client."""

    def __init__(self, report, kinds, port):
        self.report = report
        self.namesrv = NameServer(report, port).start()
        common = {"slaveReadEnable": "true", "flushConsumerOffsetInterval": 1000, "registerNameServerPeriod": 10000}
        self.master = Broker(report, kinds[0], "master", port + 10, self.namesrv, brokerRole="ASYNC_MASTER", slaveTimeout=1000,
                             **common)
        self.slave = Broker(report, kinds[1], "slave", port + 20, self.namesrv, brokerRole="SLAVE", brokerId=1, **common)
        self.console = Console(report, self.namesrv)

    def registered(self, broker_id, there=True):
        return (broker_id in self.namesrv.brokers()) == there

    def committed(self, broker, group="InteropGroup"):
        return sum(broker.committed(group, "InteropTopic", queue) or 0 for queue in QUEUES)


def asynchronous(report, group):
    master, slave, console = group.master, group.slave, group.console
    master.start()
    slave.start()
    report.needs(60, "the master is registered", lambda: group.registered(0))
    console.tell("topic", master.address, "InteropTopic", len(QUEUES))
    console.tell("topic", master.address, "InteropDelay", 1)
    console.tell("group", master.address, "InteropGroup", 7)
    report.needs(30, "messages are acknowledged", lambda: console.send_all("InteropTopic", 0, 1))
    report.check("500 messages are acknowledged", console.send_all("InteropTopic", 1, 500, 1000))
    report.equal("a delayed message is acknowledged", {"SEND_OK": 1}, console.send("InteropDelay", 0, 1, delay_level=1))
    report.equal("they are consumed at the master", {"missing": 0, "others": [], "again": 0},
                 console.tell("consume", "InteropGroup", "InteropTopic", 0, 500, 60))
    report.within(30, "the delayed message is delivered", lambda: console.numbers("InteropDelay") == [0])
    report.needs(60, "the slave is registered", lambda: group.registered(1))
    check_same(report, "the slave's log is the master's", master, slave)
    report.equal("the slave has the log from its beginning", 0, slave.span()[0])
    state(report, group)

    slave.kill()
    report.check("the master goes on without its slave", console.send_all("InteropTopic", 500, 2500, 1000))
    slave.start()
    check_same(report, "a slave killed catches up over several files", master, slave, 60)


def state(report, group):
    """What the slave must know of topics, groups and offsets (codes 21, 201, 43, 45 or the journal)."""
    slave = group.slave
    report.within(40, "the slave has the topic", lambda: '"InteropTopic"' in slave.file("topics.json"))
    report.within(20, "the slave has the group with its settings", lambda: '"InteropGroup"' in slave.file("subscriptionGroup.json")
                  and '"retryMaxTimes":7' in slave.file("subscriptionGroup.json").replace(" ", ""))
    report.within(20, "the slave answers with the consumer's offsets", lambda: group.committed(slave) == 500)
    report.within(20, "and has them in its file", lambda: "InteropTopic@InteropGroup" in slave.file("consumerOffset.json"))
    report.within(20, "the slave has how far delays were delivered",
                  lambda: any(words in slave.file("delayOffset.json").replace(" ", "").replace("\n", "") for words in ("1:1", '"1":1')))


def master_gone(report, group):
    master, slave, console = group.master, group.slave, group.console
    master.kill()
    report.within(60, "clients are told that only the slave is left", lambda: group.registered(0, there=False))
    report.equal("the rest is consumed from the slave", {"missing": 0, "others": [], "again": 0},
                 console.tell("consume", "InteropGroup", "InteropTopic", 500, 2500, 60))
    report.equal("a slave takes no sends", False, "SEND_OK" in console.send("InteropTopic", 9000, 9001))
    master.start()
    report.within(60, "the master is back", lambda: group.registered(0))
    report.within(30, "and acknowledges", lambda: console.send_all("InteropTopic", 2500, 2501))
    report.check("100 more are acknowledged", console.send_all("InteropTopic", 2501, 2600, 1000))
    check_same(report, "the slave follows the master that came back", master, slave, 60)
    report.equal("every message is there once", list(range(2600)), console.numbers("InteropTopic"))


def late(report, group):
    master, slave = group.master, group.slave
    report.check("the slave ends when told", slave.stop())
    shutil.rmtree(slave.folder / "store")
    slave.start()
    check_same(report, "an empty slave that comes late gets the last files", master, slave, 60)
    size = master.settings["mappedFileSizeCommitLog"]
    end = master.end()
    report.equal("as the protocol says: from the last one on", end - end % size, slave.span()[0])


def synchronous(report, group):
    master, slave, console = group.master, group.slave, group.console
    report.check("the master ends when told", master.stop())
    master.configure(brokerRole="SYNC_MASTER", inSyncReplicas=2)
    master.start()
    report.needs(60, "as SYNC_MASTER it acknowledges what its slave has", lambda: console.send_all("InteropTopic", 2600, 2601))
    report.check("200 more", console.send_all("InteropTopic", 2601, 2800, 1000))
    slave.kill()
    report.equal("without its slave it says so", {"FLUSH_SLAVE_TIMEOUT": 2}, console.send("InteropTopic", 2800, 2802))
    report.equal("a message that needn't wait is acknowledged", {"SEND_OK": 1}, console.send("InteropTopic", 2802, 2803, wait=False))
    slave.start()
    report.within(60, "with its slave back it acknowledges again", lambda: console.send_all("InteropTopic", 2803, 2804))
    check_same(report, "the logs are the same at the end", master, slave)


def both(report, kinds, port):
    group = Group(report, kinds, port)
    asynchronous(report, group)
    master_gone(report, group)
    late(report, group)
    synchronous(report, group)


def answers(report, port):
    namesrv = NameServer(report, port).start()
    told = {}
    brokers = []
    for number, kind in enumerate(("our", "java")):
        for copies in (1, 2):
            brokers.append(Broker(report, kind, f"{kind}{copies}", port + 10 + 20 * number + 10 * (copies - 1), namesrv,
                                  brokerName=f"{kind}{copies}", brokerRole="SYNC_MASTER", inSyncReplicas=copies,
                                  slaveTimeout=1000).start())
    console = Console(report, namesrv)
    for broker in brokers:
        report.needs(60, f"{broker.name} is registered", lambda: namesrv.brokers(broker.name))
        topic = f"Topic{broker.name}"
        # Ours says that the change is not confirmed (what changes state waits like a message does), and makes it.
        console.ask("topic", broker.address, topic, 1)
        report.within(20, f"{broker.name} has the topic", lambda: console.send_all(topic, 0, 1, wait=False))
        told[broker.name] = (console.send(topic, 1, 3), console.send(topic, 3, 4, wait=False))
        console.ask("group", broker.address, "console_reader", 1)
        report.within(20, f"{broker.name} has them all", lambda: {1, 2, 3} <= set(console.numbers(topic)))
    for copies in (1, 2):
        report.equal(f"a SYNC_MASTER with inSyncReplicas={copies} and no slave answers as Java's", told[f"java{copies}"],
                     told[f"our{copies}"])
    report.equal("and says that nobody else has it", {"FLUSH_SLAVE_TIMEOUT": 2}, told["our2"][0])


def main():
    arguments = sys.argv[1:]
    with Report() as report:
        if arguments[:1] == ["answers"]:
            answers(report, int((arguments[1:] or [18200])[0]))
        else:
            both(report, arguments[:2], int((arguments[2:] or [18200])[0]))
    report.exit()


main()
