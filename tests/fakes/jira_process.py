"""Runs a Jira fake as a process of its own, for benchmarks and demonstrations."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fakes.jira_samples import issues

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fakes.jira_issues import IssueResources


def run(kind: type[IssueResources], arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM or SIGINT; the first line printed is the address."""
    options = _parser(kind).parse_args(arguments)
    extra: dict[str, Any] = {"token": options.token} if options.token else {}
    if kind.cloud:
        extra["limits"] = options.limits
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with kind(
        port=options.port,
        latency=options.latency,
        context=options.context,
        keep_log=False,
        **extra,
    ) as fake:
        for exported in _issues(options.issues):
            fake.load(exported)
        sys.stdout.write(f"{fake.url}\n")
        sys.stdout.flush()
        stop.wait()


def _parser(kind: type[IssueResources]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"python -m fakes.{'jira_cloud' if kind.cloud else 'jira_dc'}", description=run.__doc__
    )
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--issues", default="0", help="how many made-up ones, or a file of exported ones")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--context", default="", help="the path to serve under, such as /jira")
    parser.add_argument("--token", default="", help="the token to accept instead of the usual one")
    parser.add_argument("--limits", action="store_true", help="keep Cloud's limit of writes to an issue")
    return parser


def _issues(source: str) -> Iterable[dict[str, Any]]:
    if source.isdecimal():
        return issues(int(source))
    lines = Path(source).read_text(encoding="utf-8").splitlines()
    return map(json.loads, lines)
