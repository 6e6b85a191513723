"""Classifier.fit on encoded rows, as a trial calls it."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.timing import Seconds
from benchmarks.workload import Workload


def prepare_classifier(work: Workload) -> Callable[[], object]:
    """Return a pass: the whole call of ``fit`` with one epoch, new network included."""
    model = work.build_classifier()
    return lambda: model.fit(work.encoded, work.named_labels, verbose=0)


def prepare_epoch(work: Workload) -> Callable[[], Seconds]:
    """Return a pass of which the epoch counts, without what ``fit`` does once before it.

    Of an epoch of all rows that is some thousandth, of a short pass several hundredths.
    """
    model = work.build_classifier()

    def run() -> Seconds:
        history = model.fit(work.encoded, work.named_labels, verbose=0).history
        return Seconds(history["seconds"][0])

    return run
