"""An explanation as people read it on a terminal."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sync.explaining.text_clocks import put, show_ahead, show_promises, show_timeline
from sync.legible import in_lines

if TYPE_CHECKING:
    from rich.console import Console


def show(told: dict[str, Any], console: Console, *, verbose: bool) -> None:
    """The explanation on a terminal; -v lists every rule that was tried and every promise that is off."""
    from rich.table import Table  # noqa: PLC0415 - only when something is shown
    from rich.text import Text  # noqa: PLC0415 - likewise

    told = in_lines(told)
    title = told["title"] or "(no title)"
    put(console, Text.assemble((told["ticket"], "bold cyan"), "  ", (title, "italic")), 6)
    console.print(Text(f"as of {_when(told['now'])} ({told['now'][-6:]}), source {told['source']}", "dim"))
    for line in told["standing"]:
        put(console, Text(f"! {line}", "yellow"), 6)
    _show_fields(told, console)
    if told["context"]:
        _head(console, "What is known of the client")
        facts = Table.grid(padding=(0, 2))
        for name, value in told["context"].items():
            facts.add_row(Text(f"  {name}", "dim"), Text(str(value)))
        console.print(facts)
    _show_category(told, console, verbose=verbose)
    _show_severity(told, console)
    _show_warnings(told, console)
    _head(console, "Promises")
    show_promises(told, console, verbose=verbose)
    _show_passed_over(told, console)
    _show_wanted(told, console)
    _show_decisions(told, console)
    _show_life(told, console, verbose=verbose)


def _show_fields(told: dict[str, Any], console: Console) -> None:
    """Each filled field with what the tracker calls it, the line of the mapping, and who changed it last."""
    from rich.table import Table  # noqa: PLC0415 - only when something is shown
    from rich.text import Text  # noqa: PLC0415 - likewise

    files = dict.fromkeys(each["where"].rpartition(":")[0] for each in told["mapped"] if ":" in each["where"])
    _head(console, "Fields as mapped")
    facts = Table.grid(padding=(0, 2))
    for each in told["mapped"]:
        if not each["value"]:
            continue
        line = each["where"].rpartition(":")[2]
        column = f"{each['column']}{f' :{line}' if line.isdigit() else ''}"
        by = f" {each['by']} ({each['side']})" if each["by"] else ""
        changed = f"{_when(each['changed'])}{by}" if each["changed"] else ""
        facts.add_row(
            Text(f"  {each['field']}", "dim"), Text(each["value"]), Text(column, "dim"), Text(changed, "dim")
        )
    console.print(facts)
    empty = ", ".join(each["field"] for each in told["mapped"] if not each["value"])
    if empty:
        put(console, Text(f"  empty: {empty}", "dim"), 9)
    for file in files:
        put(console, Text(f"  by {file}, at the lines after the colons", "dim"), 4)


def _show_category(told: dict[str, Any], console: Console, *, verbose: bool) -> None:
    from rich.text import Text  # noqa: PLC0415 - only when something is shown

    _head(console, "Category")
    category = told["category"]
    console.print(Text(f"  {category['is']}{'/' + category['subtype'] if category['subtype'] else ''}", "bold"))
    put(console, Text(f"  by {category['rule']}: {category['why']}"), 6)
    _show_rules(told, console, verbose=verbose)


def _show_severity(told: dict[str, Any], console: Console) -> None:
    from rich.text import Text  # noqa: PLC0415 - only when something is shown

    _head(console, "Severity")
    severity = told["severity"]
    since = f"  {severity['is']}, since {_when(severity['since'])} (event {severity['event']})"
    console.print(Text(since, "bold"))
    put(console, Text(f"  by {severity['rule']}: {severity['why']}"), 6)
    _show_asked(severity["asked"], console)
    lines = [
        f"raised from {each['from']} to {each['to']} by {each['trigger']}: {each['evidence']}"
        for each in severity["raises"]
    ]
    lines += [
        f"withdrawn from {each['from']} to {each['to']}: {each['trigger']} ({each['evidence']}) is over"
        for each in severity["withdrawn"]
    ]
    for each in severity["also"]:
        role = "the next role" if each["brings_in"] == "next" else each["brings_in"].replace("_", " ")
        brings = f", brings in {role}" if role else ""
        lines.append(f"{each['trigger']}: {each['evidence']}{brings}. {each['note']}".rstrip())
    for line in lines:
        put(console, Text(f"  {line}"), 6)
    for each in severity["silent"]:
        put(console, Text(f"  not raised by {each['trigger']}: {each['why']}", "dim"), 6)
    parts = ", ".join(f"{name} {figure}" for name, figure in told["urgency"]["parts"].items())
    urgency = f"  urgency {told['urgency']['score']}: {parts or 'nothing presses'}"
    put(console, Text(urgency, "dim"), 6)


def _show_passed_over(told: dict[str, Any], console: Console) -> None:
    """Who is not asked because they are away."""
    from rich.text import Text  # noqa: PLC0415 - only when something is shown

    for asked in told["asked"]:
        for each in asked["passed_over"]:
            until = f" until {each['until']}" if each["until"] else ""
            role = asked["role"].replace("_", " ")
            line = f"  {each['person'] or 'somebody'} is {each['why']}{until}, so the {role} is asked"
            put(console, Text(line, "yellow"), 6)


def _show_asked(asked: list[dict[str, Any]], console: Console) -> None:
    """The sources of a severity in turn, up to the one that decides."""
    from rich.text import Text  # noqa: PLC0415 - only when something is shown

    for each in asked:
        said = f"{each['is']}: {each['why']}" if each["is"] else each["why"]
        mark, style = (">", "bold") if each["decides"] else ("·", "dim")
        put(console, Text(f"   {mark} {each['source']:<9} {said}", style), 6)
        for near in each["near"]:
            put(console, Text(f"     ~ nearly: {near}", "yellow"), 6)
        if each["decides"]:
            return


def _show_wanted(told: dict[str, Any], console: Console) -> None:
    from rich.text import Text  # noqa: PLC0415 - only when something is shown

    _head(console, "What should stand on the ticket")
    for want in told["labels"]:
        line = Text.assemble(("  ", ""), (want["label"], "green"), (f"  {want['why']}", "dim"))
        put(console, line, 6)
    if told["due"]:
        console.print(Text.assemble("  due ", (told["due"]["day"], "green"), (f"  {told['due']['rule']}", "dim")))
    for held in told["held_back"]:
        put(console, Text(f"  not: {held['what']}: {held['why']}", "yellow"), 6)


def _show_life(told: dict[str, Any], console: Console, *, verbose: bool) -> None:
    """What happened, the line of the present, what comes, and what would change it."""
    from rich.text import Text  # noqa: PLC0415 - only when something is shown

    _head(console, "Timeline")
    show_timeline(told, console, verbose=verbose)
    line = "-" if console.options.ascii_only else "─"
    now = f" now, {_when(told['now'])} "
    console.print(Text(f"  {now:{line}^60}", "bold cyan"))
    _head(console, "What happens next")
    show_ahead(told, console)
    if not told["ahead"]:
        console.print(Text("  nothing by itself", "dim"))
    _head(console, "What would change it")
    for change in told["would_change_it"]:
        put(console, Text(f"  · {change}", "dim"), 6)


def _show_decisions(told: dict[str, Any], console: Console) -> None:
    from rich.text import Text  # noqa: PLC0415 - only when something is shown

    if told["decisions"]:
        _head(console, "Whose decision stands, and until when")
    for each in told["decisions"]:
        since = f", since {_when(each['since'])}" if each["since"] else ""
        put(console, Text(f"  {each['what']}", "bold"), 6)
        put(console, Text(f"      by {each['whose']}{since}"), 6)
        put(console, Text(f"      until {each['until']} · to end it: {each['remedy']}", "dim"), 6)


def _show_warnings(told: dict[str, Any], console: Console) -> None:
    from rich.text import Text  # noqa: PLC0415 - only when something is shown

    if not (told["early_warnings"] or told["red_flags"]):
        return
    _head(console, "Early warnings and red flags")
    for each in told["early_warnings"]:
        put(console, Text(f"  ! {each['sentence']}  (signs.toml: {each['name']})", "yellow"), 6)
    for each in told["red_flags"]:
        line = f"  ⚑ {each['means']}  ({each['label']}; take the label off to clear it)"
        put(console, Text(line, "red"), 6)


def _when(instant: str | None) -> str:
    """An ISO instant as people on a terminal read it; the zone stands once, in the title."""
    return f"{datetime.fromisoformat(instant):%a %d %b %Y %H:%M}" if instant else "…"


def _head(console: Console, words: str) -> None:
    console.print(f"\n[bold]{words}[/bold]")


def _show_rules(told: dict[str, Any], console: Console, *, verbose: bool) -> None:
    """The rules that match by their score, then the near misses and what was denied; -v all others too."""
    from rich.text import Text  # noqa: PLC0415 - only when something is shown

    matched = sorted((rule for rule in told["rules"] if rule["evidence"]), key=lambda rule: -rule["score"])
    near = [rule for rule in told["rules"] if rule["near"]]
    others = [rule for rule in told["rules"] if not (rule["evidence"] or rule["near"])] if verbose else []
    for rule in matched:
        where = ", in the comments" if rule["heard_in"] == "comments" else ""
        line = f"  {rule['score']:2} {rule['category']}, {rule['rule']}{where}: {rule['evidence']}"
        put(console, Text(line, "green"), 6)
    for mark, style, rules in (("~", "yellow", near), ("·", "dim", others)):
        for rule in rules:
            words = f"{rule['category']}, {rule['rule']}: missing: {'; '.join(rule['missing'])}"
            put(console, Text(f"   {mark} {words}", style), 6)
    for each in told["denied"]:
        line = f"   × {each['category']}, {each['rule']}: denied, so it does not count: “{each['snippet']}”"
        put(console, Text(line, "yellow"), 6)
    more = "" if verbose else " (-v lists all)"
    sums = ", ".join(f"{category} {score}" for category, score in told["category"]["scores"].items())
    told_by = f"; {sums}" if sums else ""
    counted = f"{len(told['rules'])} rules tried, {len(matched)} match, {len(near)} nearly"
    put(console, Text(f"  {counted}{told_by}{more}", "dim"), 6)
