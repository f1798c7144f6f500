#!/usr/bin/env python3
"""The official mqadmin 5.5.0 against our brokers and our Controller: what it shows of replication is right.

usage: admin.py [PORT]      ports PORT..PORT+99 (default 19000)
"""
import re
import sys

from harness.controlled import Group, Sent
from harness.logs import same_end
from harness.report import Report


def field(text, name):
    """The value of a "#name  value" line; empty if there is none."""
    found = re.search(rf"^#{re.escape(name)}:?[ \t]+(.*?)[ \t]*$", text, re.MULTILINE)
    return found.group(1) if found else ""


def ha_status(report, group, master, slave):
    tool = group.console.mqadmin
    told = tool("haStatus", "-n", group.namesrv.address, "-b", master.address)
    report.equal("haStatus of a master: its end, and its slave in sync", [master.address, str(master.end()), "1", "1"],
                 [field(told, name) for name in ("MasterAddr", "MasterCommitLogMaxOffset", "SlaveNum", "InSyncSlaveNum")])
    row = next((line.split() for line in told.splitlines() if line.startswith("127.0.0.1:")), [])
    report.check("haStatus of a master: what its slave acknowledged", row[1:3] == [str(master.end()), "0"] and row[4:5] == ["OK"], told)
    told = tool("haStatus", "-n", group.namesrv.address, "-b", slave.address)
    report.equal("haStatus of a slave: its master's HA address and its own end",
                 [f"127.0.0.1:{master.settings['haListenPort']}", str(slave.end())],
                 [field(told, name) for name in ("MasterAddr", "CommitLogMaxOffset")])
    told = tool("haStatus", "-n", group.namesrv.address, "-c", "DefaultCluster")
    report.equal("haStatus of a cluster names its master", master.address, field(told, "MasterAddr"))


def epochs(report, group, master):
    told = group.console.mqadmin("getBrokerEpoch", "-n", group.namesrv.address, "-b", "broker-a")
    blocks = re.findall(r"#brokerAddr\t(\S+)\n#brokerId\t(\d+)((?:\n#Epoch: .*)*)", told)
    report.equal("getBrokerEpoch tells of every broker", {broker.address for broker in group.brokers}, {block[0] for block in blocks})
    for address, _, lines in blocks:
        found = [(int(epoch), int(start)) for epoch, start in re.findall(r"epoch=(\d+), startOffset=(\d+)", lines)]
        report.equal(f"getBrokerEpoch: the epochs of {address}", master.epochs(), found)
        report.check(f"getBrokerEpoch: the last one of {address} ends with the log", f"endOffset={master.end()}" in lines.split("\n")[-1], lines)


def sync_set(report, group, master, slave):
    state = group.controller.state()
    expected = ["broker-a", str(state["masterBrokerId"]), master.address, str(state["masterEpoch"]),
                str(state["syncStateSetEpoch"]), "2"]
    names = ("brokerName", "MasterBrokerId", "MasterAddr", "MasterEpoch", "SyncStateSetEpoch", "SyncStateSetNums")
    for what, ways in (("a group", ("-b", "broker-a")), ("a cluster", ("-c", "DefaultCluster", "-n", group.namesrv.address))):
        told = group.console.mqadmin("getSyncStateSet", "-a", group.controller.address, *ways)
        report.equal(f"getSyncStateSet of {what}", expected, [field(told, name) for name in names])
        report.check(f"getSyncStateSet of {what} shows the replicas", all(
            re.search(rf"^InSyncReplica:.*{broker.address}.*alive=true", told, re.MULTILINE) for broker in (master, slave)), told)


def controller(report, group):
    address, tool = group.controller.address, group.console.mqadmin
    told = tool("getControllerMetaData", "-a", address)
    report.equal("getControllerMetaData names the leader and its peers", [address, "one"],
                 [field(told, "ControllerLeaderAddress"), field(told, "ControllerLeaderId")])
    report.check("getControllerMetaData lists the peers", re.search(rf"^#Peer:\s+\S*{address}", told, re.MULTILINE), told)
    told = tool("getControllerConfig", "-a", address)
    report.check("getControllerConfig shows settings", re.search(r"^replicationMode\s*=\s*synchronous", told, re.MULTILINE), told)
    told = tool("updateControllerConfig", "-a", address, "-k", "leaseMs", "-v", "2100")
    report.check("updateControllerConfig succeeds", "update controller config success" in told, told)
    told = tool("getControllerConfig", "-a", address)
    report.check("and it shows", re.search(r"^leaseMs\s*=\s*2100", told, re.MULTILINE), told)
    told = tool("updateControllerConfig", "-a", address, "-k", "configStorePath", "-v", "/tmp/elsewhere")
    report.check("a path is not changed", "success" not in told and "Exception" in told, told)


def broker_status(report, group, master, slave):
    for broker in (master, slave):
        told = group.console.mqadmin("brokerStatus", "-n", group.namesrv.address, "-b", broker.address)
        report.check(f"brokerStatus of {broker.name}: where its log ends",
                     re.search(rf"^commitLogMaxOffset\s*:\s*{broker.end()}\s*$", told, re.MULTILINE), told)


def elect(report, group, master, slave):
    """electMaster and cleanBrokerMetadata, a killed replica in between."""
    address, tool = group.controller.address, group.console.mqadmin
    number = group.controller.id_of(slave.port)
    told = tool("electMaster", "-a", address, "-bn", "broker-a", "-b", number, "-c", "DefaultCluster")
    report.equal("electMaster tells the new master and its epoch", [slave.address, str(group.controller.state()["masterEpoch"])],
                 [field(told, "BrokerMasterAddr"), field(told, "MasterEpoch")])
    report.within(20, "the designated one is master", lambda: group.master() is slave)
    group.needs_all("with the other one as its slave")
    gone = group.controller.id_of(master.port)
    clean = ("cleanBrokerMetadata", "-a", address, "-bn", "broker-a", "-b", gone, "-c", "DefaultCluster")
    told = tool(*clean)
    report.check("cleanBrokerMetadata refuses a living broker", "success" not in told and "Exception" in told, told)
    master.kill()
    report.within(20, "a dead slave leaves the sync set", lambda: group.controller.in_sync() == {slave.port})
    report.within(20, "cleanBrokerMetadata removes it", lambda: "success" in tool(*clean))
    report.equal("it is not listed any more", None, group.controller.id_of(master.port))


def play(report, port):
    group = Group(report, "our", ["our", "our"], port)
    master = group.master()
    slave = group.others(master)[0]
    report.within(20, "a topic is made", lambda: group.console.tell("topic", master.address, "AdminTopic", 4))
    sent = Sent(group.console, "AdminTopic")
    report.equal("messages are acknowledged", {"SEND_OK": 200}, sent.send(200, 1000))
    report.needs(20, "the replicas are at rest", lambda: same_end(master, slave) and master.end() == slave.end())
    ha_status(report, group, master, slave)
    epochs(report, group, master)
    sync_set(report, group, master, slave)
    controller(report, group)
    broker_status(report, group, master, slave)
    elect(report, group, master, slave)


with Report() as the_report:
    play(the_report, int((sys.argv[1:] or [19000])[0]))
the_report.exit()
