"""Structured logs: JSON for machines, lines for people; tokens and clients' words never stand in them."""

from __future__ import annotations

import logging
import sys
from typing import Any, Literal

import structlog


def configure(style: Literal["json", "console", "auto"], *, verbose: bool = False, quiet: bool = False) -> None:
    """Send logs to standard error; `auto` writes lines on a terminal and JSON elsewhere."""
    level = logging.DEBUG if verbose else logging.WARNING if quiet else logging.INFO
    lines = style == "console" or (style == "auto" and sys.stderr.isatty())
    last: Any = structlog.dev.ConsoleRenderer() if lines else structlog.processors.JSONRenderer(ensure_ascii=False)
    shared: list[structlog.types.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    traced: list[structlog.types.Processor] = [] if lines else [structlog.processors.format_exc_info]
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, *shared, *traced, last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *traced, last],
    )
    handler.setFormatter(formatter)
    logging.getLogger("makegood").handlers = [handler]
