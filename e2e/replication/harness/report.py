"""PASS and FAIL lines, waiting with a limit, and what must end with the test."""
import contextlib
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

# Limits are those of a quiet machine; a busy one gets more. Only a failure costs that time.
PATIENCE = 3
# What a condition may raise while the servers it asks come and go.
NOT_YET = (OSError, ValueError, KeyError, IndexError, TypeError)


class Report:
    """The results of one test script; a context that removes its folder and ends everything registered with on_end."""

    def __init__(self):
        self.failed = 0
        self.work = Path(tempfile.mkdtemp(prefix="rmq-replication-"))
        self.ends = contextlib.ExitStack()
        signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended from outside"))  # what was started ends with us

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if isinstance(error, Exception):
            self.fail("the test ran to its end", repr(error))
        self.ends.close()
        kept = os.environ.get("KEEP_LOGS")
        if kept and (self.failed or error is not None):
            shutil.copytree(self.work, kept, dirs_exist_ok=True)
        shutil.rmtree(self.work, ignore_errors=True)
        return isinstance(error, Exception)

    def on_end(self, action):
        self.ends.callback(action)

    def passed(self, what):
        print(f"PASS {what}", flush=True)

    def fail(self, what, reason=""):
        self.failed += 1
        print(f"FAIL {what} {' '.join(str(reason).split())[:600]}", flush=True)

    def check(self, what, good, reason=""):
        if good:
            self.passed(what)
        else:
            self.fail(what, reason)
        return bool(good)

    def equal(self, what, expected, got):
        return self.check(what, expected == got, f"expected {expected}, got {got}")

    def within(self, limit_s, what, condition):
        """Passes as soon as condition() is true; returns its value, or None after the limit."""
        try:
            value = wait_until(limit_s, condition)
        except TimeoutError as late:
            self.fail(what, late)
            return None
        self.passed(what)
        return value

    def needs(self, limit_s, what, condition):
        """Like within, for what nothing else can do without: ends the test."""
        value = self.within(limit_s, what, condition)
        if value is None:
            raise RuntimeError(f"cannot go on without: {what}")
        return value

    def exit(self):
        sys.exit(1 if self.failed else 0)


def wait_until(limit_s, condition, every_s=0.1):
    """Waits for condition() to be true and returns it; a condition that can't be asked yet counts as false."""
    end = time.monotonic() + limit_s * PATIENCE
    last = None
    while True:
        try:
            value = condition()
            if value:
                return value
            last = value
        except NOT_YET as error:
            last = repr(error)
        if time.monotonic() >= end:
            raise TimeoutError(f"not within {limit_s * PATIENCE} s; last: {last}")
        time.sleep(every_s)
