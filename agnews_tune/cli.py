"""The command line: parse, call the library, print; no logic of its own."""

from __future__ import annotations

import os
import shlex
import sys
import warnings
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from agnews_tune import __version__
from agnews_tune.errors import AgnewsTuneError, WriteError

if TYPE_CHECKING:
    from agnews_tune.encoding import EncodedCorpus
    from agnews_tune.hyperparameters import Preprocessing
    from agnews_tune.planning import Plan
    from agnews_tune.resources import Resources

RESULTS = Path("results")
FORMAT_NAMES = ("table", "json", "csv")


class _Commands(click.Group):
    """Turns errors into one message and exit code 2, and signals into the codes of shells."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        from agnews_tune.interrupts import Interrupted, interruptible

        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            try:
                with interruptible():
                    return super().invoke(ctx)
            except AgnewsTuneError as error:
                click.echo(f"error: {error}", err=True)
                ctx.exit(2)
            except Interrupted as stop:
                click.echo(f"stopped by {stop}", err=True)
                ctx.exit(stop.exit_code)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="agnews-tune")
def main() -> None:
    """Find out which change to a text-classification network helped, and by how much.

    \b
    Example:
      agnews-tune run grids/quickstart.yaml
      agnews-tune report results/
      agnews-tune predict "Stocks slide as oil prices hit a record"
    """


@main.command()
@click.argument("grid", type=click.Path(path_type=Path))
@click.option(
    "--data",
    metavar="SOURCE",
    help="Corpus in place of the grid's: ag_news, demo, hub:OWNER/NAME, a file or a folder.",
)
@click.option(
    "--gpus-per-trial",
    type=click.FloatRange(min=0),
    default=0,
    help="Share of a GPU for each trial, such as 0.25, or whole GPUs.  [default: 0, the CPU]",
)
@click.option(
    "--cpus-per-trial",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Cores for each trial.",
)
@click.option(
    "--max-concurrent", type=click.IntRange(min=1), help="Trials at the same time, at most."
)
@click.option(
    "--seeds", type=click.IntRange(min=1), help="How many seeds for each experiment: 0, 1, 2, ..."
)
@click.option(
    "--only",
    metavar="EXPERIMENT",
    multiple=True,
    help="Run this experiment alone; can be given more than once.",
)
@click.option("--epochs", type=click.IntRange(min=1), help="Epochs of every experiment.")
@click.option(
    "--limit-train",
    type=click.IntRange(min=1),
    metavar="ROWS",
    help="Use this many training rows, validation rows included.",
)
@click.option(
    "--results",
    type=click.Path(file_okay=False, path_type=Path),
    default=RESULTS,
    show_default=True,
    help="Folder of all runs; this one goes to RESULTS/<name of the grid>/.",
)
@click.option(
    "--address", help="Head node of a Ray cluster; without it the run stays on this machine."
)
@click.option(
    "--tensorboard",
    is_flag=True,
    help="Write curves for TensorBoard to RESULTS/<name of the grid>/tensorboard/.",
)
@click.option("--dry-run", is_flag=True, help="Print the plan and stop.")
def run(
    grid: Path,
    data: str | None,
    gpus_per_trial: float,
    cpus_per_trial: int,
    max_concurrent: int | None,
    seeds: int | None,
    only: tuple[str, ...],
    epochs: int | None,
    limit_train: int | None,
    results: Path,
    address: str | None,
    tensorboard: bool,
    dry_run: bool,
) -> None:
    """Train every experiment of the file GRID with every seed.

    Each trial leaves a record under RESULTS/<name of the grid>/; what is finished there is not
    trained again. The exit code is 1 if a trial failed.

    \b
    Example:
      agnews-tune run grids/report.yaml --gpus-per-trial 0.25
      agnews-tune run grids/report.yaml --data corpus/ --only gru-max --epochs 2
    """
    from agnews_tune import tuning
    from agnews_tune.grid_file import read_grid
    from agnews_tune.locking import locked
    from agnews_tune.plan_table import format_plan
    from agnews_tune.planning import plan_run
    from agnews_tune.resources import local_capacity, share

    chosen = read_grid(grid).with_overrides(
        source=data, limit_train=limit_train, seeds=seeds, epochs=epochs
    )
    plan = plan_run(chosen, results, only)
    corpora = plan.encode()
    if dry_run:
        reached = tuning.connect(address) if address else nullcontext(local_capacity())
        with reached as capacity:
            resources = share(capacity, cpus_per_trial, gpus_per_trial, max_concurrent)
        click.echo(format_plan(plan, corpora, resources))
        return
    with locked(plan.folder):
        plan = plan.renewed()
        if not plan.to_run:
            plan.write()
            click.echo(
                f"nothing to run: all {len(plan.trials)} trials are finished in {plan.folder}"
            )
            return
        with tuning.connect(address) as capacity:
            resources = share(capacity, cpus_per_trial, gpus_per_trial, max_concurrent)
            click.echo(format_plan(plan, corpora, resources))
            plan.write()
            failures = _train(plan, corpora, resources, tensorboard)
    click.echo(
        f"{len(plan.to_run) - len(failures)} of {len(plan.to_run)} trials finished; "
        f"see them with: agnews-tune report {plan.folder}"
    )
    for name, cause in failures.items():
        click.echo(f"failed: {name}: {cause}", err=True)
    if failures:
        sys.exit(1)


def _train(
    plan: Plan,
    corpora: Mapping[Preprocessing, EncodedCorpus],
    resources: Resources,
    tensorboard: bool,
) -> dict[str, str]:
    """Run a plan's trials under a live table; say how to go on where a signal ends them."""
    from rich.console import Console

    from agnews_tune import tuning
    from agnews_tune.progress import follow

    try:
        with follow(plan.to_run, Console(highlight=False)) as progress:
            return tuning.run(plan.to_run, corpora, resources, progress, tensorboard)
    except KeyboardInterrupt:
        again = shlex.join(["agnews-tune", *sys.argv[1:]])
        click.echo(f"go on from the last whole epochs with: {again}", err=True)
        raise


@main.command()
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
    type=click.Choice(("markdown", "csv", "json", "latex")),
    help="Print this form alone, and write no files.",
)
def report(results: tuple[Path, ...], columns: bool, errors: int, form: str | None) -> None:
    """Print what each run under RESULTS found, and draw its curves.

    RESULTS is the folder of all runs (results by default) or one run's folder; a run that is still
    under way is shown as far as it is. The page report.html and the curves, accuracy and loss as
    .png and .svg, go to the run's folder.

    Two folders of runs are put beside each other: what differs in their figures, and in what they
    were made with.

    \b
    Example:
      agnews-tune report results/
      agnews-tune report results/quickstart --errors 5
      agnews-tune report results/quickstart --format latex > table.tex
      agnews-tune report results/before results/after
    """
    from agnews_tune.finding import find_run, find_runs
    from agnews_tune.report import read_report, write_files
    from agnews_tune.report.comparison import compare_runs
    from agnews_tune.report.forms import FORMS, format_terminal, sections_for_terminal

    if len(results) > 1:
        first, second, *more = results
        if more or columns or errors or form:
            raise click.UsageError("two runs are compared at a time, without other options")
        sections = compare_runs(find_run(first), find_run(second))
        click.echo(sections_for_terminal(f"{first} and {second}", sections))
        return
    if errors and form == "csv":
        raise click.UsageError("--errors has no place in the CSV form; choose another one")
    reports = (read_report(run, errors) for run in find_runs(*(results or [RESULTS])))
    if form:
        click.echo(FORMS[form](list(reports)), nl=False)
        return
    for found in reports:
        click.echo(format_terminal(found, columns))
        try:
            names = [str(path.relative_to(found.run)) for path in write_files(found)]
            click.echo(f"written to {found.run}: {', '.join(names)}\n")
        except WriteError as error:
            click.echo(f"not written: {error}\n")


@main.command()
@click.argument("texts", nargs=-1)
@click.option(
    "--model",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Model folder in place of the best one under RESULTS.",
)
@click.option(
    "--results",
    type=click.Path(file_okay=False, path_type=Path),
    default=RESULTS,
    show_default=True,
    help="Where to look for the model with the best validation accuracy.",
)
@click.option(
    "--file",
    type=click.File("rb"),
    help="Read one text a line from this file; - is standard input.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMAT_NAMES),
    default="table",
    show_default=True,
    help="Form of the answers.",
)
def predict(
    texts: tuple[str, ...], model: Path | None, results: Path, file: BinaryIO | None, form: str
) -> None:
    """Print the class of each of TEXTS and the probability of every class.

    Without TEXTS, one text a line is read from --file or standard input.

    \b
    Example:
      agnews-tune predict "Stocks slide as oil prices hit a record"
      agnews-tune predict --file headlines.txt --format csv > answers.csv
    """
    from agnews_tune import predictions
    from agnews_tune.classifier import Classifier

    if texts and file:
        raise click.UsageError("give texts or --file, not both")
    if model:
        classifier = Classifier.load(model)
    else:
        record, classifier = predictions.load_best(results)
        click.echo(predictions.describe_model(record), err=True)
    lines: Iterable[bytes] = file or sys.stdin.buffer
    if texts:
        lines = map(os.fsencode, texts)
    answers = predictions.predict(classifier, predictions.decode_lines(lines))
    for line in predictions.FORMATS[form](answers, classifier.label_names_):
        click.echo(line)


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    click.echo(f"warning: {message}", err=True)
