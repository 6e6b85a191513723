"""Documents a second: ``fit``, ``evaluate`` and ``predict`` against other ways and the limit."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

import torch

from agnews_tune.corpus import Corpus
from agnews_tune.encoding import EncodedCorpus
from agnews_tune.grid import Experiment
from benchmarks.figures import Figure
from benchmarks.timing import alternate, ratio, timed
from benchmarks.ways import WAYS
from benchmarks.ways.limit import prepare_evaluation_limit, prepare_limit
from benchmarks.workload import Workload

LEAST_ROWS = 256
TRIAL_ROWS = 256

OVER_LIMIT = 0.95
OVER_NOTEBOOK = {"rnn-max": 3.3, "gru-max": 2.2, "lstm-max": 2.2}
OVER_NOTEBOOK_GPU = 10.0
OVER_SKORCH, OVER_SKORCH_GPU = 1.5, 3.0
EVALUATION_OVER_LIMIT = 0.9


class TrainingBenchmark:
    """Measures ways to train the networks of a grid.

    Args:
        corpus: the rows.
        encoded: the same, encoded.
        device: where to train.
        rounds: how often each way runs, in turn.
        seconds: about how long one pass of the limit takes; decides the number of rows.
    """

    def __init__(
        self,
        corpus: Corpus,
        encoded: EncodedCorpus,
        device: torch.device,
        rounds: int,
        seconds: float,
    ) -> None:
        self.corpus = corpus
        self.encoded = encoded
        self.device = device
        self.rounds = rounds
        self.seconds = seconds

    def against_limit(self, experiment: Experiment) -> Figure:
        """Compare ``fit`` with the limit."""
        return self._compare(experiment, ("fit", "limit"), {"limit": OVER_LIMIT})[0]

    def against_all(self, experiment: Experiment) -> Sequence[Figure]:
        """Compare ``fit`` with every other way."""
        on_gpu = self.device.type == "cuda"
        targets = {
            "limit": OVER_LIMIT,
            "DataLoader": None,
            "skorch": OVER_SKORCH_GPU if on_gpu else OVER_SKORCH,
            "notebook": OVER_NOTEBOOK_GPU if on_gpu else OVER_NOTEBOOK.get(experiment.name),
        }
        return self._compare(experiment, tuple(WAYS), targets)

    def evaluation(self, experiment: Experiment) -> Sequence[Figure]:
        """Compare ``evaluate`` and ``predict`` of encoded rows with the bare forward passes."""
        work = self._workload(experiment, self._rows(experiment))
        labels = work.named_labels
        model = work.build_classifier()
        few = self._workload(experiment, TRIAL_ROWS)
        model.fit(few.encoded, few.named_labels, verbose=0)
        runs = {
            "evaluate": lambda: model.evaluate(work.encoded, labels),
            "predict": lambda: model.predict(work.encoded),
            "limit": prepare_evaluation_limit(work, model.network_),
        }
        seconds = alternate(runs, self.rounds)
        return [
            Figure(
                f"{name} / limit, {experiment.name}",
                ratio(seconds["limit"], seconds[name]),
                at_least=EVALUATION_OVER_LIMIT,
                note=self._note(work, seconds, (name, "limit")),
            )
            for name in ("evaluate", "predict")
        ]

    def _compare(
        self, experiment: Experiment, names: Sequence[str], targets: Mapping[str, float | None]
    ) -> list[Figure]:
        work = self._workload(experiment, self._rows(experiment))
        seconds = alternate({name: WAYS[name](work) for name in names}, self.rounds)
        return [
            Figure(
                f"fit / {other}, {experiment.name}",
                ratio(seconds[other], seconds["fit"]),
                at_least=target,
                note=self._note(work, seconds, ("fit", other)),
            )
            for other, target in targets.items()
        ]

    def _workload(self, experiment: Experiment, rows: int) -> Workload:
        return Workload.of(self.corpus, self.encoded, experiment.hyperparameters, rows, self.device)

    def _rows(self, experiment: Experiment) -> int:
        trial = prepare_limit(self._workload(experiment, TRIAL_ROWS))
        trial()
        rows = int(TRIAL_ROWS * self.seconds / timed(trial))
        return max(LEAST_ROWS, rows)

    def _note(
        self, work: Workload, seconds: Mapping[str, list[float]], names: Sequence[str]
    ) -> str:
        rows = len(work.texts)
        rates = " / ".join(f"{rows / statistics.median(seconds[name]):,.0f}" for name in names)
        return f"{rates} documents/s; {rows:,} rows, {self.rounds} rounds"
