"""What several commands take: the results folder, and where it is if nobody says."""

from functools import partial
from pathlib import Path

import click

RESULTS = Path("results")

results_option = partial(
    click.option,
    "--results",
    type=click.Path(file_okay=False, path_type=Path),
    default=RESULTS,
    show_default=True,
)
