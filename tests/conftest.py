"""What several test files share: made records and a small fitted Classifier."""

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy.stats import norm

from agnews_tune.grid.file import read_grid
from agnews_tune.hyperparameters import Hyperparameters
from agnews_tune.records import layout, reading, writing
from agnews_tune.report.analysis import Analysis, analyze
from agnews_tune.report.outcomes import Outcomes
from agnews_tune.report.summary import DataSummary, summarize
from agnews_tune.training.callbacks import Callback, Logs

if TYPE_CHECKING:
    from agnews_tune import Classifier

# More threads than free cores wait for each other: on a busy machine seconds became minutes.
os.environ.setdefault("OMP_NUM_THREADS", "1")

WriteRecord = Callable[..., Path]
RecordProperty = Callable[[str, object], None]

ROWS = 2500
LABELS = np.arange(ROWS) % 2
DATA = {
    "name": "tickets.csv",
    "fingerprint": "0123456789abcdef",
    "label_names": ["calm", "urgent"],
    "train_rows": 9000,
    "validation_rows": 1000,
    "test_rows": ROWS,
}
RESULT = {
    "validation_accuracy": 0.81,
    "validation_loss": 0.51,
    "test_accuracy": 0.8,
    "test_loss": 0.52,
    "test_accuracy_last": 0.79,
    "test_loss_last": 0.53,
    "best_epoch": 2,
    "epochs": 2,
    "parameters": 12345,
    "seconds": 3.0,
}


AG_NEWS = Path(__file__).parents[2] / "shared" / "ag_news"
needs_ag_news = pytest.mark.skipif(
    not AG_NEWS.is_dir(), reason="../shared/ag_news, the optional folder of real data, is missing"
)

PUBLISHED_GRID = Path(__file__).parents[1] / "grids" / "report.yaml"
MATRIX = """
matrix:
  cell: [gru, lstm]
  pooling: [max, mean, last]
  hidden_dim: [128, 384, 512]
  dropout: [0.2, 0.3, 0.5]
"""


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("gpu"):
        import torch

        if not torch.cuda.is_available():
            pytest.skip("no CUDA device")


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Leave the cache of whoever runs the tests alone."""
    os.environ["AGNEWS_TUNE_CACHE"] = str(tmp_path_factory.mktemp("cache"))


def make_history(epochs: int, shift: float = 0.0) -> list[dict[str, float]]:
    return [
        {
            "epoch": epoch,
            "loss": 1 / epoch + shift,
            "accuracy": 0.95 - 0.4 / epoch - shift,
            "val_loss": 1.2 / epoch + 0.05 * epoch + shift,
            "val_accuracy": 0.9 - 0.3 / epoch - shift,
            "learning_rate": 0.001,
            "seconds": 1.5,
        }
        for epoch in range(1, epochs + 1)
    ]


def simulate_right(
    random: np.random.Generator,
    accuracies: Sequence[float],
    seeds: int,
    rows: int = 7600,
    seed_deviation: float = 0.0023,
) -> list[Any]:
    """Simulate which test rows the seeds of some experiments get right, ``(seeds, rows)`` each.

    Rows are hard or easy for all, each experiment has its own taste, and so has each seed: at the
    default two seeds answer 5 % of the rows differently, two experiments 8 %, and the test
    accuracies of seeds have a standard deviation of 0.3 points.

    Args:
        random: draws them.
        accuracies: the true mean accuracy of each experiment.
        seeds: of each experiment.
        rows: of the test set.
        seed_deviation: standard deviation of the true accuracy of seeds.
    """
    hard = random.normal(0, 3, rows)
    simulated = []
    for accuracy in accuracies:
        taste = hard + random.normal(0, 1, rows)
        true = random.normal(accuracy, seed_deviation, (seeds, 1))
        simulated.append(taste + random.normal(0, 1, (seeds, rows)) < norm.ppf(true) * 11**0.5)
    return simulated


def outcomes_of(right: Sequence[Any]) -> dict[int, Outcomes]:
    """Return outcomes of two classes in which every label is 0, from ``(seeds, rows)`` each."""
    return {
        position: Outcomes(
            [],
            np.stack([trials, ~trials], axis=2).astype(np.float16),
            np.zeros(trials.shape[1], int),
        )
        for position, trials in enumerate(right)
    }


def make_training(epochs: int, skill: float, random: np.random.Generator) -> list[dict[str, float]]:
    """Return a history in which validation follows train, then falls behind it."""
    return [
        {
            "epoch": epoch,
            "loss": 0.1 + 0.6 * np.exp(-0.7 * epoch) + random.normal(0, 0.003),
            "accuracy": skill + 0.06 - 0.2 * np.exp(-0.7 * epoch) + random.normal(0, 0.001),
            "val_loss": 1.1 - skill + 0.4 * np.exp(-epoch) + 0.012 * max(0, epoch - 2),
            "val_accuracy": skill + 0.01 - 0.15 * np.exp(-epoch) + random.normal(0, 0.002),
            "learning_rate": 0.001,
            "seconds": random.uniform(90, 110),
        }
        for epoch in range(1, epochs + 1)
    ]


def write_run(run: Path, experiments: int = 4, seeds: int = 1, rows: int = 200) -> Path:
    """Write a finished run of up to 68 experiments: the published ones, then those of a matrix.

    Models err alike, as real ones do: some test rows are hard for all of them.
    """
    writing.write_grid(run, PUBLISHED_GRID.read_text(encoding="utf-8") + MATRIX)
    grid = read_grid(layout.grid_path(run))
    chosen = sorted(grid.experiments, key=lambda experiment: not experiment.published)
    grid = replace(grid, experiments=tuple(chosen[:experiments]), seeds=tuple(range(seeds)))
    writing.write_grid(run, grid.to_yaml())
    random = np.random.default_rng(0)
    labels, hardness = random.integers(0, 4, rows), random.random(rows)
    names = ["World", "Sports", "Business", "Sci/Tech"]
    for position, trial in enumerate(grid.trials()):
        experiment, folder = trial.experiment, run / trial.name
        skill = 0.89 + 0.008 * (position % experiments % 5) + random.normal(0, 0.002)
        right = hardness + random.normal(0, 0.02, rows) < skill
        surest = random.uniform(0.55, 0.99, (rows, 1))
        probabilities = random.dirichlet([1, 1, 1, 1], rows) * (1 - surest)
        probabilities[range(rows), np.where(right, labels, (labels + 1) % 4)] += surest[:, 0]
        history = make_training(experiment.hyperparameters.epochs, skill, random)
        best = max(history, key=lambda row: row["val_accuracy"])
        description = {
            "experiment": experiment.name,
            "parent": experiment.parent,
            "change": experiment.describe_change(),
            "published": experiment.published,
            "hyperparameters": experiment.hyperparameters.to_dict(),
            "seed": trial.seed,
            "data": DATA | {"name": "news", "label_names": names, "test_rows": rows},
            "position": position,
            "key": "made",
        }
        result = {
            "validation_accuracy": best["val_accuracy"],
            "validation_loss": best["val_loss"],
            "test_accuracy": right.mean(),
            "test_accuracy_last": right.mean(),
            "best_epoch": int(best["epoch"]),
            "epochs": len(history),
            "parameters": 1_877_252 + 10_000 * position,
            "seconds": sum(row["seconds"] for row in history),
        }
        writing.write_trial(folder, description)
        writing.write_history(folder, "made", history)
        writing.write_predictions(folder, probabilities, labels)
        writing.write_result(folder, "made", RESULT | result)
    return run


def write_search(run: Path) -> Path:
    """Write the run of a search: hidden_dim goes with the accuracy, dropout does not.

    Of seven draws two are still to come; two of the others were stopped early. All draws have two
    layers.
    """
    run.mkdir(parents=True, exist_ok=True)
    writing.write_grid(
        run,
        "data: demo\ndefaults: {epochs: 4}\nexperiments: {base: }\n"
        "search:\n  parent: base\n  samples: 7\n"
        "  hidden_dim: {from: 8, to: 64, log: true}\n  dropout: {from: 0.0, to: 0.5}\n"
        "  pooling: [max, mean]\n  num_layers: [2, 3]\n",
    )
    grid = read_grid(layout.grid_path(run))
    drawn = [
        (8, 0.3, "max", 0.50, 1),
        (16, 0.1, "max", 0.60, 2),
        (24, 0.5, "mean", 0.70, 4),
        (32, 0.2, "mean", 0.80, 4),
        (48, 0.4, "mean", 0.90, 4),
    ]
    names = ("hidden_dim", "dropout", "pooling")
    draws = [dict(zip(names, values, strict=False)) | {"num_layers": 2} for values in drawn]
    figures = [(0.75, 4), *(values[3:] for values in drawn)]
    trials = grid.with_drawn(draws).trials()
    for position, (trial, (accuracy, epochs)) in enumerate(zip(trials, figures, strict=True)):
        experiment, folder = trial.experiment, run / trial.name
        description = {
            "experiment": experiment.name,
            "parent": experiment.parent,
            "change": experiment.describe_change(),
            "published": {},
            "hyperparameters": experiment.hyperparameters.to_dict(),
            "seed": 0,
            "data": DATA | {"test_rows": 100},
            "position": position,
            "key": "made",
        }
        result = {"validation_accuracy": accuracy, "epochs": epochs, "stopped_early": epochs < 4}
        right = np.arange(100) < 100 * accuracy
        writing.write_trial(folder, description)
        writing.write_history(folder, "made", make_history(epochs))
        writing.write_predictions(folder, np.stack([right, ~right], axis=1), LABELS[:100] * 0)
        writing.write_result(folder, "made", RESULT | result | {"test_accuracy": right.mean()})
    return run


def summary_of(run: Path) -> DataSummary:
    """Return the summary of a run whose trials are all on the same data."""
    (summary,) = summarize(reading.read_run(run))
    return summary


def analysis_of(run: Path, targets: tuple[float, ...] = ()) -> Analysis:
    return analyze(summary_of(run), targets)


@pytest.fixture
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """An empty disk of 600 kB, at a path short enough for the sockets of Ray."""
    with tempfile.TemporaryDirectory(prefix="small disk ") as name:
        mount = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", name]
        if subprocess.run(mount, capture_output=True, check=False).returncode:
            pytest.skip("a disk of our own takes the rights to mount one")
        yield Path(name)
        subprocess.run(["umount", "--lazy", name], check=True)


def fill(disk: Path) -> None:
    """Leave no room on a small disk."""
    with pytest.raises(OSError, match="No space left on device"):
        (disk / "full").write_bytes(bytes(1_000_000))


class Stop(Callback):
    """Interrupts training when an epoch begins; 0 is the first."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def on_epoch_begin(self, epoch: int) -> None:
        if epoch == self.epoch:
            raise KeyboardInterrupt


class StopPretraining(Callback):
    """Interrupts training after an epoch of pretraining; 0 is the first."""

    def __init__(self, epoch: int = 0) -> None:
        self.epoch = epoch

    def on_pretrain_epoch_end(self, epoch: int, logs: Logs) -> None:  # noqa: ARG002
        if epoch == self.epoch:
            raise KeyboardInterrupt


def assert_same_fit(expected: "Classifier", received: "Classifier") -> None:
    """Check losses and weights of two pretrained fits, to the last bit."""
    import torch

    assert expected.pretraining_.history["loss"] == received.pretraining_.history["loss"]
    assert expected.history_.history["val_loss"] == received.history_.history["val_loss"]
    weights = received.network_.state_dict()
    for name, tensor in expected.network_.state_dict().items():
        assert torch.equal(tensor, weights[name]), name


def fit(
    *callbacks: Callback,
    cell: str = "gru",
    epochs: int = 4,
    validation_split: float = 0.25,
    **hyperparameters: Any,
) -> "Classifier":
    """Fit a small Classifier on 32 texts of two classes."""
    from agnews_tune import Classifier

    texts = ["the cup was won", "shares fell on monday", "a cup of tea", "monday shares"] * 8
    small = {"hidden_dim": 4, "embedding_dim": 4, "min_count": 0, "batch_size": 4}
    model = Classifier(cell=cell, epochs=epochs, **small | hyperparameters, device="cpu")
    options = {"validation_split": validation_split, "verbose": 0}
    model.fit(texts, ["Sports", "Business"] * 16, callbacks=callbacks, **options)
    return model


class Poison:
    """Makes a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[..., None], tuple[Path]]:
        return Path.touch, (self.marker,)


def whole_bytes(run: Path) -> dict[Path, bytes]:
    """Read what a run has for good: the files of finished trials and the rows of whole epochs."""
    kept = {path: path.read_bytes() for path in run.glob("*/history.csv")}
    for result in run.glob("*/result.json"):
        kept |= {path: path.read_bytes() for path in result.parent.rglob("*") if path.is_file()}
    return kept


def bytes_lost(before: dict[Path, bytes]) -> int:
    """Count the bytes of those files that are gone or changed; more rows may follow."""
    return sum(
        len(content)
        for path, content in before.items()
        if not (path.exists() and path.read_bytes().startswith(content))
    )


def assert_same_training(expected: Path, received: Path) -> None:
    """Compare two finished trials, times apart: history, figures, predictions and weights."""
    from safetensors.numpy import load_file

    records_of = [reading.read_trial(folder) for folder in (expected, received)]
    for record in records_of:
        assert record.result
        for figures in (*record.history, record.result):
            for name in ("seconds", "finished", "checksum"):
                figures.pop(name, None)
    assert records_of[0].history == records_of[1].history
    assert records_of[0].result == records_of[1].result
    for name, read in (("test_predictions.npz", np.load), ("model/weights.safetensors", load_file)):
        arrays = [read(folder / name) for folder in (expected, received)]
        assert set(arrays[0]) == set(arrays[1])
        for key in arrays[0]:
            np.testing.assert_array_equal(arrays[0][key], arrays[1][key])


def answer(right: Any, labels: Any, classes: int = 2) -> tuple[Any, Any]:
    """Return predictions that are right for these rows, and the labels; surer in later rows."""
    labels, rows = np.asarray(labels), np.arange(len(labels))
    answers = np.where(right, labels, (labels + 1) % classes)
    sure = np.linspace(0.6, 0.9, len(rows))
    probabilities = np.repeat((1 - sure)[:, np.newaxis] / (classes - 1), classes, axis=1)
    probabilities[rows, answers] = sure
    return probabilities, labels


@pytest.fixture
def write_record() -> WriteRecord:
    """Write a made record, finished unless ``result`` is None, after the others of its run."""

    def write(
        run: Path,
        experiment: str,
        seed: int = 0,
        *,
        history: list[dict[str, float]] | None = None,
        result: dict[str, Any] | None = RESULT,
        predictions: tuple[Any, Any] | None = None,
        **trial: Any,
    ) -> Path:
        folder = run / f"{experiment}-seed{seed}"
        description = {
            "experiment": experiment,
            "parent": None,
            "change": "baseline",
            "published": {},
            "hyperparameters": Hyperparameters(epochs=2).to_dict(),
            "seed": seed,
            "data": DATA,
            "position": len(list(run.glob("*/trial.json"))),
            "key": "made",
        }
        writing.write_trial(folder, description | trial)
        key = (description | trial)["key"]
        rows = make_history(2) if history is None else history
        writing.write_history(folder, key, rows)
        if predictions is not None:
            writing.write_predictions(folder, *predictions)
        if result is not None:
            writing.write_result(folder, key, RESULT | {"epochs": len(rows)} | result)
        return folder

    return write


@pytest.fixture(scope="session")
def tiny_model() -> "Classifier":
    """A Classifier of three classes, fitted on a dozen texts; tests only read it."""
    from agnews_tune import Classifier

    texts = [
        "the striker scored twice",
        "shares fell on monday",
        "a probe reached the comet",
        "the keeper saved a penalty",
        "the bank raised its rates",
        "engineers built a faster chip",
    ] * 2
    labels = ["Sports", "Business", "Sci/Tech"] * 4
    model = Classifier(hidden_dim=4, embedding_dim=4, min_count=0, epochs=1, device="cpu")
    model.fit(texts, labels, verbose=0)
    return model
