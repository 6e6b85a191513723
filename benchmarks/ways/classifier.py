"""Classifier.fit on encoded rows, as a trial calls it."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.workload import Workload


def prepare_classifier(work: Workload) -> Callable[[], object]:
    """Return a pass: the whole call of ``fit`` with one epoch, new network included."""
    model = work.build_classifier()
    return lambda: model.fit(work.encoded, work.named_labels, verbose=0)
