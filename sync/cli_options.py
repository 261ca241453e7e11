"""What the commands of every room share: their options, and how those given before a command's name are heeded."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from sync.call import Call

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Moment(click.ParamType[datetime]):
    """An ISO instant; one without a zone is meant in UTC."""

    name = "iso"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:  # noqa: ANN401 - click's own
        """The instant, aware."""
        if isinstance(value, datetime):
            return value
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no instant; write 2026-03-03T10:00:00+01:00", param, ctx)
        return at if at.tzinfo else at.replace(tzinfo=UTC)


def shared(command: Callable[..., Any], outputs: Sequence[str] = ("text", "json")) -> Callable[..., Any]:
    """The options that every command has."""
    for option in (
        click.option("-q", "quiet", is_flag=True, help="Only totals and errors."),
        click.option("-v", "verbose", count=True, help="Whole comments, and every reason not to act."),
        click.option("--output", type=click.Choice(outputs), default="text", help="JSON keeps a stable shape."),
        click.option(
            "--source", "sources", multiple=True, metavar="NAME", help="Only this source; may be repeated."
        ),
        click.option("--config", type=click.Path(path_type=Path), help="The config file, if not ./config.toml."),
    ):
        command = option(command)
    return command


def export_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of the commands that can look at a file instead of a tracker."""
    for option in (
        click.option(
            "--date-format",
            type=click.Choice(("dmy", "mdy")),
            help="Of an export whose dates do not tell: the day first, or the month.",
        ),
        click.option(
            "--export",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="Look at a CSV that Jira or Asana exported instead; needs no credentials.",
        ),
    ):
        command = option(command)
    return command


def register_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of the commands that look back."""
    for option in (
        click.option("--search", metavar="TEXT", help="Only rows that hold these words."),
        click.option("--engagement", metavar="NAME", help="Only this engagement, by name or alias."),
        click.option("--client", metavar="NAME", help="Only this client, by name or alias."),
    ):
        command = option(command)
    return shared(command, ("text", "json", "csv", "xlsx"))


def told(ctx: click.Context, own: dict[str, Any]) -> dict[str, Any]:
    """A command's `call` and its own options, with those given before its name where it has none of its own.

    UsageError for one that it does not have: it would be taken for heeded.
    """
    before, root = ctx.obj or {}, ctx.find_root()
    for parameter in root.command.params:
        name = parameter.name or ""
        if name not in own and root.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{parameter.opts[-1]} is no option of `{ctx.info_name}`; leave it out", ctx)
    told = {name: before.get(name) if value in (None, (), 0, False) else value for name, value in own.items()}
    if own.get("output") == "text":
        told["output"] = before.get("output") or "text"
    return gathered(ctx, told)


def gathered(ctx: click.Context, options: dict[str, Any]) -> dict[str, Any]:
    """The options, those that all commands share as one `call`."""
    alike = {each.name: options[each.name] for each in fields(Call) if each.name in options}
    own = {name: value for name, value in options.items() if name not in alike}
    return {"call": Call(ctx.find_root().info_name or "makegood", **alike), **own}
