"""The commands that care for the installation and its state file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sync.cli_options import Moment, shared, told


@click.command(short_help="Read back from the trackers what was said.")
@shared
@click.pass_context
def rebuild(ctx: click.Context, /, **options: Any) -> None:  # noqa: ANN401 - click's own
    """Read back from the trackers what was said and written, after the state file was lost.

    \b
      makegood rebuild                    then: makegood --dry-run
    """  # noqa: D301 - click reads \\b as "do not rewrap"
    from sync.commands.passes import rebuild as run  # noqa: PLC0415 - what follows needs the rest of the program

    ctx.exit(run(**told(ctx, options)))


@click.command(short_help="Is this installation well? What to type where it is not.")
@shared
@click.option("--offline", is_flag=True, help="Leave out what needs the network.")
@click.pass_context
def doctor(ctx: click.Context, /, **options: Any) -> None:  # noqa: ANN401 - click's own
    """Is this installation well? Each finding, and what to type where it is not good.

    Its parts, clock, disk, rights, service, state, sources with their credentials, mail server. Writes nothing,
    and sends nothing but questions. Whatever fails, the rest is looked at, within half a minute. -q shows only
    what is not good, -v each thing that is.

    Exit status 0 when nothing is broken (what is to be looked at leaves it 0), else the gravest one's own:
    1 what may pass, 2 configuration, state or rights, 3 credentials.

    \b
      makegood doctor
      makegood doctor --offline
      makegood doctor -q                  for cron, which mails what it prints
    """  # noqa: D301 - click reads \\b as "do not rewrap"
    from sync.doctor.command import doctor as run  # noqa: PLC0415 - what follows needs the rest of the program

    ctx.exit(run(**told(ctx, options)))


@click.command(short_help="Does what stands on the tickets agree with what was promised?")
@shared
@click.option("--now", type=Moment(), help="Pretend that it is this moment.")
@click.argument("tickets", metavar="[TICKET]…", nargs=-1)
@click.pass_context
def audit(ctx: click.Context, /, **options: Any) -> None:  # noqa: ANN401 - click's own
    """Hold every live ticket, or these, against what is wanted there and what the state remembers; tell the drift.

    What was promised and is not there, what is there and nobody can explain, and where the state is behind; each
    with its rule and remedy, the gravest first. What people changed is theirs: it is counted, and -v lists it.
    Writes nothing, and may run beside a daemon.

    Exit status 1 if there is drift, or if a ticket or source could not be compared.

    \b
      makegood audit
      makegood audit ACME-12 -v
      makegood audit --source jira --output json
    """  # noqa: D301 - click reads \\b as "do not rewrap"
    from sync.auditing.command import audit as run  # noqa: PLC0415 - what follows needs the rest of the program

    ctx.exit(run(**told(ctx, options)))


@click.group(short_help="Back up the state file, compact it, or look whether it is sound.")
def state() -> None:
    """The state file: what was said, written and refused, so that nothing is said twice.

    \b
      makegood state backup /srv/backup/makegood.db    while the daemon runs, too
      makegood state compact --dry-run                 what could go? (the daemon sees to that once a day)
      makegood state verify                            is it sound, and what is in doubt?
    """  # noqa: D301 - click reads \\b as "do not rewrap"


@state.command(short_help="Copy the state to a file or folder, also while a daemon runs.")
@shared
@click.option("--keep", type=click.IntRange(1), metavar="N", help="In a folder: delete all but the newest N.")
@click.argument("place", metavar="FILE|FOLDER", type=click.Path(path_type=Path))
@click.pass_context
def backup(ctx: click.Context, /, **options: Any) -> None:  # noqa: ANN401 - click's own
    """Copy the state to FILE, whole or not at all; a backup that is there is replaced. A daemon may go on.

    In a FOLDER the file is named by the date, and --keep 14 deletes all but the newest fourteen: for a timer.

    To restore it: stop makegood, copy FILE over the state file, and start makegood again. Each ticket is then read
    back from its tracker before anything is said or written on it, so what came after the backup is not repeated.

    \b
      makegood state backup /srv/backup/makegood.db
      makegood state backup /srv/backup --keep 14
      makegood state backup /srv/backup/makegood.db --output json
    """  # noqa: D301 - click reads \\b as "do not rewrap"
    from sync.commands.state import backup as run  # noqa: PLC0415 - what follows needs the rest of the program

    ctx.exit(run(**told(ctx, options)))


@state.command(short_help="Take out what nobody can need any more.")
@shared
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.pass_context
def compact(ctx: click.Context, /, **options: Any) -> None:  # noqa: ANN401 - click's own
    """Take out of the state what nobody can need any more, and give the room back to the disk.

    What was written on a ticket that is done goes `keep_journal` (90d) after the last thing that happened there;
    on one that goes on, after a year. What was said and refused stays for ever, and so does what is in doubt. The
    daemon does this once a day by itself, and holds the state: stop it first, or add --dry-run.

    \b
      makegood state compact --dry-run
      makegood state compact
    """  # noqa: D301 - click reads \\b as "do not rewrap"
    from sync.commands.state import compact as run  # noqa: PLC0415 - what follows needs the rest of the program

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
    from sync.commands.state import verify as run  # noqa: PLC0415 - what follows needs the rest of the program

    ctx.exit(run(**told(ctx, options)))


@click.command(short_help="Take one client's data out of the state, and prove it.")
@shared
@click.option("--yes", is_flag=True, help="Do it without asking.")
@click.argument("client")
@click.pass_context
def forget(ctx: click.Context, /, **options: Any) -> None:  # noqa: ANN401 - click's own
    """Take all that is remembered of CLIENT (a name or alias) out of the state, and search its bytes for the rest.

    Refused while a configured source shows a ticket of the client, for it would be read again, and while a write
    on one is in doubt. Should such a ticket come back, its own marks tell what was said, so nothing is said twice.

    Exit status 2 also where a name, key or id of the client is still found. Backups, logs, mapping files and the
    trackers are not touched; backups beside the state are named.

    \b
      makegood forget "Client A"
      makegood forget "Client A" --yes --output json
    """  # noqa: D301 - click reads \\b as "do not rewrap"
    from sync.commands.forget import forget_client as run  # noqa: PLC0415 - what follows needs the rest of the program

    ctx.exit(run(**told(ctx, options)))


COMMANDS = (audit, doctor, rebuild, forget, state)
