"""The cluster under test, seen from outside: pods, their processes, their roles. Everything is asked of kubectl."""
import json
import os
import subprocess
import time
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]


class CommandFailed(Exception):
    pass


def run(*command, timeout=120, check=True, stdin=None):
    """Runs a program, never a shell; returns what it printed."""
    done = subprocess.run([str(part) for part in command], input=stdin, capture_output=True, text=True, timeout=timeout)
    if check and done.returncode != 0:
        raise CommandFailed(f"{' '.join(map(str, command))}: {done.stderr.strip()[-400:]}")
    return done.stdout


def kubectl(*arguments, **options):
    return run("kubectl", *arguments, **options)


def wait_until(limit_s, what, condition, every_s=0.2):
    """Waits for condition() to be true; a condition that can't be asked counts as not true."""
    end = time.monotonic() + limit_s
    while True:
        try:
            value = condition()
            if value:
                return value
        except (CommandFailed, subprocess.TimeoutExpired, ValueError, KeyError, IndexError):
            pass
        if time.monotonic() >= end:
            raise TimeoutError(f"gave up after {limit_s} s waiting for: {what}")
        time.sleep(every_s)


class Group:
    """One broker group of a RocketMQCluster."""

    def __init__(self, namespace, cluster, number, replicas):
        self.namespace = namespace
        self.cluster = cluster
        self.replicas = replicas
        self.name = f"{cluster}-broker-{number}"
        self.pods = [f"{self.name}-{i}" for i in range(replicas)]

    def get(self, kind, name):
        return json.loads(kubectl("-n", self.namespace, "get", kind, name, "-o", "json", timeout=20))

    def state(self):
        return self.get("brokergroup", self.name).get("status", {})

    def master(self):
        """The pod that is master now; empty if there is none."""
        pods = json.loads(kubectl("-n", self.namespace, "get", "pods", "-l", "rocketmq-operator.io/role=master",
                                  "-o", "json", timeout=20))
        names = [pod["metadata"]["name"] for pod in pods["items"] if pod["metadata"]["name"] in self.pods]
        return names[0] if len(names) == 1 else ""

    def slaves(self):
        master = self.master()
        return [pod for pod in self.pods if pod != master]

    def whole(self):
        """Every replica is in the sync set, and every pod is ready: the master takes sends, the slaves follow."""
        state = self.state().get("state", self.state())
        if len(state.get("syncStateSet", state.get("syncSet", []))) != self.replicas:
            return False
        ready = kubectl("-n", self.namespace, "get", "pods", *self.pods, "-o",
                        "jsonpath={.items[*].status.conditions[?(@.type=='Ready')].status}", timeout=20).split()
        return ready == ["True"] * self.replicas

    def address(self, pod):
        return self.get("pod", pod)["status"]["podIP"]

    def service_address(self, name):
        return self.get("service", name)["spec"]["clusterIP"]

    def node(self, pod):
        return self.get("pod", pod)["spec"]["nodeName"]

    def process(self, pod):
        """The broker process of a pod on this computer; None while there is none."""
        wanted = {f"POD_NAME={pod}".encode(), f"POD_NAMESPACE={self.namespace}".encode()}
        return next(iter(processes("rocketmq-broker", wanted)), None)


def processes(program, environment=frozenset()):
    """Ids of the processes of that program that have all these variables in their environment."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            if (folder / "comm").read_text().strip() == program[:15] and environment <= set(
                    (folder / "environ").read_bytes().split(b"\0")):
                found.append(int(folder.name))
        except OSError:
            continue  # it ended
    return found


def operator_pod():
    pods = json.loads(kubectl("-n", "rocketmq-system", "get", "pods", "-l", "app.kubernetes.io/name=rocketmq-operator",
                              "--field-selector", "status.phase=Running", "-o", "json", timeout=20))
    return pods["items"][0]


def localkube(*arguments, **options):
    return run(os.environ["LOCALKUBE"], *arguments, **options)
