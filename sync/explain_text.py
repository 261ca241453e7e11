"""An explanation as people read it on a terminal."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sync.legible import in_lines

if TYPE_CHECKING:
    from rich.console import Console

_STATES = {
    "broken": "bold red",
    "rests": "red",
    "running": "green",
    "paused": "yellow",
    "met": "dim",
    "off": "dim",
    "notice": "cyan",
}


def show(told: dict[str, Any], console: Console, *, verbose: bool) -> None:
    """The explanation on a terminal; -v lists every rule that was tried and every promise that is off."""
    from rich.table import Table  # noqa: PLC0415 - only when something is shown
    from rich.text import Text  # noqa: PLC0415 - likewise

    told = in_lines(told)
    title = told["title"] or "(no title)"
    console.print(Text.assemble((told["ticket"], "bold cyan"), "  ", (title, "italic")), soft_wrap=True)
    console.print(Text(f"as of {_when(told['now'])} ({told['now'][-6:]}), source {told['source']}", "dim"))
    for heading, part in (("Fields as mapped", "fields"), ("What is known of the client", "context")):
        if told[part]:
            facts = Table.grid(padding=(0, 2))
            for name, value in told[part].items():
                facts.add_row(Text(f"  {name}", "dim"), Text(str(value)))
            _head(console, heading)
            console.print(facts)
    _show_category(told, console, verbose=verbose)
    _show_severity(told, console)
    _show_warnings(told, console)
    _show_promises(told, console, verbose=verbose)
    _show_wanted(told, console)


def _show_category(told: dict[str, Any], console: Console, *, verbose: bool) -> None:
    from rich.text import Text  # noqa: PLC0415 - only when something is shown

    _head(console, "Category")
    category = told["category"]
    console.print(Text(f"  {category['is']}{'/' + category['subtype'] if category['subtype'] else ''}", "bold"))
    console.print(Text(f"  by {category['rule']}: {category['why']}"), soft_wrap=True)
    _show_rules(told, console, verbose=verbose)


def _show_severity(told: dict[str, Any], console: Console) -> None:
    from rich.text import Text  # noqa: PLC0415 - only when something is shown

    _head(console, "Severity")
    severity = told["severity"]
    since = f"  {severity['is']}, since {_when(severity['since'])} (event {severity['event']})"
    console.print(Text(since, "bold"))
    lines = [f"by {severity['rule']}: {severity['why']}"]
    lines += [
        f"raised from {each['from']} to {each['to']} by {each['trigger']}: {each['evidence']}"
        for each in severity["raises"]
    ]
    lines += [
        f"withdrawn from {each['from']} to {each['to']}: {each['trigger']} ({each['evidence']}) is over"
        for each in severity["withdrawn"]
    ]
    for each in severity["also"]:
        brings = f", brings in {each['brings_in'].replace('_', ' ')}" if each["brings_in"] else ""
        lines.append(f"{each['trigger']}: {each['evidence']}{brings}. {each['note']}".rstrip())
    for line in lines:
        console.print(Text(f"  {line}"), soft_wrap=True)
    parts = ", ".join(f"{name} {figure}" for name, figure in told["urgency"]["parts"].items())
    urgency = f"  urgency {told['urgency']['score']}: {parts or 'nothing presses'}"
    console.print(Text(urgency, "dim"), soft_wrap=True)


def _show_promises(told: dict[str, Any], console: Console, *, verbose: bool) -> None:
    from rich.text import Text  # noqa: PLC0415 - only when something is shown

    _head(console, "Promises")
    spent = ", ".join(f"{status} {hours}" for status, hours in told["time_in_status"].items())
    console.print(Text(f"  time in status: {spent}", "dim"), soft_wrap=True)
    off = [clock["promise"].replace("_", " ") for clock in told["clocks"] if clock["state"] == "off"]
    for clock in told["clocks"]:
        if verbose or clock["state"] != "off":
            _show_clock(clock, console)
    if off and not verbose:
        line = f"  off, without mapped evidence: {', '.join(off)} (-v says what to map)"
        console.print(Text(line, "dim"), soft_wrap=True)
    for asked in told["asked"]:
        for each in asked["passed_over"]:
            until = f" until {each['until']}" if each["until"] else ""
            role = asked["role"].replace("_", " ")
            line = f"  {each['person'] or 'somebody'} is {each['why']}{until}, so the {role} is asked"
            console.print(Text(line, "yellow"), soft_wrap=True)


def _show_wanted(told: dict[str, Any], console: Console) -> None:
    from rich.text import Text  # noqa: PLC0415 - only when something is shown

    _head(console, "What should stand on the ticket")
    for want in told["labels"]:
        line = Text.assemble(("  ", ""), (want["label"], "green"), (f"  {want['why']}", "dim"))
        console.print(line, soft_wrap=True)
    if told["due"]:
        console.print(Text.assemble("  due ", (told["due"]["day"], "green"), (f"  {told['due']['rule']}", "dim")))
    for held in told["held_back"]:
        console.print(Text(f"  not: {held['what']}: {held['why']}", "yellow"), soft_wrap=True)
    _show_decisions(told, console)
    _head(console, "What happens next")
    console.print(Text(f"  next step by the clock: {_when(told['next']) if told['next'] else 'none'}"))
    for line in told["would_change_it"]:
        console.print(Text(f"  · {line}", "dim"), soft_wrap=True)


def _show_decisions(told: dict[str, Any], console: Console) -> None:
    from rich.text import Text  # noqa: PLC0415 - only when something is shown

    if told["decisions"]:
        _head(console, "Whose decision stands, and until when")
    for each in told["decisions"]:
        since = f", since {_when(each['since'])}" if each["since"] else ""
        console.print(Text(f"  {each['what']}", "bold"), soft_wrap=True)
        console.print(Text(f"      by {each['whose']}{since}"), soft_wrap=True)
        console.print(Text(f"      until {each['until']} · to end it: {each['remedy']}", "dim"), soft_wrap=True)


def _show_warnings(told: dict[str, Any], console: Console) -> None:
    from rich.text import Text  # noqa: PLC0415 - only when something is shown

    if not (told["early_warnings"] or told["red_flags"]):
        return
    _head(console, "Early warnings and red flags")
    for each in told["early_warnings"]:
        console.print(Text(f"  ! {each['sentence']}  (signs.toml: {each['name']})", "yellow"), soft_wrap=True)
    for each in told["red_flags"]:
        line = f"  ⚑ {each['means']}  ({each['label']}; take the label off to clear it)"
        console.print(Text(line, "red"), soft_wrap=True)


def _when(instant: str | None) -> str:
    """An ISO instant as people on a terminal read it; the zone stands once, in the title."""
    return f"{datetime.fromisoformat(instant):%a %d %b %Y %H:%M}" if instant else "…"


def _head(console: Console, words: str) -> None:
    console.print(f"\n[bold]{words}[/bold]")


def _show_rules(told: dict[str, Any], console: Console, *, verbose: bool) -> None:
    from rich.text import Text  # noqa: PLC0415 - only when something is shown

    matched = [rule for rule in told["rules"] if rule["evidence"]]
    for rule in told["rules"] if verbose else matched:
        mark, style = (f"{rule['score']:2}", "green") if rule["evidence"] else (" ·", "dim")
        words = rule["evidence"] or f"does not hold: {rule['asks']}"
        where = ", in the comments" if rule["heard_in"] == "comments" else ""
        line = f"  {mark} {rule['category']}, {rule['rule']}{where}: {words}"
        console.print(Text(line, style), soft_wrap=True)
    more = "" if verbose else " (-v lists all)"
    sums = ", ".join(f"{category} {score}" for category, score in told["category"]["scores"].items())
    told_by = f"; {sums}" if sums else ""
    console.print(
        Text(f"  {len(told['rules'])} rules tried, {len(matched)} match{told_by}{more}", "dim"), soft_wrap=True
    )


def _show_clock(clock: dict[str, Any], console: Console) -> None:
    from rich.text import Text  # noqa: PLC0415 - only when something is shown

    state = clock["state"]
    console.print(
        Text.assemble(
            ("  ", ""),
            (clock["promise"].replace("_", " "), "bold"),
            "  ",
            (state, _STATES[state]),
            (f"  {clock['within']}  {clock['rule']}", "dim"),
        )
    )
    parts = [
        f"{name} {_when(clock[key])}"
        for name, key in (("began", "started"), ("warns", "warns"), ("due", "due"))
        if clock[key]
    ]
    if clock["met"]:
        parts.append(f"met {_when(clock['met'])}")
    if clock["next_step"]:
        parts.append(f"next step {_when(clock['next_step'])}")
    console.print(Text("      " + " · ".join(parts)), soft_wrap=True)
    if clock["note"]:
        console.print(Text(f"      {clock['note']}", "dim"), soft_wrap=True)
    for each in clock["ledger"]:
        console.print(
            Text(f"        {_when(each['from'])} → {_when(each['to'])}  {each['what']}", "dim"), soft_wrap=True
        )
