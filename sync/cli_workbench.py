"""The commands of those who shape the mapping files: begin one, test it, and see what it would have done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sync.cli_options import Moment, shared, told


@click.command(short_help="The tests beside the mapping.")
@click.option("-q", "quiet", is_flag=True, help="Only totals and errors.")
@click.option("-v", "verbose", count=True, help="Also the tests that pass, and all that no test has tried.")
@click.option("--output", type=click.Choice(("text", "json")), default="text", help="JSON keeps a stable shape.")
@click.option("--config", type=click.Path(path_type=Path), help="The config file, if not ./config.toml.")
@click.option(
    "--mapping", metavar="FOLDER", type=click.Path(path_type=Path), help="Another folder of mapping files."
)
@click.option("-k", "named", default="", metavar="TEXT", help="Only tests with this in their name.")
@click.option("--update", is_flag=True, help="Write what came into the expectations that do not hold.")
@click.option("--coverage", is_flag=True, help="List the rules that no test has tried.")
@click.argument("files", nargs=-1, metavar="[FILE]...", type=click.Path(path_type=Path))
@click.pass_context
def test(ctx: click.Context, /, **options: Any) -> None:  # noqa: ANN401 - click's own
    """Run the tests beside the mapping, mappings/tests/*.toml: what a ticket is, and what happens to it in time.

    Asks no tracker and writes nothing but, with --update, the tests themselves. Ends with status 1 if one fails.

    \b
      makegood test
      makegood test -k "at night" --update
      makegood test --coverage --output json
    """  # noqa: D301 - click reads \\b as "do not rewrap"
    from sync.workbench.testing_command import test as run  # noqa: PLC0415 - what follows needs the rest of the program

    ctx.exit(run(**told(ctx, options)))


@click.command(short_help="What an edited mapping changes for live tickets.")
@shared
@click.argument("mapping", metavar="FOLDER", type=click.Path(path_type=Path))
@click.option("--now", type=Moment(), help="Pretend that it is this moment.")
@click.option("--exit-code", is_flag=True, help="Exit 10 when anything would change.")
@click.pass_context
def diff(ctx: click.Context, /, **options: Any) -> None:  # noqa: ANN401 - click's own
    """What the edited mapping files in FOLDER change for the tickets that are live now; writes nothing.

    Edit a copy of the folder, look at the difference, then put it in the place of the old one. What was said stays
    said; a promise that the edit would break gets one full warning period first.

    \b
      cp -r mappings edited               then edit edited/severity.toml
      makegood diff edited
      makegood diff edited --output json --exit-code
    """  # noqa: D301 - click reads \\b as "do not rewrap"
    from sync.workbench.difference_command import diff as run  # noqa: PLC0415 - what follows needs the rest of the program

    ctx.exit(run(**told(ctx, options)))


@click.command(short_help="How often people undid or ignored each rule.")
@shared
@click.option("--since", type=Moment(), help="Count from then on; by default the last 90 days.")
@click.option("--client", metavar="NAME", help="Only this client, by name or alias.")
@click.pass_context
def overrides(ctx: click.Context, /, **options: Any) -> None:  # noqa: ANN401 - click's own
    """How often people undid or ignored what each rule wrote, by rule, role and client, and what that suggests.

    Asks no tracker: it counts what the state file keeps.

    \b
      makegood overrides
      makegood overrides --since 2026-01-01 --client Acme -v
    """  # noqa: D301 - click reads \\b as "do not rewrap"
    from sync.workbench.overrides_command import overrides as run  # noqa: PLC0415 - what follows needs the rest of the program

    ctx.exit(run(**told(ctx, options)))


@click.command(short_help="The first config and mapping files, from what your tracker shows.")
@click.argument("folder", required=False, default=".", type=click.Path(path_type=Path, file_okay=False))
@click.option("--tracker", type=click.Choice(("jira", "asana", "workbook")), help="Where your client issues are.")
@click.option("--url", metavar="ADDRESS", help="Jira's address.")
@click.option("--email", metavar="ADDRESS", help="The account's, for Jira Cloud.")
@click.option("--project", "projects", multiple=True, metavar="KEY", help="A project; may be repeated.")
@click.option("--workbook", type=click.Path(path_type=Path), metavar="FILE", help="A file, .xlsx or .csv.")
@click.option(
    "--export", type=click.Path(path_type=Path), metavar="FILE", help="A CSV that Jira or Asana exported."
)
@click.option("--name", help="A short name for the source; by default the tracker's.")
@click.option("--zone", help="The time zone in which your days are meant, as in Europe/Berlin.")
@click.option("--readers", type=click.Choice(("staff", "staff-and-clients")), help="Who can read these tickets.")
@click.option("--yes", is_flag=True, help="Ask nothing: guess what was not said.")
@click.pass_context
def init(ctx: click.Context, /, **options: Any) -> None:  # noqa: ANN401 - click's own
    """Write a first config.toml and mappings/ into FOLDER, from what your tracker shows of itself.

    Asks for its fields, statuses, priorities, people and a hundred tickets, guesses what they mean, marks each
    guess, and lists what you must decide. It writes nothing to the tracker and overwrites no file.

    \b
      makegood init
      makegood init --yes --workbook issues.xlsx
      makegood init --yes --export jira.csv
      makegood init --tracker jira --url https://example.atlassian.net --project OPS
    """  # noqa: D301 - click reads \\b as "do not rewrap"
    from sync.workbench.init_command import init as run  # noqa: PLC0415 - what follows needs the rest of the program

    ctx.exit(run(**told(ctx, options)))


@click.command(short_help="What the mapping would have said over the past.")
@shared
@click.option("--since", type=Moment(), required=True, help="From then on.")
@click.option("--until", type=Moment(), help="Until then; by default until now.")
@click.option(
    "--mapping", metavar="FOLDER", type=click.Path(path_type=Path), help="Compare with these mapping files."
)
@click.option(
    "--every", metavar="TIME", default="1h", help="How often the daemon would have looked; by default 1h."
)
@click.option("--client", metavar="NAME", help="Only this client, by name or alias.")
@click.option(
    "--max-per-role-week", multiple=True, metavar="ROLE=N", help="Exit 1 if a role is asked more often in a week."
)
@click.option(
    "--max-comments-per-ticket", type=click.IntRange(1), metavar="N", help="Exit 1 if a ticket gets more comments."
)
@click.pass_context
def backtest(ctx: click.Context, /, **options: Any) -> None:  # noqa: ANN401 - click's own
    """What the daemon would have said, had it run over the past with these mapping files; writes nothing.

    Reads every ticket with its history and lives through it again: promises kept and broken, who is asked how
    often, comments by ticket and hour, and the noisiest rules. With --mapping the difference, ticket by ticket.
    Titles, texts and clients are those of today. -v lists everything.

    \b
      makegood backtest --since 2026-08-01
      makegood backtest --since 2026-08-01 --mapping edited
      makegood backtest --since 2026-08-01 --max-per-role-week managing_partner=5
    """  # noqa: D301 - click reads \\b as "do not rewrap"
    from sync.workbench.backtest_command import backtest as run  # noqa: PLC0415 - what follows needs the rest of the program

    ctx.exit(run(**told(ctx, options)))


@click.command(short_help="The schemas by which an editor helps with these files.")
@click.argument("folder", metavar="[FOLDER]", default="mappings", type=click.Path(path_type=Path))
@click.pass_context
def schema(ctx: click.Context, /, **options: Any) -> None:  # noqa: ANN401 - click's own
    """Write the JSON Schemas of config and mapping files into FOLDER/.schema; by default mappings/.schema.

    Each file names its schema on its first line, as in `#:schema .schema/severity.json`. An editor with the
    extension tombi then completes keys and values, shows what they mean, and marks what is wrong, offline.

    \b
      makegood schema
      makegood schema /etc/makegood/mappings
    """  # noqa: D301 - click reads \\b as "do not rewrap"
    from sync.workbench.schema_command import schema as run  # noqa: PLC0415 - what follows needs the rest of the program

    ctx.exit(run(**told(ctx, options)))


COMMANDS: tuple[click.Command, ...] = (
    backtest,
    diff,
    init,
    overrides,
    schema,
    test,
)
