"""What a figure was made with says so truly."""

import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest
import torch
from programs import run_python

import agnews_tune
from agnews_tune.environment import describe_environment


def test_versions_of_what_decides_a_figure() -> None:
    """A linear model is scikit-learn's and SciPy's work."""
    versions = describe_environment(torch.device("cpu"))["versions"]

    assert version("scikit-learn") == versions["scikit-learn"]
    assert version("scipy") == versions["scipy"]


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_a_changed_package_is_not_its_commit(tmp_path: Path) -> None:
    """The commit of a record names the code only where nothing was changed since."""
    package = Path(agnews_tune.__file__).parent
    leave_out = shutil.ignore_patterns("__pycache__")
    shutil.copytree(package, tmp_path / "agnews_tune", ignore=leave_out)
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "one"]):
        subprocess.run([*git, *arguments], check=True)
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "import torch\n"
        "from agnews_tune import environment\n"
        "def commit(): return environment.describe_environment(torch.device('cpu'))['commit']\n"
        "print(commit())\n"
        "open(environment.__file__, 'a').write('# changed')\n"
        "print(commit())\n"
    )
    first, second = run_python(program).stdout.split()

    assert 40 == len(first)
    assert f"{first}-dirty" == second
