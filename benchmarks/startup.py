"""Seconds until a command has answered, from the start of its process to its end."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.commands import PROGRAM, run
from benchmarks.figures import Figure
from benchmarks.timing import alternate, medians, ratio

HEADLINE = "Stocks slide as oil prices hit a record"
PREDICT_OVER_TORCH = 1.25
HELP_SECONDS, REPORT_SECONDS = 0.3, 1.5


def measure_startup(results: Path, rounds: int) -> Iterator[Figure]:
    """Time the commands that do little.

    Args:
        results: folder of one run with its models.
        rounds: how often each command runs, in turn.
    """
    commands: dict[str, list[str | Path]] = {
        "import torch": [sys.executable, "-c", "import torch"],
        "predict": [PROGRAM, "predict", "--results", results, HEADLINE],
        "--help": [PROGRAM, "--help"],
        "report": [PROGRAM, "report", results],
    }
    runs = {name: partial(run, command, results) for name, command in commands.items()}
    for start in runs.values():
        start()  # from now on the files are in memory
    seconds = alternate(runs, rounds)
    median = medians(seconds)
    yield Figure(
        "predict one headline, cold / import torch",
        ratio(seconds["predict"], seconds["import torch"]),
        at_most=PREDICT_OVER_TORCH,
        note=f"{median['predict']:.2f} / {median['import torch']:.2f} s; {rounds} rounds",
    )
    for name, limit in (("--help", HELP_SECONDS), ("report", REPORT_SECONDS)):
        yield Figure(
            f"agnews-tune {name}", median[name], "s", at_most=limit, note=f"{rounds} rounds"
        )
