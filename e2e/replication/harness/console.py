"""The official Java client and mqadmin, driven line by line (src/console)."""
import json
import os
import signal
import subprocess

from .servers import CLIENTS, REPO


class ConsoleError(Exception):
    pass


class Console:
    def __init__(self, report, namesrv):
        sources = REPO / "e2e" / "replication" / "src"
        path = subprocess.check_output([CLIENTS / "java" / "build.sh", "classes", "client", sources], text=True).strip()
        home = report.work / "console"
        home.mkdir(exist_ok=True)
        with open(report.work / "console.out", "ab") as output:
            self.process = subprocess.Popen(
                ["java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", f"-Duser.home={home}",
                 f"-Drocketmq.log.root={home}", "-Drocketmq.log.level=error", "-cp", path, "console.Console", namesrv.address],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=output, text=True, start_new_session=True)
        report.on_end(self.close)

    def ask(self, *command):
        """What the command answers, errors as they are."""
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise ConsoleError("the console ended")
        return json.loads(line)

    def tell(self, *command):
        """ValueError (which waiting tolerates) if the command fails."""
        answer = self.ask(*command)
        if "error" in answer:
            raise ValueError(f"{command}: {answer['error']}")
        return answer

    def send(self, topic, begin, end, size=100, delay_level=0, wait=True):
        """Sends numbers [begin, end); how often each answer came."""
        return self.tell("send", topic, begin, end, size, delay_level, wait)["answers"]

    def send_all(self, topic, begin, end, size=100, **options):
        """True if all were acknowledged."""
        return self.send(topic, begin, end, size, **options) == {"SEND_OK": end - begin}

    def numbers(self, topic):
        """All numbers in the topic's queues, with their repetitions, sorted."""
        return sorted(number for queue in self.tell("read", topic)["numbers"].values() for number in queue)

    def mqadmin(self, *arguments):
        """What the official tool prints."""
        return self.tell("mqadmin", *map(str, arguments))["printed"]

    def close(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
