"""A pretraining that was done before is taken over, where nothing that decides it is another."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import Stop, fit

from agnews_tune import BackupAndRestore, Classifier
from agnews_tune.history import Callback, Logs
from agnews_tune.hyperparameters import Hyperparameters
from agnews_tune.pretraining_cache import KIND, WEIGHTS, ReusePretraining
from agnews_tune.text import EncodedTexts, Tokenizer, build_vocabulary, encode

SETTINGS = {"pretrain_epochs": 3, "learning_rate": 0.01, "bidirectional": True}
LATER = [
    {"pooling": "mean+attention"},
    {"linear_layers": 2, "dropout": 0.4},
    {"num_layers": 2, "word_dropout": 0.2, "locked_dropout": 0.2},
    {"bigram_buckets": 9, "label_smoothing": 0.1},
    {"epochs": 2, "layer_decay": 0.5, "ema_decay": 0.9, "adversarial_norm": 1},
]
DECISIVE = [
    {"seed": 1},
    {"cell": "rnn"},
    {"embedding_dim": 5},
    {"hidden_dim": 5},
    {"bidirectional": False},
    {"embedding_std": 0.5},
    {"mask_padding": False},
    {"pretrain_epochs": 2},
    {"batch_size": 3},
    {"learning_rate": 0.02},
    {"weight_decay": 0.1},
    {"schedule": "linear"},
    {"warmup": 0.5},
    {"clip_norm": 0.1},
]


class CountPretraining(Callback):
    """Counts the epochs of pretraining that are done, not taken over."""

    def __init__(self) -> None:
        self.epochs = 0

    def on_pretrain_epoch_end(self, epoch: int, logs: Logs) -> None:  # noqa: ARG002
        self.epochs += 1


def encoded(*texts: str) -> EncodedTexts:
    tokenizer = Tokenizer(Hyperparameters(min_count=0).preprocessing)
    return encode(texts, build_vocabulary(texts, tokenizer), tokenizer)


TEXTS = encoded("a cup of tea", "monday shares")


def count(*callbacks: Callback, texts: EncodedTexts = TEXTS, **values: Any) -> int:
    counted = CountPretraining()
    fit(*callbacks, ReusePretraining(texts), counted, **SETTINGS | values)
    return counted.epochs


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("AGNEWS_TUNE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def assert_same(expected: Classifier, received: Classifier) -> None:
    assert expected.pretraining_.history["loss"] == received.pretraining_.history["loss"]
    weights = received.network_.state_dict()
    for name, tensor in expected.network_.state_dict().items():
        assert torch.equal(tensor, weights[name]), name


@pytest.mark.parametrize("later", LATER)
def test_what_comes_after_may_differ(later: dict[str, Any]) -> None:
    """No epoch is done again, and every weight is that of a fit without the cache."""
    assert 3 == count()
    assert 0 == count(**later)
    assert_same(fit(**SETTINGS | later), fit(ReusePretraining(TEXTS), **SETTINGS | later))


@pytest.mark.parametrize("decisive", DECISIVE)
def test_what_decides_it_may_not(decisive: dict[str, Any]) -> None:
    """Each of these is another pretraining."""
    count()

    assert decisive.get("pretrain_epochs", 3) == count(**decisive)


def test_texts_decide_it() -> None:
    """As few as one word, or where a text ends."""
    count()

    assert 3 == count(texts=encoded("a cup of tea", "monday tea"))
    assert 3 == count(texts=encoded("a cup of", "tea monday shares"))


def test_all_layers_of_one_direction() -> None:
    """A language model of one direction trains the layers above the first too."""
    deep = {"bidirectional": False, "num_layers": 2}
    count(**deep)

    assert 0 == count(**deep, pooling="mean")
    assert 3 == count(**deep | {"num_layers": 1})


def test_damage_is_pretrained_again(cache: Path) -> None:
    """An entry whose weights changed is none, and is made anew."""
    count()
    (path,) = cache.glob(f"{KIND}/*/{WEIGHTS}")
    path.write_bytes(path.read_bytes()[:-4] + b"1234")

    assert 3 == count()
    assert 0 == count()


def test_cache_that_cannot_be_written(cache: Path) -> None:
    """Pretraining then is as without it."""
    cache.write_text("no folder")

    assert 3 == count()
    assert 3 == count()


def test_beside_a_backup(tmp_path: Path) -> None:
    """Half a pretraining is replaced by a whole one of another fit; a whole one stays."""
    first, second = (BackupAndRestore(tmp_path / name) for name in ("first", "second"))

    class StopPretraining(Callback):
        def on_pretrain_epoch_end(self, epoch: int, logs: Logs) -> None:  # noqa: ARG002
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        count(first, StopPretraining())
    assert 3 == count()
    with pytest.raises(KeyboardInterrupt):
        count(second, Stop(2))

    for backup in (first, second):
        received = fit(backup, ReusePretraining(TEXTS), StopPretraining(), **SETTINGS)
        assert_same(fit(**SETTINGS), received)


def test_without_pretraining(cache: Path) -> None:
    """There is nothing to keep."""
    count(pretrain_epochs=0)

    assert not cache.exists()
