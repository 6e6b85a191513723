"""Labelled texts: a named source becomes train, validation and test rows."""
