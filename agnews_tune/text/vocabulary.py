"""The words that a network knows, their numbers, and the file that keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from agnews_tune.errors import RecordError
from agnews_tune.files import write_text

SPECIAL_TOKENS = ("<pad>", "<unk>", "<bos>", "<eos>")
PAD, UNK, BOS, EOS = range(len(SPECIAL_TOKENS))


@dataclass(frozen=True)
class Vocabulary:
    """The words that a network knows; a word's number is its place.

    Args:
        tokens: the special tokens, then the kept words by falling count, then by alphabet.
    """

    tokens: tuple[str, ...]

    @classmethod
    def from_counts(cls, counts: Mapping[str, int], min_count: int) -> Vocabulary:
        """Keep the words that were seen more than ``min_count`` times.

        Args:
            counts: how often each word was seen.
            min_count: a word with this count or a lower one is left out.
        """
        kept = [token for token, count in counts.items() if count > min_count]
        kept.sort(key=lambda token: (-counts[token], token))
        return cls((*SPECIAL_TOKENS, *kept))

    def __len__(self) -> int:
        return len(self.tokens)

    @cached_property
    def index(self) -> dict[str, int]:
        """The number of each token."""
        return {token: number for number, token in enumerate(self.tokens)}

    def save(self, path: Path) -> None:
        """Write one token a line, as UTF-8."""
        write_text(path, "".join(f"{token}\n" for token in self.tokens))

    @classmethod
    def load(cls, path: Path) -> Vocabulary:
        """Read what ``save`` wrote.

        Raises:
            RecordError: if the file cannot be read or is not what ``save`` writes.
        """
        try:
            text = path.read_bytes().decode()
        except OSError as error:
            raise _damaged(path, "a file that can be read", error.strerror) from error
        except UnicodeDecodeError as error:
            raise _damaged(path, "UTF-8 text", f"byte {error.start}, which is not") from error
        *tokens, rest = text.split("\n")
        if rest:
            raise _damaged(path, "a line break at the end", repr(rest))
        _check_tokens(path, tokens)
        return cls(tuple(tokens))


def _check_tokens(path: Path, tokens: list[str]) -> None:
    special = tokens[: len(SPECIAL_TOKENS)]
    if special != list(SPECIAL_TOKENS):
        expected = ", ".join(SPECIAL_TOKENS) + " as the first four lines"
        raise _damaged(path, expected, ", ".join(map(repr, special)) or "an empty file")
    seen: set[str] = set()
    for line, token in enumerate(tokens, start=1):
        if token.split() != [token]:
            raise _damaged(path, "one word a line", f"{token!r} in line {line}")
        if token in seen:
            raise _damaged(path, "each word once", f"{token!r} again in line {line}")
        seen.add(token)


def _damaged(path: Path, expected: str, received: str | None) -> RecordError:
    return RecordError(
        f"{path}: damaged vocabulary: expected {expected}; received {received}; "
        "save the model again"
    )
