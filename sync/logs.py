"""Structured logs: JSON for machines, lines for people; tokens and clients' words never stand in them."""

from __future__ import annotations

import logging
import os
import sys
from typing import Any, Literal

import structlog

from sync.legible import json_text, legible
from sync.secrecy import hidden
from sync.service import journald


def configure(
    style: Literal["json", "console", "journal", "auto"], *, verbose: bool = False, quiet: bool = False
) -> None:
    """Send logs to standard error, or to systemd's journal.

    `auto` writes lines on a terminal, to the journal where that reads standard error, and JSON elsewhere. Only
    a terminal gets colours, and none where NO_COLOR is set. What is bound with structlog's contextvars stands in
    each line that this thread, and no other, writes meanwhile.
    """
    level = logging.DEBUG if verbose else logging.WARNING if quiet else logging.INFO
    lines = style == "console" or (style == "auto" and sys.stderr.isatty())
    plain = structlog.dev.plain_traceback  # the default shows what variables held
    journal = style == "journal" or (style == "auto" and not lines and journald.reads(sys.stderr))
    stream: Any = journald.Journal(sys.stderr) if journal else sys.stderr
    colours = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    last: Any = (
        structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=plain)
        if lines
        else structlog.processors.JSONRenderer(json_text)
    )
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    traced: list[structlog.types.Processor] = [
        structlog.processors.format_exc_info,
        *([_legible] if lines or journal else []),
    ]
    structlog.configure(
        processors=[*shared, *traced, last, _without_secrets],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *traced, last, _without_secrets],
    )
    handler.setFormatter(formatter)
    logging.getLogger("makegood").handlers = [handler]


def _legible(_logger: object, _method: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    """Texts as one line each, but for where an error came from; plain JSON needs it not, for it escapes."""
    return {name: _shown(value, lines=name == "exception") for name, value in event.items()}


def _shown(value: object, *, lines: bool = False) -> object:
    if isinstance(value, list | tuple):
        return [_shown(each) for each in value]
    if not isinstance(value, str):
        return value
    return legible(value) if lines else " ".join(legible(value).split())


def _without_secrets(_logger: object, _method: str, line: Any) -> str:  # noqa: ANN401 - a text by now
    return hidden(line)
