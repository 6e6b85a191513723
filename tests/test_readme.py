"""The README and the pages of docs/ show what is there and what happens: trees, code, output."""

import ast
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner

from agnews_tune.cli import main
from agnews_tune.grid.file import read_grid
from agnews_tune.hyperparameters import Hyperparameters
from agnews_tune.report.forms import format_markdown
from agnews_tune.report.page import write_page
from agnews_tune.report.reading import read_report

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = {page.stem: page.read_text(encoding="utf-8") for page in (ROOT / "docs").glob("*.md")}
KEPT = ("reference", "beyond", "pretrained", "search-20k")


def block(start: str, page: str = README) -> str:
    """Return the first fenced block of a page that comes after some text."""
    found = re.search(rf"{re.escape(start)}.*?```\w+\n(.*?)```", page, re.DOTALL)
    assert found, f"there is no block after {start!r}"
    return found[1]


def session(command: str, page: str) -> str:
    """Return what a page prints under a command."""
    found = re.search(rf"\$ {re.escape(command)}\n(.*?)```", page, re.DOTALL)
    assert found, f"there is no {command!r}"
    return found[1]


def mask(output: str) -> list[str]:
    """Return the words without figures and folders: trials end in any order, paragraphs wrap."""
    output = re.sub(r"[^\s,:]*/results/", "results/", output)
    output = re.sub(r"(Sports|Business|World|Sci/Tech) +#", "class #", output)
    return sorted(re.sub(r"[-\s]+", " ", re.sub(r"[-+]?\d[\d,.:]*", "#", output)).split())


def run_demo(folder: Path) -> str:
    """Run what ``make demo`` runs and return what a terminal would show of it."""
    recipe = subprocess.run(
        ["make", "--dry-run", "--silent", "demo", f"VENV={Path(sys.executable).parents[1]}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    commands = [line for line in recipe.stdout.splitlines() if "agnews-tune" in line]
    shutil.copytree(ROOT / "grids", folder / "grids")
    shown = ""
    for command in commands:
        done = subprocess.run(
            ["/bin/sh", "-c", f"{command} 2>&1"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
        )
        shown += re.sub(r"^\S*agnews-tune", ".venv/bin/agnews-tune", command) + "\n" + done.stdout
    return shown


@pytest.mark.timeout(600)
def test_demo(tmp_path: Path) -> None:
    """`make demo` prints what the README shows, but for figures and the order of trials."""
    assert mask(block("<!-- demo -->")) == mask(run_demo(tmp_path))


def test_report_of_the_kept_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The docs show what the records under results/reference say, to the last figure."""
    shutil.copytree(ROOT / "results" / "reference", tmp_path / "results" / "reference")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["report", "results/reference"])

    assert (
        session("agnews-tune report results/reference", DOCS["report"])
        == result.output.rstrip("\n") + "\n"
    )


@pytest.mark.parametrize(
    ("run", "page"),
    [("reference", README), ("beyond", DOCS["beyond"]), ("pretrained", DOCS["beyond"])],
)
def test_tables_of_kept_runs(run: str, page: str) -> None:
    """The tables of the README and of docs/beyond.md are those of the records beside them."""
    table = report_table(run)
    shown = cells(page.partition(f"<!-- {run} -->")[2])
    columns = [table[0].index(name) for name in shown[0]]

    assert [[row[column] for column in columns] for row in table] == shown


def test_findings_that_are_quoted() -> None:
    """The README's quotation stands in the report of these records."""
    quoted = re.sub(r"\s*\n> ", " ", "\n" + "\n".join(re.findall(r"^> .*$", README, re.MULTILINE)))

    assert quoted.strip() in format_markdown([read_report(ROOT / "results" / "reference")])


def test_headline_figures() -> None:
    """The README's accuracies are those of the same records."""
    _heads, *shown = cells(README.partition("<!-- headline -->")[2])
    for grid, experiment, _what, accuracy in shown:
        heads, *rows = report_table("reference" if grid == "report" else grid)
        found = [dict(zip(heads, row, strict=True)) for row in rows]

        assert [accuracy] == [row["test acc"] for row in found if row["experiment"] == experiment]


@pytest.mark.parametrize("run", KEPT)
def test_pages_of_kept_runs(run: str, tmp_path: Path) -> None:
    """They were made from the records that lie beside them."""
    kept = ROOT / "results" / run
    shutil.copytree(kept, tmp_path / run)
    made = write_page(read_report(tmp_path / run))

    assert without_scripts(made) == without_scripts(kept / "report.html")


def without_scripts(page: Path) -> str:
    text = page.read_text(encoding="utf-8")
    return re.sub(r"<(script|style).*?</\1>", "", text, flags=re.DOTALL)


@cache
def report_table(run: str) -> list[list[str]]:
    """Return the rows of what the report says of a kept run, its heads first."""
    return cells(format_markdown([read_report(ROOT / "results" / run)]))


def cells(markdown: str) -> list[list[str]]:
    """Return the rows of the first table, its heads first."""
    lines = markdown.partition("\n|")[2].partition("\n\n")[0].splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [rows[0], *rows[2:]]


def test_python_example(tmp_path: Path) -> None:
    """The code runs as it stands there."""
    done = subprocess.run(
        [sys.executable, "-c", block("## In Python")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    assert "{'loss': " in done.stdout
    assert "['Business']" in done.stdout
    assert "('World', 'Sports', 'Business', 'Sci/Tech')" in done.stdout


@pytest.mark.timeout(600)
def test_commands_as_calls(tmp_path: Path) -> None:
    """That code runs too, where the grids are, and answers what it says."""
    shutil.copytree(ROOT / "grids", tmp_path / "grids")
    done = subprocess.run(
        [sys.executable, "-c", block("The three commands are calls too:")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    *_, first, second, third = done.stdout.splitlines()

    assert ["rnn-max", "None", "None"] == [*first.split()[:1], *first.split()[2:]]
    assert "gru-max" == second.split()[0]
    assert second.endswith(("better", "worse", "no evidence"))
    assert third.endswith("-max ['Business']")


def test_grid_example(tmp_path: Path) -> None:
    """The grid is one that can be read, and holds what the comments say."""
    path = tmp_path / "example.yaml"
    path.write_text(block("## A grid file"), encoding="utf-8")
    grid = read_grid(path)

    assert "cells" == grid.name
    assert (0, 1, 2) == grid.seeds
    assert (0.9, 0.95) == grid.targets
    assert ["rnn", "gru", "gru-mean"] == [item.name for item in grid.experiments[4:]]
    assert all(len(item.change) == 1 for item in grid.experiments if item.parent)


@pytest.mark.parametrize(
    ("start", "names"),
    [
        ("trained by scikit-learn", ["linear"]),
        ("## Learn from a better experiment", ["large", "small", "distilled"]),
    ],
)
def test_examples_of_experiments(start: str, names: list[str], tmp_path: Path) -> None:
    """With a source they are grids."""
    path = tmp_path / "example.yaml"
    path.write_text("data: demo\n" + block(start, DOCS["grids"]), encoding="utf-8")

    assert names == [item.name for item in read_grid(path).experiments]


def test_search_example(tmp_path: Path) -> None:
    """The section fits the grid above it."""
    path = tmp_path / "example.yaml"
    search = block("## Search where a grid is too coarse", DOCS["grids"])
    path.write_text(block("## A grid file") + "\n" + search, encoding="utf-8")
    grid = read_grid(path)

    assert grid.search is not None
    assert ("gru", 16, 0, 1, 2) == (
        grid.search.parent,
        grid.search.samples,
        grid.search.seed,
        grid.search.grace_period,
        grid.search.reduction_factor,
    )
    assert ["hidden_dim", "dropout", "pooling"] == list(grid.search.spaces)


@pytest.mark.parametrize(
    ("page", "command", "files"),
    [
        (
            README,
            "agnews-tune run broken.yaml",
            {
                "broken.yaml": "data: demo\n\nexperiments:\n  rnn: {cel: rnn}\n"
                "  deep: {num_layers: three}\n"
            },
        ),
        (
            DOCS["data"],
            "agnews-tune run grids/quickstart.yaml --data tickets.csv",
            {
                "tickets.csv": "text,label\nthe server is down,urgent\n,calm\n"
                "no login since nine,please help,urgent\nthanks for the help,calm\n",
                "grids/quickstart.yaml": (ROOT / "grids/quickstart.yaml").read_text(),
            },
        ),
    ],
)
def test_errors(
    page: str,
    command: str,
    files: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The errors shown are those that come."""
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, command.split()[1:])

    assert (2, session(command, page)) == (result.exit_code, result.output)


def test_hyperparameters() -> None:
    """The table names every hyperparameter and its default."""
    rows = re.findall(r"^\| (`.*?) \| .* \| (.*?) \|$", DOCS["grids"], re.MULTILINE)
    shown = {}
    for names, defaults in rows:
        values = defaults.strip("`").split(", ")
        shown |= dict(zip(re.findall(r"`(\w+)`", names), values, strict=True))
    expected = Hyperparameters().to_dict()

    assert {name: str(value).lower() for name, value in expected.items()} == shown


def test_options() -> None:
    """Every option that these pages name is one of the program's."""
    known = {
        option
        for command in main.commands.values()
        for item in command.params
        for option in item.opts
    } | {"--head", "--address", "--logdir"}  # of `ray start` and `tensorboard`

    pages = "\n".join([README, *(DOCS[name] for name in ("data", "grids", "report", "runs"))])
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", pages)) <= known


def test_tree() -> None:
    """Every file of the project has its line with a comment, and no other file has."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    on_disk = {
        name
        for name in listed.stdout.splitlines()
        if not name.startswith("results/") and (ROOT / name).exists()
    }
    tests = {name for name in on_disk if name.startswith("tests/test_")}
    comments = {
        path: comment
        for path, comment in tree("<!-- tree -->", DOCS["files"]).items()
        if not path.endswith("/")
    }

    assert all(comments.values()), comments
    assert on_disk - tests == comments.keys() - tests


def tree(start: str, page: str) -> dict[str, str]:
    """Return the comment of each line of a tree by its path, in the tree's order."""
    parents: list[str] = []
    comments = {}
    for line in block(start, page).splitlines():
        name, comment = re.split(r"\s{2,}|$", line.strip(), maxsplit=1)
        parents[(len(line) - len(line.lstrip())) // 2 :] = [name]
        comments["".join(parents)] = comment
    return comments


def test_folders() -> None:
    """The README's tree has every folder of the package, said as in the tree of all files."""
    shown = tree("## Where things are", README)
    files = tree("<!-- tree -->", DOCS["files"])
    folders = {path for path in files if re.fullmatch(r"agnews_tune/\w+/", path)}

    assert folders <= shown.keys()
    assert [item for item in files.items() if item[0] in shown] == list(shown.items())


def test_links() -> None:
    """Every link to a file or a heading of the project leads to one."""
    for folder, page in [(ROOT, README), *((ROOT / "docs", text) for text in DOCS.values())]:
        for link in re.findall(r"\]\((?!https?:)(.*?)\)", page):
            name, _, heading = link.partition("#")
            target = folder / name

            assert target.exists(), link
            if heading:
                text = target.read_text(encoding="utf-8") if name else page
                heads = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
                assert heading in {
                    re.sub(r"[^\w -]", "", head).lower().replace(" ", "-") for head in heads
                }


def test_tree_is_in_the_order_of_imports() -> None:
    """A module stands below those that it imports at its top; a folder's __init__ stands first."""
    paths = tree("<!-- tree -->", DOCS["files"])
    rest = [path for path in paths if re.match(r"agnews_tune/.*(?<!__init__)\.py$", path)]
    while rest:
        path = rest.pop(0)
        for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ImportFrom):
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
                imported = {name.replace(".", "/") + ".py" for name in names}
                assert not imported & set(rest), path


def test_test_files() -> None:
    """A test file has the name of the module that it tests, or its line in the tree."""
    package = ROOT / "agnews_tune"
    paths = [path.relative_to(package).with_suffix("") for path in package.rglob("*.py")]
    modules = {"_".join(path.parts).removesuffix("___init__") for path in paths}
    tests = {path.stem.removeprefix("test_") for path in (ROOT / "tests").glob("test_*.py")}

    assert {"benchmarks", "package", "readme"} == tests - modules
