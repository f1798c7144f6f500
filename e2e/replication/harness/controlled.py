"""A group of brokers under a Controller, and what was sent to it."""
from .console import Console
from .logs import check_same
from .servers import Broker, Controller, NameServer

# Short periods, so that a test sees within seconds what takes minutes otherwise.
QUICK = {"enableControllerMode": "true", "controllerHeartBeatTimeoutMills": 3000, "syncBrokerMetadataPeriod": 1000,
         "checkSyncStateSetPeriod": 1000, "syncControllerMetadataPeriod": 2000, "flushConsumerOffsetInterval": 1000}
EVERYBODY = {"allAckInSyncStateSet": "true", "inSyncReplicas": 1, "minInSyncReplicas": 1, "slaveTimeout": 1000}


class Group:
    """Brokers of these kinds under a Controller of that kind: a synchronous group. PORT..PORT+99 are its own."""

    def __init__(self, report, controller, kinds, port, **settings):
        self.report = report
        self.namesrv = NameServer(report, port).start()
        policy = {"our": {"replicationMode": "synchronous", "replicas": len(kinds), "leaseMs": 2000, "heartbeatTimeoutMs": 3000},
                  "java": {"scanNotActiveBrokerInterval": 1000}}[controller]
        self.controller = Controller(report, controller, port + 1, **policy).start()
        self.brokers = [
            Broker(report, kind, f"{kind}{i}", port + 20 + 10 * i, self.namesrv,
                   **{**QUICK, **EVERYBODY, "controllerAddr": self.controller.address, "totalReplicas": len(kinds), **settings})
            for i, kind in enumerate(kinds)]
        self.console = Console(report, self.namesrv)
        for broker in self.brokers:
            broker.start()
        report.needs(90, "a master is elected", self.master)
        self.needs_all()

    def master(self):
        """The broker that the Controller has as master, once clients are told; None if there is none."""
        port = self.controller.master()
        told = self.namesrv.brokers().get(0, "")
        return next((broker for broker in self.brokers if broker.port == port and told == broker.address), None)

    def others(self, broker):
        return [other for other in self.brokers if other is not broker]

    def another_is_master(self, former):
        now = self.master()
        return now if now is not former else None

    def all_in_sync(self):
        return self.controller.in_sync() == {broker.port for broker in self.brokers}

    def needs_all(self, what="all replicas are in the sync set"):
        self.report.needs(60, what, self.all_in_sync)

    def check_logs(self, what):
        """All logs hold the same bytes, and all tell the same epochs."""
        master = self.master()
        for other in self.others(master):
            check_same(self.report, f"{what}: {other.name} has the bytes of {master.name}", master, other)
            self.report.equal(f"{what}: {other.name} has the epochs of {master.name}", master.epochs(), other.epochs())


class Sent:
    """Numbered messages to one topic, and which of them were acknowledged. No number is sent twice."""

    def __init__(self, console, topic):
        self.console, self.topic = console, topic
        self.next = 0
        self.acknowledged = set()

    def send(self, count, size=200, wait=True):
        """How often each answer came. Only an answer that waited for replicas counts as acknowledged."""
        begin, self.next = self.next, self.next + count
        answer = self.console.tell("send", self.topic, begin, self.next, size, 0, wait)
        if wait:
            self.acknowledged.update(answer["acknowledged"])
        return answer["answers"]

    def one(self):
        return self.send(1) == {"SEND_OK": 1}

    def check(self, report, what):
        numbers = self.console.numbers(self.topic)
        lost = sorted(self.acknowledged - set(numbers))
        report.check(f"{what}: no acknowledged message is lost", not lost and self.acknowledged,
                     f"{len(lost)} of {len(self.acknowledged)}: {lost[:20]}")
        report.equal(f"{what}: none is there twice", len(set(numbers)), len(numbers))
