"""The commands of those who shape the mapping files: begin one, test it, and see what it would have done."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click

COMMANDS: tuple[click.Command, ...] = ()
