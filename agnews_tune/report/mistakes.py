"""Errors worth reading: where the best model fails, where all do, and where they disagree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from agnews_tune.report.outcomes import Outcomes
from agnews_tune.report.summary import DataSummary


@dataclass(frozen=True)
class ClassFigures:
    """How well one class is told from the others; nan where there is nothing to divide by.

    Attributes:
        name: of the class.
        precision: share of its answers that are right.
        recall: share of its rows that are found.
        f1: the harmonic mean of both.
        rows: of the class in the test set.
    """

    name: str
    precision: float
    recall: float
    f1: float
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
    confusion: npt.NDArray[np.int64]
    all_wrong: list[HardRow]
    all_wrong_count: int
    disputed: list[HardRow]


def find_mistakes(
    summary: DataSummary,
    outcomes: Mapping[int, Outcomes],
    best: int,
    count: int,
    texts: Sequence[str] | None = None,
) -> Mistakes:
    """Return the confusions of an experiment's best seed and the hardest rows of all models.

    Args:
        summary: the experiments.
        outcomes: their answers, by position.
        best: position of the experiment.
        count: how many rows of each kind.
        texts: of the test rows, in their order.
    """
    names = summary.data["label_names"]
    own = outcomes[best]
    seed = max(
        range(len(own.trials)),
        key=lambda number: (own.trials[number].result or {})["validation_accuracy"],
    )
    confusion = _confusion(own.labels, own.answers[seed], len(names))
    probabilities = np.concatenate([found.probabilities for found in outcomes.values()])
    answers = np.concatenate([found.answers for found in outcomes.values()])
    votes = np.stack([(answers == number).mean(axis=0) for number in range(len(names))])
    wrong = np.flatnonzero(~(answers == own.labels).any(axis=0))
    given_to_label = probabilities[:, wrong, own.labels[wrong]].mean(axis=0, dtype=np.float64)
    surest = wrong[np.argsort(given_to_label, kind="stable")]
    disputed = np.argsort(votes.max(axis=0), kind="stable")
    disputed = disputed[votes.max(axis=0)[disputed] < 1]

    def describe(row: int) -> HardRow:
        voters: dict[str, list[str]] = {}
        for position, found in outcomes.items():
            own_votes = np.bincount(found.answers[:, row], minlength=len(names))
            for answer in np.flatnonzero(own_votes):
                share = (
                    ""
                    if own_votes[answer] == len(found.trials)
                    else (f" {own_votes[answer]} of {len(found.trials)}")
                )
                voters.setdefault(names[answer], []).append(
                    summary.experiments[position].name + share
                )
        ordered = dict(sorted(voters.items(), key=lambda item: -len(item[1])))
        return HardRow(row, names[own.labels[row]], ordered, texts[row] if texts else None)

    return Mistakes(
        own.trials[seed].folder.name,
        _class_figures(names, confusion),
        confusion,
        [describe(int(row)) for row in surest[:count]],
        len(wrong),
        [describe(int(row)) for row in disputed[:count]],
    )


def _confusion(
    labels: npt.NDArray[np.int64], answers: npt.NDArray[np.int64], classes: int
) -> npt.NDArray[np.int64]:
    counts = np.bincount(labels * classes + answers, minlength=classes**2)
    return counts.reshape(classes, classes)


def _class_figures(names: Sequence[str], confusion: npt.NDArray[np.int64]) -> list[ClassFigures]:
    right = confusion.diagonal()
    answered, there = confusion.sum(axis=0), confusion.sum(axis=1)
    with np.errstate(invalid="ignore"):
        precision, recall = right / answered, right / there
        f1 = 2 * right / (answered + there)
    return [
        ClassFigures(name, float(precision[k]), float(recall[k]), float(f1[k]), int(there[k]))
        for k, name in enumerate(names)
    ]
