"""A pretraining that was done before is taken over, where nothing that decides it is another."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from conftest import Stop, StopPretraining, assert_same_fit, fit

from agnews_tune import BackupAndRestore
from agnews_tune.cache import making
from agnews_tune.hyperparameters import NAMES, Hyperparameters, Preprocessing
from agnews_tune.text.encoding import EncodedTexts, Tokenizer, build_vocabulary, encode
from agnews_tune.training.callbacks import Callback, Logs
from agnews_tune.training.pretraining_cache import KIND, WEIGHTS, ReusePretraining

SETTINGS = {"pretrain_epochs": 3, "learning_rate": 0.01, "bidirectional": True}
LATER = [
    {"pooling": "mean+attention"},
    {"linear_layers": 2, "dropout": 0.4},
    {"num_layers": 2, "word_dropout": 0.2, "locked_dropout": 0.2},
    {"bigram_buckets": 9, "label_smoothing": 0.1, "embedding_dropout": 0.2},
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
    {"pretrain_dropout": 0.5},
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


TEXTS = (encoded("a cup of tea", "monday shares"),)


def count(*callbacks: Callback, texts: tuple[EncodedTexts, ...] = TEXTS, **values: Any) -> int:
    counted = CountPretraining()
    with closing(ReusePretraining(texts, callbacks)) as reuse:
        fit(*callbacks, reuse, counted, **SETTINGS | values)
    return counted.epochs


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AGNEWS_TUNE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.parametrize("later", LATER)
def test_what_comes_after_may_differ(later: dict[str, Any]) -> None:
    """No epoch is done again, and every weight is that of a fit without the cache."""
    assert 3 == count()
    assert 0 == count(**later)
    assert_same_fit(fit(**SETTINGS | later), fit(ReusePretraining(TEXTS), **SETTINGS | later))


@pytest.mark.parametrize("decisive", DECISIVE)
def test_what_decides_it_may_not(decisive: dict[str, Any]) -> None:
    """Each of these is another pretraining."""
    count()

    assert decisive.get("pretrain_epochs", 3) == count(**decisive)


def test_each_hyperparameter_was_decided_on() -> None:
    """A new one belongs to one of these lists; those of the texts show in the texts."""
    listed = {name for values in (*LATER, *DECISIVE) for name in values} - {"seed"}

    assert set(NAMES) == listed | {"model", *Preprocessing._fields}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("agnews_tune.training.pretraining_cache.LANGUAGE_MODEL", 0),
        ("agnews_tune.training.pretraining_cache.__version__", "0.0.1"),
        ("torch.__version__", "2.0.0"),
        ("torch.get_num_threads", lambda: 77),
        ("agnews_tune.networks.language_model.SHARES", (4, 2)),
    ],
)
def test_versions_and_machine_decide_it(
    name: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program, or as many threads as sum in another order, gives other weights."""
    count()
    monkeypatch.setattr(name, value)

    assert 3 == count()


def test_texts_decide_it() -> None:
    """As few as one word, or where a text ends; and those that its losses are measured on."""
    count()
    other = encoded("a cup of tea", "monday tea")

    assert 3 == count(texts=(other,))
    assert 3 == count(texts=(encoded("a cup of", "tea monday shares"),))
    assert 3 == count(texts=(*TEXTS, other))
    assert 3 == count(texts=(other, *TEXTS))
    assert 0 == count(texts=(*TEXTS, other))


def test_all_layers_of_one_direction() -> None:
    """A language model of one direction trains the layers above the first too."""
    deep = {"bidirectional": False, "num_layers": 2}
    count(**deep)

    assert 0 == count(**deep, pooling="mean")
    assert 3 == count(**deep | {"num_layers": 1})


def test_layers_with_dropout_between_them() -> None:
    """They are separate modules, between which a language model has its own dropout too."""
    deep = {"bidirectional": False, "num_layers": 2, "pretrain_dropout": 0.3}
    count(**deep)

    assert 3 == count(**deep, locked_dropout=0.2)
    assert 0 == count(**deep, locked_dropout=0.4)


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
    with pytest.raises(KeyboardInterrupt):
        count(first, StopPretraining())
    assert 3 == count()
    with pytest.raises(KeyboardInterrupt):
        count(second, Stop(2))

    for backup in (first, second):
        received = fit(backup, ReusePretraining(TEXTS), StopPretraining(), **SETTINGS)
        assert_same_fit(fit(**SETTINGS), received)


def test_whole_pretraining_of_a_backup_is_kept(tmp_path: Path) -> None:
    """A fit that was killed between its backup and the cache has it kept when it goes on."""
    backup = BackupAndRestore(tmp_path / "backup")
    with pytest.raises(KeyboardInterrupt):
        fit(backup, StopPretraining(2), **SETTINGS)

    assert 0 == count(backup)
    assert 0 == count()


def test_one_waits_for_another() -> None:
    """Of two fits at the same time, the second one takes what the first one learned."""
    begun, go_on = Event(), Event()

    class Pause(Callback):
        def on_pretrain_epoch_end(self, epoch: int, logs: Logs) -> None:  # noqa: ARG002
            begun.set()
            go_on.wait(60)

    class GoOn(Callback):
        def on_pretrain_wait(self) -> None:
            go_on.set()

    with ThreadPoolExecutor() as pool:
        first = pool.submit(count, Pause())
        assert begun.wait(60)
        second = pool.submit(count, GoOn())

        assert (3, 0) == (first.result(60), second.result(60))
        assert go_on.is_set()


def test_an_error_of_who_is_told_of_the_waiting() -> None:
    """It ends the fit, and is not taken for one of the cache."""

    def fail() -> None:
        raise RuntimeError("nobody listens")

    with (
        making(KIND, "key", fail),
        pytest.raises(RuntimeError, match="nobody listens"),
        making(KIND, "key", fail),
    ):
        pass


def test_nobody_waits_for_one_that_was_stopped() -> None:
    """It is closed however it ends; the next one starts over."""
    with pytest.raises(KeyboardInterrupt):
        count(StopPretraining())

    assert 3 == count()


def test_without_pretraining(cache: Path) -> None:
    """There is nothing to keep."""
    count(pretrain_epochs=0)

    assert not cache.exists()
