"""JSON files that carry a checksum of their content and of files beside them.

The checksums find what a disk, a copy or an editor changed; they are no signature, so what is read
is checked for its form as well.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from agnews_tune.files import write_text

LARGEST = 16 * 2**20  # bytes; far more than any of these files needs


class DamagedError(ValueError):
    """A file is not what was written; the message says why, without its path."""


def seal(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return a content with its checksum as the last entry."""
    rest = {name: value for name, value in content.items() if name != "checksum"}
    text = json.dumps(rest, sort_keys=True)
    return {**rest, "checksum": hashlib.sha256(text.encode()).hexdigest()}


def write_sealed(path: Path, content: Mapping[str, Any], beside: Iterable[str] = ()) -> None:
    """Write a JSON object with its checksum and those of files in the same folder.

    Args:
        path: of the JSON file.
        content: whatever JSON can hold.
        beside: names of files, relative to the folder, that belong to it.
    """
    files = {name: file_digest(path.parent / name) for name in beside}
    whole = {**content, "files": files} if files else content
    write_text(path, json.dumps(seal(whole), indent=2, ensure_ascii=False) + "\n")


def read_sealed(path: Path) -> dict[str, Any]:
    """Read what ``write_sealed`` wrote.

    Raises:
        DamagedError: it is not what was written.
    """
    try:
        content = json.loads(_read_text(path))
    except DamagedError:
        raise
    except OSError as error:
        raise DamagedError(error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise DamagedError(f"byte {error.start} is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise DamagedError(f"invalid JSON: {error}") from error
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits, 10,000 brackets
        raise DamagedError(f"unreadable JSON: {error}") from error
    if not isinstance(content, dict):
        raise DamagedError(f"expected a JSON object, received {type(content).__name__}")
    if "checksum" not in content:
        raise DamagedError("it has no checksum")
    if content["checksum"] != seal(content)["checksum"]:
        raise DamagedError("its checksum does not match: it was changed after it was written")
    return content


def _read_text(path: Path) -> str:
    if path.stat().st_size > LARGEST:
        raise DamagedError(f"more than {LARGEST:,} bytes")
    return path.read_text(encoding="utf-8")


def check_beside(path: Path, content: Mapping[str, Any], name: str) -> None:
    """Check a file that belongs to a sealed one.

    Args:
        path: of the sealed file.
        content: of the sealed file.
        name: of the file beside it.

    Raises:
        DamagedError: it is not the file that was there when the sealed one was written.
    """
    files = content.get("files")
    expected = files.get(name) if isinstance(files, dict) else None
    try:
        received = file_digest(path.parent / name)
    except OSError as error:
        raise DamagedError(error.strerror or str(error)) from error
    if received != expected:
        raise DamagedError(f"its checksum does not match the one in {path.name}")


def file_digest(path: Path) -> str:
    """Return the checksum of a file, read in parts."""
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while part := file.read(2**20):
            digest.update(part)
    return digest.hexdigest()
