"""How cost grows: with rows, with trials, with experiments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from agnews_tune.corpus.splits import Corpus
from agnews_tune.hyperparameters import Hyperparameters
from agnews_tune.text.encoded_corpus import EncodedCorpus
from agnews_tune.text.encoding import Tokenizer, build_vocabulary, encode
from benchmarks.figures import Figure
from benchmarks.grid_runs import SMALL, alike, run_grid
from benchmarks.timing import alternate, medians
from benchmarks.ways.classifier import prepare_classifier
from benchmarks.workload import Workload

PARTS = (8, 4, 2, 1)  # of the training rows
TRIALS = (1, 4, 16, 64)
EXPERIMENTS = (10, 100, 1_000)
DRY_RUN_SECONDS = 2
STEEPEST = 1.2  # 1 is linear; where work doubles, quadratic growth gives 2
TINY = {"embedding_dim": 8, "hidden_dim": 8, "epochs": 1}


@dataclass(frozen=True)
class Curve:
    """Seconds by size.

    Attributes:
        name: what grows.
        unit: what is counted.
        seconds: of wall time, by the size.
    """

    name: str
    unit: str
    seconds: Mapping[int, float]

    def steepness(self) -> float:
        """Return how many times the seconds grow in the last step, over how many times the size.

        1 is linear growth; less, where there is something to pay once.
        """
        *_, (size, seconds), (last_size, last_seconds) = self.seconds.items()
        return (last_seconds / seconds) / (last_size / size)

    def to_dict(self) -> dict[str, Any]:
        """Return what goes into the JSON file."""
        return {"name": self.name, "unit": self.unit, "seconds": dict(self.seconds)}


def measure_rows(corpus: Corpus, encoded: EncodedCorpus, rounds: int) -> Iterator[Curve]:
    """Tokenise and encode, then train a small network, with more and more rows, in turn."""
    hyperparameters = Hyperparameters.from_dict(SMALL)
    works = [
        Workload.of(corpus, encoded, hyperparameters, rows, torch.device("cpu"))
        for rows in (len(corpus.train.texts) // parts for parts in PARTS)
    ]
    encoding = {len(work.texts): partial(_encode_anew, work) for work in works}
    training = {len(work.texts): prepare_classifier(work) for work in works}
    yield Curve("vocabulary and word numbers", "rows", medians(alternate(encoding, rounds)))
    yield Curve("an epoch of a small network", "rows", medians(alternate(training, rounds)))


def measure_trials(folder: Path) -> Curve:
    """Run more and more trials of a tenth of a second."""
    seconds = {
        trials: run_grid(
            folder,
            f"trials-{trials}",
            {"data": {"source": "demo", "limit_train": 500}} | alike(trials, TINY),
        ).wall
        for trials in TRIALS
    }
    return Curve("a run of trials of a tenth of a second", "trials", seconds)


def measure_experiments(folder: Path) -> Curve:
    """Plan more and more experiments without running them."""
    seconds = {
        experiments: run_grid(
            folder, f"plan-{experiments}", {"data": "demo"} | alike(experiments, TINY), "--dry-run"
        ).wall
        for experiments in EXPERIMENTS
    }
    return Curve("run --dry-run", "experiments", seconds)


def describe(curve: Curve) -> Figure:
    """Return whether cost grows faster than the work."""
    seconds = ", ".join(f"{size:,}: {value:.1f} s" for size, value in curve.seconds.items())
    work = f"{curve.name}: growth of seconds / of {curve.unit}, last step"
    return Figure(work, curve.steepness(), at_most=STEEPEST, note=seconds)


def describe_dry_run(curve: Curve) -> Figure:
    """Return what the largest plan takes."""
    experiments, seconds = list(curve.seconds.items())[-1]
    work = f"{curve.name} of {experiments:,} experiments"
    return Figure(work, seconds, "s", at_most=DRY_RUN_SECONDS)


def _encode_anew(work: Workload) -> None:
    tokenizer = Tokenizer(work.hyperparameters.preprocessing)
    encode(work.texts, build_vocabulary(work.texts, tokenizer), tokenizer)
