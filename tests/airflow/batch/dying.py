"""Kills the process of a batch at a moment, and reads what it has written to its journal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

PROGRAM = Path(__file__).with_name("batch_process.py")
#: Seconds until the moment has come.
LIMIT = 120.0


def die_when(shop, is_time):
    """Runs the next attempt as a process, and kills it as soon as that is true."""
    shop.try_number += 1
    env = {**os.environ, "PYTHONPATH": os.pathsep.join((str(PROGRAM.parents[1]), str(PROGRAM.parents[3])))}
    command = [sys.executable, str(PROGRAM), f"file://{shop.folder}", str(shop.try_number)]
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + LIMIT
    while not is_time():
        assert process.poll() is None, "the process has ended before the moment"
        assert time.monotonic() < end, "the moment has not come"
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()


def events(shop):
    segments = sorted(shop.folder.glob("out/.phota-batches/*/segments/*.jsonl"))
    return [json.loads(line)["e"] for path in segments for line in path.read_text().splitlines()]
