"""Writes docs/reliability.md from the tests that are marked with a fault: `make reliability`.

The marker ``fault(kind, n)`` says how many faults a test brings about, 1 by default. The test says
how much was lost by ``record_property("bytes_lost", n)``, and what else it measured by
``record_property("figure", text)``.
"""

import platform
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
import pytest

PAGE = Path(__file__).parents[1] / "docs" / "reliability.md"
FAULTS = {
    "again": "the same `run` again, or with an edited grid",
    "driver": "`kill -9` of the run",
    "worker": "`kill -9` of a trial's process",
    "signal": "Ctrl-C, SIGTERM, a closed terminal",
    "raises": "a trial raises: NaN loss, no memory, a file in the way",
    "disk": "the disk is full",
    "damage": "a file is cut, changed, foreign or missing",
    "holder": "a second run on one folder; a holder that died",
    "machine": "few file handles, small /dev/shm, read-only home, no HOME",
    "node": "one of three nodes of a cluster is killed",
    "address": "no cluster at `--address`",
    "names": "names and folders that no file system likes",
    "stranger": "a stranger's files: code in a pickle, sizes beyond the memory",
    "texts": "degenerate texts: empty, NUL, lone surrogates, 1,000,000 lines",
}
PREFACE = """# Reliability

Written by `make reliability`, which runs every test that brings about a fault: real processes,
signals, disks and Ray nodes. Do not edit it.

*Tried* counts the faults; one is *survived* if the test that brought it about passed, *skipped* if
this machine did not allow it. *Bytes lost* is counted where a run had finished trials or whole
epochs when the fault came: the size of their files that were gone or changed afterwards.

| fault | tried | survived | skipped | bytes lost | tests |
|---|---|---|---|---|---|
"""


class Count:
    """What became of the faults of one kind."""

    def __init__(self) -> None:
        self.tried = self.survived = self.skipped = self.tests = 0
        self.lost: int | None = None


class Page:
    """Gathers the outcome of each test and writes the page."""

    def __init__(self) -> None:
        self.counts: defaultdict[str, Count] = defaultdict(Count)
        self.figures: list[str] = []

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Hand the marker on to the test's reports."""
        mark = item.get_closest_marker("fault")
        assert mark
        kind, faults = (*mark.args, 1)[:2]
        item.user_properties += [("fault", FAULTS[kind]), ("faults", faults)]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a test that has ended, or was skipped before it began."""
        properties: dict[str, Any] = dict(report.user_properties)
        if report.when != "call" and not (report.when == "setup" and report.outcome != "passed"):
            return
        count = self.counts[properties["fault"]]
        faults = properties["faults"]
        if report.skipped:
            count.skipped += faults
            return
        count.tests += 1
        count.tried += faults
        count.survived += faults * report.passed
        if "bytes_lost" in properties:
            count.lost = (count.lost or 0) + properties["bytes_lost"]
        if "figure" in properties:
            self.figures.append(properties["figure"])

    def pytest_sessionfinish(self) -> None:
        """Write the page."""
        rows = [
            f"| {fault} | {count.tried:,} | {count.survived:,} | {count.skipped or ''} | "
            f"{'' if count.lost is None else count.lost} | {count.tests} |\n"
            for fault, count in ((fault, self.counts[fault]) for fault in FAULTS.values())
        ]
        figures = "".join(f"- {figure}\n" for figure in self.figures)
        libraries = ", ".join(f"{name} {version(name)}" for name in ("torch", "ray"))
        memory = psutil.virtual_memory().total / 2**30
        machine = (
            f"{psutil.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}, "
            f"Python {platform.python_version()}, {libraries}"
        )
        PAGE.write_text(
            f"{PREFACE}{''.join(rows)}\n{figures}\nMachine: {machine}.\n", encoding="utf-8"
        )


def pytest_configure(config: pytest.Config) -> None:
    """Join the session."""
    config.pluginmanager.register(Page())
