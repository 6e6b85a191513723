"""Several trained models asked at once: the mean of their saved test probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from agnews_tune.report.outcomes import Outcomes
from agnews_tune.report.statistics import Bootstrap, Estimate, wilson
from agnews_tune.report.summary import DataSummary

BEST = (3, 5)  # how many of the best trials are put together


@dataclass(frozen=True)
class Ensemble:
    """Models whose probabilities are averaged.

    Attributes:
        name: what is put together.
        members: how many models.
        accuracy: on the test rows, with Wilson's interval.
        gain: above the mean accuracy of its members, paired on the rows.
    """

    name: str
    members: int
    accuracy: Estimate
    gain: Estimate


def find_ensembles(summary: DataSummary, outcomes: Mapping[int, Outcomes]) -> list[Ensemble]:
    """Return the ensembles over the seeds of each experiment and over the best by validation.

    Of models that answer alike to the last bit one counts among the best.
    """
    groups = {
        f"{summary.experiments[position].name}, {len(own.trials)} seeds": own
        for position, own in outcomes.items()
        if len(own.trials) > 1
    }
    ranked = sorted(
        (
            (record.result["validation_accuracy"], own, seed)
            for own in outcomes.values()
            for seed, record in enumerate(own.trials)
            if record.result
        ),
        key=lambda item: -item[0],
    )
    # One that was trained for longer, and was best as early, is the same model again.
    different: dict[bytes, tuple[Outcomes, int]] = {}
    for _, own, seed in ranked:
        different.setdefault(own.probabilities[seed].tobytes(), (own, seed))
    best = list(different.values())
    for count in BEST:
        if count <= len(best):
            chosen = best[:count]
            groups[f"the {count} best by validation"] = Outcomes(
                [own.trials[seed] for own, seed in chosen],
                np.stack([own.probabilities[seed] for own, seed in chosen]),
                chosen[0][0].labels,
            )
    return _combine(groups)


def _combine(groups: Mapping[str, Outcomes]) -> list[Ensemble]:
    if not groups:
        return []
    right = [_right_together(members) for members in groups.values()]
    # The members are given: only the rows could have been others.
    alone = [members.right.mean(axis=0) for members in groups.values()]
    columns = [answers[np.newaxis] for answers in (*right, *alone)]
    bootstrap = Bootstrap(columns)
    weights = np.eye(len(groups))
    return [
        Ensemble(
            name,
            len(members.trials),
            wilson(int(right[number].sum()), len(right[number])),
            bootstrap.estimate(np.concatenate([weights[number], -weights[number]])),
        )
        for number, (name, members) in enumerate(groups.items())
    ]


def _right_together(members: Outcomes) -> npt.NDArray[np.bool_]:
    mean = members.probabilities.mean(axis=0, dtype=np.float32)
    right: npt.NDArray[np.bool_] = mean.argmax(axis=1) == members.labels
    return right
