"""The firm of the soak: its comments tell which obligations they carry, and its process can die within a pass."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from passes import Agency

from sync.richtext import Paragraph, Span

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sync.cycle import Program
    from sync.judging.judgement import Judgement
    from sync.judging.promises import Saying
    from sync.richtext import Document
    from sync.state.store import Store


class CrashError(BaseException):
    """The process dies here."""


@dataclass
class Firm(Agency):
    """An agency whose `fuse` is how many more times the clock may be asked before the process dies (0: for ever).

    It is asked before each commit that announces a write and before each that settles one. `wording` is what the
    template says beside the obligations.
    """

    wording: str = "Please look"
    fuse: int = 0

    def program(self, store: Store) -> Program:
        return replace(super().program(store), render=self._rendered, clock=self._asked)

    def _rendered(self, _: Judgement, sayings: Sequence[Saying]) -> Document:
        owed = (saying.obligation for saying in sayings)
        texts = (f"{self.wording}: {each.promise}/{each.occasion}/{each.step}" for each in owed)
        return tuple(Paragraph((Span(text),)) for text in texts)

    def _asked(self) -> datetime:
        self.fuse -= self.fuse > 0
        if self.fuse == 1:
            self.fuse = 0
            raise CrashError
        return self.now
