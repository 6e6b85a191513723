"""Ray on this machine, or the cluster that it joins."""

from __future__ import annotations

import logging
import os
import resource
import secrets
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import ray

from agnews_tune.errors import RunError
from agnews_tune.runs.failures import one_line
from agnews_tune.runs.interrupts import kept_handlers
from agnews_tune.runs.resources import Machine, local_capacity

ANSWER_SECONDS = 5
_ONE_RUN = threading.Lock()  # Ray is connected for the whole process


@contextmanager
def connect(address: str | None = None) -> Iterator[list[Machine]]:
    """Start Ray on this machine, or join the cluster at ``address``, for the time of the block.

    Gives the machines that take trials.

    Raises:
        RunError: no cluster answers at the address, this process is connected to one already, or
            another of its threads is in such a block.
    """
    if not _ONE_RUN.acquire(blocking=False):
        raise RunError(
            "another run of this process is under way, in another thread; wait until it ends, or "
            "start a process for each"
        )
    try:
        with _connected(address) as machines:
            yield machines
    finally:
        _ONE_RUN.release()


@contextmanager
def _connected(address: str | None) -> Iterator[list[Machine]]:
    if ray.is_initialized():
        raise RunError(
            "this process is connected to Ray already, and a run starts or joins its own; call "
            "ray.shutdown() first"
        )
    if address is None:
        # Ray would write a token of its own into the home folder, which may be read-only.
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
        # Tune gives each trial a new thread, for which glibc would keep memory apart.
        os.environ.setdefault("MALLOC_ARENA_MAX", "1")
        # Ray would start an idle process for each core. Tune's trials need processes with
        # environment variables of their own, so that these would never be used.
        os.environ.setdefault("RAY_prestart_worker_first_driver", "0")
        here = local_capacity()
        where: dict[str, Any] = {"address": "local", "num_cpus": int(here.cpus)}
        if not here.gpus:  # that torch can use
            where["num_gpus"] = 0
    else:
        _check_answers(address)
        where = {"address": address}
    try:
        with kept_handlers():
            ray.init(
                **where, log_to_driver=False, logging_level=logging.ERROR, include_dashboard=False
            )
    except Exception as error:  # a bare one where a process of Ray does not come up
        raise RunError(f"Ray does not start: {one_line(str(error))}; {_limits()}") from error
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)
    try:
        nodes = ray.nodes()  # type: ignore[no-untyped-call]
        resources = [node["Resources"] for node in nodes if node["Alive"]]
        yield [Machine(each.get("CPU", 0), each.get("GPU", 0)) for each in resources]
    finally:
        ray.shutdown()


def _limits() -> str:
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return f"it needs some 64 open files (ulimit -n: {files}) and {room()}"


def room() -> str:
    """Return how much room there is where Ray writes its own files."""
    # Ray takes TMPDIR even where Python does not because it is full.
    folder = os.environ.get("RAY_TMPDIR") or os.environ.get("TMPDIR") or tempfile.gettempdir()
    with suppress(OSError):
        return f"room in {folder} ({shutil.disk_usage(folder).free:,} bytes)"
    return f"room in {folder} (which is not there)"


def _check_answers(address: str) -> None:
    # Ray itself would try for minutes.
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=ANSWER_SECONDS).close()
    except (OSError, ValueError) as error:
        raise RunError(
            f"no Ray cluster answers at {address!r}; expected the address of a running head node "
            "such as '192.0.2.7:6379'; leave --address out to run on this machine"
        ) from error
