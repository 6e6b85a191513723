"""The parts of the benchmark: what is measured, in which order, and what belongs to a quick run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch

from agnews_tune.corpus.loading import load_corpus
from agnews_tune.corpus.splits import Corpus
from agnews_tune.grid.experiments import Experiment
from agnews_tune.grid.file import read_grid
from agnews_tune.hyperparameters import Hyperparameters
from agnews_tune.text.encoded_corpus import EncodedCorpus, encode_corpus
from benchmarks import corpora, growth, large, runs, sharing, startup
from benchmarks.figures import Figure
from benchmarks.grid_runs import GridRun
from benchmarks.training import TrainingBenchmark

GRID = Path(__file__).parent.parent / "grids" / "report.yaml"
ONE_LAYER = ("rnn-max", "gru-max", "lstm-max")
ROUNDS, QUICK_ROUNDS = 5, 3
LIMIT_ROUNDS = 25  # with five, one network measured twice came to 0.92 and 1.04 of the limit
PASS_SECONDS, QUICK_PASS_SECONDS = 5.0, 0.7
LIMIT_PASS_SECONDS = 2.0  # many short passes say more than few long ones where a machine drifts


@dataclass(frozen=True)
class Setting:
    """What is measured with.

    Attributes:
        data: source of the corpus.
        device: where networks train that are trained in this process.
        quick: whether few rounds on few rows are enough.
        folder: for runs and caches.
    """

    data: str
    device: torch.device
    quick: bool
    folder: Path

    @property
    def rounds(self) -> int:
        """How often each thing is measured."""
        return QUICK_ROUNDS if self.quick else ROUNDS

    @cached_property
    def corpus(self) -> Corpus:
        """The rows to train on."""
        return load_corpus(self.data)

    @cached_property
    def encoded(self) -> EncodedCorpus:
        """The same rows, as the networks of the grid read them."""
        return encode_corpus(self.corpus, Hyperparameters().preprocessing)

    @cached_property
    def fourteen(self) -> GridRun:
        """A run of small trials; its memory is watched, which takes some time, unless quick."""
        return runs.run_fourteen(self.folder, watched=not self.quick)

    @cached_property
    def training(self) -> TrainingBenchmark:
        """What measures ways to train."""
        return self._training(ROUNDS, PASS_SECONDS)

    @cached_property
    def training_at_the_limit(self) -> TrainingBenchmark:
        """What measures differences of a few hundredths."""
        return self._training(LIMIT_ROUNDS, LIMIT_PASS_SECONDS)

    def _training(self, rounds: int, seconds: float) -> TrainingBenchmark:
        if self.quick:
            rounds, seconds = QUICK_ROUNDS, QUICK_PASS_SECONDS
        return TrainingBenchmark(self.corpus, self.encoded, self.device, rounds, seconds)


@dataclass(frozen=True)
class Part:
    """Something to measure.

    Attributes:
        name: of the part.
        measure: measures it.
        quick: whether it belongs to a quick run.
    """

    name: str
    measure: Callable[[Setting], Iterator[Figure | growth.Curve]]
    quick: bool = True


def _limit(setting: Setting) -> Iterator[Figure]:
    experiments = read_grid(GRID).experiments
    for experiment in _experiments(ONE_LAYER) if setting.quick else experiments:
        yield setting.training_at_the_limit.against_limit(experiment)


def _ways(setting: Setting) -> Iterator[Figure]:
    for experiment in _experiments(ONE_LAYER):
        yield from setting.training.against_others(experiment)
        yield from setting.training.evaluation(experiment)


def _experiments(names: tuple[str, ...]) -> list[Experiment]:
    return [experiment for experiment in read_grid(GRID).experiments if experiment.name in names]


def _runs(setting: Setting) -> Iterator[Figure]:
    if setting.quick:
        yield runs.measure_overhead([setting.fourteen])
        return
    yield runs.measure_overhead(
        [
            runs.run_fourteen(setting.folder, f"unwatched-{number}", watched=False)
            for number in range(setting.rounds)
        ]
    )
    yield from runs.measure_growth(setting.fourteen)


def _startup(setting: Setting) -> Iterator[Figure]:
    yield from startup.measure_startup(setting.fourteen.folder, setting.rounds)


def _corpora(setting: Setting) -> Iterator[Figure]:
    yield from corpora.measure_corpora(setting.data, setting.folder, setting.rounds)


def _memory(setting: Setting) -> Iterator[Figure]:
    yield from runs.measure_memory(setting.data, setting.folder)


def _cores(setting: Setting) -> Iterator[Figure]:
    yield from runs.measure_cores(setting.data, setting.folder, setting.rounds)


def _growth(setting: Setting) -> Iterator[Figure | growth.Curve]:
    yield from growth.measure_rows(setting.corpus, setting.encoded, setting.rounds)
    yield growth.measure_trials(setting.folder)
    plans = growth.measure_experiments(setting.folder)
    yield plans
    yield growth.describe_dry_run(plans)


def _large(setting: Setting) -> Iterator[Figure]:
    yield from large.measure_large(setting.corpus, setting.folder)


def _sharing(setting: Setting) -> Iterator[Figure]:
    experiment = _experiments(("gru-max",))[0]
    yield from sharing.measure_sharing(setting.training.workload(experiment, sharing.ROWS))


PARTS = {
    part.name: part
    for part in (
        Part("limit", _limit),
        Part("ways", _ways),
        Part("runs", _runs),
        Part("startup", _startup),
        Part("corpora", _corpora),
        Part("memory", _memory, quick=False),
        Part("cores", _cores, quick=False),
        Part("sharing", _sharing, quick=False),
        Part("growth", _growth, quick=False),
        Part("large", _large, quick=False),
    )
}
