"""The faults. Each is begun at begin(), taken back at heal(); heal() may come at any time and twice."""
import os
import signal
import time

from cluster import kubectl, localkube, operator_pod, processes, run, CommandFailed


class Fault:
    name = "none"
    explains = ""
    hold_s = 0.0  # how long it is kept up before it is healed

    def __init__(self, group, random):
        self.group = group
        self.random = random
        self.pod = self.choose()

    def choose(self):
        return self.group.master()

    def begin(self):
        raise NotImplementedError

    def heal(self):
        pass


class KillPod(Fault):
    name, explains = "master pod killed", "kubectl delete pod --force --grace-period=0"

    def begin(self):
        kubectl("-n", self.group.namespace, "delete", "pod", self.pod, "--grace-period=0", "--force", "--wait=false")


class DeletePod(Fault):
    name, explains = "master pod deleted", "kubectl delete pod: the master hands over first"

    def begin(self):
        kubectl("-n", self.group.namespace, "delete", "pod", self.pod, "--wait=false")


class KillProcess(Fault):
    name, explains = "master process killed", "kill -9; the kubelet starts the container again"

    def begin(self):
        os.kill(self.group.process(self.pod), signal.SIGKILL)


class KillSlave(KillPod):
    name, explains = "slave pod killed", "the master goes on once the slave has left the sync set"

    def choose(self):
        return self.random.choice(self.group.slaves())


class FreezeProcess(Fault):
    name, explains = "master process frozen", "SIGSTOP for 12 s, then SIGCONT: it wakes as a master that was replaced"
    hold_s = 12.0
    process = None

    def begin(self):
        self.process = self.group.process(self.pod)
        os.kill(self.process, signal.SIGSTOP)

    def heal(self):
        if self.process:
            try:
                os.kill(self.process, signal.SIGCONT)
            except ProcessLookupError:
                pass
            self.process = None


class FreezeSlave(FreezeProcess):
    name, explains = "slave process frozen", "SIGSTOP for 12 s"

    def choose(self):
        return self.random.choice(self.group.slaves())


class KillNode(Fault):
    name, explains = "master's node killed", "a power failure of the node; it comes back after 15 s"
    hold_s = 15.0
    node = None

    def begin(self):
        self.node = self.group.node(self.pod)
        localkube("kill-node", self.node)

    def heal(self):
        if self.node:
            localkube("start-node", self.node)
            self.node = None


class Partition(Fault):
    """Packets between one pod and some addresses are dropped, in the pod's own network namespace."""
    hold_s = 12.0
    chains = ("INPUT", "OUTPUT")
    network = None  # the namespace, kept open: it may outlive the process
    dropped = ()

    def target(self):
        """The process whose network is cut."""
        return self.group.process(self.pod)

    def peers(self):
        raise NotImplementedError

    def begin(self):
        path = f"/proc/{self.target()}/ns/net"
        if os.readlink(path) == os.readlink("/proc/self/ns/net"):
            raise CommandFailed("this computer's own network is not for cutting")
        peers = self.peers()
        self.network = os.open(path, os.O_RDONLY)
        self.dropped = [(chain, address) for chain in self.chains for address in peers]
        for rule in self.dropped:
            self.change("-I", *rule)

    def change(self, what, chain, address):
        side = "-s" if chain == "INPUT" else "-d"
        run("nsenter", f"--net=/proc/{os.getpid()}/fd/{self.network}", "iptables", "-w", what, chain, side, address, "-j", "DROP")

    def heal(self):
        for rule in self.dropped:
            self.change("-D", *rule)
        self.abandon()

    def abandon(self):
        """Leaves it cut: the pod is going, and its namespace with it."""
        self.dropped = ()
        if self.network is not None:
            os.close(self.network)
            self.network = None


class PartitionFromSlaves(Partition):
    name, explains = "master cut off from its slaves", "packets dropped both ways for 12 s"

    def peers(self):
        return [address(pod) for pod in self.group.slaves() for address in (self.group.address, self.group.service_address)]


class PartitionFromOperator(Partition):
    name, explains = "master cut off from the operator", "for 12 s; its slaves still hear it"

    def peers(self):
        return [operator_pod()["status"]["podIP"], self.group.service_address(f"{self.group.cluster}-controller")]


class PartitionFromAll(Partition):
    name, explains = "master cut off from slaves and operator", "clients still reach it; for 12 s"

    def peers(self):
        return PartitionFromSlaves.peers(self) + PartitionFromOperator.peers(self)


class DeafMaster(PartitionFromAll):
    name, explains = "master deaf", "nothing of slaves and operator comes in, all goes out; for 12 s"
    chains = ("INPUT",)


class OperatorFromApiServer(Partition):
    name, explains = "operator cut off from the API server", "for 12 s"

    def choose(self):
        return ""

    def target(self):
        return processes("rocketmq-operator", {f"POD_NAME={operator_pod()['metadata']['name']}".encode()})[0]

    def peers(self):
        endpoints = kubectl("get", "endpointslices", "-l", "kubernetes.io/service-name=kubernetes", "-o",
                            "jsonpath={.items[*].endpoints[*].addresses[*]}").split()
        return endpoints + [kubectl("get", "service", "kubernetes", "-o", "jsonpath={.spec.clusterIP}")]


class KillOperator(Fault):
    name, explains = "operator killed", "kubectl delete pod --force of the operator"

    def choose(self):
        return ""

    def begin(self):
        kubectl("-n", "rocketmq-system", "delete", "pod", operator_pod()["metadata"]["name"], "--grace-period=0", "--force",
                "--wait=false")


class RestartApiServer(Fault):
    name, explains = "API server restarted", "killed, 5 s away, started"
    hold_s = 5.0
    stopped = False

    def choose(self):
        return ""

    def begin(self):
        localkube("stop-apiserver")
        self.stopped = True

    def heal(self):
        if self.stopped:
            localkube("start-apiserver")
            self.stopped = False


class LoseVolume(Fault):
    name, explains = "slave's volume lost", "claim and pod deleted: the replica is rebuilt from the master"

    def choose(self):
        return self.random.choice(self.group.slaves())

    def begin(self):
        kubectl("-n", self.group.namespace, "delete", "pvc", f"store-{self.pod}", "--wait=false")
        kubectl("-n", self.group.namespace, "delete", "pod", self.pod, "--grace-period=0", "--force", "--wait=false")


class LoseMastersVolume(LoseVolume):
    name, explains = "master's volume lost", "claim and pod of the master deleted"

    def choose(self):
        return self.group.master()


class LateCopy(LoseMastersVolume):
    name = "slave late, master lost"
    explains = "the master is cut off from its slaves for 1.5 s, then killed and its volume deleted: nothing it still held gets through"
    cut = None

    def begin(self):
        self.cut = PartitionFromSlaves(self.group, self.random)
        self.cut.begin()
        time.sleep(1.5)
        master = self.group.process(self.pod)
        super().begin()
        os.kill(master, signal.SIGKILL)
        self.cut.abandon()


class FillDisk(Fault):
    name, explains = "disks full", "the volumes' disk is filled beyond what brokers write to (diskSpaceWarningLevelRatio) for 8 s"
    hold_s = 8.0
    margin_percent = 10  # of free space below the brokers' limit, see disk_settings()
    ballast = None

    def choose(self):
        return ""

    def begin(self):
        self.ballast = os.path.join(volumes_folder(), "ballast")
        space = os.statvfs(volumes_folder())
        with open(self.ballast, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, space.f_blocks * space.f_frsize * (self.margin_percent + 3) // 100)

    def heal(self):
        if self.ballast and os.path.exists(self.ballast):
            os.unlink(self.ballast)


def volumes_folder():
    return os.environ["LOCALKUBE_HOME"]


def disk_settings():
    """broker.conf keys that let the disk be full for brokers while this computer has room to go on."""
    space = os.statvfs(volumes_folder())
    used = space.f_blocks - space.f_bfree
    limit = 100 * used // (used + space.f_bavail) + FillDisk.margin_percent
    return {"diskSpaceWarningLevelRatio": str(limit), "diskSpaceCleanForciblyRatio": str(limit), "diskMaxUsedSpaceRatio": str(limit)}


class MasterThenOperator(Fault):
    name, explains = "master and operator killed at once", "the operator's next leader elects"

    def begin(self):
        os.kill(self.group.process(self.pod), signal.SIGKILL)
        KillOperator(self.group, self.random).begin()


ALL = [KillPod, DeletePod, KillProcess, KillSlave, FreezeProcess, FreezeSlave, KillNode, PartitionFromSlaves,
       PartitionFromOperator, PartitionFromAll, DeafMaster, OperatorFromApiServer, KillOperator, RestartApiServer, LoseVolume,
       LoseMastersVolume, LateCopy, FillDisk, MasterThenOperator]
SHORT = [KillPod, KillProcess, FreezeProcess, PartitionFromAll]


def by_name(words):
    """Faults whose class or name contains one of the words; all of them if there are none."""
    return [fault for fault in ALL if not words or any(
        word.lower() in fault.__name__.lower() or word.lower() in fault.name for word in words)]
