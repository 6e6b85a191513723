"""A saved model comes back to the last bit; a damaged or hostile one is refused."""

import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from conftest import Poison
from programs import run_python
from safetensors.torch import load_file, save_file

from agnews_tune import Classifier, __version__
from agnews_tune.errors import RecordError, WriteError
from agnews_tune.sealed import file_digest, seal

FILES = ("config.json", "vocabulary.txt", "weights.safetensors")
TEXTS = ["the striker scored twice", "shares of unknown words", ""]


@pytest.fixture
def folder(tiny_model: Classifier, tmp_path: Path) -> Path:
    tiny_model.save(tmp_path / "model")
    return tmp_path / "model"


def message_of(folder: Path) -> str:
    with pytest.raises(RecordError) as caught:
        Classifier.load(folder)
    return str(caught.value)


def edit_config(folder: Path, **changes: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(seal(json.loads(path.read_text()) | changes)))


def test_model_comes_back_to_the_last_bit(tiny_model: Classifier, folder: Path) -> None:
    """Weights, vocabulary, label names, settings and predictions are equal."""
    loaded = Classifier.load(folder, device="cpu")
    weights = loaded.network_.state_dict()

    assert set(FILES) == {path.name for path in folder.iterdir()}
    assert tiny_model.hyperparameters == loaded.hyperparameters
    assert tiny_model.seed == loaded.seed
    assert tiny_model.label_names_ == loaded.label_names_
    assert tiny_model.vocabulary_ == loaded.vocabulary_
    assert list(tiny_model.network_.state_dict()) == list(weights)
    for name, tensor in tiny_model.network_.state_dict().items():
        assert torch.equal(tensor, weights[name])
    np.testing.assert_array_equal(tiny_model.predict(TEXTS), loaded.predict(TEXTS))


def test_linear_model_comes_back_to_the_last_bit(tmp_path: Path) -> None:
    """Its pairs and weights too; it predicts without the library that trained it."""
    model = Classifier(model="linear", min_count=0, device="cpu")
    model.fit(["the cup was won", "shares fell on monday"] * 4, ["Sports", "Business"] * 4)
    model.save(tmp_path / "linear")
    program = (
        "import sys\n"
        "from agnews_tune import Classifier\n"
        "model = Classifier.load(sys.argv[1], device='cpu')\n"
        f"print(model.predict({TEXTS}).tolist())\n"
        "print('sklearn' in sys.modules)\n"
    )
    expected = f"{model.predict(TEXTS).tolist()}\nFalse\n"

    assert expected == run_python(program, tmp_path / "linear").stdout


def test_network_of_all_parts_comes_back_to_the_last_bit(tmp_path: Path) -> None:
    """Layers of their own, vectors of pairs and attention are saved too."""
    model = Classifier(
        cell="lstm",
        num_layers=3,
        bidirectional=True,
        locked_dropout=0.2,
        pooling="max+attention",
        bigram_buckets=9,
        hidden_dim=3,
        embedding_dim=3,
        min_count=0,
        device="cpu",
    )
    model.fit(["the cup was won", "shares fell on monday"] * 4, ["Sports", "Business"] * 4)
    model.save(tmp_path)

    np.testing.assert_array_equal(model.predict(TEXTS), Classifier.load(tmp_path).predict(TEXTS))


KINDS = [
    {"model": "linear"},
    {"cell": "gru", "bidirectional": True, "bigram_buckets": 9, "hidden_dim": 8},
]


@pytest.mark.parametrize("values", KINDS)
def test_half_precision_rounds_what_is_on_disk(values: dict[str, object], tmp_path: Path) -> None:
    """It takes half of the bytes; what comes back has float32 weights again, rounded once."""
    model = Classifier(min_count=0, device="cpu", **values)
    model.fit(["the cup was won", "shares fell on monday"] * 4, ["Sports", "Business"] * 4)
    model.save(tmp_path / "whole")
    model.save(tmp_path / "half", half_precision=True)
    loaded = Classifier.load(tmp_path / "half", device="cpu")
    weights, rounded = model.network_.state_dict(), loaded.network_.state_dict()
    numbers = {name: weight for name, weight in weights.items() if weight.is_floating_point()}
    whole, half = ((tmp_path / name / FILES[2]).stat().st_size for name in ("whole", "half"))

    assert whole - half == pytest.approx(2 * sum(map(torch.numel, numbers.values())), abs=64)
    assert {name: weight.dtype for name, weight in weights.items()} == {
        name: weight.dtype for name, weight in rounded.items()
    }
    for name, weight in weights.items():
        expected = weight.half().float() if name in numbers else weight
        assert torch.equal(expected, rounded[name])
    np.testing.assert_allclose(model.predict(TEXTS), loaded.predict(TEXTS), atol=2e-3)


def test_weight_that_is_too_large_for_half_precision(folder: Path) -> None:
    """It would become infinite: nothing is written, and what is there stays."""
    model = Classifier.load(folder, device="cpu")
    with torch.no_grad():
        model.network_.head[1].bias[:2] = torch.tensor([-70_000.0, torch.inf])
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(WriteError) as caught:
        model.save(folder, half_precision=True)

    assert (
        f"{folder} cannot be saved in half precision: head.1.bias has a weight beyond 65504, the "
        "largest; save it without half_precision"
    ) == str(caught.value)
    assert before == {path.name: path.read_bytes() for path in folder.iterdir()}


def test_linear_weights_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    """Each pair must have its weights."""
    model = Classifier(model="linear", min_count=0, device="cpu")
    model.fit(["the cup was won", "shares fell on monday"] * 4, ["Sports", "Business"] * 4)
    model.save(tmp_path)
    path = tmp_path / "weights.safetensors"
    weights = load_file(path)
    words, features = len(model.vocabulary_), len(weights["idf"])
    save_file(weights | {"pairs": weights["pairs"][:1]}, path)

    assert message_of(tmp_path) == (
        f"{path}: the weights do not fit config.json: idf must have shape ({words + 1},); "
        f"received ({features},); save the model again"
    )


def test_loading_draws_no_random_numbers(folder: Path) -> None:
    """The numbers that a user draws after a seed do not depend on a model loaded in between."""
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    Classifier.load(folder)

    assert torch.equal(expected, torch.rand(3))


def test_model_does_not_change_with_its_file(folder: Path) -> None:
    """A model in use predicts as before when its file is overwritten in place."""
    loaded = Classifier.load(folder)
    expected = loaded.predict(TEXTS)
    path = folder / "weights.safetensors"
    with path.open("r+b") as file:
        file.write(bytes(path.stat().st_size))

    np.testing.assert_array_equal(expected, loaded.predict(TEXTS))


def test_model_can_be_saved_over_another(folder: Path) -> None:
    """The later model replaces the earlier one, whole."""
    other = Classifier(cell="gru", hidden_dim=3, embedding_dim=5, min_count=0, seed=7)
    other.fit(["größer", "small"] * 4, ["ja", "no"] * 4, epochs=1, verbose=0)
    other.save(folder)
    loaded = Classifier.load(folder)

    assert (7, ("ja", "no"), "gru") == (
        loaded.seed,
        loaded.label_names_,
        loaded.hyperparameters.cell,
    )
    np.testing.assert_array_equal(other.predict(["größer"]), loaded.predict(["größer"]))


def test_config_can_be_read_by_people(tiny_model: Classifier, folder: Path) -> None:
    """It says what the model is and which version saved it."""
    expected = {
        "format": 1,
        "agnews_tune": __version__,
        "hyperparameters": tiny_model.hyperparameters.to_dict(),
        "seed": 0,
        "label_names": ["Business", "Sci/Tech", "Sports"],
        "files": {name: file_digest(folder / name) for name in FILES[1:]},
    }

    assert seal(expected) == json.loads((folder / "config.json").read_text(encoding="utf-8"))


@pytest.mark.fault("damage")
@pytest.mark.parametrize("name", FILES)
def test_missing_file_is_named(folder: Path, name: str) -> None:
    """A folder without one of the files is no model folder."""
    (folder / name).unlink()

    assert message_of(folder) == (
        f"{folder}: not a model folder, it has no {name}; "
        "expected a folder that Classifier.save or 'agnews-tune run' wrote"
    )


def test_missing_folder_is_named(tmp_path: Path) -> None:
    """A path with nothing behind it is no model folder either."""
    assert message_of(tmp_path / "gone") == (
        f"{tmp_path / 'gone'}: not a model folder, it has no config.json; "
        "expected a folder that Classifier.save or 'agnews-tune run' wrote"
    )


@pytest.mark.fault("damage")
@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"label_names": 3}, "TypeError: 'int' object is not iterable"),
        ({"hyperparameters": 3}, "AttributeError: 'int' object has no attribute 'items'"),
        ({"seed": "x"}, "ValueError: invalid literal for int() with base 10: 'x'"),
    ],
)
def test_unfit_config_is_named(folder: Path, change: dict[str, object], fault: str) -> None:
    """A config that no model can have is an error with its path and its fault."""
    edit_config(folder, **change)
    path = folder / "config.json"

    assert f"{path}: damaged model config ({fault}); save the model again" == message_of(folder)


@pytest.mark.fault("damage")
def test_changed_config_is_named(folder: Path) -> None:
    """A config whose checksum does not match is not trusted."""
    path = folder / "config.json"
    path.write_text(path.read_text().replace('"Sports"', '"Sport"'))

    assert message_of(folder) == (
        f"{path}: damaged model config (its checksum does not match: it was changed after it was "
        "written); save the model again"
    )


@pytest.mark.fault("damage")
@pytest.mark.parametrize(
    ("name", "kind"), [("vocabulary.txt", "vocabulary"), ("weights.safetensors", "weights")]
)
def test_changed_file_is_named(folder: Path, name: str, kind: str) -> None:
    """One bit in a word or in a weight is enough."""
    content = bytearray((folder / name).read_bytes())
    content[-2] ^= 1
    (folder / name).write_bytes(content)

    assert message_of(folder) == (
        f"{folder / name}: damaged {kind} (its checksum does not match the one in config.json); "
        "save the model again"
    )


@pytest.mark.fault("stranger")
@pytest.mark.parametrize("name", ["vocabulary.txt", "weights.safetensors"])
def test_file_larger_than_the_memory_is_not_read(folder: Path, name: str) -> None:
    """A file of 10 TB that takes no room on the disk is refused by its size."""
    os.truncate(folder / name, 10**13)
    memory = psutil.virtual_memory().total

    assert message_of(folder) == (
        f"{folder / name}: it has 10,000,000,000,000 bytes, and this machine has a memory of "
        f"{memory:,}; load the model on a larger machine"
    )


@pytest.mark.fault("stranger")
@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "hyperparameters",
    [{"hidden_dim": 10_000_000}, {"embedding_dim": 10_000_000}, {"num_layers": 1000}],
)
def test_huge_network_is_refused_before_memory_is_taken(
    folder: Path, hyperparameters: dict[str, int]
) -> None:
    """A small file that says it belongs to a network of terabytes is compared by shapes alone."""
    edit_config(folder, hyperparameters={"min_count": 0} | hyperparameters)

    assert "the weights do not fit config.json: " in message_of(folder)


def test_unfit_hyperparameters_are_named(folder: Path) -> None:
    """A config with a value that no network can have says which one."""
    edit_config(folder, hyperparameters={"cell": "cnn", "hidden_dim": 4})

    assert message_of(folder) == (
        f"{folder / 'config.json'}: cell must be one of 'rnn', 'gru', 'lstm'; received 'cnn' "
        "(did you mean 'rnn'?); save the model again"
    )


def test_other_formats_are_refused(folder: Path) -> None:
    """A model of another version of the format is named as such."""
    edit_config(folder, format=2)

    assert message_of(folder) == (
        f"{folder / 'config.json'}: model format must be 1; received 2; "
        f"this is agnews-tune {__version__}, the model was saved by another version"
    )


@pytest.mark.fault("damage")
def test_damaged_vocabulary_is_named(folder: Path) -> None:
    """A vocabulary that is cut off is refused, not used in part."""
    path = folder / "vocabulary.txt"
    path.write_text("<pad>\n<unk>\n")

    assert message_of(folder) == (
        f"{path}: damaged vocabulary: expected <pad>, <unk>, <bos>, <eos> as the first four lines; "
        "received '<pad>', '<unk>'; save the model again"
    )


@pytest.mark.fault("damage")
@pytest.mark.parametrize("size", [0, 7, 100, -1])
def test_damaged_weights_are_named(folder: Path, size: int) -> None:
    """Weights that are cut off anywhere are refused; the library's own words are shown."""
    path = folder / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(RecordError) as caught:
        Classifier.load(folder)

    assert str(caught.value) == (
        f"{path}: damaged weights ({caught.value.__cause__}); save the model again"
    )


@pytest.mark.fault("stranger")
@pytest.mark.parametrize("write", [pickle.dump, torch.save])
def test_pickle_is_never_executed(folder: Path, tmp_path: Path, write: Callable[..., None]) -> None:
    """A pickle in place of the weights is refused, and the code in it does not run."""
    path, marker = folder / "weights.safetensors", tmp_path / "marker"
    with path.open("wb") as file:
        write(Poison(marker), file)
    message = message_of(folder)

    assert message.startswith(f"{path}: damaged weights (")
    assert not marker.exists()
    with path.open("rb") as file:
        torch.load(file, weights_only=False) if write is torch.save else pickle.load(file)
    assert marker.exists()  # it was poison indeed


@pytest.mark.fault("damage")
@pytest.mark.parametrize(
    ("name", "tensor", "expected"),
    [
        ("embedding.weight", torch.zeros(3, 4), "shape (27, 4); received (3, 4)"),
        ("embedding.weight", None, "shape (27, 4); received None"),
        ("zzz", torch.zeros(2), "shape None; received (2,)"),
    ],
)
def test_weights_of_another_network_are_refused(
    folder: Path, name: str, tensor: torch.Tensor | None, expected: str
) -> None:
    """Names and shapes must be those of the network that the config describes."""
    path = folder / "weights.safetensors"
    weights = load_file(path)
    weights.pop(name, None)
    save_file(weights | ({} if tensor is None else {name: tensor}), path)

    assert message_of(folder) == (
        f"{path}: the weights do not fit config.json: {name} must have {expected}; "
        "save the model again"
    )


@pytest.mark.fault("damage")
def test_config_of_another_network_is_refused(folder: Path) -> None:
    """The first weights that differ are named."""
    edit_config(folder, hyperparameters={"hidden_dim": 5, "embedding_dim": 4, "min_count": 0})

    assert message_of(folder) == (
        f"{folder / 'weights.safetensors'}: the weights do not fit config.json: head.1.bias must "
        "have shape (5,); received (4,); save the model again"
    )


@pytest.mark.fault("disk")
def test_failed_save_leaves_nothing_temporary(tiny_model: Classifier, folder: Path) -> None:
    """Where a file cannot be replaced the error comes through, and no part of it stays."""
    (folder / "weights.safetensors").unlink()
    (folder / "weights.safetensors").mkdir()
    with pytest.raises(WriteError) as caught:
        tiny_model.save(folder)

    assert (
        f"{folder / 'weights.safetensors'} cannot be written: Is a directory; choose another folder"
    ) == str(caught.value)
    assert set(FILES) == {path.name for path in folder.iterdir()}
