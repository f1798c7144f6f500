#!/usr/bin/env python3
"""Our replication and the official one (5.5.0) feed each other, in both protocols and both directions, and take turns as
master: each time both logs must be the same, byte for byte.
    interop.py PATH_OF_HA_PROBE"""
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
LIMIT_S = 40


class Probe:
    def __init__(self, command, log):
        self.log = open(log, "ab")
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True)

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        if not answer and not line == "epochs":
            raise RuntimeError(f"no answer to '{line}', see {self.log.name}")
        return answer

    def tell(self, line):
        answer = self.ask(line)
        if answer != "ok":
            raise RuntimeError(f"'{line}' was answered '{answer}'")

    def address(self):
        return "127.0.0.1:" + self.ask("port")

    def quit(self):
        self.ask("quit")
        if self.process.wait(20) != 0:
            raise RuntimeError(f"exit status {self.process.returncode}, see {self.log.name}")

    def kill(self):
        self.process.kill()
        self.process.wait()


def await_same(one, other):
    end = time.monotonic() + LIMIT_S
    while True:
        sums = one.ask("sum"), other.ask("sum")
        if sums[0] == sums[1]:
            return sums[0]
        if time.monotonic() > end:
            raise RuntimeError(f"logs differ: {sums}; epochs {one.ask('epochs')} / {other.ask('epochs')}")
        time.sleep(0.1)


def await_all_acknowledged(master, count):
    end = time.monotonic() + LIMIT_S
    while (got := int(master.ask(f"put {count}"))) != count:
        if time.monotonic() > end:
            raise RuntimeError(f"{got} of {count} acknowledged")


def classic(master, slave):
    master.tell("classic-master")
    master.ask("put 1")
    slave.tell(f"classic-slave {master.address()}")
    await_same(master, slave)
    master.ask("put 1")
    await_same(master, slave)
    await_all_acknowledged(master, 300)
    return await_same(master, slave)


def epochs(one, other):
    """`one` leads, `other` follows from nothing; then they change places twice, with lost tails in between."""
    one.tell("master 1 1")
    one.ask("put 150")
    other.tell(f"slave 1 2 1 {one.address()}")
    await_same(one, other)
    await_all_acknowledged(one, 100)
    await_same(one, other)
    other.tell("master 2 2")
    one.ask("put 20")  # nobody else gets these
    other.ask("put 40")
    one.tell(f"slave 2 1 2 {other.address()}")
    await_same(other, one)
    await_all_acknowledged(other, 200)
    await_same(other, one)
    one.tell("master 3 1")
    one.ask("put 30")
    other.tell(f"slave 3 2 1 {one.address()}")
    await_all_acknowledged(one, 50)
    same = await_same(one, other)
    if one.ask("epochs") != other.ask("epochs"):
        raise RuntimeError(f"epochs differ: {one.ask('epochs')} / {other.ask('epochs')}")
    return same + ", epochs " + one.ask("epochs")


def main():
    probe = str(pathlib.Path(sys.argv[1]).resolve())
    class_path = subprocess.check_output(
        [ROOT / "e2e/clients/java/build.sh", "classes", "servers", HERE], text=True).strip()
    opens = ["java.base/java.nio", "java.base/sun.nio.ch", "java.base/jdk.internal.misc"]
    failed = 0
    for name, play, protocol in [("fixed roles", classic, "classic"), ("epochs", epochs, "epochs")]:
        for first in ("ours", "java"):
            with tempfile.TemporaryDirectory(prefix="rmq-ha-") as work:
                java = Probe(["java", "-Xmx256m", f"-Duser.home={work}/home",
                              "--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED",
                              *[f"--add-opens={package}=ALL-UNNAMED" for package in opens],
                              "-cp", class_path, "HaProbe", f"{work}/java", protocol], f"{work}/java.log")
                ours = Probe([probe, f"{work}/ours", protocol], f"{work}/ours.log")
                master, slave = (ours, java) if first == "ours" else (java, ours)
                try:
                    print(f"ok      {name}, {first} is the first master: {play(master, slave)}", flush=True)
                    ours.quit()
                    java.quit()
                except (RuntimeError, OSError, ValueError, subprocess.TimeoutExpired) as error:
                    print(f"FAILED  {name}, {first} is the first master: {error!r}", flush=True)
                    for log in ("ours.log", "java.log", "home/logs/rocketmqlogs/store.log"):
                        path = pathlib.Path(work, log)
                        if path.exists():
                            print(f"--- {log}", *path.read_text(errors="replace").splitlines()[-30:], sep="\n")
                    failed = 1
                finally:
                    java.kill()
                    ours.kill()
    return failed


sys.exit(main())
