"""Runs of small grids through the command line, in a folder of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from agnews_tune.records.reading import TrialRecord, read_run
from benchmarks.commands import PROGRAM, Memory, run

SMALL = {"embedding_dim": 64, "hidden_dim": 64, "epochs": 1}


@dataclass(frozen=True)
class GridRun:
    """What came of one run.

    Attributes:
        folder: of the run.
        wall: seconds from the start of the command to its end.
        records: of its trials.
        memory: what its processes held while it ran, if it was watched.
    """

    folder: Path
    wall: float
    records: list[TrialRecord]
    memory: Memory

    @property
    def training_seconds(self) -> list[float]:
        """Seconds that each trial spent in its epochs."""
        return [record.result["seconds"] for record in self.records if record.result]

    @property
    def documents_per_second(self) -> float:
        """Training rows a second, all trials together while they train."""
        rates = (
            record.trial["data"]["train_rows"] * len(record.history) / record.result["seconds"]
            for record in self.records
            if record.result
        )
        return float(sum(rates))


def run_grid(
    folder: Path,
    name: str,
    grid: Mapping[str, Any],
    *options: str,
    watched: bool = False,
) -> GridRun:
    """Write a grid file and run it.

    Args:
        folder: where the file, the results and the cache of texts lie.
        name: of the grid and its run.
        grid: the rest of the file.
        options: of ``agnews-tune run``.
        watched: whether to look at the memory of the processes, which costs some time.
    """
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump({"name": name, **grid}, sort_keys=False), encoding="utf-8")
    memory = Memory()
    wall = run([PROGRAM, "run", path, *options], folder, memory if watched else None)
    results = folder / "results" / name
    return GridRun(results, wall, read_run(results), memory)


def alike(count: int, hyperparameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the experiments of a grid whose trials cost the same: they differ in dropout alone."""
    first: dict[str, Any] = {"dropout0": {"dropout": 0.0}}
    rest = {
        f"dropout{number}": {"parent": "dropout0", "dropout": number / (count + 1)}
        for number in range(1, count)
    }
    return {"defaults": dict(hyperparameters), "experiments": first | rest}
