"""Whole runs: what Ray costs, what two cores give, and what memory the processes hold."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path

from agnews_tune.runs.resources import local_capacity, share
from benchmarks.commands import MEGABYTE
from benchmarks.figures import Figure
from benchmarks.grid_runs import SMALL, GridRun, alike, run_grid
from benchmarks.timing import medians, ratio

TRIALS = 14
TWO_CORES_ROWS = 8_000
OVERHEAD_SECONDS = 20
TWO_CORES = 1.8
TRIAL_MEGABYTES, DRIVER_MEGABYTES = 450, 900
GROWTH_MEGABYTES = 20  # what a reading varies by

BASELINE = {"experiments": {"rnn-max": {"epochs": 1}}}


def run_fourteen(folder: Path, name: str = "fourteen", *, watched: bool) -> GridRun:
    """Run a grid of 14 trials of about a second each on the built-in corpus."""
    return run_grid(folder, name, {"data": "demo"} | alike(TRIALS, SMALL), watched=watched)


def measure_overhead(done: Sequence[GridRun]) -> Figure:
    """Say what a run costs beside its trials, by runs whose memory was not watched."""
    at_once = min(share([local_capacity()], gpus_per_trial=None).at_once, TRIALS)
    walls = [run.wall for run in done]
    own = [sum(run.training_seconds) / at_once for run in done]
    return Figure(
        f"a run of {TRIALS} trials, over the trials' own time",
        statistics.median(wall - seconds for wall, seconds in zip(walls, own, strict=True)),
        "s",
        at_most=OVERHEAD_SECONDS,
        note=f"{statistics.median(walls):.1f} s with Ray's start, trials "
        f"{statistics.median(own):.1f} s, {at_once} at once; rounds: {len(done)}",
    )


def measure_growth(fourteen: GridRun) -> Iterator[Figure]:
    """Say what many trials leave in memory, by a run that was watched."""
    for who, sizes in (
        ("the driver over", fourteen.memory.driver),
        ("a process over its share of", max(fourteen.memory.trials.values(), key=len)),
    ):
        yield Figure(
            f"growth of {who} {TRIALS} trials",
            _growth(sizes) / MEGABYTE,
            "MB",
            at_most=GROWTH_MEGABYTES,
            note="last third to middle one",
        )


def measure_memory(source: str, folder: Path) -> Iterator[Figure]:
    """Say what driver and trials hold: the baseline network on all rows, two trials at once."""
    memory = run_grid(
        folder, "memory", {"data": source, **BASELINE}, "--seeds", "2", watched=True
    ).memory
    trial = max(max(sizes) for sizes in memory.trials.values())
    for who, size, limit in (
        ("a trial", trial, TRIAL_MEGABYTES),
        ("the driver", max(memory.driver), DRIVER_MEGABYTES),
    ):
        yield Figure(
            f"private memory of {who}",
            size / MEGABYTE,
            "MB",
            at_most=limit,
            note="rnn-max on all rows, two trials at once; the highest",
        )


def measure_cores(source: str, folder: Path, rounds: int) -> Iterator[Figure]:
    """Compare two trials on two cores with one trial on one core."""
    work = "two trials on two cores / one trial on one core"
    if local_capacity().cpus < 2:
        yield Figure(work, None, at_least=TWO_CORES, note="one core at hand")
        return
    rates: dict[int, list[float]] = {1: [], 2: []}
    for number in range(rounds):
        for trials, measured in rates.items():
            done = run_grid(
                folder,
                f"cores-{trials}-{number}",
                {"data": {"source": source, "limit_train": TWO_CORES_ROWS}, **BASELINE},
                "--seeds",
                str(trials),
            )
            measured.append(done.documents_per_second)
    median = medians(rates)
    yield Figure(
        work,
        ratio(rates[2], rates[1]),
        at_least=TWO_CORES,
        note=f"{median[2]:,.0f} / {median[1]:,.0f} documents/s, rnn-max; {rounds} rounds",
    )


def _growth(sizes: list[int]) -> float:
    third = len(sizes) // 3
    return statistics.median(sizes[-third:]) - statistics.median(sizes[third:-third])
