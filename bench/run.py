#!/usr/bin/env python3
"""Our broker and the Java broker in turns: several rounds, medians, ratios, gates.

Every row is measured with the same generator (rmq-load) and the same settings for both. Each round starts each broker
afresh on an empty store and warms it up before measuring: the JVM must have compiled its hot code first.
"""
import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOAD = ROOT / "build/release/bench/load/rmq-load"
LAUNCHERS = {"ours": ROOT / "e2e/clients/ourbroker.sh", "java": ROOT / "e2e/clients/javabroker.sh"}
NAMESRV_PORT, BROKER_PORT = 19876, 20911


class Broker:
    """One broker with its name server, on an empty store, until the with-block ends."""

    def __init__(self, kind, settings=(), start=True):
        self.kind, self.settings, self.start = kind, settings, start
        self.dir = Path(tempfile.mkdtemp(prefix=f"rmq-bench-{kind}-", dir=os.environ.get("BENCH_DIR")))

    def __enter__(self):
        if self.start:
            self.run()
        return self

    def run(self, only=None):
        self.launch(only, BROKER_PORT)

    def launch(self, only, port):
        command = [LAUNCHERS[self.kind], "start", self.dir, "--namesrv-port", NAMESRV_PORT, "--broker-port", port]
        # 1 GiB files as shipped; the Java broker refuses sends that waited 200 ms, which would end a saturation run.
        for setting in ("mappedFileSizeCommitLog=1073741824", "waitTimeMillsInSendQueue=10000") + tuple(self.settings):
            command += ["--set", setting]
        if only:
            command += ["--only", only]
        subprocess.run([str(c) for c in command], check=True)

    def __exit__(self, *_):
        subprocess.run([str(LAUNCHERS[self.kind]), "stop", str(self.dir)], check=False)
        shutil.rmtree(self.dir, ignore_errors=True)

    @property
    def pid(self):
        return int((self.dir / "broker.pid").read_text())

    def load(self, command, **options):
        args = [str(LOAD), command, "--broker", f"127.0.0.1:{BROKER_PORT}"]
        if command != "first-message" and command != "create-topic":
            args += ["--pid", str(self.pid)]
        for key, value in options.items():
            args += ["--" + key.replace("_", "-"), str(value)]
        done = subprocess.run(args, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{self.kind}: {' '.join(args)}: {done.stderr.strip()}")
        return json.loads(done.stdout) if done.stdout.strip() else {}

    def topic(self, name, queues=4):
        self.load("create-topic", topic=name, queues=queues)

    def resident_mib(self):
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        return 0.0


def measure_send(kind, scale, size, connections, in_flight, settings=(), batch=1, messages=400_000):
    with Broker(kind, settings) as broker:
        broker.topic("Warm")
        broker.load("send", topic="Warm", size=size, connections=connections, in_flight=in_flight, batch=batch,
                    messages=int(messages * scale))
        broker.topic("Bench")
        return broker.load("send", topic="Bench", size=size, connections=connections, in_flight=in_flight, batch=batch,
                           messages=int(messages * scale))


def measure_depth1(kind, scale):
    with Broker(kind) as broker:
        broker.topic("Bench")
        broker.load("send", topic="Bench", size=128, connections=1, in_flight=1, messages=int(40_000 * scale))
        return broker.load("send", topic="Bench", size=128, connections=1, in_flight=1, messages=int(20_000 * scale))


def measure_pull(kind, scale):
    with Broker(kind) as broker:
        for topic in ("Warm", "Bench"):
            broker.topic(topic)
            broker.load("send", topic=topic, size=1024, connections=4, in_flight=64, messages=int(300_000 * scale))
            result = None
            for _ in range(50):  # the dispatcher may still be on its way to the end
                result = broker.load("pull", topic=topic)
                if result["messages"] >= int(300_000 * scale):
                    break
        return result


def measure_idle(kind, _scale):
    with Broker(kind) as broker:
        time.sleep(3)  # idle means idle: start-up work has settled
        return {"rss_mib": broker.resident_mib()}


def measure_start(kind, _scale):
    with Broker(kind, start=False) as broker:
        broker.run(only="namesrv")
        command = [str(LAUNCHERS[kind]), "run", str(broker.dir), "broker"]
        with open(broker.dir / "broker.out", "w") as out:
            process = subprocess.Popen(command, stdout=out, stderr=out)
        (broker.dir / "broker.pid").write_text(str(process.pid))
        result = broker.load("first-message", topic="TBW102", seconds=60)
        process.terminate()
        process.wait(30)
        return result


# name: title, measurement, figure in the result, better ("low"/"high"), gate on ours/java (None: absolute), absolute gate
ROWS = {
    "send-1k": ("CPU us a message, send 1 KiB, 4 x 64 in flight",
                lambda k, s: measure_send(k, s, 1024, 4, 64), "broker_cpu_us", "low", 1 / 4, None),
    "send-128": ("CPU us a message, send 128 B, 4 x 64 in flight",
                 lambda k, s: measure_send(k, s, 128, 4, 64, messages=600_000), "broker_cpu_us", "low", 1 / 4, None),
    "saturation-1k": ("messages/s, send 1 KiB, 8 x 256 in flight",
                      lambda k, s: measure_send(k, s, 1024, 8, 256), "per_second", "high", 3, None),
    "saturation-128": ("messages/s, send 128 B, 8 x 256 in flight",
                       lambda k, s: measure_send(k, s, 128, 8, 256, messages=600_000), "per_second", "high", 3, None),
    "depth-1": ("p50 us of a round trip, 128 B, one in flight", measure_depth1, "p50_us", "low", 1 / 2, None),
    "sync-flush": ("messages/s, 1 KiB, SYNC_FLUSH, 4 x 256 in flight",
                   lambda k, s: measure_send(k, s, 1024, 4, 256, ("flushDiskType=SYNC_FLUSH",), messages=200_000),
                   "per_second", "high", 1.5, None),
    "pull-1k": ("CPU us a message, pull of a backlog, 1 KiB, 32 a pull", measure_pull, "broker_cpu_us", "low", 1 / 2, None),
    "pull-rate": ("messages/s, pull of a backlog, 1 KiB, 32 a pull", measure_pull, "per_second", "high", 1, None),
    "idle": ("resident MiB, idle", measure_idle, "rss_mib", "low", None, 40),
    "start": ("seconds from start to the first message, empty store", measure_start, "seconds", "low", None, 0.3),
}


def format_number(value):
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each row, ours and java in turns (3)")
    parser.add_argument("--rows", default=",".join(ROWS), help="rows, comma-separated: " + ", ".join(ROWS))
    parser.add_argument("--quick", action="store_true", help="a tenth of the messages, one round: a smoke test")
    parser.add_argument("--only", choices=list(LAUNCHERS), help="measure only one of the two")
    parser.add_argument("--output", default=str(ROOT / "docs/bench-results.md"))
    args = parser.parse_args()
    rounds, scale = (1, 0.1) if args.quick else (args.rounds, 1.0)
    kinds = [args.only] if args.only else list(LAUNCHERS)
    lines, failed = [], []
    for name in args.rows.split(","):
        if name not in ROWS:
            parser.error(f"no row {name}; there are: {', '.join(ROWS)}")
        title, measure, figure, better, gate, limit = ROWS[name]
        values = {kind: [] for kind in kinds}
        for number in range(rounds):
            for kind in kinds:
                result = measure(kind, scale)
                values[kind].append(result[figure])
                print(f"{name} round {number + 1} {kind}: {json.dumps(result)}", flush=True)
        medians = {kind: statistics.median(v) for kind, v in values.items()}
        ratio = medians["ours"] / medians["java"] if len(kinds) == 2 and medians["java"] else None
        verdict = "-"
        if gate is not None and ratio is not None:
            good = ratio <= gate if better == "low" else ratio >= gate
            verdict = "pass" if good else "MISSED"
        elif limit is not None and "ours" in medians:
            verdict = "pass" if medians["ours"] <= limit else "MISSED"
        if verdict == "MISSED":
            failed.append(name)
        wanted = f"{'<=' if better == 'low' else '>='} {gate:.3g} x Java" if gate is not None else f"<= {limit}"
        shown = {k: format_number(m) for k, m in medians.items()}
        lines.append(f"| {name} | {title} | {shown.get('ours', '-')} | {shown.get('java', '-')} | "
                     f"{f'{ratio:.3g}' if ratio else '-'} | {wanted} | {verdict} |")
        print(lines[-1], flush=True)
    header = [
        "# Bench results", "",
        f"`./bench.sh {' '.join(sys.argv[1:])}`".replace(" `", "`") + f", {rounds} round(s) in turns, medians; "
        f"{os.cpu_count()} processors, Linux {platform.release()}, {time.strftime('%Y-%m-%d')}.",
        "", "| row | what | ours | Java 5.5.0 | ratio | gate | |", "|---|---|---|---|---|---|---|"]
    text = "\n".join(header + lines) + "\n"
    if not args.quick and not args.only:
        Path(args.output).write_text(text)
    print(text)
    if failed:
        sys.exit("gates missed: " + ", ".join(failed))


if __name__ == "__main__":
    main()
