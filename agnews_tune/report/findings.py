"""The figures of a report in short paragraphs; every sentence rests on one of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agnews_tune.report.analysis import Analysis, Line
from agnews_tune.report.document import interval, points

MORE_SEEDS = {
    1: "Where there is one seed, another one may change the answer: run more with --seeds.",
    2: "Two seeds show large differences alone: run more with --seeds.",
}
MOST = 6  # experiments that are named in a sentence; the table has them all


def write_findings(analysis: Analysis) -> list[str]:
    """Return paragraphs: what helped and what hurt; what is best and what it costs; the rest."""
    if analysis.best is None:
        return []
    paragraphs = [
        _changes(analysis),
        _best(analysis, analysis.best),
        [
            *_targets(analysis),
            *_training(analysis),
            *([MORE_SEEDS[analysis.fewest_seeds]] if analysis.fewest_seeds in MORE_SEEDS else []),
        ],
    ]
    return [" ".join(sentences) for sentences in paragraphs if sentences]


def _changes(analysis: Analysis) -> list[str]:
    compared = [line for line in analysis.lines if line.versus_parent]
    kinds = (
        ("better", "Helped: {}."),
        ("worse", "Hurt: {}."),
        ("no evidence", "No evidence of a difference: {}."),
    )
    sentences = []
    for verdict, sentence in kinds:
        found = [
            f"{_what(line, analysis)} against {line.parent} "
            f"({points(line.versus_parent.estimate)} points)"
            for line in compared
            if line.versus_parent and line.versus_parent.verdict == verdict
        ]
        if found:
            sentences.append(sentence.format(_join(found, "; ")))
    sentences += _sensitivity(analysis)
    gone = _names([line for line in _ended(analysis.lines) if line.outcomes is None])
    if gone and len(analysis.lines) > 1:
        sentences.append(f"Not compared, as test predictions are missing: {_join(gone, ', ')}.")
    return sentences


def _what(line: Line, analysis: Analysis) -> str:
    """Return the change; of a drawn experiment, which has many, the name."""
    drawn = {one.name for one in analysis.search.tried} if analysis.search else set()
    name = line.experiment.name
    return name if name in drawn else str(line.experiment.trial["change"])


def _best(analysis: Analysis, best: Line) -> list[str]:
    if best.accuracy is None or len(analysis.lines) == 1:
        return []
    ties = analysis.ties
    sentences = [
        f"Best by validation: {best.experiment.name}, test accuracy {best.accuracy.value:.4f} "
        f"({interval(best.accuracy)}), at {_cost(best)}."
    ]
    if ties:
        sentences.append(f"No evidence that it differs from {_join(_names(ties), ', ')}.")
        # Few seeds tell hardly anything from the best, which does not make it as good.
        near = [line for line in ties if line.accuracy and line.accuracy.value >= best.accuracy.low]
        timed = [line for line in near if _hardware(line) == _hardware(best)]
        cheapest = min([best, *timed], key=lambda line: line.experiment.seconds)
        if cheapest is not best:
            scope = " not below its interval" * (len(near) < len(ties))
            scope += " on its hardware" * (len(timed) < len(near))
            sentences.append(
                f"The quickest of {'those' + scope if scope else 'these'} is "
                f"{cheapest.experiment.name}, at {_cost(cheapest)}."
            )
    return sentences


def _targets(analysis: Analysis) -> list[str]:
    sentences = []
    for target in analysis.targets:
        reached = [line for line in analysis.lines if (line.reached or 0) >= target]
        sentences.append(f"Target {target:g}: reached by {_list(reached, analysis.lines)}.")
    return sentences


def _training(analysis: Analysis) -> list[str]:
    kinds: dict[str, list[Line]] = {}
    for line in analysis.lines:
        if line.convergence and line.convergence.verdict != "too few epochs":
            kinds.setdefault(line.convergence.verdict.partition(" from ")[0], []).append(line)
    if not kinds:
        return []
    judged = [line for lines in kinds.values() for line in lines]
    parts = [f"{kind} for {_list(lines, judged)}" for kind, lines in sorted(kinds.items())]
    where = "" if len(judged) >= len(_ended(analysis.lines)) else ", where it can be judged,"
    return [f"Training{where} was {'; '.join(parts)}."]


def _sensitivity(analysis: Analysis) -> list[str]:
    """Say which differences as many seeds would find in another run, and which ones more would."""
    found = [(f"{100 * each.difference:.2g}", each.seeds) for each in analysis.sensitivity]
    if not found:
        return []
    (points, seeds), *more = found
    others = "".join(f", one of {points} with {seeds}" for points, seeds in more)
    return [
        f"A single true difference of {points} points or more would be found in about three of "
        f"four new runs with {seeds} seeds{others}."
    ]


def _cost(line: Line) -> str:
    parameters = line.experiment.on_first_hardware[0]["parameters"]
    seconds = f"{line.experiment.seconds:,.0f} s" if line.experiment.seconds >= 1 else "under 1 s"
    return f"{parameters:,} parameters and {seconds} a training"


def _hardware(line: Line) -> Any:
    return line.experiment.on_first_hardware[0].get("hardware")


def _list(lines: Sequence[Line], among: Sequence[Line]) -> str:
    """Name experiments, or where they are fewer those of the finished ones that are missing."""
    ended = _ended(among)
    missing = _names([line for line in ended if line not in lines])
    if len(ended) > 1 and len(missing) < len(lines):
        return "all but " + _join(missing, ", ") if missing else "all"
    return _join(_names(lines), ", ") or "none"


def _ended(lines: Sequence[Line]) -> list[Line]:
    return [
        line for line in lines if line.experiment.finished and not line.experiment.stopped_early
    ]


def _names(lines: Sequence[Line]) -> list[str]:
    return [line.experiment.name for line in lines]


def _join(parts: Sequence[str], separator: str) -> str:
    if len(parts) > MOST:
        parts = [*parts[: MOST - 1], f"and {len(parts) - MOST + 1} others"]
    return separator.join(parts)
