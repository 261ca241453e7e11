"""The commands that look back and list, answered from the state."""

from __future__ import annotations

from functools import partial
from typing import Any

import click

from sync.cli_options import Moment, register_options, shared, told


@click.command(short_help="What to do first: live tickets by urgency.")
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
    from sync.commands.listings import work_list as run  # noqa: PLC0415 - what follows needs the rest of the program

    ctx.exit(run(**told(ctx, options)))


@click.command(short_help="Requests beyond the scope, and what became of them.")
@register_options
@click.pass_context
def register(ctx: click.Context, /, **options: Any) -> None:  # noqa: ANN401 - click's own
    """Requests beyond the scope: what was asked, against which scope, decision, minutes, consent; totals below.

    \b
      makegood register --client Acme
      makegood register --client Acme --output xlsx   > register.xlsx
    """  # noqa: D301 - click reads \\b as "do not rewrap"
    from sync.commands.listings import register as run  # noqa: PLC0415 - what follows needs the rest of the program

    ctx.exit(run(**told(ctx, options)))


@click.command(short_help="Root causes and what was learnt.")
@register_options
@click.pass_context
def lessons(ctx: click.Context, /, **options: Any) -> None:  # noqa: ANN401 - click's own
    """Root causes, what in the process allowed them, and what was learnt; nothing of confidential tickets.

    \b
      makegood lessons --search hand-over
      makegood lessons --client Acme --output csv
    """  # noqa: D301 - click reads \\b as "do not rewrap"
    from sync.commands.listings import lessons as run  # noqa: PLC0415 - what follows needs the rest of the program

    ctx.exit(run(**told(ctx, options)))


@click.command(short_help="What was offered to make good.")
@register_options
@click.pass_context
def remedies(ctx: click.Context, /, **options: Any) -> None:  # noqa: ANN401 - click's own
    """What was offered to make good, its cost, and who approved it; nothing of confidential tickets.

    \b
      makegood remedies
      makegood remedies --client Acme --output json
    """  # noqa: D301 - click reads \\b as "do not rewrap"
    from sync.commands.listings import remedies as run  # noqa: PLC0415 - what follows needs the rest of the program

    ctx.exit(run(**told(ctx, options)))


@click.command(short_help="One message as it would be said on a ticket.")
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
    from sync.commands.listings import message as run  # noqa: PLC0415 - what follows needs the rest of the program

    ctx.exit(run(**told(ctx, options)))


COMMANDS = (worklist, register, lessons, remedies, message)
