"""The architecture, as rules: who imports whom, and what a command must not load."""

import ast
from pathlib import Path

import pytest
from programs import loaded_after

import agnews_tune

PACKAGE = Path(agnews_tune.__file__).parent


def own_imports(path: Path) -> set[str]:
    """Return the modules of this package that a module imports, at its top or inside."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("agnews_tune."):
            found.add(node.module.removeprefix("agnews_tune.").split(".")[0])
        if isinstance(node, ast.ImportFrom) and node.module == "agnews_tune":
            found |= {alias.name for alias in node.names}
    return found - {"__version__", path.stem}


@pytest.mark.parametrize(
    ("code", "allowed"),
    [
        ("import agnews_tune", set()),
        ("import agnews_tune.cli", set()),
        ("import agnews_tune.grid_file", set()),
        ("import agnews_tune.records", set()),
        ("import agnews_tune.report.pictures, agnews_tune.report.drawing", set()),
        ("import agnews_tune.report.page, agnews_tune.report.forms", {"numpy"}),
        ("import agnews_tune.corpus", {"numpy"}),
        ("import agnews_tune.text", {"numpy"}),
        ("from agnews_tune import Classifier", {"numpy", "torch"}),
        ("import agnews_tune.planning", {"numpy"}),
        ("import agnews_tune.plan_table", {"numpy"}),
        ("import agnews_tune.predictions", set()),
        ("import agnews_tune.tuning", {"numpy", "pandas", "pyarrow", "ray", "rich"}),
        ("from agnews_tune import TensorBoard", set()),
    ],
)
def test_imports_stay_light(code: str, allowed: set[str]) -> None:
    """A module loads the heavy libraries that it owns, and no others."""
    assert loaded_after(code) <= allowed


def test_imports_point_one_way() -> None:
    """No module is imported, directly or not, by a module that it imports."""
    graph = {path.stem: own_imports(path) for path in PACKAGE.glob("*.py")}
    for name in ("tuning", "report", "cli"):
        graph[name] = set().union(*(own_imports(path) for path in PACKAGE.glob(f"{name}/*.py")))
        graph[name].discard(name)
    # Only for annotations: a callback and the training loop name the Classifier they are given.
    graph["history"].discard("classifier")
    graph["training"].discard("classifier")
    graph["fitting"].discard("classifier")
    del graph["__init__"]
    order: list[str] = []
    while rest := graph.keys() - set(order):
        free = sorted(name for name in rest if graph[name] <= set(order) | {name})
        assert free, f"these import each other in a circle: {sorted(rest)}"
        order += free

    assert "cli" == order[-1]


@pytest.mark.parametrize(
    ("library", "owners"),
    [
        ("ray", {"cluster", "following", "halving", "sampling", "trials"}),
        ("datasets", {"hub"}),
        ("nltk", {"tokenizing"}),
        ("matplotlib", {"canvas", "panels", "search_picture"}),
        ("tensorboardX", {"tensorboard"}),
        ("scipy", {"linear_training", "statistics"}),
        ("sklearn", {"linear_training"}),
        ("bokeh", {"plots"}),
        ("jinja2", {"page"}),
    ],
)
def test_a_heavy_library_has_one_owner(library: str, owners: set[str]) -> None:
    """Only one module imports it, at its top or inside."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            if any(name.split(".")[0] == library for name in names):
                found.add(path.stem)

    assert owners == found


def test_network_knows_no_data_and_report_no_classifier() -> None:
    """Rooms that must stay apart."""
    report = set().union(*(own_imports(path) for path in PACKAGE.glob("report/*.py")))

    assert {"directions", "distinct_words", "hyperparameters", "pooling"} == own_imports(
        PACKAGE / "recurrent_network.py"
    )
    light = {"corpus", "errors", "files", "grid", "grid_file", "hyperparameters", "printable"}
    assert light | {"records", "report", "search"} >= report


def test_unknown_attribute_is_an_attribute_error() -> None:
    """The lazy package answers like any other module."""
    with pytest.raises(AttributeError, match="module 'agnews_tune' has no attribute 'Clasifier'"):
        agnews_tune.Clasifier  # noqa: B018
