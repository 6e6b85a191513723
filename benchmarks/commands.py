"""Whole processes: how long they take and how much memory they and their children hold."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

PROGRAM = Path(sys.executable).with_name("agnews-tune")
TRIAL = "ray::ImplicitFunc"  # what Ray Tune calls the process of a trial
PAUSE = 0.25  # seconds between two looks at the memory
KILOBYTE, MEGABYTE = 1024, 1_000_000


class CommandError(Exception):
    """A measured command failed; its output is the message."""


@dataclass
class Memory:
    """What a process and its children held while it ran, in bytes.

    Attributes:
        driver: private memory of the process itself, at each look.
        trials: private memory of each process in which Ray trains, at each look, by its number.
        total: memory of all processes together that the system cannot take back: private and
            shared, but no pages of files.
    """

    driver: list[int] = field(default_factory=list)
    trials: dict[int, list[int]] = field(default_factory=dict)
    total: list[int] = field(default_factory=list)

    def look(self, process: psutil.Process) -> None:
        """Add what is held now."""
        held = [
            (one, sizes)
            for one in (process, *_children(process))
            if (sizes := _read_sizes(one.pid))
        ]
        for one, sizes in held:
            private = sizes["Private_Clean"] + sizes["Private_Dirty"]
            if one == process:
                self.driver.append(private)
            elif _trains(one):
                self.trials.setdefault(one.pid, []).append(private)
        self.total.append(sum(sizes["Pss_Anon"] + sizes["Pss_Shmem"] for _, sizes in held))


def run(command: Sequence[str | Path], folder: Path, memory: Memory | None = None) -> float:
    """Run a command in a folder and return its seconds of wall time.

    Args:
        command: program and arguments.
        folder: where it runs.
        memory: what the processes hold is added to it while they run.

    Raises:
        CommandError: it fails.
    """
    start = time.perf_counter()
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        if memory:
            observed = psutil.Process(process.pid)
            while process.poll() is None:
                memory.look(observed)
                time.sleep(PAUSE)
        output = process.communicate()[0]
    if process.returncode:
        raise CommandError(
            f"{' '.join(map(str, command))} ended with {process.returncode}:\n{output}"
        )
    return time.perf_counter() - start


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _trains(process: psutil.Process) -> bool:
    try:
        return any(part.startswith(TRIAL) for part in process.cmdline())
    except psutil.NoSuchProcess:
        return False


def _read_sizes(number: int) -> dict[str, int]:
    try:
        lines = Path(f"/proc/{number}/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return {}
    pairs = (line.split(":") for line in lines)
    return {name: int(rest.split()[0]) * KILOBYTE for name, rest in pairs}
