"""Text as a terminal may have it: an escape sequence in it could write anywhere on the screen."""

from __future__ import annotations


def printable(text: str) -> str:
    """Return a text with U+FFFD for what cannot be printed, line breaks apart."""
    return "".join(
        character if character.isprintable() or character == "\n" else "\ufffd"
        for character in text
    )
