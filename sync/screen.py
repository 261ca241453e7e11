"""A terminal on which only our own colours are more than letters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console, RenderHook
from rich.segment import Segment

from sync.legible import legible

if TYPE_CHECKING:
    from rich.console import ConsoleOptions, ConsoleRenderable, RenderResult


class LegibleConsole(Console):
    """A console whose texts are legible; what is left out of them takes no room, so that columns stay in line."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr)
        self.push_render_hook(_Hook())


class _Hook(RenderHook):
    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [_Legible(each) for each in renderables]


class _Legible:
    def __init__(self, shown: ConsoleRenderable) -> None:
        self._shown = shown

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for text, style, control in console.render(self._shown, options):
            yield Segment(text, style, control) if control else Segment(legible(text), style)
