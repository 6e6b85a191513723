"""YAML with the line of every key and item, and without its traps.

Plain scalars follow YAML 1.2: ``1e-3`` is a number; ``no``, ``off``, ``1:30`` and dates are text.
Keys are always text. Tags, anchors and aliases are refused, so no file can build objects or grow.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NamedTuple

import yaml

_NULL = re.compile(r"(~|null|Null|NULL)?$")
_BOOL = re.compile(r"(true|True|TRUE|false|False|FALSE)$")
_INT = re.compile(r"[-+]?[0-9]{1,18}$")  # longer ones are floats: they fit no setting anyway
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")
_REFUSED = (yaml.TagToken, yaml.AnchorToken, yaml.AliasToken)


class Fault(NamedTuple):
    """What is wrong on which line."""

    line: int
    message: str


@dataclass(frozen=True)
class Located:
    """A value and the line, from 1, on which it or its key starts.

    Args:
        value: a scalar (``None``, bool, int, float, str), a list of ``Located`` or a dict of
            str to ``Located``.
        line: line in the text.
    """

    value: Any
    line: int

    @property
    def plain(self) -> Any:
        """The value without lines."""
        if isinstance(self.value, dict):
            return {key: item.plain for key, item in self.value.items()}
        if isinstance(self.value, list):
            return [item.plain for item in self.value]
        return self.value


def read(content: bytes) -> tuple[Located | None, list[Fault]]:
    """Read one YAML document in UTF-8.

    Returns:
        The document (of value ``None`` where it is empty) and its faults. Of a repeated key the
        first value is kept. The document is ``None`` where its structure cannot be read.
    """
    try:
        text = content.decode("utf-8-sig")
        refused = [
            token for token in yaml.scan(text, yaml.BaseLoader) if isinstance(token, _REFUSED)
        ]
        node = None if refused else yaml.compose(text, yaml.BaseLoader)
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        return None, [_syntax_fault(error, content)]
    if refused:
        message = "tags, anchors and aliases (!, & and *) are not read; write the value out"
        return None, [Fault(_line(token), message) for token in refused]
    faults: list[Fault] = []
    return Located(node and _read_node(node, faults), 1), faults


def write(value: Any) -> str:
    """Write dicts, lists and scalars as YAML that ``read`` gives back."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True)


def _syntax_fault(error: Exception, content: bytes) -> Fault:
    if isinstance(error, UnicodeDecodeError):
        line = content.count(b"\n", 0, error.start) + 1
        return Fault(
            line, f"byte 0x{content[error.start]:02x} is not UTF-8; save the file as UTF-8"
        )
    if isinstance(error, yaml.reader.ReaderError):
        line = content.decode("utf-8-sig").count("\n", 0, error.position) + 1
        return Fault(line, f"character U+{error.character:04X} is not allowed in YAML")
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return Fault(1, "not valid YAML: nested too deeply, or an escape that is no character")
    line, column = error.problem_mark.line + 1, error.problem_mark.column + 1
    if isinstance(error, yaml.composer.ComposerError):
        return Fault(line, "a second document starts here; expected only one")
    if "'\\t'" in str(error.problem):
        return Fault(line, "a tab in the indentation; use spaces")
    return Fault(line, f"not valid YAML: {error.problem} (column {column})")


def _line(item: yaml.Node | yaml.Token) -> int:
    return int(item.start_mark.line) + 1


def _read_node(node: yaml.Node, faults: list[Fault]) -> Any:
    if isinstance(node, yaml.MappingNode):
        return _read_mapping(node, faults)
    if isinstance(node, yaml.SequenceNode):
        return [Located(_read_node(item, faults), _line(item)) for item in node.value]
    is_plain = isinstance(node, yaml.ScalarNode) and node.style is None
    return _read_plain_scalar(node.value) if is_plain else node.value


def _read_mapping(node: yaml.MappingNode, faults: list[Fault]) -> dict[str, Located]:
    items: dict[str, Located] = {}
    for key_node, value_node in node.value:
        key, line = key_node.value, _line(key_node)
        value = _read_node(value_node, faults)
        if not isinstance(key, str):
            faults.append(Fault(line, "a key must be a word; received a list or mapping"))
        elif key in items:
            message = f"{key!r} is given twice, first on line {items[key].line}"
            faults.append(Fault(line, message))
        else:
            items[key] = Located(value, line)
    return items


def _read_plain_scalar(text: str) -> bool | int | float | str | None:
    if _NULL.match(text):
        return None
    if _BOOL.match(text):
        return text.lower() == "true"
    if _INT.match(text):
        return int(text)
    return float(text) if _FLOAT.match(text) else text


class _Dumper(yaml.SafeDumper):
    """Quotes text such as ``1e-3`` too, which ``read`` takes for a number."""


_Dumper.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, first=None)
