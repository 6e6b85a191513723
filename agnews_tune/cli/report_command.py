"""agnews-tune report: records -> tables, pictures and a page."""

from __future__ import annotations

from pathlib import Path

import click

from agnews_tune.cli.defaults import RESULTS
from agnews_tune.errors import WriteError

FORM_NAMES = ("markdown", "csv", "json", "latex")


@click.command()
@click.argument("results", nargs=-1, type=click.Path(file_okay=False, path_type=Path))
@click.option("--columns", is_flag=True, help="Print all columns, however wide the table is.")
@click.option(
    "--errors",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="Add what the best model confuses, the N rows that every model gets wrong, and "
    "the N on which models disagree most.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORM_NAMES),
    help="Print this form alone, and write no files.",
)
def report(results: tuple[Path, ...], columns: bool, errors: int, form: str | None) -> None:
    """Print what each run under RESULTS found, and draw its curves.

    RESULTS is the folder of all runs (results by default) or one run's folder; a run that is still
    under way is shown as far as it is. The page report.html and the pictures, accuracy, loss and
    search as .png and .svg, go to the run's folder.

    Two folders of runs are put beside each other: what differs in their figures, and in what they
    were made with.

    \b
    Example:
      agnews-tune report results/
      agnews-tune report results/quickstart --errors 5
      agnews-tune report results/quickstart --format latex > table.tex
      agnews-tune report results/before results/after
    """
    from agnews_tune.records.finding import find_runs

    if len(results) > 1:
        first, second, *more = results
        if more:
            raise click.UsageError(f"two runs are compared at a time; received {len(results)}")
        given = {"--columns": columns, "--errors": errors, "--format": form}
        if options := [name for name, value in given.items() if value]:
            raise click.UsageError(
                f"two runs are compared as a table alone; received {', '.join(options)} too"
            )
        _compare(first, second)
        return
    if errors and form == "csv":
        raise click.UsageError("--errors has no place in the CSV form; choose another one")
    runs = find_runs(*(results or [RESULTS]))
    if form:
        _print(runs, errors, form)
    else:
        _report(runs, errors, columns)


def _compare(first: Path, second: Path) -> None:
    from agnews_tune.records.finding import find_run
    from agnews_tune.report.comparison import compare_runs
    from agnews_tune.report.forms import sections_for_terminal

    sections = compare_runs(find_run(first), find_run(second))
    click.echo(sections_for_terminal(f"{first} and {second}", sections))


def _print(runs: list[Path], errors: int, form: str) -> None:
    from agnews_tune.report.forms import FORMS
    from agnews_tune.report.reading import read_report

    click.echo(FORMS[form]([read_report(run, errors) for run in runs]), nl=False)


def _report(runs: list[Path], errors: int, columns: bool) -> None:
    from agnews_tune.report.drawing import drawing_beside
    from agnews_tune.report.pictures import start_curves, start_searches

    with drawing_beside() as draw:
        # Loaded while another process loads matplotlib.
        from agnews_tune.report.forms import format_terminal
        from agnews_tune.report.page import write_page
        from agnews_tune.report.reading import compare, read_summaries

        for run in runs:
            summaries = read_summaries(run)
            pictures = start_curves(run, summaries, draw)
            found = compare(run, summaries, errors)
            pictures += start_searches(found, draw)
            click.echo(format_terminal(found, columns))
            try:
                paths = [write_page(found), *(path for wait in pictures for path in wait())]
            except WriteError as error:
                click.echo(f"not written: {error}\n")
            else:
                names = ", ".join(str(path.relative_to(run)) for path in paths)
                click.echo(f"written to {run}: {names}\n")
