"""Errors worth reading: where the best model fails, where all do, and where they disagree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from agnews_tune.report.analysis import Analysis

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ClassFigures:
    """How well one class is told from the others; None where there is nothing to divide by.

    Attributes:
        name: of the class.
        precision: share of its answers that are right.
        recall: share of its rows that are found.
        f1: the harmonic mean of both.
        rows: of the class in the test set.
    """

    name: str
    precision: float | None
    recall: float | None
    f1: float | None
    rows: int


@dataclass(frozen=True)
class HardRow:
    """A test row and what each experiment answered.

    Attributes:
        row: its number in the test set, from 0.
        label: its class.
        answers: for each class that was answered, the experiments that did, most of them first;
            with how many of their seeds where they are not of one mind.
        text: of the row, where the corpus is at hand.
    """

    row: int
    label: str
    answers: dict[str, list[str]]
    text: str | None


@dataclass(frozen=True)
class Mistakes:
    """What there is to read.

    Attributes:
        model: the trial whose confusions are counted: the best by validation.
        classes: its figures for each class.
        confusion: ``(classes, classes)`` counts; rows are labels, columns are answers.
        all_wrong: rows that no model gets right, those of which they are surest first.
        all_wrong_count: how many of them there are.
        disputed: rows on which the models disagree most.
    """

    model: str
    classes: list[ClassFigures]
    confusion: Numbers
    all_wrong: list[HardRow]
    all_wrong_count: int
    disputed: list[HardRow]


def find_mistakes(
    analysis: Analysis, count: int, texts: Sequence[str] | None = None
) -> Mistakes | None:
    """Return the confusions of the best experiment's best seed and the hardest rows of all models.

    Args:
        analysis: of the experiments.
        count: how many rows of each kind.
        texts: of the test rows, in their order.

    Returns:
        None where the best experiment has no test predictions.
    """
    if analysis.best is None or analysis.best.outcomes is None:
        return None
    own = analysis.best.outcomes
    names = analysis.summary.data["label_names"]
    accuracies = [(record.result or {})["validation_accuracy"] for record in own.trials]
    seed = accuracies.index(max(accuracies))
    confusion = _confusion(own.labels, own.answers[seed], len(names))
    all_wrong, disputed = _hard_rows(analysis, own.labels)

    def describe(row: int) -> HardRow:
        text = texts[row] if texts else None
        return HardRow(int(row), names[own.labels[row]], _answers(analysis, row), text)

    return Mistakes(
        own.trials[seed].folder.name,
        _class_figures(names, confusion),
        confusion,
        [describe(row) for row in all_wrong[:count]],
        len(all_wrong),
        [describe(row) for row in disputed[:count]],
    )


def _hard_rows(analysis: Analysis, labels: Numbers) -> tuple[Numbers, Numbers]:
    """Return the rows that no model gets right, and those on which some model differs."""
    every = [line.outcomes for line in analysis.lines if line.outcomes]
    probabilities = np.concatenate([outcomes.probabilities for outcomes in every])
    answers = np.concatenate([outcomes.answers for outcomes in every])
    wrong = np.flatnonzero(~(answers == labels).any(axis=0))
    given_to_label = probabilities[:, wrong, labels[wrong]].mean(axis=0, dtype=np.float64)
    classes = range(probabilities.shape[2])
    agreed = np.max([(answers == number).mean(axis=0) for number in classes], axis=0)
    disputed = np.flatnonzero(agreed < 1)
    return (
        wrong[np.argsort(given_to_label, kind="stable")],
        disputed[np.argsort(agreed[disputed], kind="stable")],
    )


def _answers(analysis: Analysis, row: int) -> dict[str, list[str]]:
    answers: dict[str, list[str]] = {}
    for line in analysis.lines:
        seeds = line.outcomes.answers[:, row] if line.outcomes else np.empty(0, np.int64)
        for number, votes in zip(*np.unique(seeds, return_counts=True), strict=True):
            share = "" if votes == len(seeds) else f" {votes} of {len(seeds)}"
            name = analysis.summary.data["label_names"][number]
            answers.setdefault(name, []).append(line.experiment.name + share)
    return dict(sorted(answers.items(), key=lambda item: -len(item[1])))


def _confusion(labels: Numbers, answers: Numbers, classes: int) -> Numbers:
    counts = np.bincount(labels * classes + answers, minlength=classes**2)
    return counts.reshape(classes, classes)


def _class_figures(names: Sequence[str], confusion: Numbers) -> list[ClassFigures]:
    right = confusion.diagonal().tolist()
    answered, there = confusion.sum(axis=0).tolist(), confusion.sum(axis=1).tolist()
    return [
        ClassFigures(
            name,
            _share(right[k], answered[k]),
            _share(right[k], there[k]),
            _share(2 * right[k], answered[k] + there[k]),
            there[k],
        )
        for k, name in enumerate(names)
    ]


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
