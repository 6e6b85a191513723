"""Which numbers a network calculates with."""

from __future__ import annotations

import torch

from agnews_tune.errors import HyperparameterError, did_you_mean

PRECISIONS = ("auto", "float32", "bfloat16")


def choose_precision(name: str, device: torch.device) -> str:
    """Return the precision to calculate with: ``float32`` or ``bfloat16``.

    ``auto`` is float32 on every device: that bfloat16 pays, and costs no accuracy, has not been
    measured on a GPU yet. Weights, their gradients and the loss are float32 with both.

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
