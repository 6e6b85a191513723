"""What several commands take where an option is left out."""

from pathlib import Path

RESULTS = Path("results")
