"""Reads the tracker, works out what is owed to which client by when, and writes it back once."""

__version__ = "0.1.0"
