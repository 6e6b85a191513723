"""An analysis as the sections of a report that people read, whatever form they get."""

from __future__ import annotations

from collections.abc import Sequence

from agnews_tune.hyperparameters import format_value
from agnews_tune.report.analysis import Analysis
from agnews_tune.report.contents import Part
from agnews_tune.report.document import Block, Section, Table, interval, points, probability
from agnews_tune.report.findings import write_findings
from agnews_tune.report.main_table import explain, meanings_for
from agnews_tune.report.mistakes import HardRow, Mistakes

SEARCH_NOTES = (
    "correlation: of the value with the validation accuracy of the drawn experiment, by ranks "
    "(Spearman); p: of the accuracy not going with the value (by permutation; for words of Kruskal "
    "and Wallis's H), adjusted for all rows (Holm). What was stopped early counts with the "
    "accuracy that it had reached, so that what learns fast is favoured."
)


def describe_part(part: Part, table: Table) -> list[Section]:
    """Return all sections about the experiments that saw the same data.

    Args:
        part: what is known of them.
        table: the main table, or as much of it as is to be shown.
    """
    analysis = part.analysis
    notes = "\n".join(explain(table, meanings_for(analysis)))
    main = Section(f"data: {analysis.summary.description}", [table, notes])
    findings = Section("Findings", list(write_findings(analysis)))
    found = [findings, *describe_search(analysis)]
    return [main, *(section for section in found if section.blocks), *describe_details(part)]


def describe_search(analysis: Analysis) -> list[Section]:
    """Return the section about a search; none where there was no search."""
    found = analysis.search
    if found is None:
        return []
    best = found.best
    stopped = sum(one.stopped for one in found.tried)
    ended = "among those that came to their end"
    among = "so far, when none has come to its end" if best.stopped else ended
    rows = [
        [
            influence.hyperparameter,
            influence.space.describe(),
            format_value(best.values[influence.hyperparameter]),
            "" if influence.correlation is None else f"{influence.correlation:+.2f}",
            "" if influence.p is None else probability(influence.p),
        ]
        for influence in found.influences
    ]
    left = ("hyperparameter", "drawn from", "best")
    return [
        Section(
            "Search",
            [
                f"{found.finished} of {found.drawn} drawn experiments are finished, {stopped} of "
                f"them stopped early as weaker than others. Best by validation {among}: "
                f"{best.name}, {best.accuracy:.4f}.",
                Table(["hyperparameter", "drawn from", "best", "correlation", "p"], rows, left),
                SEARCH_NOTES,
            ],
        )
    ]


def describe_details(part: Part) -> list[Section]:
    """Return the sections below the findings; those without content are left out."""
    analysis = part.analysis
    sections = [
        Section("Effects", _effects(analysis)),
        Section("Ensembles", _ensembles(analysis)),
        Section("Failed", _failures(analysis)),
        *(_mistakes(part.mistakes) if part.mistakes else []),
    ]
    return [section for section in sections if section.blocks]


def _mistakes(mistakes: Mistakes) -> list[Section]:
    names = [figures.name for figures in mistakes.classes]
    classes = Table(
        ["class", "precision", "recall", "F1", "rows"],
        [
            [
                figures.name,
                *map(_share, (figures.precision, figures.recall, figures.f1)),
                f"{figures.rows:,}",
            ]
            for figures in mistakes.classes
        ],
        ("class",),
    )
    confusion = Table(
        ["class", *names],
        [
            [name, *(f"{count:,}" for count in counts)]
            for name, counts in zip(names, mistakes.confusion, strict=True)
        ],
        ("class",),
    )
    count = mistakes.all_wrong_count
    return [
        Section(
            f"Classes, as {mistakes.model} tells them apart",
            [classes, "How many rows of each class it took for which class:", confusion],
        ),
        Section(f"Rows that every model gets wrong ({count:,} in all)", _rows(mistakes.all_wrong)),
        Section("Rows on which the models disagree most", _rows(mistakes.disputed)),
    ]


def _effects(analysis: Analysis) -> list[Block]:
    rows = [
        [
            effect.hyperparameter,
            f"{format_value(effect.before)} to {format_value(effect.after)}",
            str(len(effect.pairs)),
            points(effect.gain.estimate),
            probability(effect.gain.adjusted),
            effect.gain.verdict,
        ]
        for effect in analysis.effects
    ]
    if not rows:
        return []
    left = ("hyperparameter", "from, to", "verdict")
    return [
        Table(["hyperparameter", "from, to", "pairs", "gain", "p", "verdict"], rows, left),
        "gain: mean difference in points of test accuracy over all pairs of experiments that "
        "differ in this alone, with the 95 % interval; p is adjusted for all rows (Holm). Of "
        "experiments with one seed both are about their models, not about other seeds.",
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


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


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
