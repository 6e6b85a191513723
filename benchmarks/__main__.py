"""The command: ``python -m benchmarks``, or ``make bench``."""

from __future__ import annotations

import json
import sys
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import torch

from agnews_tune.environment import describe_environment
from agnews_tune.errors import AgnewsTuneError
from benchmarks.commands import CommandError
from benchmarks.figures import Figure, format_table
from benchmarks.growth import Curve, describe
from benchmarks.parts import PARTS, Setting


@click.command(context_settings={"show_default": True})
@click.option("--data", default="ag_news", help="Corpus, as for agnews-tune run.")
@click.option("--quick", is_flag=True, help="Fewer networks, rows and rounds: under 3 minutes.")
@click.option(
    "--only", type=click.Choice(list(PARTS)), multiple=True, help="Measure this part alone."
)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write the table as performance.json, and a picture of the curves, here.",
)
def main(data: str, quick: bool, only: tuple[str, ...], output: Path | None) -> None:
    """Measure how fast this program is beside other ways to do the same work."""
    torch.set_num_threads(1)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    names = only or [name for name, part in PARTS.items() if part.quick or not quick]
    source = str(Path(data).resolve()) if Path(data).exists() else data
    figures: list[Figure] = []
    curves: list[Curve] = []
    with TemporaryDirectory(prefix="agnews-tune-bench-") as folder:
        setting = Setting(source, device, quick, Path(folder).resolve())
        try:
            for found in chain.from_iterable(PARTS[name].measure(setting) for name in names):
                curves += [found] if isinstance(found, Curve) else []
                figures.append(describe(found) if isinstance(found, Curve) else found)
                click.echo("  ".join(filter(None, figures[-1].row())), err=True)
        except (AgnewsTuneError, CommandError) as error:
            click.echo(f"error: {error}", err=True)
            sys.exit(2)
    click.echo(format_table(figures))
    if output:
        _write(output, data, device, figures, curves)


def _write(
    output: Path, data: str, device: torch.device, figures: list[Figure], curves: list[Curve]
) -> None:
    output.mkdir(parents=True, exist_ok=True)
    content: dict[str, Any] = {
        "data": Path(data).name,
        **describe_environment(device),
        "figures": [figure.to_dict() for figure in figures],
        "curves": [curve.to_dict() for curve in curves],
    }
    path = output / "performance.json"
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    if curves:
        from benchmarks.pictures import draw

        draw(curves, output / "growth.png")


if __name__ == "__main__":
    main()
