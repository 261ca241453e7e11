"""The commands; the one place where errors become exit statuses."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from sync import __version__
from sync.errors import MakegoodError
from sync.secrecy import trace
from sync.terminal import say

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


def register_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of the commands that look back."""
    for option in (
        click.option("--search", metavar="TEXT", help="Only rows that hold these words."),
        click.option("--engagement", metavar="NAME", help="Only this engagement, by name or alias."),
        click.option("--client", metavar="NAME", help="Only this client, by name or alias."),
    ):
        command = option(command)
    return shared(command, ("text", "json", "csv", "xlsx"))


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
    """  # noqa: D301 - click reads \\b as "do not rewrap"
    ctx.obj = options
    if ctx.invoked_subcommand is None:
        from sync.commands import one_pass  # noqa: PLC0415 - what follows needs the rest of the program

        ctx.exit(one_pass(ctx.info_name or "makegood", **options))


def _told(ctx: click.Context, own: dict[str, Any]) -> dict[str, Any]:
    """A command's own options, with those given before its name where it has none of its own.

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
    return told | {"program_name": ctx.find_root().info_name or "makegood"}


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

    ctx.exit(run(**_told(ctx, options)))


@cli.command(short_help="Is the configuration sound? Every fault at once.")
@shared
@click.option("--online", is_flag=True, help="Also ask the trackers: credentials, fields, permissions, readers.")
@click.pass_context
def check(ctx: click.Context, /, **options: Any) -> None:  # noqa: ANN401 - click's own
    """Is the configuration sound? Every fault at once, with file, line and remedy.

    \b
      makegood check                      config.toml and mappings/, offline
      makegood check --online             and the trackers too
    """  # noqa: D301 - click reads \\b as "do not rewrap"
    from sync.commands import check as run  # noqa: PLC0415 - what follows needs the rest of the program

    ctx.exit(run(**_told(ctx, options)))


@cli.command(short_help="Why this, why now, what is next for one ticket.")
@shared
@click.argument("ticket")
@click.option("--now", type=Moment(), help="Pretend that it is this moment.")
@click.pass_context
def explain(ctx: click.Context, /, **options: Any) -> None:  # noqa: ANN401 - click's own
    """Why this ticket, why this severity, why now, what is next, and what would change it.

    \b
      makegood explain ACME-12
      makegood explain ACME-12 --now 2026-03-03T18:00:00+01:00
    """  # noqa: D301 - click reads \\b as "do not rewrap"
    from sync.commands import explain as run  # noqa: PLC0415 - what follows needs the rest of the program

    ctx.exit(run(**_told(ctx, options)))


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
    from sync.plan_commands import plan as run  # noqa: PLC0415 - what follows needs the rest of the program

    ctx.exit(run(**_told(ctx, options)))


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
    from sync.plan_commands import apply as run  # noqa: PLC0415 - what follows needs the rest of the program

    ctx.exit(run(**_told(ctx, options)))


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
    from sync.undo_command import undo as run  # noqa: PLC0415 - what follows needs the rest of the program

    ctx.exit(run(**_told(ctx, options)))


@cli.command(short_help="How each source stands; writes of unknown outcome.")
@shared
@click.pass_context
def status(ctx: click.Context, /, **options: Any) -> None:  # noqa: ANN401 - click's own
    """How each source stands: last good pass, tickets known, and writes whose outcome is unknown.

    \b
      makegood status
      makegood status --output json
    """  # noqa: D301 - click reads \\b as "do not rewrap"
    from sync.commands import status as run  # noqa: PLC0415 - what follows needs the rest of the program

    ctx.exit(run(**_told(ctx, options)))


@cli.command(short_help="What to do first: live tickets by urgency.")
@partial(shared, outputs=("text", "json", "csv"))
@click.option("--owner", metavar="NAME", help="Only tickets of this owner; `nobody` for those without one.")
@click.option("--client", metavar="NAME", help="Only this client, by name or alias.")
@click.option("--now", type=Moment(), help="Pretend that it is this moment.")
@click.pass_context
def worklist(ctx: click.Context, /, **options: Any) -> None:  # noqa: ANN401 - click's own
    """What to do first: live tickets by urgency, with the next broken promise, the time to it, and why.

    Asks no tracker: it shows what the last pass left, ranked as of now. -v shows what made each rank.

    \b
      makegood worklist
      makegood worklist --owner nobody
      makegood worklist --client Acme --output csv
    """  # noqa: D301 - click reads \\b as "do not rewrap"
    from sync.listing_commands import work_list as run  # noqa: PLC0415 - what follows needs the rest of the program

    ctx.exit(run(**_told(ctx, options)))


@cli.command(short_help="Requests beyond the scope, and what became of them.")
@register_options
@click.pass_context
def register(ctx: click.Context, /, **options: Any) -> None:  # noqa: ANN401 - click's own
    """Requests beyond the scope: what was asked, against which scope, decision, minutes, consent; totals below.

    \b
      makegood register --client Acme
      makegood register --client Acme --output xlsx   > register.xlsx
    """  # noqa: D301 - click reads \\b as "do not rewrap"
    from sync.listing_commands import register as run  # noqa: PLC0415 - what follows needs the rest of the program

    ctx.exit(run(**_told(ctx, options)))


@cli.command(short_help="Root causes and what was learnt.")
@register_options
@click.pass_context
def lessons(ctx: click.Context, /, **options: Any) -> None:  # noqa: ANN401 - click's own
    """Root causes, what in the process allowed them, and what was learnt; nothing of confidential tickets.

    \b
      makegood lessons --search hand-over
      makegood lessons --client Acme --output csv
    """  # noqa: D301 - click reads \\b as "do not rewrap"
    from sync.listing_commands import lessons as run  # noqa: PLC0415 - what follows needs the rest of the program

    ctx.exit(run(**_told(ctx, options)))


@cli.command(short_help="What was offered to make good.")
@register_options
@click.pass_context
def remedies(ctx: click.Context, /, **options: Any) -> None:  # noqa: ANN401 - click's own
    """What was offered to make good, its cost, and who approved it; nothing of confidential tickets.

    \b
      makegood remedies
      makegood remedies --client Acme --output json
    """  # noqa: D301 - click reads \\b as "do not rewrap"
    from sync.listing_commands import remedies as run  # noqa: PLC0415 - what follows needs the rest of the program

    ctx.exit(run(**_told(ctx, options)))


@cli.command(short_help="One message as it would be said on a ticket.")
@shared
@click.argument("kind")
@click.argument("ticket")
@click.option("--lang", metavar="LANGUAGE", help="en, ja, da, ru or fi; without it the reader's own.")
@click.option("--now", type=Moment(), help="Pretend that it is this moment.")
@click.pass_context
def message(ctx: click.Context, /, **options: Any) -> None:  # noqa: ANN401 - click's own
    """One message as it would be said on a ticket now; with sample values where the ticket does not call for it.

    KIND is the name of a template, such as `update`: the files of mappings/comments/en/ without their endings, but
    for the footers; a KIND that there is not lists them all. Of a message for a client it also shows, on standard
    error, what would keep it from being sent.

    \b
      makegood message escalation ACME-12
      makegood message client_slip --lang da ACME-12
    """  # noqa: D301 - click reads \\b as "do not rewrap"
    from sync.listing_commands import message as run  # noqa: PLC0415 - what follows needs the rest of the program

    ctx.exit(run(**_told(ctx, options)))


@cli.command(short_help="Read back from the trackers what was said.")
@shared
@click.pass_context
def rebuild(ctx: click.Context, /, **options: Any) -> None:  # noqa: ANN401 - click's own
    """Read back from the trackers what was said and written, after the state file was lost.

    \b
      makegood rebuild                    then: makegood --dry-run
    """  # noqa: D301 - click reads \\b as "do not rewrap"
    from sync.commands import rebuild as run  # noqa: PLC0415 - what follows needs the rest of the program

    ctx.exit(run(**_told(ctx, options)))


@cli.group(short_help="Back up the state file, or look whether it is sound.")
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

    ctx.exit(run(**_told(ctx, options)))


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

    ctx.exit(run(**_told(ctx, options)))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its status."""
    program_name = Path(sys.argv[0]).stem
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal may know fewer letters than tickets hold
    try:
        cli.main(args=list(arguments) if arguments is not None else None, prog_name=program_name)
    except MakegoodError as error:
        say(f"{program_name}: {error}", err=True)
        sys.exit(error.exit_status)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - a fault of ours, whose own words may hold a secret
        say(f"{trace(error)}\n{program_name}: this is a fault of makegood's, please report it", err=True)
        sys.exit(1)
