"""How many trials one GPU bears: documents a second of all together, by their number."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch

from benchmarks.figures import Figure
from benchmarks.grid_runs import run_grid

TRIALS = (1, 2, 4, 8, 16)
GRID = {"experiments": {"gru-max": {"cell": "gru", "epochs": 2}}}


def measure_sharing(source: str, folder: Path) -> Iterator[Figure]:
    """Run as many trials at once as fractions of one GPU allow."""
    for trials in TRIALS:
        work = f"documents/s of {trials} trial{'s' * (trials > 1)} on one GPU, gru-max"
        if not torch.cuda.is_available():
            yield Figure(work, None, note="no GPU at hand")
            continue
        options = ("--seeds", str(trials), "--gpus-per-trial", str(1 / trials))
        done = run_grid(folder, f"gpu-{trials}", {"data": source, **GRID}, *options)
        yield Figure(work, done.documents_per_second, note=f"{done.wall:.0f} s with Ray's start")
