"""A broker group of plain processes on loopback with its Controller, ours or the original's, and the faults done to it."""
import shutil
import signal
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "replication"))
from harness import remoting  # noqa: E402
from harness.report import wait_until  # noqa: E402
from harness.servers import CLIENTS, Broker, Controller, NameServer, Process  # noqa: E402

LAUNCHER = {"ours": "our", "java": "java"}
AWAY_S = 5.0
FROZEN_S = 12.0
LAG_BYTES = 256 << 10
SEND_MESSAGE = 10

# "stock": what the original does unless told otherwise, and our stand-alone Controller, too. "quick": what our operator sets
# (spec.brokerGroups.failover), as far as the original has a key for it.
BROKER_TIMES = {"stock": {}, "quick": {"brokerHeartbeatInterval": 500, "controllerHeartBeatTimeoutMills": 3000,
                                       "haMaxTimeSlaveNotCatchup": 5000}}
CONTROLLER_TIMES = {("ours", "stock"): {}, ("ours", "quick"): {"heartbeatTimeoutMs": 3000, "leaseMs": 3000}, ("java", "stock"): {},
                    ("java", "quick"): {"scanNotActiveBrokerInterval": 500, "scanInactiveMasterInterval": 500}}
# Of the original's own periods those that delay what its timeouts decided; ours looks at these things when they happen.
JAVA_QUICK = {"checkSyncStateSetPeriod": 500, "syncBrokerMetadataPeriod": 1000, "syncControllerMetadataPeriod": 1000}


def copies(kind, mode):
    """Replicas, and the broker's keys for the mode: the same keys that our operator sets."""
    if mode == "sync":
        return 2, {"allAckInSyncStateSet": "true", "inSyncReplicas": 1, "minInSyncReplicas": 1, **(
            {"replicationMode": "sync"} if kind == "ours" else {})}
    return 3, {"allAckInSyncStateSet": "false", "inSyncReplicas": 2, "minInSyncReplicas": 2, **(
        {"replicationMode": "quorum", "totalReplicas": 3} if kind == "ours" else {})}


class JavaNameServer(NameServer):
    """The official one."""

    def __init__(self, report, port):
        super().__init__(report, port)
        self.folder = report.work / "namesrv"

    def command(self):
        return [CLIENTS / "javabroker.sh", "run", self.folder, "namesrv"]

    def start(self):
        (self.folder / "logs").mkdir(parents=True)
        (self.folder / "tmp").mkdir()
        shutil.move(self.settings, self.folder / "namesrv.conf")
        (self.folder / "ports").write_text(f"{self.port} 0\n")
        return super().start()


class Group:
    """PORT..PORT+99 are its own. Starts everything and waits until all replicas count."""

    def __init__(self, report, kind, mode, times, port):
        replicas, keys = copies(kind, mode)
        self.namesrv = (NameServer if kind == "ours" else JavaNameServer)(report, port).start()
        policy = {"replicationMode": {"sync": "synchronous"}.get(mode, mode), "replicas": replicas} if kind == "ours" else {}
        self.controller = Controller(report, LAUNCHER[kind], port + 1, **policy, **CONTROLLER_TIMES[kind, times]).start()
        keys = {**keys, **BROKER_TIMES[times], **(JAVA_QUICK if (kind, times) == ("java", "quick") else {})}
        self.brokers = [Broker(report, LAUNCHER[kind], f"broker{i}", port + 20 + 10 * i, self.namesrv, enableControllerMode="true",
                               controllerAddr=self.controller.address, mappedFileSizeCommitLog=16 << 20, **keys)
                        for i in range(replicas)]
        for broker in self.brokers:
            broker.start()
        report.needs(120, "a whole group with a master", self.whole)

    def master(self):
        """As the Controller has it and clients are told; None if there is none."""
        port, told = self.controller.master(), self.namesrv.brokers().get(0, "")
        return next((broker for broker in self.brokers if broker.port == port and told == broker.address), None)

    def slave(self):
        master = self.master()
        return next(broker for broker in self.brokers if broker is not master)

    def whole(self):
        """All replicas are in the sync set and have the log: a set may still name the life of a replica that is gone."""
        master = self.master()
        return master and self.controller.in_sync() == {broker.port for broker in self.brokers} and all(
            broker.end() + LAG_BYTES >= master.end() for broker in self.brokers)

    def await_whole(self, limit_s):
        wait_until(limit_s, self.whole)


class Probe:
    """Sends straight to every broker, ten times a second each, and remembers when anybody acknowledged.

    This is when the group is back; a client on loopback learns where the master is only when it asks for routes again.
    """
    TOPIC = "FaultsProbe"

    def __init__(self, group):
        self.times = []  # ms of the wall clock
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self.send, args=(broker.port,), daemon=True) for broker in group.brokers]
        for thread in self.threads:
            thread.start()

    def send(self, port):
        while not self.ended.wait(0.1):
            header = {"producerGroup": "probe", "topic": self.TOPIC, "defaultTopic": "TBW102", "defaultTopicQueueNums": 1,
                      "queueId": 0, "sysFlag": 0, "bornTimestamp": int(time.time() * 1000), "flag": 0, "properties": "",
                      "reconsumeTimes": 0, "unitMode": "false", "batch": "false"}
            try:
                if remoting.ask(port, SEND_MESSAGE, header, b"probe").code == remoting.SUCCESS:
                    self.times.append(time.time() * 1000)
            except (OSError, ValueError):
                pass  # nobody there, or frozen

    def outages(self):
        times = sorted(self.times)
        return list(zip(times, times[1:]))

    def alive(self):
        return bool(self.times) and time.time() * 1000 - self.times[-1] < 5000

    def close(self):
        self.ended.set()
        for thread in self.threads:
            thread.join(10)


class Client(Process):
    """The official Java client with default settings, sending and receiving; its whole history is checked at the end."""

    def __init__(self, report, group, number, seconds, rate):
        super().__init__(report, f"client{number}")
        self.summary_file = report.work / f"client{number}.json"
        self.arguments = ["--main", "Soak", "--namesrv", group.namesrv.address, "--topic", f"Faults{number}", "--seconds", seconds,
                          "--rate", rate, "--threads", 4, "--drain", 40, "--summary", self.summary_file]

    def command(self):
        return [CLIENTS / "java" / "run.sh", *self.arguments]

    def acknowledged(self):
        """What it tells every 5 s."""
        lines = self.output.read_text(errors="replace").splitlines()
        return [int(line.split("acknowledged ")[1].split(",")[0]) for line in lines if line.startswith("attempted")]


# The faults: each a function that breaks and heals; it gets the group, and its master and a slave as they were.
def kill_master(group, master, slave):
    master.kill()
    time.sleep(AWAY_S)
    master.start()


def stop_master(group, master, slave):
    master.stop()
    time.sleep(AWAY_S)
    master.start()


def freeze_master(group, master, slave):
    master.send_signal(signal.SIGSTOP)
    try:
        time.sleep(FROZEN_S)
    finally:
        master.send_signal(signal.SIGCONT)


def kill_slave(group, master, slave):
    slave.kill()
    time.sleep(AWAY_S)
    slave.start()


def kill_controller(group, master, slave):
    group.controller.kill()
    time.sleep(AWAY_S)
    group.controller.start()


def wipe_slave(group, master, slave):
    slave.kill()
    shutil.rmtree(slave.folder / "store")
    slave.start()


def kill_master_and_controller(group, master, slave):
    group.controller.kill()
    master.kill()
    time.sleep(AWAY_S)
    master.start()
    group.controller.start()


# name, what is done, s that the client sends: longer where it has to ask for routes again (every 30 s)
FAULTS = [("master killed", kill_master, 70), ("master told to end", stop_master, 70), ("master frozen", freeze_master, 70),
          ("slave killed", kill_slave, 40), ("controller killed", kill_controller, 40), ("slave's store wiped", wipe_slave, 40),
          ("master and controller killed", kill_master_and_controller, 70)]
