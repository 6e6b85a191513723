"""The benchmark measures what it says: every way does the same work, and the table adds up."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from agnews_tune.corpus import demo
from agnews_tune.corpus.loading import load_corpus
from agnews_tune.hyperparameters import Hyperparameters
from agnews_tune.networks.recurrent import CELLS, RecurrentNetwork
from agnews_tune.text.encoded_corpus import encode_corpus
from agnews_tune.training.batching import Batches
from benchmarks.figures import Figure, format_table
from benchmarks.growth import Curve, describe
from benchmarks.timing import Seconds, alternate, alternate_anew, ratio, timed
from benchmarks.ways import WAYS
from benchmarks.ways.plain_network import PlainNetwork
from benchmarks.workload import Workload

ROOT = Path(__file__).parent.parent
ROWS = 100


@pytest.fixture(scope="module")
def work() -> Workload:
    hyperparameters = Hyperparameters(embedding_dim=8, hidden_dim=8)
    corpus = load_corpus("demo", limit_train=1000)
    encoded = encode_corpus(corpus, hyperparameters.preprocessing)
    return Workload.of(corpus, encoded, hyperparameters, ROWS, torch.device("cpu"))


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Tensor, Tensor]]:
    """Return the word numbers and lengths of each batch that a network is given."""
    batches: list[tuple[Tensor, Tensor]] = []
    for network in (RecurrentNetwork, PlainNetwork):
        monkeypatch.setattr(network, "forward", _noting(network.forward, batches))
    return batches


def _noting(
    forward: Callable[..., Tensor], batches: list[tuple[Tensor, Tensor]]
) -> Callable[..., Tensor]:
    def note(network: nn.Module, ids: Tensor, lengths: Tensor) -> Tensor:
        batches.append((ids, lengths))
        return forward(network, ids, lengths)

    return note


@pytest.mark.parametrize("name", WAYS)
def test_a_pass_reads_every_row_once(
    work: Workload, seen: list[tuple[Tensor, Tensor]], name: str
) -> None:
    """All ways give the network the same words, in batches of the same size."""
    WAYS[name](work)()

    texts = [
        tuple(row[:n].tolist())
        for ids, lengths in seen
        for row, n in zip(ids, lengths, strict=True)
    ]
    wanted = torch.tensor(work.encoded.ids).split(work.encoded.lengths.tolist())
    assert sorted(tuple(text.tolist()) for text in wanted) == sorted(texts)
    assert [32, 32, 32, 4] == sorted((len(ids) for ids, _ in seen), reverse=True)


@pytest.mark.parametrize("cell", CELLS)
def test_networks_are_the_same(work: Workload, cell: str) -> None:
    """Given the same weights, the network of the other ways answers as that of ``fit``."""
    work = replace(work, hyperparameters=Hyperparameters(cell=cell, embedding_dim=8, hidden_dim=8))
    plain, own = PlainNetwork(work).eval(), work.build_network().eval()
    plain.load_state_dict(own.state_dict())
    for batch in Batches(work.encoded, work.device).by_length(1000):
        torch.testing.assert_close(plain(batch.ids, batch.lengths), own(batch.ids, batch.lengths))


def test_runs_take_turns() -> None:
    order: list[str] = []
    seconds = alternate({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, 3)

    assert ["a", "b"] * 3 == order
    assert {"a": 3, "b": 3} == {name: len(values) for name, values in seconds.items()}


def test_each_round_prepares_anew() -> None:
    """No run is timed with what another one had prepared, and none before all are ready."""
    order: list[str] = []

    def prepare(name: str) -> Callable[[], object]:
        order.append(f"prepare {name}")
        return lambda: order.append(name)

    seconds = alternate_anew({name: partial(prepare, name) for name in "ab"}, 2)

    assert ["prepare a", "prepare b"] * 2 == [entry for entry in order if "prepare" in entry]
    assert [{"a", "b"}] * 2 == [set(order[2:4]), set(order[6:8])]
    assert {"a": 2, "b": 2} == {name: len(values) for name, values in seconds.items()}


def test_a_run_may_count_in_part() -> None:
    """A number that it returns for another reason is not taken for its seconds."""
    assert 7.5 == timed(lambda: Seconds(7.5))
    assert timed(lambda: 7.5) < 7.5


def test_ratio_is_of_medians() -> None:
    assert 4.0 == ratio([9.0, 8.0, 1.0], [2.0, 1.0, 7.0])


@pytest.mark.parametrize(
    ("figure", "row"),
    [
        (Figure("a", 0.953, at_least=0.95), ("a", "0.95", ">= 0.95", "met", "")),
        (Figure("a", 0.94, at_least=0.95), ("a", "0.94", ">= 0.95", "missed", "")),
        (Figure("a", 0.9454, at_least=0.95), ("a", "0.945", ">= 0.95", "missed", "")),
        (Figure("a", 12.34, "s", at_most=10), ("a", "12.3 s", "<= 10.0 s", "missed", "")),
        (Figure("a", 1234.5, "MB", note="n"), ("a", "1,234 MB", "", "", "n")),
        (Figure("a", None, "s", at_most=3), ("a", "", "<= 3.00 s", "not measured", "")),
    ],
)
def test_a_figure_meets_its_target_or_not(figure: Figure, row: tuple[str, ...]) -> None:
    assert row == figure.row()


@pytest.mark.parametrize(
    ("seconds", "steepness"),
    [
        ({1: 1.0, 2: 2.0, 4: 4.0}, 1.0),
        ({1: 1.0, 2: 4.0, 4: 16.0}, 2.0),
        ({1: 9.0, 2: 10.0, 4: 10.0}, 0.5),  # there was something to pay once
    ],
)
def test_steepness_tells_linear_growth_from_faster(
    seconds: dict[int, float], steepness: float
) -> None:
    assert steepness == describe(Curve("c", "rows", seconds)).value


def test_command_prints_and_writes_one_table(tmp_path: Path) -> None:
    """One part, for real: a corpus in a file, read and encoded in processes of their own."""
    texts, labels = demo.generate()[0]
    rows = {"text": texts * 3, "label": [demo.LABEL_NAMES[label] for label in labels] * 3}
    pd.DataFrame(rows).to_csv(tmp_path / "rows.csv", index=False)
    command = [sys.executable, "-m", "benchmarks", "--quick", "--data", tmp_path / "rows.csv"]
    done = subprocess.run(
        [*command, "--only", "corpora", "--output", tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    written = json.loads((tmp_path / "performance.json").read_text(encoding="utf-8"))
    figures = [Figure.from_dict(item) for item in written["figures"]]
    assert format_table(figures) + "\n" == done.stdout
    assert ["corpus to word numbers, cold", "corpus to word numbers, cached"] == [
        figure.work for figure in figures
    ]
    assert all(figure.note == "24,000 texts, one core; 3 rounds" for figure in figures)
    assert figures[1].value < figures[0].value


def test_error_is_one_line(tmp_path: Path) -> None:
    """What this program says of its input, without a traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--data", tmp_path, "--only", "limit"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    message = f"error: folder {tmp_path} must hold one file train.*; received none\n"
    assert (2, "", message) == (done.returncode, done.stdout, done.stderr)


def test_documents_show_the_last_full_run() -> None:
    """The table in docs/performance.md is the one beside it in JSON."""
    written = json.loads((ROOT / "docs" / "performance.json").read_text(encoding="utf-8"))
    table = format_table([Figure.from_dict(item) for item in written["figures"]], "pipe")

    assert table in (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
