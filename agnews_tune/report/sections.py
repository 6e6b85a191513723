"""An analysis as the sections of a report that people read, whatever form they get."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from agnews_tune.grid import format_value
from agnews_tune.report.analysis import Analysis
from agnews_tune.report.findings import write_findings
from agnews_tune.report.mistakes import HardRow, Mistakes
from agnews_tune.report.table import ONE_SEED, Table, explain, interval, points

Block = str | Table


@dataclass(frozen=True)
class Section:
    """A title and what stands below it: paragraphs and tables."""

    title: str
    blocks: list[Block] = field(default_factory=list)


def describe_analysis(analysis: Analysis, mistakes: Mistakes | None, table: Table) -> list[Section]:
    """Return all sections of an analysis; those without content are left out.

    Args:
        analysis: of the experiments that saw the same data.
        mistakes: of the best model, where they were asked for.
        table: the main table, or the part of it that is to be shown.
    """
    main = Section(
        f"data: {analysis.summary.description}", [table, "\n".join(explain(table, analysis))]
    )
    return [main, *describe_answers(analysis), *(describe_mistakes(mistakes) if mistakes else [])]


def describe_answers(analysis: Analysis) -> list[Section]:
    """Return the sections below the main table."""
    sections = [
        Section("Findings", list(write_findings(analysis))),
        Section("Effects", _effects(analysis)),
        Section("Ensembles", _ensembles(analysis)),
        Section("Failed", _failures(analysis)),
    ]
    return [section for section in sections if any(section.blocks)]


def describe_mistakes(mistakes: Mistakes) -> list[Section]:
    """Return the sections about the errors of the best model and of all models."""
    names = [figures.name for figures in mistakes.classes]
    classes = Table(
        ["class", "precision", "recall", "F1", "rows", *(f"said {name}" for name in names)],
        [
            [
                figures.name,
                *(f"{value:.4f}" for value in (figures.precision, figures.recall, figures.f1)),
                f"{figures.rows:,}",
                *(f"{count:,}" for count in counts),
            ]
            for figures, counts in zip(mistakes.classes, mistakes.confusion, strict=True)
        ],
        ("class",),
    )
    count = mistakes.all_wrong_count
    sections = [
        Section(f"Classes, as {mistakes.model} tells them apart", [classes]),
        Section(f"Rows that every model gets wrong ({count:,} in all)", _rows(mistakes.all_wrong)),
        Section("Rows on which the models disagree most", _rows(mistakes.disputed)),
    ]
    return [section for section in sections if section.blocks]


def _effects(analysis: Analysis) -> list[Block]:
    rows = [
        [
            effect.hyperparameter,
            f"{format_value(effect.before)} to {format_value(effect.after)}",
            str(len(effect.pairs)),
            points(effect.gain.estimate),
            f"{effect.gain.adjusted:.2g}",
            effect.gain.verdict,
        ]
        for effect in analysis.effects
    ]
    if not rows:
        return []
    left = ("hyperparameter", "from, to", "verdict")
    notes = [
        "gain: mean difference in points of test accuracy over all pairs of experiments that "
        "differ in this alone, with the 95 % interval; p is adjusted for all rows (Holm)."
    ]
    if analysis.single_seeds:
        notes.append(ONE_SEED)
    return [
        Table(["hyperparameter", "from, to", "pairs", "gain", "p", "verdict"], rows, left),
        "\n".join(notes),
    ]


def _ensembles(analysis: Analysis) -> list[Block]:
    rows = [
        [
            ensemble.name,
            str(ensemble.members),
            f"{ensemble.accuracy.value:.4f}",
            interval(ensemble.accuracy),
            points(ensemble.gain),
        ]
        for ensemble in analysis.ensembles
    ]
    if not rows:
        return []
    return [
        Table(["mean of", "models", "test acc", "test 95 %", "vs its models"], rows, ("mean of",)),
        "vs its models: points of test accuracy above the mean of the models themselves; intervals "
        "are over test rows.",
    ]


def _failures(analysis: Analysis) -> list[Block]:
    return [
        f"failed: {record.folder.name}: {record.failure}"
        for line in analysis.lines
        for record in line.experiment.failed
    ]


def _rows(rows: Sequence[HardRow]) -> list[Block]:
    return [
        "\n".join(
            [
                f"row {row.row:,}, labelled {row.label}"
                + ("" if row.text is None else f": {row.text}"),
                *(f"    {answer}: {', '.join(names)}" for answer, names in row.answers.items()),
            ]
        )
        for row in rows
    ]
