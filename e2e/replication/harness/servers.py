"""Name servers, brokers and Controllers as processes; `kind` is "our" or "java" (the official 5.5.0)."""
import os
import signal
import subprocess
from pathlib import Path

from . import remoting
from .report import wait_until

REPO = Path(__file__).resolve().parents[3]
CLIENTS = REPO / "e2e" / "clients"
BIN = Path(os.environ.get("RMQ_BIN", REPO / "build" / "release" / "install" / "bin")).resolve()


class Process:
    """One process in a session of its own, so that what it starts ends with it."""

    def __init__(self, report, name):
        self.report, self.name = report, name
        self.process = None
        self.output = report.work / f"{name}.out"
        report.on_end(self.kill)

    def command(self):
        raise NotImplementedError

    def start(self):
        environment = dict(os.environ, RMQ_BIN=str(BIN))
        environment.setdefault("JAVA_BROKER_HEAP", "384m")
        with open(self.output, "ab") as output:
            self.process = subprocess.Popen([str(part) for part in self.command()], stdout=output, stderr=output,
                                            stdin=subprocess.DEVNULL, start_new_session=True, env=environment)
        return self

    def running(self):
        return self.process is not None and self.process.poll() is None

    def send_signal(self, what):
        if self.running():
            os.killpg(self.process.pid, what)

    def kill(self):
        """kill -9."""
        self.send_signal(signal.SIGKILL)
        if self.process:
            self.process.wait()

    def stop(self, limit_s=30):
        """SIGTERM; True if it ended in time by itself, with status 0 or by the signal (Java says 143)."""
        self.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(limit_s) in (0, 143, -signal.SIGTERM)
        except subprocess.TimeoutExpired:
            self.kill()
            return False


class NameServer(Process):
    def __init__(self, report, port):
        super().__init__(report, "namesrv")
        self.port = port
        self.settings = report.work / "namesrv.conf"
        self.settings.write_text(f"listenPort={port}\nbindAddress=127.0.0.1\nadminPort=0\n"
                                 f"kvConfigPath={report.work}/kvConfig.json\n"
                                 f"configStorePath={report.work}/namesrv.properties\n")

    def command(self):
        return [BIN / "rocketmq-namesrv", "-c", self.settings]

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def brokers(self, group="broker-a"):
        """Broker id -> address, as clients are told."""
        table = remoting.ask(self.port, remoting.CLUSTER_INFO).json()["brokerAddrTable"]
        return {int(number): address for number, address in table.get(group, {}).get("brokerAddrs", {}).items()}


class Broker(Process):
    """A broker of one group. `settings` are the original's; small commit-log files, so that there are several."""

    def __init__(self, report, kind, name, port, namesrv, **settings):
        super().__init__(report, name)
        self.kind, self.port = kind, port
        self.folder = report.work / name
        self.launcher = CLIENTS / f"{kind}broker.sh"
        self.namesrv = namesrv
        self.settings = {"haListenPort": port + 5, "mappedFileSizeCommitLog": 1 << 20, **settings}
        self.configure()

    def configure(self, **changes):
        self.settings.update(changes)
        sets = [part for key, value in self.settings.items() for part in ("--set", f"{key}={value}")]
        subprocess.run([self.launcher, "configure", self.folder, "--namesrv-port", str(self.namesrv.port),
                        "--broker-port", str(self.port), *sets], check=True)

    def command(self):
        return [self.launcher, "run", self.folder, "broker"]

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def ask(self, code, ext=None):
        return remoting.ask(self.port, code, ext)

    def runtime(self):
        return self.ask(remoting.RUNTIME_INFO).json()["table"]

    def span(self):
        """Where its log begins and ends."""
        table = self.runtime()
        return int(table["commitLogMinOffset"]), int(table["commitLogMaxOffset"])

    def end(self):
        return self.span()[1]

    def epochs(self):
        """[(epoch, start)], as told by code 1007."""
        table = self.ask(remoting.EPOCHS).json()
        return [(entry["epoch"], entry["startOffset"]) for entry in table["epochList"]]

    def committed(self, group, topic, queue=0):
        """The committed offset; None if there is none."""
        answer = self.ask(remoting.QUERY_OFFSET, {"consumerGroup": group, "topic": topic, "queueId": queue})
        return int(answer.ext["offset"]) if answer.code == remoting.SUCCESS else None

    def file(self, name):
        """What it wrote into a file of store/config; empty if there is none."""
        path = self.folder / "store" / "config" / name
        return path.read_text(errors="replace") if path.exists() else ""

    def log_bytes(self, begin, end):
        """The commit log's bytes [begin, end) as they are in its files."""
        size = self.settings["mappedFileSizeCommitLog"]
        data = bytearray()
        for first in range(begin - begin % size, end, size):
            with open(self.folder / "store" / "commitlog" / f"{first:020d}", "rb") as part:
                part.seek(max(begin - first, 0))
                data += part.read(min(end - first, size) - max(begin - first, 0))
        return bytes(data)


class Etcd(Process):
    def __init__(self, report, port):
        super().__init__(report, "etcd")
        self.port = port

    def command(self):
        client, peer = f"http://127.0.0.1:{self.port}", f"http://127.0.0.1:{self.port + 1}"
        return ["etcd", "--data-dir", self.report.work / "etcd", "--log-level", "warn", "--name", "one", "--unsafe-no-fsync",
                "--listen-client-urls", client, "--advertise-client-urls", client, "--listen-peer-urls", peer,
                "--initial-advertise-peer-urls", peer, "--initial-cluster", f"one={peer}"]


class Controller(Process):
    """One Controller: ours over an etcd of its own, or the official one. Starts and waits until it leads."""

    def __init__(self, report, kind, port, **settings):
        super().__init__(report, f"controller-{kind}")
        self.kind, self.port, self.settings = kind, port, settings
        self.folder = report.work / f"controller-{kind}"
        if kind == "our":
            self.folder.mkdir()
            self.etcd = Etcd(report, port + 1).start()
            own = {"listenPort": port, "bindAddress": "127.0.0.1", "controllerId": "one", "adminPort": 0,
                   "controllerPeers": f"one-127.0.0.1:{port}", "etcdEndpoints": f"http://127.0.0.1:{port + 1}",
                   "etcdLeaseSeconds": 3, "logLevel": os.environ.get("LOG_LEVEL", "info"),
                   "configStorePath": self.folder / "controller.properties", **settings}
            (self.folder / "controller.conf").write_text("".join(f"{key}={value}\n" for key, value in own.items()))
        else:
            report.on_end(self.kill)

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def command(self):
        if self.kind == "our":
            return [BIN / "rocketmq-controller", "-c", self.folder / "controller.conf"]
        return [CLIENTS / "javacontroller.sh", "run", self.folder]

    def start(self):
        if self.kind == "java":
            sets = [part for key, value in self.settings.items() for part in ("--set", f"{key}={value}")]
            subprocess.run([CLIENTS / "javacontroller.sh", "configure", self.folder, "--port", str(self.port), *sets], check=True)
        super().start()
        wait_until(60, self.leads)
        return self

    def leads(self):
        return remoting.ask(self.port, remoting.CONTROLLER_METADATA).ext.get("isLeader") == "true"

    def state(self, group="broker-a"):
        """What code 1006 says: master's id, address and epoch, ids and addresses in the sync set and outside."""
        answer = remoting.ask(self.port, remoting.SYNC_STATE, body=f'["{group}"]'.encode()).json()
        return answer["replicasInfoTable"][group]

    def master(self):
        """The master's port; 0 if there is none."""
        return int((self.state().get("masterAddress") or ":0").rsplit(":", 1)[1])

    def in_sync(self):
        """Ports of the sync set."""
        return {int(replica["brokerAddress"].rsplit(":", 1)[1]) for replica in self.state()["inSyncReplicas"]}

    def id_of(self, port):
        state = self.state()
        for replica in state["inSyncReplicas"] + state["notInSyncReplicas"]:
            if replica["brokerAddress"].endswith(f":{port}"):
                return replica["brokerId"]
        return None
