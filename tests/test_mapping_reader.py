"""Reading mapping files: every fault at once, at its place, in plain words."""

from __future__ import annotations

import json
import re
import tomllib
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from sync.errors import ConfigurationError
from sync.mapping import (
    calendar_models,
    escalation_models,
    parts,
    severity_models,
    taxonomy_models,
    tracker_models,
)
from sync.mapping.client_models import ClientsFile
from sync.mapping.positions import positions
from sync.mapping.reader import read_model, read_text
from sync.mapping.text import LARGEST
from sync.mapping.wording import _FORMS
from sync.trackers.sources import AsanaSource, JiraSource, WorkbookSource

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator
    from pathlib import Path

    from pydantic import BaseModel

    from sync.mapping.positions import KeyPath


unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""For properties, on machines that are busy with something else."""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mappings").mkdir()
    monkeypatch.chdir(tmp_path)


def faults(folder: Path, model: type[BaseModel], text: str | bytes) -> list[str]:
    """The fault lines of a file with this text."""
    path = folder / "mappings" / "file.toml"
    path.write_bytes(text if isinstance(text, bytes) else dedent(text).encode())
    with pytest.raises(ConfigurationError) as caught:
        read_model(path, model)
    return str(caught.value).replace("mappings/file.toml:", "").split("\n")


# --- where keys stand -------------------------------------------------------------------------------------------


@dataclass
class Writer:
    """Writes TOML in every style that the language knows, as the dice fall."""

    dice: random.Random
    path: tuple[str, ...] = ()

    def blanks(self) -> str:
        return self.dice.choice(["", " ", "\t", "  "])

    def gap(self) -> str:
        """What may stand between the items of a list."""
        return self.dice.choice(["", " ", "\n", "\n  # not = a [key]\n\t"])

    def key(self, key: str) -> str:
        styles = [json.dumps(key, ensure_ascii=False)]
        if re.fullmatch(r"[A-Za-z0-9_-]+", key):
            styles.append(key)
        if "'" not in key and key.isprintable():
            styles.append(f"'{key}'")
        return self.dice.choice(styles)

    def keys(self, path: tuple[str, ...]) -> str:
        return f"{self.blanks()}.{self.blanks()}".join(map(self.key, path))

    def value(self, value: object) -> str:
        match value:
            case str():
                return self.text(value)
            case list():
                comma = self.dice.choice([",", ""]) if value else ""
                items = ",".join(self.gap() + self.value(item) + self.gap() for item in value)
                return f"[{items}{comma}{self.gap()}]"
            case dict():
                pairs = (f" {self.key(key)} = {self.value(inner)} " for key, inner in value.items())
                return "{" + ",".join(pairs) + "}"
            case _:
                return str(value).lower()

    def text(self, value: str) -> str:
        basic = json.dumps(value, ensure_ascii=False)
        styles = [basic, f'""{basic}""', '"""\n' + basic[1:-1].replace(r"\n", "\n") + '"""']
        if "'" not in value and value.isprintable():
            styles += [f"'{value}'", f"'''{value}'''", f"'''\n{value}'''"]
        if re.fullmatch(r'[^"\\\n]*"{0,2}', value):
            styles.append(f'"""{value}"""')
        return self.dice.choice(styles)

    def table(self, data: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[str]:
        sections = []
        for key, value in data.items():
            style = self.dice.choice(["here", "dotted", "section"])
            if isinstance(value, dict) and value and style == "dotted":
                for inner, leaf in value.items():
                    yield f"{self.keys((key, inner))} ={self.blanks()}{self.value(leaf)} # {key!a}"
            elif style == "section" and (isinstance(value, dict) or is_list_of_tables(value)):
                sections.append((key, value))
            else:
                yield f"{self.blanks()}{self.key(key)}{self.blanks()}= {self.value(value)}{self.blanks()}"
        for key, value in sections:
            heading = f"{self.blanks()}{self.keys((*path, key))}{self.blanks()}"
            for item in value if isinstance(value, list) else [value]:
                yield f"{self.blanks()}[[{heading}]]" if isinstance(value, list) else f"[{heading}] # a table"
                yield from self.table(item, (*path, key))


def is_list_of_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=6)
KEYS = st.sampled_from(["a", "b-1", "status", "when"]) | WORDS
LEAVES = (
    WORDS
    | st.sampled_from(['say "x"', "two\nlines", "# no comment", "it's", "[x]", "a = 1", '""', "\\"])
    | st.integers(-9, 9)
    | st.booleans()
    | st.dates()
    | st.datetimes(timezones=st.just(UTC))
    | st.floats(allow_nan=False, allow_infinity=False)
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=12
)
TABLES = st.dictionaries(
    KEYS, VALUES | st.lists(st.dictionaries(KEYS, VALUES, max_size=3), max_size=3), max_size=5
)


def paths(value: object, path: KeyPath = ()) -> Iterator[tuple[KeyPath, object]]:
    """Every part of a parsed document below its root."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for part, inner in parts:
        yield (*path, part), inner
        yield from paths(inner, (*path, part))


@unhurried
@given(TABLES, st.randoms(use_true_random=False))
def test_every_part_of_a_document_has_the_place_where_its_key_or_item_begins(
    data: dict[str, Any], dice: random.Random
) -> None:
    text = "\n".join(Writer(dice).table(data))
    parsed = tomllib.loads(text)
    lines = text.split("\n")
    placed = positions(text)
    assert set(placed) == {path for path, _ in paths(parsed)}
    for path, value in paths(parsed):
        rest = lines[placed[path].line - 1][placed[path].column - 1 :]
        key = next(part for part in reversed(path) if isinstance(part, str))
        if isinstance(path[-1], str) or (isinstance(value, dict) and not rest.startswith("{")):
            written = re.match(r"""[\w-]+|"(?:[^"\\]|\\.)*"|'[^']*'""", rest, re.ASCII)
            assert written is not None
            assert tomllib.loads(f"{written.group()} = 1") == {key: 1}
        else:
            opening: dict[type, str] = {str: "\"'", list: "[", dict: "{"}
            assert rest[0] in opening.get(type(value), "-0123456789tf")


def test_a_table_stands_at_its_own_heading_even_if_an_inner_one_came_first() -> None:
    assert positions("[a.b]\nx = 1\n  [a]\ny = 2")["a",] == (3, 4)


@pytest.mark.parametrize(
    "text", ['"""say "x"""""', "'''it''s'''''", '"""\\""""', '"a\\\\"', "'\\'", '""', '"""\n"""']
)
def test_a_text_ends_at_its_last_quote(text: str) -> None:
    document = f"a = {text} # = 'x'\nb = [{text}, {{c = {text}}}]"
    placed = positions(document)
    assert set(placed) == {path for path, _ in paths(tomllib.loads(document))}
    line, column = placed["b", 1, "c"]
    assert document.split("\n")[line - 1][column - 1 :].startswith("c = ")


def test_the_items_of_a_list_of_tables_stand_at_their_own_headings() -> None:
    text = '[[rule]]\nname = "a"\n[rule.when]\nlabel = "x"\n[[rule]]\nname = "b"\n  [rule.when]\n'
    placed = positions(text)
    assert [(str(path), place.line, place.column) for path, place in placed.items()] == [
        ("('rule',)", 1, 3),
        ("('rule', 0)", 1, 3),
        ("('rule', 0, 'name')", 2, 1),
        ("('rule', 0, 'when')", 3, 7),
        ("('rule', 0, 'when', 'label')", 4, 1),
        ("('rule', 1)", 5, 3),
        ("('rule', 1, 'name')", 6, 1),
        ("('rule', 1, 'when')", 7, 9),
    ]


# --- what is said of a file -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "text", "told"),
    [
        pytest.param(
            tracker_models.JiraMapping,
            """\
            [status]
            open = ["Open"]
              waitng = ["Waiting"]
            """,
            """\
            3:3: status.waitng: unknown key; did you mean 'waiting'?
            """,
            id="a misspelt key",
        ),
        pytest.param(
            tracker_models.JiraMapping,
            """\
            [status]
            open = ["Open"]
            [people]
            waiting = ["Waiting"]
            """,
            """\
            4:1: people.waiting: unknown key; it belongs under [status]
            """,
            id="a key in the wrong table",
        ),
        pytest.param(
            escalation_models.EscalationFile,
            """\
            gather = "15m"
            calendar = "office"
            ladder = ["lead", "lead"]
            critical = { first_response = { within = "1h" }, escalation = { to = "lead" } }
            high = { first_response = { within = "1h" }, escalation = { to = "lead" } }
            medium = { first_response = { within = "1h" }, escalation = { to = "lead" } }
            [low]
            first_response = { within = "1h" }
            escalation = { to = "lead" }
            warn_at = 0.5
            """,
            """\
            3:19: ladder[2]: lead stands on the ladder already; keep one of them
            10:1: low.warn_at: unknown key; it belongs at the top of the file, above the first [table]
            """,
            id="a key of the file below a heading",
        ),
        pytest.param(
            taxonomy_models.Taxonomy,
            """\
            [subtypes]
            delivery = ["missed-deadline"]
            communication = ["no-updates"]
            scope = ["feature-creep"]
            team = ["culture"]
            billing = ["invoice"]
            [[rule]]
            name = "late delivery"
            category = "delivery"
            subtype = "missed-deadline"
            words = { en = ['late'] }
            """,
            """\
            7:3: rule "late delivery".when: missing; add [rule.when]
            11:1: rule "late delivery".words: unknown key; it belongs under [rule.when]
            """,
            id="a condition without its `when`",
        ),
        pytest.param(
            tracker_models.JiraMapping,
            """\
            [status]
            opn = ["Open"]
            """,
            """\
            2:1: status.opn: unknown key; did you mean 'open'?
            """,
            id="a misspelt key is not missing too",
        ),
        pytest.param(
            tracker_models.JiraMapping,
            """\
            [fields]
            client = 'Client'
            [labels]
            prefx = 1
            """,
            """\
            1:1: status: missing; add [status]
            4:1: labels.prefx: unknown key; did you mean 'prefix'?
            """,
            id="a missing table",
        ),
        pytest.param(
            calendar_models.CalendarsFile,
            """\
            [calendar.office]
            zone = 'UTC'
            [calendar.office.hours]
            zone = 'UTC'
            monday = '09:00-17:00'
            tuesday = ['9-17', '09:00-25:00']
            mnday = []
            """,
            """\
            4:1: calendar.office.hours.zone: unknown key; it belongs under [calendar.NAME]
            5:1: calendar.office.hours.monday: write a list: ["…"]; this is text
            6:12: calendar.office.hours.tuesday[1]: '9-17' are no hours; write "09:00-17:30"
            6:20: calendar.office.hours.tuesday[2]: '09:00-25:00': no clock shows that; hours go from 00:00 to
                24:00
            7:1: calendar.office.hours.mnday: unknown key; did you mean 'monday'?
            """,
            id="hours that cannot be",
        ),
        pytest.param(
            calendar_models.CalendarsFile,
            """\
            [calendar.office]
            zone = "Europe/Kopenhagen"
            holidays = { country = "Denmark" }
            off = [{ date = "2026-12-24", name = "Eve" }]
            [calendar.office.hours]
            [calendar.other]
            zone = "UTC"
            hours = {}
            off = [{ date = 2026-12-24, name = "Eve" }, { date = 2026-12-24, name = "Eve" }]
            on = [{ date = 2026-12-24, name = "Eve" }, { date = 2026-12-27, name = "Sunday", hours = [] }]
            """,
            """\
            2:1: calendar.office.zone: 'Europe/Kopenhagen' is no time zone; did you mean 'Europe/Copenhagen'?
            3:14: calendar.office.holidays.country: write the two capital letters of ISO 3166, such as "DK"
            4:10: calendar.office.off "Eve".date: write a date without quotes: 2025-12-24; this is text
            8:1: calendar.other.hours: never open; give a week-day hours, such as monday = ["09:00-17:00"]
            9:47: calendar.other.off "Eve".date: 2026-12-24 is off already; keep one of them
            10:9: calendar.other.on "Eve".date: 2026-12-24 is listed already, on or off; keep one of them
            10:82: calendar.other.on "Sunday".hours: a day on has hours; leave the key out to take the usual ones
            """,
            id="days and zones that cannot be",
        ),
        pytest.param(
            tracker_models.JiraMapping,
            """\
            status = { open = ["Open", 3, "Done"], closed = ["done"] }
            [people]
            everyone_else = "stuff"
            [contact]
            any_staff_comment = "yes"
            [labels]
            prefix = "esc "
            [fields]
            client = 7
            own = { budget = "Budget", title = "Heading" }
            """,
            """\
            1:28: status.open[2]: write text in quotes: "…"; this is a number
            1:50: status.closed[1]: status 'done' stands under open too; keep one of them
            3:1: people.everyone_else: write "staff" or "client" or "unknown", not 'stuff'; did you mean
                'staff'?
            5:1: contact.any_staff_comment: write true or false, without quotes; this is text
            7:1: labels.prefix: must not hold blanks
            9:1: fields.client: write text in quotes: "…"; this is a number
            10:9: fields.own.budget: budget is no field of your own; write it under [fields]
            10:28: fields.own.title: every ticket has a field title already; choose another name
            """,
            id="wrong types and words",
        ),
        pytest.param(
            taxonomy_models.Taxonomy,
            """\
            [subtypes]
            delivery = ["missed-deadline"]
            communication = ["no-updates"]
            scope = ["feature-creep"]
            team = ["culture"]
            billing = ["invoice"]
            [[rule]]
            name = "late delivery"
            category = "delivery"
            subtype = "missed-deadline"
            when = { any = [{ words = { en = ["late"], fr = ["tard"] } }, { field = "kind", matches = "(" }] }
            [[rule]]
            category = "delivry"
            subtype = "creep"
            when = { label = "x", field = "kind" }
            [[rule]]
            name = "late delivery"
            category = "scope"
            subtype = "creep"
            when = { all = [] }
            [[rule]]
            name = "late delivery"
            category = "scope"
            subtype = "feature-crep"
            when = { field = "kind", matches = "\\bBug" }
            [[rule]]
            name = "late delivery"
            category = "scope"
            subtype = "feature-crep"
            when = { not = { label = "x" } }
            """,
            """\
            11:44: rule "late delivery".when.any[1].words.fr: unknown key; known here: en, ja, da, ru, fi
            11:81: rule "late delivery".when.any[2].matches: bad regular expression at its character 1: missing
                ), unterminated subpattern
            12:3: rule[2].name: missing; add name = "…"
            13:1: rule[2].category: write "delivery" or "communication" or "scope" or "team" or "billing", not
                'delivry'; did you mean 'delivery'?
            15:1: rule[2].when: a condition asks one thing: field, words, label, all, any or not; this asks
                field and label
            20:10: rule "late delivery".when.all: this is empty, so it asks nothing; fill it or leave it out
            25:26: rule "late delivery".when.matches: in "…" a \\b is the backspace key; write regular
                expressions in single quotes: '\\bword'
            27:1: rule "late delivery".name: 'late delivery' is the name of an earlier rule; explain could not
                tell them apart
            29:1: rule "late delivery".subtype: scope has no subtype 'feature-crep'; did you mean
                'feature-creep'?
            """,
            id="rules",
        ),
        pytest.param(
            taxonomy_models.Taxonomy,
            """\
            subtypes = { delivery = ["late"], communication = [], scope = [], team = [], billing = [] }
            [negation.en]
            before = ["not", "n*t", ""]
            [negation.ja]
            after = ["ない",
              "…"]
            [[rule]]
            name = "late"
            category = "delivery"
            subtype = "late"
            [rule.when.words]
            en = ["late", "la*",
              ""]
            ja = ["遅"]
            [[rule]]
            name = "later"
            category = "delivery"
            subtype = "late"
            when = { any = [{ label = "x" }, { not = { words = { da = ["*sen"], fi = [] } } }] }
            """,
            """\
            3:18: negation.en.before[2]: negation 'n*t': write whole words
            3:25: negation.en.before[3]: negation '': write whole words
            6:3: negation.ja.after[2]: negation '…' holds no character to look for
            12:15: rule "late".when.words.en[2]: 'la*': the stem 'la*' fits too much; give it 3 letters or no *
            13:3: rule "late".when.words.en[3]: '' holds no word to look for
            14:7: rule "late".when.words.ja[1]: '遅' fits too much; give it 2 characters
            19:60: rule "later".when.any[2].not.words.da[1]: '*sen': a * stands directly after the letters of a
                word and makes it a stem
            """,
            id="phrases",
        ),
        pytest.param(
            tracker_models.JiraMapping,
            """\
            [status]
            open = ["Open"]
            [people]
            staff = [""]
            [contact]
            words = ["/called", " "]
            [acknowledge]
            labels = [""]
            """,
            """\
            4:10: people.staff[1]: must not be empty
            6:21: contact.words[2]: must not be empty
            8:11: acknowledge.labels[1]: must not be empty
            """,
            id="what every comment begins with",
        ),
        pytest.param(
            severity_models.SeverityFile,
            """\
            order = ["field", "matrix", "filed", "field"]
            default = "hgh"
            [matrix]
            impacts = ["large", "small"]
            reaches = ["one", "all"]
            [matrix.cells]
            large = { one = "high", al = "critical" }
            smal = {}
            [[signal]]
            name = "angry"
            severity = "high"
            when = { words = { en = [] , ja = ["解約"] } }
            [[signal]]
            name = "angry"
            severity = "high"
            when = { words = {} }
            [[trigger]]
            name = "third"
            client_issues = 1
            within = "90 days"
            raise_by = 1.5
            """,
            """\
            1:29: order[3]: write "field" or "matrix" or "signals" or "priority", not 'filed'; did you mean
                'field'?
            1:38: order[4]: field is asked already; keep one of them
            2:1: default: write "critical" or "high" or "medium" or "low", not 'hgh'; did you mean 'high'?
            6:9: matrix.cells: the row of impact 'small' has no severity for reach 'one', 'all'
            7:1: matrix.cells.large: the row of impact 'large' has no severity for reach 'all'
            7:25: matrix.cells.large.al: 'al' is in no list reaches; did you mean 'all'?
            8:1: matrix.cells.smal: 'smal' is in no list impacts; did you mean 'small'?
            16:10: signal "angry".when.words: this is empty, so it asks nothing; fill it or leave it out
            19:1: trigger "third".client_issues: must be 2 or more
            20:1: trigger "third".within: '90 days' is no amount of time; did you mean '90d'?
            21:1: trigger "third".raise_by: write a whole number, without quotes; this is a number
            """,
            id="severities",
        ),
        pytest.param(
            escalation_models.EscalationFile,
            """\
            ladder = ["lead", "lead"]
            warn_at = 1.0
            gather = 15
            calendar = "office"
            [critical]
            first_response = { within = "4h", warn_after = "1d" }
            update = { within = "0h" }
            escalation = { to = "lead", taken = { within = "99999999w" } }
            [high]
            [low]
            first_response = "4h"
            escalation = { to = "lead" }
            """,
            """\
            1:1: medium: missing; add [medium]
            2:1: warn_at: must be less than 1
            3:1: gather: write an amount of time in quotes, such as "4h" or "2d"
            6:35: critical.first_response.warn_after: a warning after 1d never comes before the limit of 4h;
                make it shorter than within
            8:39: critical.escalation.taken.within: '99999999w' is no amount of time; write "15m", "4h", "2d" or
                "1w"
            9:2: high.escalation: missing; add [high.escalation]
            9:2: high.first_response: missing; add [high.first_response]
            11:1: low.first_response: write a table: [low.first_response]; this is text
            """,
            id="promises",
        ),
        pytest.param(
            ClientsFile,
            """\
            [[client]]
            name = "Client A"
            aliases = ["\\uFF21\\uFF23\\uFF2D\\uFF25", "Acme"]
            zone = "Tokyo"
            [[client]]
            name = "client  b"
            language = "dk"
            update = { high = { within = "0m" }, urgent = { within = "1h" } }
            """,
            """\
            4:1: client "Client A".zone: 'Tokyo' is no time zone; did you mean 'Asia/Tokyo'?
            7:1: client "client  b".language: write "en" or "ja" or "da" or "ru" or "fi", not 'dk'; did you mean
                'da'?
            8:21: client "client  b".update.high.within: an update every moment cannot be kept; write some time,
                such as "4h"
            8:38: client "client  b".update.urgent: unknown key; did you mean 'critical'?
            """,
            id="clients",
        ),
    ],
)
def test_every_fault_of_a_file_is_told_at_once(
    tmp_path: Path, model: type[BaseModel], text: str, told: str
) -> None:
    whole = re.sub(r"\n    ", " ", dedent(told).rstrip("\n"))  # a long line goes on, indented, on the next
    assert faults(tmp_path, model, text) == whole.split("\n")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("open = To Do", '1:8: not TOML: text needs quotes: "…"'),
        ("within = 4h", '1:11: not TOML: an amount of time needs quotes: "4h"'),
        ("off = { date = 24.12.2026 }", "1:21: not TOML: write dates as 2025-12-24"),
        ("since = 2026-24-12", "1:13: not TOML: write dates as 2025-12-24"),
        ("share = 50%", "1:11: not TOML: write a share without %, as in 0.5 for 50 %"),
        ("score = 8,5", "1:10: not TOML: write a point in numbers, as in 0.5"),
        ("a = 09:00-17:00", '1:6: not TOML: only plain numbers go without quotes; write it as "…"'),
        ("a = 007", "1:6: not TOML: write numbers without a 0 in front, or as text in quotes"),
        ("a = .5", "1:5: not TOML: write the 0 before the point, as in 0.5"),
        ("a = 24.12.2026", "1:10: not TOML: write dates as 2025-12-24"),
        ("a = 2026-02-30", "1:5: not TOML: there is no such day or time; write dates as 2025-12-24"),
        ("a = “x”", '1:5: not TOML: write straight quotes: "…"'),
        ("a = True", "1:5: not TOML: write true or false, in small letters"),
        ("a == 1", "1:4: not TOML: one = is enough"),
        ("a =\nb = 1", '1:4: not TOML: the value is missing; write key = "…"'),
        ("a = ", '1:4: not TOML: the value is missing; write key = "…"'),
        ('a = "x\nb = 1', "1:7: not TOML: a quote is missing where the text ends"),
        ("a = 'x", "1:7: not TOML: a quote is missing where the text ends"),
        ('a = """x\n\ny', "3:2: not TOML: a quote is missing where the text ends"),
        (
            'a = ["x"\nb = 1',
            "2:1: not TOML: the list above is not closed; put a comma between its items and ] at its end",
        ),
        (
            'a = ["x",\n[b]\nc = 1',
            "2:2: not TOML: the list above is not closed; put a comma between its items and ] at its end",
        ),
        (
            "a = [1 2]",
            "1:8: not TOML: the list above is not closed; put a comma between its items and ] at its end",
        ),
        (
            "a = [1,\n",
            "1:8: not TOML: the list above is not closed; put a comma between its items and ] at its end",
        ),
        (
            "a = { b = 1,\n c = 2\n[d]",
            '1:13: not TOML: the table in braces is not closed; write { key = "…", other = "…" }',
        ),
        ("status: 1", "1:7: not TOML: write = instead of :"),
        ("due date = 1", '1:5: not TOML: a key of several words needs quotes: "due date" = …'),
        ("højt = 1", '1:2: not TOML: a key with letters beyond a-z needs quotes: "…" = …'),
        ("優先度 = 1", '1:1: not TOML: a key with letters beyond a-z needs quotes: "…" = …'),
        ("- a\n", "1:3: not TOML: a line is key = value, a heading [table], or a # comment"),
        ("[a\nb = 1", "1:3: not TOML: close the heading with ]"),
        ("[a b]", '1:4: not TOML: a heading with blanks needs quotes: ["…"]'),
        ("[[a]\nb = 1", "1:4: not TOML: close the heading with ]]"),
        ("[a]]", "1:4: not TOML: nothing may follow a heading on its line, and it has as many ] as ["),
        ("[]", "1:2: not TOML: the heading needs a name: [table]"),
        ("[a]\n[b]\n[a]", "3:3: not TOML: this table is begun twice; put its keys under one heading"),
        ("a = 1\na = 2\n", "2:1: not TOML: this stands on line 1 already; keep one of them"),
        ("[t]\na = 1\n[u]\na = [\n2,\n]\na = 3", "7:1: not TOML: this stands on line 4 already; keep one of them"),
        (
            "[[t]]\n[t.a]\nb = 1\n[[t.a]]",
            "4:6: not TOML: this heading stands above in single brackets; write [[…]] each time",
        ),
        ("a = 1 b = 2", "1:7: not TOML: write one key = value a line"),
        ("a = 'it's'", '1:9: not TOML: the text ends at its inner \'; put it in double quotes: "…"'),
        ('a = "say "x""', '1:11: not TOML: the text ends at its inner "; write \\" for a quote inside it'),
        (r'a = "\d+"', "1:8: not TOML: write a backslash twice, or use single quotes: '…'"),
        ("a = [1]\n[[a]]", "2:4: not TOML: this has its value above already; write it all in one place"),
        ("a = 'x\x07'", "1:7: not TOML: an invisible character stands here; delete it"),
        (f"a = {'[' * 3000}", "1:1: not TOML: lists or tables are nested too deeply"),
        (f"a = {'1' * 5000}", "1:1: not TOML: it holds a number with thousands of digits"),
    ],
)
def test_a_slip_of_the_pen_is_told_with_what_was_meant(tmp_path: Path, text: str, told: str) -> None:
    assert faults(tmp_path, tracker_models.JiraMapping, text) == [told]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (
            '[fields]\nclient = "Kunde"\nengagement = "Løsning"\n'.encode("latin-1"),
            "3:16: byte 41 (0xf8) is not UTF-8 (is it Latin-1?); save the file as UTF-8",
        ),
        ('a = "ø"'.encode("utf-16"), "1:1: this file is UTF-16; save it as UTF-8"),
        ('a = "ø"'.encode("utf-16-be"), "1:1: this file is UTF-16; save it as UTF-8"),
        (b"#" * (LARGEST + 1), " is larger than 5 MB; is it the right file?"),
    ],
)
def test_a_file_that_is_no_text_of_ours_is_told_with_the_remedy(tmp_path: Path, content: bytes, told: str) -> None:
    assert faults(tmp_path, tracker_models.JiraMapping, content) == [told]


def test_a_file_that_the_system_will_not_open_is_told_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r": cannot be read: file name too long$"):
        read_model(tmp_path / f"{'jira' * 100}.toml", tracker_models.JiraMapping)


def test_a_byte_order_mark_and_windows_line_ends_change_no_position(tmp_path: Path) -> None:
    text = "\ufeff[status]\r\nopen = ['Open']\r\nopn = []\r\n"
    assert faults(tmp_path, tracker_models.JiraMapping, text.encode()) == [
        "3:1: status.opn: unknown key; did you mean 'open'?"
    ]


def test_a_missing_file_is_told_with_the_one_that_may_be_meant(tmp_path: Path) -> None:
    (tmp_path / "mappings" / "jira.toml").touch()
    for name, told in (
        ("jirra.toml", "no such file; did you mean 'jira.toml'?"),
        ("workbook.toml", "no such file; create it or correct its name"),
        ("", "is no file; name the file itself"),
        ("old/jira.toml", "no such file, nor its folder old; look at the path"),
    ):
        with pytest.raises(ConfigurationError) as caught:
            read_model(tmp_path / "mappings" / name, tracker_models.JiraMapping)
        (fault,) = caught.value.faults
        assert (fault.line, fault.key, fault.what) == (0, "", told)


def test_files_are_shown_from_the_current_folder_if_below_it_or_under_a_name_of_choice(tmp_path: Path) -> None:
    elsewhere = tmp_path.parent / f"{tmp_path.name}-elsewhere"
    elsewhere.mkdir()
    below = tmp_path / "mappings" / "jira.toml"
    for path, shown_as, name in (
        (below, None, "mappings/jira.toml"),
        (elsewhere / "jira.toml", None, str(elsewhere / "jira.toml")),
        (below, "the uploaded file", "the uploaded file"),
    ):
        path.write_text("labels = 1\nstatus = { open = [] }")
        with pytest.raises(ConfigurationError) as caught:
            read_model(path, tracker_models.JiraMapping, shown_as=shown_as)
        assert str(caught.value) == f"{name}:1:1: labels: write a table: [labels]; this is a number"


def test_a_text_is_read_like_a_file_under_the_name_it_is_given() -> None:
    assert read_text(
        "status = { open = ['Open'] }", tracker_models.JiraMapping, shown_as="pasted"
    ).status.open == ["Open"]
    with pytest.raises(
        ConfigurationError, match=r"^pasted:1:12: status\.opn: unknown key; did you mean 'open'\?$"
    ):
        read_text("status = { opn = [] }", tracker_models.JiraMapping, shown_as="pasted")


def test_a_key_that_would_move_the_cursor_is_shown_without_that(tmp_path: Path) -> None:
    (told,) = faults(tmp_path, tracker_models.JiraMapping, '"a\\u001b[2J\\n" = 1\n[status]\nopen = []')
    assert told.startswith('1:1: "a�[2J�": unknown key; known here: fields, status')


def test_amounts_of_time_are_sums_with_the_largest_first() -> None:
    for written, seconds in (("15m", 900), ("1w 2d 3h 4m 5s", 788645), ("1D4H", 100800), ("90s", 90)):
        assert parts.Amount.parse(written).elapsed().total_seconds() == seconds
    for wrong in ("", "4", "4h 2d", "-4h", "1.5h", "4 h", "900000d", 4, True):
        with pytest.raises(ValueError, match=r"amount of time|hundred years"):
            parts.Amount.parse(wrong)


# --- what no file can bring about -------------------------------------------------------------------------------

MODELS = (
    tracker_models.JiraMapping,
    tracker_models.AsanaMapping,
    tracker_models.WorkbookMapping,
    taxonomy_models.Taxonomy,
    severity_models.SeverityFile,
    escalation_models.EscalationFile,
    calendar_models.CalendarsFile,
    ClientsFile,
)
GROUND = {
    "status": {"open": ["Open"], "closed": ["Done"]},
    "contact": {"words": ["/called"], "statuses": ["Done"]},
    "subtypes": {"delivery": ["late"], "communication": ["a"], "scope": ["a"], "team": ["a"], "billing": ["a"]},
    "rule": [{"name": "late", "category": "delivery", "subtype": "late", "when": {"label": "late"}}],
    "order": ["signals"],
    "signal": [{"name": "angry", "severity": "high", "when": {"any": [{"field": "kind", "equals": "Bug"}]}}],
    "ladder": ["lead"],
    "gather": "15m",
    "calendar": {"office": {"zone": "UTC", "hours": {"monday": ["09:00-17:00"]}}},
    "client": [{"name": "Client A", "aliases": ["A"], "update": {"high": {"within": "4h"}}}],
    "high": {"first_response": {"within": "4h"}, "escalation": {"to": "lead"}},
}
JARGON = re.compile(r"pydantic|Input should|validat|dictionary|integer|instance|NoneType|tuple")


@unhurried
@given(st.data(), st.sampled_from(MODELS), st.randoms(use_true_random=False))
def test_no_file_brings_about_anything_but_faults_in_plain_words_at_a_place_that_exists(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, model: type[BaseModel], dice: random.Random
) -> None:
    document = deepcopy(GROUND)
    for path in data.draw(st.lists(st.sampled_from([path for path, _ in paths(GROUND)]), max_size=3)):
        replace(document, path, data.draw(VALUES))
    file = tmp_path_factory.getbasetemp() / "ground.toml"
    file.write_text("\n".join(Writer(dice).table(document)), newline="\n")
    lines = file.read_text().split("\n")
    with pytest.raises(ConfigurationError) as caught:
        read_model(file, model)
    for fault in caught.value.faults:
        assert not JARGON.search(fault.what), fault
        assert fault.column <= len(lines[fault.line - 1]) + 1


def replace(document: object, path: KeyPath, value: object) -> None:
    """Put a value at the path, if it still leads somewhere."""
    known = dict(paths(document)) | {(): document}
    if path in known:
        known[path[:-1]][path[-1]] = value  # type: ignore[index]


def test_every_form_that_a_model_demands_has_its_words() -> None:
    schemas = [model.model_json_schema() for model in (*MODELS, JiraSource, AsanaSource, WorkbookSource)]
    demanded = re.findall(r'"pattern": ("(?:[^"\\]|\\.)*")', json.dumps(schemas))
    amount = TypeAdapter(parts.Time).json_schema()["pattern"]  # for editors; `Amount.parse` has words of its own
    assert set(map(json.loads, demanded)) - {amount} == set(_FORMS)
