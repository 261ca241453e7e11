"""The commands; the one place where errors become exit statuses."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sync import __version__, cli_listing, cli_state, cli_workbench
from sync.cli_options import Moment, export_options, gathered, shared, told
from sync.errors import ConfigurationError, MakegoodError
from sync.secrecy import trace
from sync.terminal import say

if TYPE_CHECKING:
    from collections.abc import Sequence


@click.group(
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit status: 0 done · 1 some tickets or sources failed, the others went on · "
    "2 usage or configuration · 3 credentials or permissions · 4 plan refused by the guard · "
    "5 another run holds the lock · 10 (--dry-run --exit-code) there is something to do.",
)
@shared
@click.option("--dry-run", is_flag=True, help="Show what one pass would do, and write nothing anywhere.")
@click.option("--only", multiple=True, metavar="KEY", help="Only this ticket; may be repeated.")
@click.option("--now", type=Moment(), help="Pretend that it is this moment (dry runs, and workbook sources).")
@click.option(
    "--max-actions",
    type=click.IntRange(0),
    metavar="N",
    help="Refuse a plan of more than N actions, even if the guard allows more.",
)
@click.option(
    "--approve",
    multiple=True,
    metavar="DIGEST",
    help="Let through the one plan that the guard refused; its refusal tells the digest.",
)
@click.option("--exit-code", is_flag=True, help="With --dry-run: exit 10 when there is something to do.")
@export_options
@click.version_option(__version__, prog_name="makegood")
@click.pass_context
def cli(ctx: click.Context, /, **options: Any) -> None:  # noqa: ANN401 - click's own
    """Reads your tracker, works out what is owed to which client by when, and writes it back once.

    Without a command: one pass.

    \b
      makegood --dry-run                  what a pass would do; writes nothing
      makegood --dry-run -v               the same with every comment in full
      makegood --only ACME-12             one pass over one ticket
      makegood --dry-run --output json    the plan for a program
      makegood --dry-run --export FILE    what it would do with the tickets of a Jira or Asana export
    """  # noqa: D301 - click reads \\b as "do not rewrap"
    ctx.obj = options
    if ctx.invoked_subcommand is not None:
        return
    export, date_format = options.pop("export"), options.pop("date_format")
    if export is not None and not options["dry_run"]:
        raise click.UsageError("an export can only be looked at: add --dry-run", ctx)
    if export is not None:
        from sync.workbench.export_command import one_pass as trial  # noqa: PLC0415 - what follows needs the rest

        ctx.exit(trial(export=export, date_format=date_format, **gathered(ctx, options)))
    from sync.commands.passes import one_pass  # noqa: PLC0415 - what follows needs the rest of the program

    ctx.exit(one_pass(**gathered(ctx, options)))


@cli.command(short_help="Pass after pass, until told to stop.")
@shared
@click.option("--passes", type=click.IntRange(1), hidden=True, help="Stop after this many passes.")
@click.pass_context
def daemon(ctx: click.Context, /, **options: Any) -> None:  # noqa: ANN401 - click's own
    """Pass after pass, every `interval`, until it is told to stop.

    \b
      makegood daemon                     in the foreground; SIGTERM ends it after the write in hand
      systemctl start makegood            as a service
    """  # noqa: D301 - click reads \\b as "do not rewrap"
    from sync.daemon import run  # noqa: PLC0415 - what follows needs the rest of the program

    ctx.exit(run(**told(ctx, options)))


@cli.command(short_help="Is the configuration sound? Every fault at once.")
@partial(shared, outputs=("text", "short", "json", "github"))
@click.option("--online", is_flag=True, help="Also ask the trackers: credentials, fields, permissions, readers.")
@click.option(
    "--mapping", metavar="FOLDER", type=click.Path(path_type=Path), help="Another folder of mapping files."
)
@click.pass_context
def check(ctx: click.Context, /, **options: Any) -> None:  # noqa: ANN401 - click's own
    """Is the configuration sound? Every fault at once, with file, line and remedy.

    `--output short` prints a line for each fault, `github` annotations for a workflow.

    \b
      makegood check                      config.toml and mappings/, offline
      makegood check --online             and the trackers too
      makegood check --mapping edited     an edited copy of mappings/
      makegood check --output github      each fault beside its line in a pull request
    """  # noqa: D301 - click reads \\b as "do not rewrap"
    from sync.commands.check import check as run  # noqa: PLC0415 - what follows needs the rest of the program

    ctx.exit(run(**told(ctx, options)))


@cli.command(short_help="Why this, why now, what is next for one ticket.")
@shared
@click.argument("ticket")
@click.option("--now", type=Moment(), help="Pretend that it is this moment.")
@export_options
@click.pass_context
def explain(ctx: click.Context, /, **options: Any) -> None:  # noqa: ANN401 - click's own
    """Why this ticket, why this severity, why now, what is next, and what would change it.

    \b
      makegood explain ACME-12
      makegood explain ACME-12 --now 2026-03-03T18:00:00+01:00
    """  # noqa: D301 - click reads \\b as "do not rewrap"
    given = told(ctx, options)
    export, date_format = given.pop("export"), given.pop("date_format")
    if export is not None:
        from sync.workbench.export_command import explain as trial  # noqa: PLC0415 - what follows needs the rest

        ctx.exit(trial(export=export, date_format=date_format, **given))
    from sync.commands.passes import explain as run  # noqa: PLC0415 - what follows needs the rest of the program

    ctx.exit(run(**given))


@cli.command(short_help="What a pass would do, as a file to review.")
@shared
@click.option(
    "-o",
    "into",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="Where to; an earlier plan there is replaced, and no other file.",
)
@click.option("--only", multiple=True, metavar="KEY", help="Only this ticket; may be repeated.")
@click.option("--now", type=Moment(), help="Pretend that it is this moment.")
@click.pass_context
def plan(ctx: click.Context, /, **options: Any) -> None:  # noqa: ANN401 - click's own
    """What a pass would do, as a file that a person reviews; writes nothing to a tracker.

    \b
      makegood plan -o plan.json
      makegood plan -o plan.json --only ACME-12 -v
    """  # noqa: D301 - click reads \\b as "do not rewrap"
    from sync.commands.plans import plan as run  # noqa: PLC0415 - what follows needs the rest of the program

    ctx.exit(run(**told(ctx, options)))


@cli.command(short_help="Carry out exactly a reviewed plan.")
@shared
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--approve", multiple=True, metavar="DIGEST", help="Let through what the guard refuses of this very plan."
)
@click.option("--now", type=Moment(), help="Pretend that it is this moment (workbook sources).")
@click.pass_context
def apply(ctx: click.Context, /, **options: Any) -> None:  # noqa: ANN401 - click's own
    """Carry out exactly the plan in FILE, once and within a day; nothing at all if anything of it changed since.

    The guard looks at it again, whatever FILE says, and refuses the whole of it unless each digest is given.

    \b
      makegood apply plan.json
      makegood apply plan.json --approve 3f2a8c91d0e4
    """  # noqa: D301 - click reads \\b as "do not rewrap"
    from sync.commands.plans import apply as run  # noqa: PLC0415 - what follows needs the rest of the program

    ctx.exit(run(**told(ctx, options)))


@cli.command(short_help="Take back what makegood wrote and nobody touched since.")
@shared
@click.argument("what", required=False, metavar="[RUN|TICKET]")
@click.option("--all", "everything", is_flag=True, help="Everything that makegood wrote, on every ticket.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--now", type=Moment(), help="Pretend that it is this moment (workbook sources).")
@click.pass_context
def undo(ctx: click.Context, /, **options: Any) -> None:  # noqa: ANN401 - click's own
    """Take back labels, due dates and comments that makegood wrote and nobody touched since; shows them first.

    What is taken back counts as taken off by a person: it is not written again until its reason changes.

    \b
      makegood undo ACME-12               all of ours on one ticket
      makegood undo 3f2a8c91d0e4          what one run wrote; a pass tells its run
      makegood undo --all --yes           everything, without asking
    """  # noqa: D301 - click reads \\b as "do not rewrap"
    from sync.commands.undo import undo as run  # noqa: PLC0415 - what follows needs the rest of the program

    ctx.exit(run(**told(ctx, options)))


@cli.command(short_help="How each source stands; writes of unknown outcome.")
@shared
@click.pass_context
def status(ctx: click.Context, /, **options: Any) -> None:  # noqa: ANN401 - click's own
    """How each source stands: last good pass, tickets known, and writes whose outcome is unknown.

    \b
      makegood status
      makegood status --output json
    """  # noqa: D301 - click reads \\b as "do not rewrap"
    from sync.commands.status import status as run  # noqa: PLC0415 - what follows needs the rest of the program

    ctx.exit(run(**told(ctx, options)))


for command in (*cli_listing.COMMANDS, *cli_state.COMMANDS, *cli_workbench.COMMANDS):
    cli.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its status."""
    program_name = Path(sys.argv[0]).stem
    gc.set_threshold(100_000, 20, 50)  # what is loaded now stays; looking through it costs a tenth of `check`
    atexit.register(gc.freeze)  # and as much again at the end, when the process gives all of it back anyway
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # none is ours, and looking for some takes 10 ms
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal may know fewer letters than tickets hold
    try:
        cli.main(args=list(arguments) if arguments is not None else None, prog_name=program_name)
    except ConfigurationError as error:
        from sync.fault_text import refuse  # noqa: PLC0415 - only when something is refused

        refuse(program_name, error)
        sys.exit(error.exit_status)
    except MakegoodError as error:
        say(f"{program_name}: {error}", err=True)
        sys.exit(error.exit_status)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - a fault of ours, whose own words may hold a secret
        say(f"{trace(error)}\n{program_name}: this is a fault of makegood's, please report it", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
