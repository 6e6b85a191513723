"""Documents a second: ``fit``, ``evaluate`` and ``predict`` against other ways and the limit."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from functools import partial

import torch

from agnews_tune.corpus.splits import Corpus
from agnews_tune.grid.experiments import Experiment
from agnews_tune.text.encoded_corpus import EncodedCorpus
from benchmarks.figures import Figure
from benchmarks.timing import alternate, alternate_anew, ratio, timed
from benchmarks.ways import WAYS, Way
from benchmarks.ways.classifier import prepare_epoch
from benchmarks.ways.limit import prepare_evaluation_limit, prepare_limit
from benchmarks.workload import Workload

LEAST_ROWS = 256
TRIAL_ROWS = 256
FAST = ("fit", "limit")
SLOWER = 16  # times fewer rows for the other ways on a GPU, where they are that much slower

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
        """Compare an epoch of ``fit`` with the limit."""
        return self._compare(experiment, {"limit": OVER_LIMIT}, WAYS | {"fit": prepare_epoch})[0]

    def against_others(self, experiment: Experiment) -> Sequence[Figure]:
        """Compare ``fit`` with the other ways to train."""
        on_gpu = self.device.type == "cuda"
        targets = {
            "DataLoader": None,
            "skorch": OVER_SKORCH_GPU if on_gpu else OVER_SKORCH,
            "notebook": OVER_NOTEBOOK_GPU if on_gpu else OVER_NOTEBOOK.get(experiment.name),
        }
        return self._compare(experiment, targets)

    def evaluation(self, experiment: Experiment) -> Sequence[Figure]:
        """Compare ``evaluate`` and ``predict`` of encoded rows with the bare forward passes."""
        work = self.workload(experiment, self._rows(experiment))
        labels = work.named_labels
        model = work.build_classifier()
        few = self.workload(experiment, TRIAL_ROWS)
        model.fit(few.encoded, few.named_labels, verbose=0)
        runs = {
            "evaluate": lambda: model.evaluate(work.encoded, labels),
            "predict": lambda: model.predict(work.encoded),
            "limit": prepare_evaluation_limit(work, model.network_),
        }
        rates = {
            name: [len(work.texts) / each for each in seconds]
            for name, seconds in alternate(runs, self.rounds).items()
        }
        return [
            Figure(
                f"{name} / limit, {experiment.name}",
                ratio(rates[name], rates["limit"]),
                at_least=EVALUATION_OVER_LIMIT,
                note=self._note(dict.fromkeys(runs, work), rates, (name, "limit")),
            )
            for name in ("evaluate", "predict")
        ]

    def _compare(
        self,
        experiment: Experiment,
        targets: Mapping[str, float | None],
        ways: Mapping[str, Way] = WAYS,
    ) -> list[Figure]:
        rows = self._rows(experiment)
        works = {
            name: self.workload(experiment, self._share(name, rows)) for name in ("fit", *targets)
        }
        preparations = {name: partial(ways[name], work) for name, work in works.items()}
        seconds = alternate_anew(preparations, self.rounds)
        rates = {
            name: [len(work.texts) / each for each in seconds[name]] for name, work in works.items()
        }
        return [
            Figure(
                f"fit / {other}, {experiment.name}",
                ratio(rates["fit"], rates[other]),
                at_least=target,
                note=self._note(works, rates, ("fit", other)),
            )
            for other, target in targets.items()
        ]

    def workload(self, experiment: Experiment, rows: int) -> Workload:
        """Return the first training rows with the network of an experiment."""
        return Workload.of(self.corpus, self.encoded, experiment.hyperparameters, rows, self.device)

    def _rows(self, experiment: Experiment) -> int:
        if self.device.type == "cuda":  # an epoch as trials have it, with its graphs to capture
            return len(self.corpus.train.texts)
        trial = prepare_limit(self.workload(experiment, TRIAL_ROWS))
        trial()
        rows = int(TRIAL_ROWS * self.seconds / timed(trial))
        return max(LEAST_ROWS, rows)

    def _share(self, name: str, rows: int) -> int:
        return rows // SLOWER if self.device.type == "cuda" and name not in FAST else rows

    def _note(
        self,
        works: Mapping[str, Workload],
        rates: Mapping[str, list[float]],
        names: Sequence[str],
    ) -> str:
        medians = " / ".join(f"{statistics.median(rates[name]):,.0f}" for name in names)
        rows = " / ".join(dict.fromkeys(f"{len(works[name].texts):,}" for name in names))
        return f"{medians} documents/s; {rows} rows, {self.rounds} rounds"
