"""The commands that care for the state file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sync.cli_options import shared, told


@click.command(short_help="Read back from the trackers what was said.")
@shared
@click.pass_context
def rebuild(ctx: click.Context, /, **options: Any) -> None:  # noqa: ANN401 - click's own
    """Read back from the trackers what was said and written, after the state file was lost.

    \b
      makegood rebuild                    then: makegood --dry-run
    """  # noqa: D301 - click reads \\b as "do not rewrap"
    from sync.commands import rebuild as run  # noqa: PLC0415 - what follows needs the rest of the program

    ctx.exit(run(**told(ctx, options)))


@click.group(short_help="Back up the state file, or look whether it is sound.")
def state() -> None:
    """The state file: what was said, written and refused, so that nothing is said twice.

    \b
      makegood state backup /srv/backup/makegood.db    while the daemon runs, too
      makegood state verify                            is it sound, and what is in doubt?
    """  # noqa: D301 - click reads \\b as "do not rewrap"


@state.command(short_help="Copy the state to FILE, also while a daemon runs.")
@shared
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_context
def backup(ctx: click.Context, /, **options: Any) -> None:  # noqa: ANN401 - click's own
    """Copy the state to FILE, whole or not at all; a backup that is there is replaced. A daemon may go on.

    To restore it: stop makegood, copy FILE over the state file, and start makegood again. Each ticket is then read
    back from its tracker before anything is said or written on it, so what came after the backup is not repeated.

    \b
      makegood state backup /srv/backup/makegood.db
      makegood state backup /srv/backup/makegood.db --output json
    """  # noqa: D301 - click reads \\b as "do not rewrap"
    from sync.state_commands import backup as run  # noqa: PLC0415 - what follows needs the rest of the program

    ctx.exit(run(**told(ctx, options)))


@state.command(short_help="Is the state sound, and what is in doubt?")
@shared
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.pass_context
def verify(ctx: click.Context, /, **options: Any) -> None:  # noqa: ANN401 - click's own
    """Is the state (or the backup FILE) sound, and what in it is in doubt? One line each, with the remedy.

    Reads it only. Exit status 2 for a state that no pass should be made with; a warning leaves it 0.

    \b
      makegood state verify
      makegood state verify /srv/backup/makegood.db
    """  # noqa: D301 - click reads \\b as "do not rewrap"
    from sync.state_commands import verify as run  # noqa: PLC0415 - what follows needs the rest of the program

    ctx.exit(run(**told(ctx, options)))


COMMANDS = (rebuild, state)
