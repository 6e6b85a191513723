"""agnews-tune predict: texts -> their classes."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import click

from agnews_tune.cli.defaults import results_option

FORM_NAMES = ("table", "json", "csv")


@click.command()
@click.argument("texts", nargs=-1)
@click.option(
    "--model",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of a model, or of the trial that left it, in place of the best one under RESULTS.",
)
@results_option(
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
    type=click.Choice(FORM_NAMES),
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

    if texts and file:
        raise click.UsageError("give texts or --file, not both")
    if not texts and not file and sys.stdin is None:
        raise click.UsageError("give texts or --file: there is no standard input")
    if model:
        from agnews_tune.classifier import Classifier
        from agnews_tune.records.layout import has_record, model_folder

        classifier = Classifier.load(model_folder(model) if has_record(model) else model)
    else:
        record, classifier = predictions.load_best_model(results)
        click.echo(predictions.describe_model(record), err=True)
    lines: Iterable[bytes] = map(os.fsencode, texts) if texts else file or sys.stdin.buffer
    answers = predictions.predict(classifier, predictions.decode_lines(lines))
    for line in predictions.FORMATS[form](answers, classifier.label_names_):
        click.echo(line)
