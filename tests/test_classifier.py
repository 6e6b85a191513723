"""The Classifier as a notebook uses it."""

import inspect
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rich
import torch
from conftest import Stop

from agnews_tune import Callback, Classifier, load_corpus
from agnews_tune.corpus.splits import Corpus
from agnews_tune.errors import CorpusError, HyperparameterError, NotFittedError, WriteError
from agnews_tune.hyperparameters import Hyperparameters
from agnews_tune.text.encoded_corpus import encode_corpus

TEXTS = [
    "the cup was won by the home side",
    "shares fell as oil rose",
    "the coach praised the side",
    "oil and shares rose on monday",
] * 6
LABELS = ["Sports", "Business", "Sports", "Business"] * 6
SOFT = [[0.8, 0.2], [0.3, 0.7], [0.8, 0.2], [0.3, 0.7]] * 6  # of Business and Sports


def tiny(**values: object) -> Classifier:
    settings = {"hidden_dim": 6, "embedding_dim": 5, "min_count": 0, "batch_size": 4} | values
    return Classifier(**settings)


def weights(model: Classifier) -> dict[str, np.ndarray]:
    return {name: tensor.numpy() for name, tensor in model.network_.state_dict().items()}


def assert_same_weights(one: Classifier, other: Classifier) -> None:
    assert weights(one).keys() == weights(other).keys()
    for name, values in weights(one).items():
        np.testing.assert_array_equal(values, weights(other)[name], err_msg=name)


@pytest.fixture(scope="module")
def demo() -> Corpus:
    return load_corpus("demo", limit_train=1000)


def test_notebook_example(demo: Corpus, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """Fit, evaluate, predict, summary, save and load work together on a corpus."""
    model = Classifier(cell="gru", pooling="max", hidden_dim=16, embedding_dim=16, seed=0)
    history = model.fit(
        *demo.train, validation_data=demo.validation, epochs=4, batch_size=8, verbose=0
    )
    figures = model.evaluate(*demo.test)
    probabilities = model.predict(["Stocks fall on oil", ""])
    names = model.predict_classes(["Stocks fall on oil", ""])
    model.summary()
    model.save(tmp_path / "model")
    loaded = Classifier.load(tmp_path / "model")

    assert 4 == len(history.history["val_accuracy"])
    assert {"loss", "accuracy"} == set(figures)
    assert figures["accuracy"] > 0.5
    assert ((2, 4), np.float32) == (probabilities.shape, probabilities.dtype)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    assert [demo.label_names[row.argmax()] for row in probabilities] == names
    assert f"Parameters: {model.count_parameters():,}" in capsys.readouterr().out
    np.testing.assert_array_equal(probabilities, loaded.predict(["Stocks fall on oil", ""]))
    assert_same_weights(model, loaded)


def test_constructor_has_every_hyperparameter_with_its_default() -> None:
    """The keywords that help() and a notebook show are those of Hyperparameters, and its own."""
    parameters = inspect.signature(Classifier).parameters
    defaults = {name: item.default for name, item in parameters.items()}
    own = {"seed": 0, "device": None, "precision": "auto"}

    assert Hyperparameters().to_dict() | own == defaults


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_same_seed_gives_the_same_bits(cell: str) -> None:
    """Two fits with one seed end with equal weights, to the last bit; another seed does not."""
    one, two, other = (tiny(cell=cell, seed=seed, dropout=0.3) for seed in (1, np.int64(1), 2))
    for model in (one, two, other):
        model.fit(TEXTS, LABELS, epochs=2, verbose=0)

    assert_same_weights(one, two)
    assert not np.array_equal(one.predict(TEXTS), other.predict(TEXTS))


def test_fit_leaves_the_random_state_of_its_user_alone() -> None:
    """Numbers drawn from torch after fit are those that would have come without it."""
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    tiny().fit(TEXTS, LABELS, epochs=1, verbose=0)

    torch.testing.assert_close(expected, torch.rand(3), rtol=0, atol=0)


def test_encoded_texts_give_the_same_network_as_plain_ones(demo: Corpus) -> None:
    """A trial, which gets the corpus encoded, ends with the weights of a notebook."""
    plain = tiny(min_count=10, epochs=1)
    plain.fit(*demo.train, validation_data=demo.validation, verbose=0)
    encoded = encode_corpus(demo, plain.hyperparameters.preprocessing)
    shipped = tiny(min_count=10, epochs=1)
    shipped.fit(*encoded.train, validation_data=encoded.validation, verbose=0)

    assert_same_weights(plain, shipped)
    np.testing.assert_array_equal(plain.predict(demo.test.texts), shipped.predict(encoded.test[0]))


def test_prediction_does_not_depend_on_the_texts_beside_it() -> None:
    """A text gets the same probabilities alone and among longer ones."""
    model = tiny(cell="lstm", pooling="max+mean", bidirectional=True)
    model.fit(TEXTS, LABELS, epochs=1, verbose=0)
    alone = model.predict(["oil rose"])
    among = model.predict(["the cup was won by the home side on monday", "oil rose", "shares"])

    np.testing.assert_allclose(alone[0], among[1], rtol=0, atol=1e-5)


def test_restore_best_weights_gives_back_the_best_epoch() -> None:
    """After it the model has the validation figures that its best epoch had."""
    texts, labels = TEXTS[:8], LABELS[:8]
    model = tiny(learning_rate=0.3, seed=3)  # so fast that the accuracy jumps up and down
    history = model.fit(TEXTS, LABELS, validation_data=(texts, labels), epochs=6, verbose=0)
    accuracies = history.history["val_accuracy"]
    best = model.restore_best_weights()

    assert accuracies.index(max(accuracies)) == best
    assert accuracies[best] == model.evaluate(texts, labels)["accuracy"]
    assert history.history["val_loss"][best] == pytest.approx(
        model.evaluate(texts, labels)["loss"], abs=1e-12
    )


def test_best_weights_need_an_epoch() -> None:
    """A fit that was stopped in its first epoch has no best one."""
    model = tiny()
    with pytest.raises(KeyboardInterrupt):
        model.fit(TEXTS, LABELS, validation_split=0.25, callbacks=[Stop(0)], verbose=0)
    with pytest.raises(NotFittedError):
        model.restore_best_weights()


def test_best_weights_need_a_fit_that_began(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was interrupted while its network was made has none."""

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    model = tiny()
    monkeypatch.setattr("agnews_tune.classifier.begin", interrupt)
    with pytest.raises(KeyboardInterrupt):
        model.fit(TEXTS, LABELS, validation_split=0.25, verbose=0)
    with pytest.raises(NotFittedError):
        model.restore_best_weights()


def test_best_weights_need_validation_data() -> None:
    """Without validation data there is no best epoch."""
    expected = "no best epoch is known: call fit() with validation_data or validation_split first"
    model = tiny()
    model.fit(TEXTS, LABELS, epochs=1, verbose=0)
    with pytest.raises(NotFittedError) as caught:
        model.restore_best_weights()

    assert expected == str(caught.value)


class Interrupting(list[str]):
    """Texts that are checked, and then interrupt who learns words from them."""

    readings = 0

    def __iter__(self) -> Iterator[str]:
        self.readings += 1
        if self.readings > 1:
            raise KeyboardInterrupt
        return super().__iter__()


def test_fit_that_is_interrupted_before_its_network_changes_nothing(tmp_path: Path) -> None:
    """The words and classes of one fit never go with the network of another."""
    model = tiny(epochs=1)
    model.fit(TEXTS, LABELS, verbose=0)
    before = model.predict(TEXTS)
    others = Interrupting(f"{text} again" for text in TEXTS)
    with pytest.raises(KeyboardInterrupt):
        model.fit(others, range(24), epochs=2, verbose=0)
    model.save(tmp_path)

    assert ("Business", "Sports") == model.label_names_
    np.testing.assert_array_equal(before, model.predict(TEXTS))
    np.testing.assert_array_equal(before, Classifier.load(tmp_path).predict(TEXTS))


def test_validation_split_holds_rows_out() -> None:
    """A quarter of the 24 rows is measured, not trained on."""
    model = tiny()
    history = model.fit(TEXTS, LABELS, validation_split=0.25, epochs=1, verbose=0)
    accuracy = history.history["val_accuracy"][0]

    assert accuracy * 6 == round(accuracy * 6)
    assert model.restore_best_weights() == 0


def test_fit_learns() -> None:
    """A dozen epochs are enough to tell two kinds of texts apart."""
    model = tiny(cell="gru", learning_rate=0.02)
    history = model.fit(TEXTS, LABELS, epochs=12, verbose=0)

    assert 1.0 == model.evaluate(TEXTS, LABELS)["accuracy"]
    assert ["Sports"] == model.predict_classes(["the coach praised the home side"])
    assert history.history["loss"][-1] < 0.2 < history.history["loss"][0]


def test_second_fit_starts_anew() -> None:
    """A fit does not go on from the one before it."""
    once, twice = tiny(), tiny()
    once.fit(TEXTS, LABELS, epochs=1, verbose=0)
    twice.fit(["other words entirely", "nothing alike"], ["a", "b"], epochs=1, verbose=0)
    twice.fit(TEXTS, LABELS, epochs=1, verbose=0)

    assert_same_weights(once, twice)


def test_epochs_of_one_fit_are_not_those_of_the_next() -> None:
    """They replace the constructor's for that time."""
    model = tiny(epochs=2, batch_size=8)
    numbers = [
        len(model.fit(TEXTS, LABELS, verbose=0, **given).epoch)
        for given in ({}, {"epochs": 1, "batch_size": 4}, {})
    ]

    assert [2, 1, 2] == numbers
    assert 8 == model.hyperparameters.batch_size


def test_labels_may_be_of_any_whole_number_type_and_order(demo: Corpus) -> None:
    """Narrow ones, and the rows from behind."""
    texts, labels = demo.train.texts[:40], demo.train.labels[:40]
    plain, narrow = tiny(), tiny()
    plain.fit(texts, labels, epochs=1, verbose=0)
    narrow.fit(texts, labels.astype(np.int32), epochs=1, verbose=0)

    assert_same_weights(plain, narrow)
    forwards = plain.evaluate(texts, labels)
    assert forwards == pytest.approx(plain.evaluate(texts[::-1], labels[::-1]))


def test_encoded_texts_have_the_words_of_the_model(demo: Corpus) -> None:
    """Numbers that stand for other words are no answer to anything."""
    model = tiny()
    model.fit(TEXTS, LABELS, epochs=1, verbose=0)
    encoded = encode_corpus(demo, Hyperparameters().preprocessing)
    with pytest.raises(CorpusError) as caught:
        model.predict(encoded.test.texts)

    assert (
        "encoded texts must have the vocabulary that the model was trained with; received another "
        "one: give the texts themselves, or train the model again"
    ) == str(caught.value)


def test_labels_of_a_corpus_keep_their_order(demo: Corpus) -> None:
    """The columns of the probabilities follow the corpus, not the alphabet."""
    model = tiny().fit(*demo.train, epochs=1, verbose=0).model

    assert ("World", "Sports", "Business", "Sci/Tech") == model.label_names_


def test_verbose_2_prints_a_line_an_epoch(capsys: pytest.CaptureFixture) -> None:
    """The line holds the epoch, the figures and the seconds."""
    tiny().fit(TEXTS, LABELS, validation_data=(TEXTS, LABELS), epochs=2, verbose=2)
    lines = capsys.readouterr().out.splitlines()

    assert 2 == len(lines)
    assert lines[0].startswith("Epoch 1/2  loss 0.")
    assert ["loss", "accuracy", "val_loss", "val_accuracy"] == lines[0].split()[2:10:2]
    assert lines[1].endswith(" s")


def test_verbose_0_prints_nothing_and_1_prints_the_lines(capsys: pytest.CaptureFixture) -> None:
    """Silence is silent; what is no terminal gets no bar, and no empty line in its place."""
    tiny().fit(TEXTS, LABELS, epochs=1, verbose=0)
    assert "" == capsys.readouterr().out
    tiny().fit(TEXTS, LABELS, epochs=1)
    out = capsys.readouterr().out
    assert (True, 1) == (out.startswith("Epoch 1/1  loss"), len(out.splitlines()))


class StopInEpoch(Callback):
    """Interrupts training in the middle of its first epoch."""

    def on_epoch_begin(self, epoch: int) -> None:  # noqa: ARG002
        self.model.network_.register_forward_hook(self.interrupt)

    @staticmethod
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt


@pytest.fixture
def terminal() -> Iterator[None]:
    rich.reconfigure(force_terminal=True)
    yield
    rich.reconfigure()


@pytest.mark.usefixtures("terminal")
def test_bar_goes_and_lines_stay(capsys: pytest.CaptureFixture) -> None:
    """On a terminal."""
    tiny().fit(TEXTS, LABELS, epochs=1)
    out = capsys.readouterr().out

    assert "\x1b[2K" in out
    assert out.splitlines()[-1].split("\x1b[2K")[-1].startswith("Epoch 1/1  loss")


@pytest.mark.usefixtures("terminal")
def test_interrupted_bar_is_gone() -> None:
    """What refreshes it ends, even as long as a notebook keeps the traceback."""
    before = set(threading.enumerate())
    with pytest.raises(KeyboardInterrupt) as caught:
        tiny().fit(TEXTS, LABELS, epochs=1, callbacks=[StopInEpoch()])
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=10)

    assert caught.tb
    assert before >= set(threading.enumerate())


def test_fit_leaves_no_optimizer() -> None:
    """It is twice as large as the weights, and nothing needs it afterwards."""
    model = tiny()
    model.fit(TEXTS, LABELS, epochs=1, verbose=0)
    assert model.descent_ is None
    with pytest.raises(KeyboardInterrupt):
        model.fit(TEXTS, LABELS, callbacks=[StopInEpoch()], verbose=0)
    assert model.descent_ is None


def test_repr_shows_what_differs_from_the_defaults() -> None:
    """It can be copied into a program."""
    model = Classifier(cell="gru", dropout=0.5, seed=3)

    assert "Classifier(cell='gru', dropout=0.5, seed=3)" == repr(model)


def test_numbers_are_named_by_themselves() -> None:
    """They need not start at 0, and stand for the same classes in evaluate."""
    numbers = [1 if label == LABELS[0] else 2 for label in LABELS]
    model = tiny()
    model.fit(TEXTS, numbers, epochs=8, verbose=0)
    classes = list(map(int, model.predict_classes(TEXTS)))

    assert ("1", "2") == model.label_names_
    assert model.evaluate(TEXTS, numbers)["accuracy"] == np.mean(np.equal(classes, numbers))


def test_saved_model_is_plain_files(tmp_path: Path) -> None:
    """The folder holds JSON, text and safetensors, and the config says what was trained."""
    model = tiny(cell="lstm", seed=4)
    model.fit(TEXTS, LABELS, epochs=1, verbose=0)
    model.save(tmp_path / "a" / "model")
    config = json.loads((tmp_path / "a" / "model" / "config.json").read_text())

    names = sorted(path.name for path in (tmp_path / "a" / "model").iterdir())
    assert ["config.json", "vocabulary.txt", "weights.safetensors"] == names
    assert model.hyperparameters.to_dict() == config["hyperparameters"]
    assert (["Business", "Sports"], 4) == (config["label_names"], config["seed"])


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            {"cell": "lstn"},
            "cell must be one of 'rnn', 'gru', 'lstm'; received 'lstn' (did you mean 'lstm'?)",
        ),
        ({"hiden_dim": 9}, "unknown hyperparameter 'hiden_dim' (did you mean 'hidden_dim'?)"),
        *(
            (
                {"seed": seed},
                f"seed must be a whole number from 0 to 18446744073709551615; received {seed!r}",
            )
            for seed in (-1, True, 2**64)
        ),
        *(
            (
                {"device": device},
                "device must be the CPU or a CUDA GPU that torch can use on this machine, such as "
                f"'cpu' or 'cuda:0'; received {device!r}",
            )
            for device in ("cude", "mps", "meta")
        ),
    ],
)
def test_constructor_checks_its_arguments(arguments: dict[str, object], expected: str) -> None:
    """A wrong argument is named before any work starts."""
    with pytest.raises(HyperparameterError) as caught:
        Classifier(**arguments)

    assert expected == str(caught.value)


def test_gpu_that_is_not_there_is_told_with_the_words_of_torch() -> None:
    """These depend on the machine: no driver, no such card, a torch without CUDA."""
    with pytest.raises(HyperparameterError) as caught:
        Classifier(device="cuda:99")
    expected = (
        "device must be the CPU or a CUDA GPU that torch can use on this machine, such as 'cpu' or "
        "'cuda:0'; received 'cuda:99' ("
    )

    assert str(caught.value).startswith(expected)
    assert re.fullmatch(r"[^\n]+\)", str(caught.value).removeprefix(expected))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"epochs": 0}, "epochs must be a whole number of at least 1; received 0"),
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1; received 0"),
        (
            {"validation_split": 1.5},
            "validation_split must be a fraction above 0 and below 1 that leaves rows on both "
            "sides; received 1.5 of 24 rows; or give validation_data",
        ),
        ({"verbose": 3}, "verbose must be 0, 1 or 2; received 3"),
        (
            {"soft_targets": SOFT, "validation_split": 0.5},
            "validation_split must be 0 with soft_targets; received 0.5: give validation_data",
        ),
        (
            {"validation_data": TEXTS},
            "validation_data must be a pair: texts and their labels; received list",
        ),
        *(
            (
                {"callbacks": given},
                f"callbacks must be a list of agnews_tune.Callback objects; received {given!r}",
            )
            for given in (["stop"], 5)
        ),
    ],
)
def test_fit_checks_its_arguments(arguments: dict[str, object], expected: str) -> None:
    """Zero epochs are an error, not the default."""
    with pytest.raises(HyperparameterError) as caught:
        tiny().fit(TEXTS, LABELS, **{"verbose": 0} | arguments)

    assert expected == str(caught.value)


@pytest.mark.parametrize(
    "arguments",
    [
        {"texts": TEXTS[:4]},
        {"labels": ["Sports"] * 24},
        {"epochs": 0},
        {"batch_size": 9, "verbose": 9},
        {"batch_size": 9, "validation_data": (["a text"], ["Weather"])},
        {"batch_size": 9, "validation_data": ([7], ["Sports"])},
        {"batch_size": 9, "soft_targets": [[0.5, 0.5]]},
    ],
)
def test_a_fit_that_cannot_start_changes_nothing(arguments: dict[str, object]) -> None:
    """A model that was fitted before predicts as it did."""
    model = tiny()
    model.fit(TEXTS, LABELS, epochs=1, verbose=0)
    before = model.predict(TEXTS)
    given = {"texts": ["other words"] * 24, "labels": ["A", "B"] * 12, "verbose": 0} | arguments
    with pytest.raises((CorpusError, HyperparameterError)):
        model.fit(**given)

    np.testing.assert_array_equal(before, model.predict(TEXTS))
    assert ("Business", "Sports") == model.label_names_
    assert (4, 1) == (model.hyperparameters.batch_size, model.hyperparameters.epochs)


def test_soft_targets_are_learnt_in_place_of_labels() -> None:
    """Probabilities against the labels are believed; accuracy is still that of the labels."""
    model = tiny(learning_rate=0.02)
    history = model.fit(
        TEXTS, LABELS, validation_data=(TEXTS, LABELS), soft_targets=SOFT, epochs=20, verbose=0
    )

    assert ["Business", "Sports"] == model.predict_classes(TEXTS[:2])
    np.testing.assert_allclose(model.predict(TEXTS), SOFT, rtol=0, atol=0.05)
    assert 0 == history.history["accuracy"][-1] == history.history["val_accuracy"][-1]
    assert history.history["val_loss"][-1] > 1


def test_a_linear_model_takes_no_soft_targets() -> None:
    """It is solved for classes."""
    with pytest.raises(HyperparameterError) as caught:
        Classifier(model="linear").fit(TEXTS, LABELS, soft_targets=SOFT, verbose=0)

    assert str(caught.value) == (
        "soft_targets must be left out for model 'linear': it learns from classes alone"
    )


def test_no_callbacks_may_be_none() -> None:
    """As in Keras."""
    assert [0] == tiny().fit(TEXTS, LABELS, epochs=1, verbose=0, callbacks=None).epoch


def test_a_model_is_not_saved_over_a_file(tmp_path: Path) -> None:
    """The file stays as it is."""
    model = tiny()
    model.fit(TEXTS, LABELS, epochs=1, verbose=0)
    path = tmp_path / "model"
    path.write_text("notes")
    with pytest.raises(WriteError) as caught:
        model.save(path)

    assert str(caught.value) == (
        f"{path / 'vocabulary.txt'} cannot be written: File exists; choose another folder"
    )
    assert "notes" == path.read_text()


def test_one_class_cannot_be_learned() -> None:
    """Texts of one class alone are an error."""
    with pytest.raises(CorpusError) as caught:
        tiny().fit(["a", "b"], ["Sports", "Sports"], verbose=0)

    assert "labels must be of at least two classes; received 'Sports' alone" == str(caught.value)


@pytest.mark.parametrize(
    "use",
    [
        lambda model: model.predict(["a text"]),
        lambda model: model.predict_classes(["a text"]),
        lambda model: model.evaluate(["a text"], ["a"]),
        lambda model: model.summary(),
        lambda model: model.save("nowhere"),
        lambda model: model.count_parameters(),
    ],
)
def test_use_before_fit_names_the_remedy(use: object) -> None:
    """What needs a network says how to get one."""
    expected = (
        "this Classifier has no network yet: call fit(texts, labels) first, or read a saved one "
        "with Classifier.load(path)"
    )
    with pytest.raises(NotFittedError) as caught:
        use(Classifier())

    assert expected == str(caught.value)


@pytest.mark.gpu
def test_bfloat16_learns_like_float32() -> None:
    """Half of the digits in the network, all of them in its weights."""
    losses = []
    for precision in ("float32", "bfloat16"):
        model = tiny(cell="gru", dropout=0.0, device="cuda", precision=precision)
        losses.append(model.fit(TEXTS, LABELS, epochs=3, verbose=0).history["loss"])
        assert {torch.float32} == {weights.dtype for weights in model.network_.parameters()}

    np.testing.assert_allclose(*losses, rtol=0.05)


@pytest.mark.gpu
def test_gpu_learns_like_the_cpu() -> None:
    """On a GPU the same seed reaches like figures."""
    losses = []
    for device in ("cpu", "cuda"):
        model = tiny(cell="gru", bidirectional=True, dropout=0.0, device=device)
        losses.append(model.fit(TEXTS, LABELS, epochs=3, verbose=0).history["loss"])

    np.testing.assert_allclose(*losses, rtol=1e-3)


@pytest.mark.gpu
def test_fit_on_the_cpu_leaves_the_random_state_of_gpus_alone() -> None:
    """A seed of torch is that of all of them."""
    torch.cuda.init()
    before = torch.cuda.get_rng_state()
    tiny(device="cpu").fit(TEXTS, LABELS, epochs=1, verbose=0)

    assert torch.equal(before, torch.cuda.get_rng_state())
