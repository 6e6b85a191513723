"""The forms of a report: for the terminal, for documents, for papers and for other programs."""

from __future__ import annotations

import csv
import io
import json
import textwrap
from collections.abc import Callable, Sequence

from agnews_tune.printable import printable
from agnews_tune.report.analysis import Analysis
from agnews_tune.report.contents import Contents
from agnews_tune.report.document import WIDTH, Section, Table
from agnews_tune.report.figures import part_figures, rows_of
from agnews_tune.report.main_table import fitted_table, main_table
from agnews_tune.report.sections import describe_part


def format_terminal(report: Contents, all_columns: bool = False) -> str:
    """Return what a terminal shows, no wider than 100 columns unless all columns are wanted."""
    choose = main_table if all_columns else fitted_table
    return sections_for_terminal(str(report.run), _sections(report, choose))


def format_markdown(reports: Sequence[Contents]) -> str:
    """Return whole reports as GitHub's Markdown."""
    return "\n".join(
        sections_as_markdown(report.name, _sections(report, main_table)) for report in reports
    )


def format_latex(reports: Sequence[Contents]) -> str:
    """Return the tables for LaTeX's booktabs; what they are stands above them as a comment."""
    return "\n".join(
        f"% {report.name}, {' '.join(section.title.split())}\n{block.format('latex_booktabs')}\n"
        for report in reports
        for section in _sections(report, main_table)
        for block in section.blocks
        if isinstance(block, Table)
    )


def format_csv(reports: Sequence[Contents]) -> str:
    """Return one line an experiment, every figure in full; accuracies are fractions."""
    rows = [row for report in reports for row in rows_of(report)]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def format_json(reports: Sequence[Contents]) -> str:
    """Return a list with everything about each run, for other programs."""
    content = [
        {"run": report.name, "analyses": [part_figures(part) for part in report.parts]}
        for report in reports
    ]
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


FORMS = {
    "markdown": format_markdown,
    "csv": format_csv,
    "json": format_json,
    "latex": format_latex,
}


def sections_for_terminal(title: str, sections: Sequence[Section]) -> str:
    """Return sections as plain text; paragraphs are no wider than 100 columns."""
    parts = [f"=== {title} ==="]
    for section in sections:
        parts.append(f"--- {section.title} ---")
        parts += [
            block.wrapped().format("simple") if isinstance(block, Table) else _wrap(block)
            for block in section.blocks
        ]
    return printable("\n\n".join(parts) + "\n")


def sections_as_markdown(title: str, sections: Sequence[Section]) -> str:
    """Return sections as GitHub's Markdown; the lines of a paragraph stay apart."""
    parts = [f"# {title}"]
    for section in sections:
        parts.append(f"## {section.title}")
        parts += [
            _as_markdown(block) if isinstance(block, Table) else block.replace("\n", "  \n")
            for block in section.blocks
        ]
    return "\n\n".join(parts) + "\n"


def _as_markdown(table: Table) -> str:
    def escape(cells: Sequence[str]) -> list[str]:
        return [cell.replace("|", "\\|") for cell in cells]

    escaped = Table(escape(table.columns), [escape(row) for row in table.rows], table.left)
    return escaped.format("github")


def _sections(report: Contents, choose: Callable[[Analysis], Table]) -> list[Section]:
    return [
        section for part in report.parts for section in describe_part(part, choose(part.analysis))
    ]


def _wrap(text: str) -> str:
    return "\n".join(
        textwrap.fill(
            line.strip(),
            WIDTH,
            initial_indent=(indent := line[: len(line) - len(line.lstrip())]),
            subsequent_indent=indent,
            break_on_hyphens=False,
            break_long_words=False,
        )
        for line in text.splitlines()
    )
