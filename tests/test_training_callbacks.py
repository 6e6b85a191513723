"""Callbacks: when they are called and what they see."""

from collections.abc import Mapping

from agnews_tune import Classifier
from agnews_tune.training.callbacks import Callback, History

TEXTS = ["the cup was won", "shares fell on monday"] * 8
LABELS = ["Sports", "Business"] * 8


def tiny(**values: object) -> Classifier:
    return Classifier(hidden_dim=4, embedding_dim=4, min_count=0, batch_size=4, **values)


class Diary(Callback):
    def __init__(self) -> None:
        self.entries: list[str] = []

    def on_train_begin(self) -> None:
        self.entries.append("train begins")

    def on_epoch_begin(self, epoch: int) -> None:
        self.entries.append(f"epoch {epoch} begins")

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float]) -> None:
        self.entries.append(f"epoch {epoch} ends with {sorted(logs)}")

    def on_train_end(self) -> None:
        self.entries.append("train ends")


def test_callbacks_are_called_around_training_and_each_epoch() -> None:
    """The hooks come in Keras' order, with the figures of the epoch."""
    diary = Diary()
    tiny().fit(
        TEXTS, LABELS, validation_data=(TEXTS, LABELS), epochs=2, callbacks=[diary], verbose=0
    )
    figures = ["accuracy", "learning_rate", "loss", "seconds", "val_accuracy", "val_loss"]

    assert diary.entries == [
        "train begins",
        "epoch 0 begins",
        f"epoch 0 ends with {figures}",
        "epoch 1 begins",
        f"epoch 1 ends with {figures}",
        "train ends",
    ]


def test_history_keeps_a_list_for_each_figure() -> None:
    """A fit returns a History with one value an epoch; without validation data no val_ figures."""
    history = tiny(learning_rate=0.01).fit(TEXTS, LABELS, epochs=3, verbose=0)

    assert isinstance(history, History)
    assert [0, 1, 2] == history.epoch
    assert {"loss", "accuracy", "learning_rate", "seconds"} == set(history.history)
    assert [0.01] * 3 == history.history["learning_rate"]
    assert history.history["loss"][2] < history.history["loss"][0]
