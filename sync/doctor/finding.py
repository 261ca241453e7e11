"""What `doctor` found out about one thing: how it stands, and what to type where that is not good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from sync.errors import MakegoodError

Level = Literal["ok", "unknown", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`remedy` is a command to type, or a sentence where no command will do. `status` is what the program ends
    with for an error. What is `minor` is a part of what another one sums up.
    """

    about: str
    level: Level
    what: str
    remedy: str = ""
    status: int = 0
    minor: bool = False


def good(about: str, what: str) -> Finding:
    """It is as it should be."""
    return Finding(about, "ok", what)


def unknown(about: str, what: str, remedy: str = "") -> Finding:
    """It could not be told from here."""
    return Finding(about, "unknown", what, remedy)


def doubtful(about: str, what: str, remedy: str) -> Finding:
    """It works, and somebody should look at it."""
    return Finding(about, "warning", what, remedy)


def broken(about: str, what: str, remedy: str, status: int = 1) -> Finding:
    """It does not work, or must not go on like that."""
    return Finding(about, "error", what, remedy, status)


def refused(about: str, error: MakegoodError, remedy: str = "") -> Finding:
    """A refusal as a finding; its own last clause is the remedy where none is given."""
    what, clause = parted(str(error))
    return broken(about, what, remedy or clause, error.exit_status)


def parted(sentence: str) -> tuple[str, str]:
    """A sentence of ours as its fact and its last clause, which is the remedy; that is empty if it has but one."""
    what, semicolon, remedy = sentence.rpartition("; ")
    return (what, remedy) if semicolon else (sentence, "")
