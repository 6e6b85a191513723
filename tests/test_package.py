"""The architecture, as rules: who imports whom, and what a command must not load."""

import ast
from pathlib import Path

import pytest
from programs import loaded_after

import agnews_tune

PACKAGE = Path(agnews_tune.__file__).parent
RAY = ("cluster", "following", "halving", "sampling", "trials")
PATHS = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in PACKAGE.rglob("*.py")
    if path != PACKAGE / "__init__.py"
}


def own_imports(name: str) -> set[str]:
    """Return the modules of this package that a module imports, at its top or inside."""
    found = set()
    for node in ast.walk(ast.parse(PATHS[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("agnews_tune"):
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
            modules = [one.removeprefix("agnews_tune.") for one in whole]
            inside = (node.module or "").removeprefix("agnews_tune.")
            found |= {one if one in PATHS else inside for one in modules}
    return (found & PATHS.keys()) - {name}


def test_names_are_there_before_they_are_loaded() -> None:
    """A notebook completes them."""
    assert set(agnews_tune.__all__) <= set(dir(agnews_tune))


@pytest.mark.parametrize(
    ("code", "allowed"),
    [
        ("import agnews_tune", set()),
        ("import agnews_tune.cli", set()),
        ("import agnews_tune.grid.file", set()),
        ("import agnews_tune.records.reading, agnews_tune.records.writing", set()),
        ("import agnews_tune.report.pictures, agnews_tune.report.drawing", set()),
        ("import agnews_tune.report.page, agnews_tune.report.forms", {"numpy"}),
        ("import agnews_tune.corpus.loading", {"numpy"}),
        ("import agnews_tune.text.encoding", {"numpy"}),
        ("from agnews_tune import Classifier", {"numpy", "torch"}),
        ("import agnews_tune.runs.planning", {"numpy"}),
        ("import agnews_tune.runs.plan_table", {"numpy"}),
        ("import agnews_tune.predictions", set()),
        ("import agnews_tune.tuning", {"numpy", "pandas", "pyarrow", "ray", "rich"}),
        ("from agnews_tune import TensorBoard", set()),
    ],
)
def test_imports_stay_light(code: str, allowed: set[str]) -> None:
    """A module loads the heavy libraries that it owns, and no others."""
    assert loaded_after(code) <= allowed


@pytest.mark.parametrize("depth", [1, 2], ids=["folders", "modules"])
def test_imports_point_one_way(depth: int) -> None:
    """No module is imported, directly or not, by a module that it imports; nor is a folder."""
    imports = {name: own_imports(name) for name in PATHS}
    # Only for annotations: what trains names the Classifier that it is given.
    for name in ("training.callbacks", "training.loop", "fitting"):
        imports[name].remove("classifier")
    graph: dict[str, set[str]] = {}
    for name, found in imports.items():
        room = graph.setdefault(cut(name, depth), set())
        room |= {cut(other, depth) for other in found}
    order: list[str] = []
    while rest := graph.keys() - set(order):
        free = sorted(name for name in rest if graph[name] <= set(order) | {name})
        assert free, f"these import each other in a circle: {sorted(rest)}"
        order += free

    assert order[-1] == "cli"


def cut(name: str, depth: int) -> str:
    return ".".join(name.split(".")[:depth])


@pytest.mark.parametrize(
    ("library", "owners"),
    [
        ("ray", {f"tuning.{name}" for name in RAY}),
        ("datasets", {"corpus.hub"}),
        ("nltk", {"text.tokenizing"}),
        ("matplotlib", {"report.canvas", "report.panels", "report.search_picture"}),
        ("tensorboardX", {"training.tensorboard"}),
        ("scipy", {"training.linear", "report.statistics"}),
        ("sklearn", {"training.linear"}),
        ("bokeh", {"report.plots"}),
        ("jinja2", {"report.page"}),
    ],
)
def test_a_heavy_library_has_one_owner(library: str, owners: set[str]) -> None:
    """Only one module imports it, at its top or inside."""
    found = set()
    for module, path in PATHS.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            if any(name.split(".")[0] == library for name in names):
                found.add(module)

    assert owners == found


def test_network_knows_no_data_and_report_no_classifier() -> None:
    """Rooms that must stay apart."""
    networks, report = (
        {
            cut(other, 1)
            for name in PATHS
            if cut(name, 1) == folder
            for other in own_imports(name) - {folder}
        }
        for folder in ("networks", "report")
    )

    assert {"hyperparameters", "networks", "text"} == networks
    light = {"corpus", "errors", "files", "grid", "hyperparameters", "printable", "records"}
    assert light | {"report"} == report


def test_unknown_attribute_is_an_attribute_error() -> None:
    """The lazy package answers like any other module."""
    with pytest.raises(AttributeError, match="module 'agnews_tune' has no attribute 'Clasifier'"):
        agnews_tune.Clasifier  # noqa: B018
