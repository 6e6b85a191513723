"""Programs that tests start: the installed command, and a fresh Python."""

import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

PROGRAM = Path(sys.executable).parent / "agnews-tune"
HEAVY = (
    "torch",
    "torch._dynamo",
    "sympy",
    "scipy",
    "pandas",
    "sklearn",
    "ray",
    "datasets",
    "matplotlib",
    "nltk",
    "pyarrow",
    "numpy",
    "rich",
    "tensorboardX",
)


def run_python(code: str, *arguments: object) -> "subprocess.CompletedProcess[str]":
    """Run code in a fresh Python, which finds the arguments in ``sys.argv``."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True)


def loaded_after(code: str, *arguments: object) -> set[str]:
    """Return which of the heavy libraries a fresh Python has loaded after some code."""
    names = f"print(*[name for name in {HEAVY} if name in sys.modules])"
    done = run_python(f"import sys\n{code}\n{names}", *arguments)
    assert not done.stderr, done.stderr
    return set(done.stdout.splitlines()[-1].split())


def wait_for(path: Path, process: "subprocess.Popen[Any]") -> None:
    """Wait until a file is there; the process that is to write it must not end before."""
    while not path.exists():
        assert process.poll() is None, f"the process ended before there was a {path.name}"
        time.sleep(0.02)


def wait_for_epoch(trial: Path, process: "subprocess.Popen[Any]", before: int = 0) -> None:
    """Wait until a trial's history holds more epochs than before; each has its backup then."""
    while count_epochs(trial) <= before:
        assert process.poll() is None, f"the process ended before epoch {before + 1}"
        time.sleep(0.02)


def count_epochs(trial: Path) -> int:
    """Return how many whole epochs a trial's history holds."""
    history = trial / "history.csv"
    return len(history.read_text().splitlines()[1:]) if history.exists() else 0


def descendants(process: int) -> dict[int, str]:
    """Return the title of every process that stems from this one, by its number."""
    parents, titles = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            status = (folder / "status").read_text()
            titles[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ").strip()
            parents[int(folder.name)] = int(status.partition("PPid:")[2].split()[0])
    found = {process}
    while new := {number for number, parent in parents.items() if parent in found} - found:
        found |= new
    return {number: titles[number] for number in found - {process}}
