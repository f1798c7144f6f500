#!/usr/bin/env python3
"""Our name server and the Java one in turns, with the same load (rmq-namesrv-load), as table rows.

  bench/namesrv/run.py --rounds 3 --brokers 1000 --topics 10000 --spread 8 --rate 100000
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
LAUNCHERS = {"ours": ROOT / "e2e/clients/ourbroker.sh", "java": ROOT / "e2e/clients/javabroker.sh"}
PORT = 29876


def measure(kind, options):
    folder = Path(tempfile.mkdtemp(prefix=f"rmq-bench-ns-{kind}-"))
    try:
        subprocess.run([LAUNCHERS[kind], "start", folder, "--namesrv-port", str(PORT), "--only", "namesrv"], check=True)
        pid = (folder / "namesrv.pid").read_text().strip()
        warm_up = "10" if kind == "java" else "1"  # the JVM compiles its hot code first
        command = [options.load, "--port", str(PORT), "--pid", pid, "--warm-up", warm_up]
        for name in ("brokers", "topics", "spread", "rate", "seconds", "connections"):
            command += [f"--{name}", str(getattr(options, name))]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        phases = [json.loads(line) for line in done.stdout.splitlines()]
        phases[-1]["phase"] = "routes, saturated"
        return {phase["phase"]: phase for phase in phases}
    finally:
        subprocess.run([LAUNCHERS[kind], "stop", folder], check=False)
        shutil.rmtree(folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--load", default=str(ROOT / "build/release/bench/namesrv/rmq-namesrv-load"))
    parser.add_argument("--kinds", default="ours,java")
    for name, value in (("rounds", 3), ("brokers", 100), ("topics", 1000), ("spread", 8), ("rate", 100000),
                        ("seconds", 5), ("connections", 4)):
        parser.add_argument(f"--{name}", type=int, default=value)
    options = parser.parse_args()
    kinds = options.kinds.split(",")
    results = {kind: [] for kind in kinds}
    for _ in range(options.rounds):
        for kind in kinds:
            results[kind].append(measure(kind, options))
    rows = [("idle", "rss_kb"), ("register", "cpu_ms_each"), ("register", "rss_kb"), ("unchanged", "cpu_ms_each"),
            ("routes", "per_second"), ("routes", "p50_ms"), ("routes", "p99_ms"), ("routes", "p999_ms"),
            ("routes", "cpu_us_each"), ("routes, saturated", "per_second"), ("routes, saturated", "cpu_us_each"),
            ("routes, saturated", "rss_kb")]
    print(f"Load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors; medians of {options.rounds} rounds\n")
    print("| phase | figure | " + " | ".join(kinds) + " |\n|---|---|" + "---|" * len(kinds))
    for phase, figure in rows:
        cells = [f"{statistics.median(r[phase][figure] for r in results[kind]):.3f}".rstrip("0").rstrip(".") for kind in kinds]
        print(f"| {phase} | {figure} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
