"""The one place where text meets a terminal: whatever a ticket says, it shows letters and moves nothing."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from sync.legible import json_text, legible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console


def say(text: str, *, err: bool = False) -> None:
    """Lines for people, on standard output or standard error."""
    click.echo(legible(text), err=err)


def say_json(value: object) -> None:
    """One JSON document on standard output; one that knows few letters gets the others escaped."""
    unicode = (sys.stdout.encoding or "utf-8").lower().startswith("utf")
    click.echo(json_text(value, indent=2) if unicode else json.dumps(value, indent=2))


def asked(question: str) -> bool | None:
    """What somebody at the terminal answers, no unless they say yes; None in a pipe, where nobody is asked."""
    return click.confirm(legible(question), default=False, err=True) if sys.stdin.isatty() else None


def someone_is_there() -> bool:
    """Whether there is somebody at the terminal to be asked."""
    return sys.stdin.isatty()


def prompted(question: str, default: str | None = None, choices: Sequence[str] = ()) -> str:
    """What somebody at the terminal types, or the default for a bare Enter; asked until it is one of `choices`."""
    kind = click.Choice(choices, case_sensitive=False) if choices else None
    return str(click.prompt(legible(question), default=default, type=kind, err=True)).strip()


def prompted_secret(question: str) -> str:
    """What somebody at the terminal types, which is not shown."""
    return str(click.prompt(legible(question), hide_input=True, err=True)).strip()


def hand_over(content: str | bytes) -> None:
    """A file on standard output, as it is; what makes it sees to it that it is harmless."""
    click.echo(content, nl=False)


def console(*, err: bool = False) -> Console:
    """Standard output, or standard error, for people: colours only on a terminal and without NO_COLOR."""
    from sync.screen import LegibleConsole  # noqa: PLC0415 - only when something is shown

    return LegibleConsole(stderr=err)
