"""The exceptions we raise on purpose, as a tree; each carries the exit status it ends a run with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from sync.secrecy import hidden

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta


class MakegoodError(Exception):
    """Whatever we refuse or fail on purpose; its text is a whole sentence for a person, without any secret."""

    exit_status: ClassVar[int] = 1

    def __init__(self, message: str) -> None:
        super().__init__(hidden(message))


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing wrong with a file: where, which key, what, and the remedy inside `what`."""

    file: str
    line: int
    column: int
    key: str
    what: str

    def __str__(self) -> str:
        """`mappings/jira.toml:14:3: status.waitng: unknown key; did you mean 'waiting'?`."""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return ": ".join(filter(None, (place, self.key, self.what)))


class ConfigurationError(MakegoodError):
    """Config or mapping files that cannot be meant; every fault at once."""

    exit_status = 2

    def __init__(self, faults: Sequence[Fault] | str) -> None:
        self.faults: tuple[Fault, ...] = () if isinstance(faults, str) else tuple(sorted(faults))
        super().__init__(faults if isinstance(faults, str) else "\n".join(str(fault) for fault in self.faults))


class StateError(MakegoodError):
    """A state file that we will neither trust nor overwrite."""

    exit_status = 2


class StateStoppedError(StateError):
    """A state file that cannot be written for now: no room, or another program holds it. It is tried again."""

    exit_status = 1


class GuardRefusedError(MakegoodError):
    """A plan that cannot be meant; nothing of it was written."""

    exit_status = 4


class LockHeldError(MakegoodError):
    """Another run works on the same state."""

    exit_status = 5


class TrackerError(MakegoodError):
    """A tracker said no, or said nothing. Adapters raise only the classes below this one."""


class ClockError(TrackerError):
    """This machine's clock, or the tracker's, is clearly wrong; nothing was judged or written by it."""


class CredentialsError(TrackerError):
    """The tracker does not know us: a wrong, expired or missing token."""

    exit_status = 3


class ForbiddenError(TrackerError):
    """The tracker knows us and does not let us."""

    exit_status = 3


class NotFoundError(TrackerError):
    """Gone, or not visible to us; trackers do not tell which."""


class InvalidError(TrackerError):
    """The tracker refused what we sent; sending it again cannot help. `fields` names the refused ones."""

    def __init__(self, message: str, fields: Sequence[str] = ()) -> None:
        self.fields = tuple(map(hidden, fields))
        super().__init__(message)


class ConflictError(TrackerError):
    """Somebody else wrote at the same moment; nothing of ours was applied."""


class RateLimitedError(TrackerError):
    """A limit was in the way before any change was sent; safe to ask again after `retry_after`.

    A change that a limit answers is a `LostAnswerError`: what stands before the tracker may have let it through.
    """

    def __init__(
        self,
        message: str,
        retry_after: timedelta | None = None,
        scope: Literal["ticket", "source"] = "source",
    ) -> None:
        self.retry_after = retry_after
        self.scope = scope
        super().__init__(message)


class StoppingError(TrackerError):
    """We were asked to stop before this was sent; it is done after the next start."""


class ServerFaultError(TrackerError):
    """A read failed at the tracker's end (5xx, no connection); safe to ask again."""

    def __init__(self, message: str, retry_after: timedelta | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class LostAnswerError(TrackerError):
    """A write was sent and its outcome is unknown: it may be applied now, later or never.

    `whole`: no other write of the source can fare better now.
    """

    def __init__(self, message: str, *, whole: bool = False) -> None:
        self.whole = whole
        super().__init__(message)


class NotSentError(MakegoodError):
    """A notice that certainly did not go out; it may be sent again. `whole`: nothing else would go out that way
    either, for the server is down or does not let us in.
    """

    def __init__(self, message: str, *, whole: bool = False) -> None:
        self.whole = whole
        super().__init__(message)


class WorkbookError(TrackerError):
    """A workbook that cannot be read or must not be rewritten."""
