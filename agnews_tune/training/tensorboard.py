"""The figures of each epoch as TensorBoard reads them; the only importer of tensorboardX.

Its SummaryWriter is not used: that one writes from a thread of its own, and once the disk is full
training would wait for the thread for ever.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from agnews_tune.files import explaining
from agnews_tune.training.callbacks import Callback, Logs

_BOTH = ("accuracy", "loss")  # measured on train and validation rows


class TensorBoard(Callback):
    """Write the curves of a fit for TensorBoard, as soon as each epoch ends.

    ``accuracy/train`` and ``accuracy/validation`` share one group of charts, ``loss/train`` and
    ``loss/validation`` another; ``learning_rate`` and ``seconds`` have their own. Steps are the
    numbers of the epochs, from 1.

    Each fit adds a file that holds the whole curve, with the epochs that BackupAndRestore has put
    back, and makes TensorBoard forget what earlier files of the folder hold.

    Args:
        log_dir: folder of this fit's curves; TensorBoard shows each folder as a run.

    Raises:
        WriteError: the disk is full, or the folder cannot be written.
    """

    def __init__(self, log_dir: str | Path) -> None:
        self.log_dir = Path(log_dir)

    def on_train_begin(self) -> None:
        """Forget an earlier fit."""
        self._writer: Any = None
        self._epochs_written = 0

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Write the figures of one epoch, after those of the epochs before a restart."""
        self._write_epochs()

    def on_train_end(self) -> None:
        """Write the epochs of a fit that had none left to train, and close the file."""
        if self.model.history_.epoch:
            self._write_epochs()
            self._writer.close()

    def _write_epochs(self) -> None:
        history = self.model.history_
        columns = history.history
        rest = sum(columns["seconds"][self._epochs_written :])
        now = time.time()
        with explaining(self.log_dir):
            self._writer = self._writer or self._open(now)
            for epoch in history.epoch[self._epochs_written :]:
                rest -= columns["seconds"][epoch]
                # Epochs before a restart get the times that they would have without the pause.
                self._add(now - rest, epoch + 1, {name: columns[name][epoch] for name in columns})
            self._writer.flush()
        self._epochs_written = len(history.epoch)

    def _open(self, now: float) -> Any:
        from tensorboardX import RecordWriter
        from tensorboardX.proto.event_pb2 import Event, SessionLog

        self.log_dir.mkdir(parents=True, exist_ok=True)
        # TensorBoard reads the files of a folder by name: the time puts them in order.
        writer = RecordWriter(str(self.log_dir / f"events.out.tfevents.{time.time_ns()}"))
        start = SessionLog(status=SessionLog.START)
        for event in (
            Event(wall_time=now, file_version="brain.Event:2"),
            Event(wall_time=now, step=1, session_log=start),  # forget every step from this one on
        ):
            writer.write(event.SerializeToString())
        return writer

    def _add(self, wall_time: float, step: int, logs: Logs) -> None:
        from tensorboardX.proto.event_pb2 import Event
        from tensorboardX.proto.summary_pb2 import Summary

        values = [Summary.Value(tag=_tag(name), simple_value=logs[name]) for name in logs]
        event = Event(wall_time=wall_time, step=step, summary=Summary(value=values))
        self._writer.write(event.SerializeToString())


def _tag(name: str) -> str:
    if name in _BOTH:
        return f"{name}/train"
    return f"{name.removeprefix('val_')}/validation" if name.startswith("val_") else name
