"""What a figure was made with: hardware, versions, commit."""

from __future__ import annotations

import os
import platform
import subprocess
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from agnews_tune import __version__

LIBRARIES = ("torch", "ray", "nltk", "numpy", "scipy", "scikit-learn")


def describe_environment(device: torch.device) -> dict[str, Any]:
    """Return the ``hardware``, ``versions`` and ``commit`` that belong beside a figure."""
    hardware = {
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU",
        "cpu": _cpu_name(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
    }
    versions = {"agnews_tune": __version__, "python": platform.python_version()}
    for name in LIBRARIES:
        with suppress(PackageNotFoundError):  # the last two are for linear models alone
            versions[name] = version(name)
    return {"hardware": hardware, "versions": versions, "commit": _commit()}


def _cpu_name() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _commit() -> str | None:
    """Return the commit that this package is checked out at; None for an installed copy.

    ``-dirty`` at its end says that the package has changed since.
    """
    package = Path(__file__).parent
    if not (package.parent / ".git").exists():
        return None
    try:
        commit = _git(package, "rev-parse", "HEAD")
        changed = _git(package, "diff", "HEAD", "--name-only", "--", ".")
    except (OSError, subprocess.CalledProcessError):
        return None
    return f"{commit}-dirty" if changed else commit


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    return done.stdout.strip()
