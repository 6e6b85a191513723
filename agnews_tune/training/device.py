"""Where a network calculates, and with which numbers."""

from __future__ import annotations

import gc
import warnings
from contextlib import suppress
from typing import Any

import numpy.typing as npt
import torch
from torch import Tensor

from agnews_tune.errors import HyperparameterError, did_you_mean

KINDS = ("cpu", "cuda")  # AMD's GPUs are cuda too; Apple's have no float64
PRECISIONS = ("auto", "float32", "bfloat16")


def find_device(name: str | None) -> torch.device:
    """Return the device of that name; None is the GPU where there is one, else the CPU.

    Raises:
        HyperparameterError: it is no CPU or CUDA GPU that torch can use on this machine.
    """
    if name is None:
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise _unfit(name) from error
    if device.type not in KINDS:
        raise _unfit(name)
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:  # whichever torch raises
        raise _unfit(name, str(error)) from error
    return device


def _unfit(name: str | None, cause: str = "") -> HyperparameterError:
    first_line = f" ({cause.partition(chr(10))[0]})" if cause else ""
    return HyperparameterError(
        "device must be the CPU or a CUDA GPU that torch can use on this machine, such as 'cpu' or "
        f"'cuda:0'; received {name!r}{first_line}"
    )


def as_tensor(array: npt.NDArray[Any], device: torch.device) -> Tensor:
    """Return an array as a tensor; on the CPU it is the array's own memory and must not change."""
    with warnings.catch_warnings():
        # A mapped file and Ray's object store cannot be written to, and nothing here writes.
        warnings.filterwarnings("ignore", "The given NumPy array is not writable")
        return torch.from_numpy(array).to(device)


def lost_gpu() -> bool:
    """Return whether nothing in this process can use its GPU any more, as after a fault of it."""
    if not torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        return False
    try:
        torch.cuda.synchronize()
    except RuntimeError:
        return True
    return False


def release_gpu() -> None:
    """Give other processes the memory of the GPU that nothing in this one needs any more."""
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        gc.collect()
        with suppress(RuntimeError):
            torch.cuda.empty_cache()


def choose_precision(name: str, device: torch.device) -> str:
    """Return the precision to calculate with: ``float32`` or ``bfloat16``.

    ``auto`` is float32 on every device. bfloat16 is faster for some networks and costs no accuracy
    that could be shown, but moves some by as much as the changes that a grid compares
    (``docs/performance.md``). Weights, their gradients and the loss are float32 with both; under
    bfloat16 torch hands cuDNN's recurrent layers float16.

    Args:
        name: one of ``PRECISIONS``.
        device: where the network calculates.

    Raises:
        HyperparameterError: another name, or a device without bfloat16.
    """
    if name not in PRECISIONS:
        raise HyperparameterError(
            f"precision must be {', '.join(map(repr, PRECISIONS[:-1]))} or {PRECISIONS[-1]!r}; "
            f"received {name!r}{did_you_mean(name, PRECISIONS)}"
        )
    if name != "bfloat16":
        return "float32"
    if device.type != "cuda" or not torch.cuda.is_bf16_supported():
        raise HyperparameterError(
            f"precision 'bfloat16' needs a GPU that calculates with it; received device "
            f"{str(device)!r}; take 'float32' or 'auto'"
        )
    return name
