"""The mapping files that come with makegood: in its package when installed, beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

from sync.errors import ConfigurationError


def shipped_mappings() -> Path:
    """The folder of the shipped mapping files. ConfigurationError if the installation lacks them."""
    package = Path(__file__).parents[1]
    for place in (package / "shipped_files", package.parent / "mappings"):
        if (place / "clients.toml").is_file():
            return place
    raise ConfigurationError("This installation lacks the shipped mapping files; install makegood anew.")
