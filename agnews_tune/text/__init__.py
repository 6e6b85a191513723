"""Texts become words, and words become numbers."""
