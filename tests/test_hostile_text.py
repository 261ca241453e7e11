"""Whatever strangers write arrives as letters: nowhere is it obeyed, run, calculated or let out of its place."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
import zipfile
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import replace
from datetime import UTC
from functools import cache, partial
from itertools import pairwise
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from xml.etree import ElementTree as ET

import passes
import pytest
import structlog
from fakes.mail_server import MailServer
from fakes.server import Answer, FakeServer, Request
from harness_asana import CLIENT as ASANA_CLIENT
from harness_asana import AsanaHarness
from harness_jira import CLIENT, CloudHarness, DataCenterDeskHarness, JiraHarness
from harness_workbook import CsvHarness, SidecarHarness, WorkbookHarness, XlsxHarness
from hostile_texts import ENDLESS_PATTERNS, TEXTS, USUAL_PATTERNS
from office import LATE, NOW, Office
from openpyxl import load_workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from passes import Agency, high
from reliability import counted
from rich.console import Group
from rich.text import Text
from tickets import shipped

from sync import report, tables, terminal, worklist
from sync.errors import ConfigurationError, WorkbookError
from sync.explaining import text as explain_text
from sync.explaining.explain import explained
from sync.legible import inert, whole
from sync.logs import configure
from sync.mapping.patterns import farthest, first_place
from sync.mapping.reader import read_text
from sync.mapping.taxonomy_models import Taxonomy
from sync.mapping.tracker_models import WorkbookMapping
from sync.notify import Mail, Webhook
from sync.notify_models import NotifySettings, SmtpSettings, WebhookSettings
from sync.registers import Registers
from sync.saying.comments import Composer
from sync.terminal import console, say_json
from sync.ticket import Audience, Person
from sync.trackers import workbook_parts
from sync.trackers.jira_records import MARK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from email.message import EmailMessage

    from harness import Harness

    from sync.cycle import Program
    from sync.judging.promises import Terms
    from sync.state.records import Notice
    from sync.state.store import Store
    from sync.trackers.sources import WorkbookSource

pytestmark = pytest.mark.reliability

LIMIT = 32_767
"""Characters of a comment that Jira and a cell of a workbook take."""
NONE = dict.fromkeys(range(0xFFFE, 0x10000))
UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ud800-\udfff\ue000-\uf8ff\U000e0000-\U000e007f]"
)
"""What moves a cursor, turns a direction, hides, or is half a letter; line breaks and tabs are none of it."""
FORMULA = re.compile(r"[\s\x00-\x20\x7f-\xa0\u200b-\u200f\u2060\u3000\ufeff]*[=+\-@\uff0b\uff0d\uff1d\uff20]")


LIMITS = {"actions": 10_000, "client_comments": 10_000, "unclassified": 1.0}
FIELDS = (
    *("affected", "discovered", "done_at_once", "client_told", "next_step", "scope_clause", "consent"),
    *("root_cause", "prevention", "lesson", "remedy", "remedy_cost", "remedy_approved"),
)
PARTNER = "partner@agency.example"
SENDER = {"security": "none", "from": "makegood@agency.example"}
HEADERS = {
    *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted"),
    *("Content-Type", "MIME-Version", "Content-Transfer-Encoding"),
}


class Firm(Agency):
    """An agency whose comments are those of the shipped templates."""

    def program(self, store: Store) -> Program:
        program = super().program(store)
        terms: dict[str, Terms] = {served.settings.name: served.terms for served in program.sources}
        return replace(program, render=Composer(self.by, terms).compose)


@cache
def policy() -> Any:  # noqa: ANN401 - a policy
    return replace(passes.policy(), templates=shipped().templates)


class StaffAsana(AsanaHarness):
    readers = "staff"
    audiences = frozenset({Audience.INTERNAL})


class Staffed(WorkbookHarness):
    """A workbook that no client reads."""

    audiences = frozenset({Audience.INTERNAL})

    def source(self, **settings: object) -> WorkbookSource:
        return super().source(**{"readers": "staff", **settings})


class StaffXlsx(Staffed, XlsxHarness):
    pass


class StaffCsv(Staffed, CsvHarness):
    pass


class StaffSidecar(Staffed, SidecarHarness):
    pass


class Chat(FakeServer):
    """Takes whatever is posted."""

    def answer(self, request: Request) -> Answer:  # noqa: ARG002 - all alike
        return Answer(200, b"ok", content_type="text/plain")


class Scene(NamedTuple):
    """A tracker after two passes over tickets of strangers: text by ticket."""

    harness: Any
    firm: Firm
    texts: dict[str, str]


def staged(kind: type[Harness], folder: Path) -> Iterator[Scene]:
    with kind(folder) as started:
        harness: Any = started
        texts = by_strangers(harness)
        tracker = harness.tracker()
        tracker.connect()
        first = next(iter(texts))
        (created,) = (found.created for page in tracker.fetch([first]) for found in page.tickets)
        firm = Firm(folder, now=created, by=policy(), max_actions=10_000)
        firm.source(harness.source(mode="full", guard=LIMITS), tracker, harness.mapping())
        firm.clocks.append(harness.advance)
        try:
            for minutes in (0, 20, 5):
                (sight,) = firm.run(minutes=minutes)
                assert (sight.error, sight.plan.failed, sight.plan.refusal) == (None, (), "")
            yield Scene(harness, firm, texts)
        finally:
            tracker.close()
            firm.restart()


def by_strangers(harness: Any) -> dict[str, str]:  # noqa: ANN401 - a harness of any kind
    """A ticket of each text, which is its title, description, client, label, its comment and who wrote it."""
    match harness:
        case JiraHarness():
            return {in_jira(harness, number, text): text for number, text in enumerate(TEXTS.values())}
        case AsanaHarness():
            return {in_asana(harness, text): text for text in TEXTS.values()}
        case _:
            return in_workbook(harness)


def in_jira(harness: JiraHarness, number: int, text: str) -> str:
    person = harness.fake.add_person(f"{number} {text[:200]}", customer=True)
    fields = {
        "description": text[:LIMIT],
        "labels": ["".join(text.split())[:200] or "blank"],
        harness.client_field: text,
        harness.severity_field: "High",
    }
    ticket = harness.fake.create_issue("OPS", text or "-", by=person.display, status="Open", **fields).id
    harness.fake.comment_as(CLIENT, ticket, text[:LIMIT] or "-")
    return ticket


def in_asana(harness: AsanaHarness, text: str) -> str:
    ticket = harness.create(text, text=text, client=text, severity="high", labels=(text[:80],))
    harness.comment_as_client(ticket, text)
    return ticket


def in_workbook(harness: WorkbookHarness) -> dict[str, str]:
    """Of each text what a file of that kind can hold; IDs, too, look like formulas."""
    storable = {f"={number}+1": as_stored(harness, text) for number, text in enumerate(TEXTS.values())}
    at = harness.now.astimezone(UTC).replace(tzinfo=None)
    rows = [
        {"ID": ticket, "Title": text, "Description": text[:LIMIT], "Status": "New", "Created": at,
         "Client": text[:LIMIT], "Severity": "high", "Owner": text[:200], "Remarks": "do not touch"}
        for ticket, text in storable.items()
    ]  # fmt: skip
    said = [
        {"Issue": ticket, "At": at, "Author": text[:200], "Text": text[:LIMIT]}
        for ticket, text in storable.items()
    ]
    harness.fill(rows, said)
    return storable


def as_stored(harness: WorkbookHarness, text: str) -> str:
    if isinstance(harness, CsvHarness):
        return whole(text)
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return ILLEGAL_CHARACTERS_RE.sub("", whole(lines))[:LIMIT].translate(NONE)


def unsafe(text: str) -> bool:
    """Whether anything in a text is more than letters, or it is longer than any comment may be."""
    return UNSAFE.search(text) is not None or len(text) > LIMIT


def missing(text: str, shown: str) -> bool:
    """Whether a text did not arrive, as one line and as far as there is room."""
    return " ".join(inert(whole(text)).translate(NONE).split()) not in " ".join(shown.split())


# --- the trackers -----------------------------------------------------------------------------------------------

NODES = {"doc", "paragraph", "heading", "bulletList", "listItem", "text", "hardBreak"}
MARKS = {"strong", "em", "code"}
TAGS = {"body", "strong", "em", "code", "ul", "li"}
WIKI = re.compile(
    r"\\(?P<kept>[-#*_+?^~|%{}\[\]()!@])|&#(?P<sign>\d+);|(?<=\w)(?P<inner>[-*_+^~])(?=[^\W_])"
    r"|(?P<mark>^h3\. |^\* |\{\{|\}\}|[*_])|(?P<bare>[-\\#+?^~|%{}\[\]()!@]|://|(?i:mailto:)|:[DP]\b)",
    re.MULTILINE,
)
"""Jira's wiki markup as we write it: protected signs, our own marks, and what would be obeyed."""


def leak_in_cloud(scene: Scene, ticket: str, text: str) -> bool:
    """Whether the document that Jira Cloud keeps has more than text, or not the text."""
    (body,) = (each.body for each in scene.harness.fake.issue(ticket).comments if MARK in each.properties)
    nodes = list(nodes_of(body))
    kinds = {node["type"] for node in nodes}
    marks = {mark["type"] for node in nodes for mark in node.get("marks", ())}
    lines = ["\n" if node["type"] != "text" else node["text"] for node in nodes]
    told = "".join(lines)
    return bool(kinds - NODES or marks - MARKS) or unsafe(told) or missing(text, told)


def nodes_of(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("content", ()):
        yield from nodes_of(child)


def leak_in_data_center(scene: Scene, ticket: str, text: str) -> bool:
    """Whether anything in the wiki markup would be obeyed, or the text is not what it shows."""
    (body,) = (each.body for each in scene.harness.fake.issue(ticket).comments if MARK in each.properties)
    obeyed = [found["bare"] for found in WIKI.finditer(body) if found["bare"]]
    told = WIKI.sub(lambda found: found["kept"] or found["inner"] or letter(found["sign"]), body)
    return bool(obeyed) or unsafe(told) or len(body) > LIMIT or missing(text, told)


def letter(number: str | None) -> str:
    return chr(int(number)) if number else ""


def leak_in_asana(scene: Scene, ticket: str, text: str) -> bool:
    """Whether the comment has other tags than ours, or attributes at all, or not the text."""
    said = [each for each in scene.harness.fake.stories(ticket) if each.is_comment]
    (html,) = (each.html for each in said if each.created_by.name != ASANA_CLIENT)
    elements = list(ET.fromstring(html).iter())  # noqa: S314 - strict XML of the fake's
    told = "".join(ET.fromstring(html).itertext())  # noqa: S314 - likewise
    strange = [each for each in elements if each.tag not in TAGS or each.attrib]
    return bool(strange) or unsafe(told) or missing(text, told)


def leaks_in_workbook(scene: Scene) -> Iterator[str]:
    """Comments of ours that do not hold the text, rows of people that changed, and cells that are calculated."""
    rows = {row["ID"]: row for row in scene.harness.issues()}
    said = {row["Issue"].lstrip("'"): row["Text"] for row in scene.harness.comments() if row["Action id"]}
    for ticket, text in scene.texts.items():
        read = (
            "" if text == "#REF!" else text.lstrip("'")
        )  # an error is no text; an apostrophe marks a text as one
        kept = (rows[ticket]["Title"] or "", rows[ticket]["Client"] or "") == (text, text[:LIMIT])
        if unsafe(said[ticket]) or missing(read, said[ticket]) or not kept:
            yield text
    yield from calculated(scene.harness.path.parent)


def calculated(folder: Path) -> Iterator[str]:
    """Cells that a spreadsheet program would calculate: all of a workbook's, and those of ours in other files."""
    for path in folder.glob("*.xlsx"):
        for cell in (cell for sheet in load_workbook(path) for row in sheet.iter_rows() for cell in row):
            if cell.data_type == "f" or (
                sheet_of_ours(cell) and starts_formula(cell.value) and not cell.quotePrefix
            ):
                yield f"{path.name}, {cell.coordinate}: {cell.value}"
    for path in folder.glob("*.csv"):
        delimiter = "," if "makegood" in path.name else ";"
        lines = io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")
        for row in csv.DictReader(lines, delimiter=delimiter):
            ours = {"Labels", "Due"} if path.name == "issues.csv" else row.keys()
            if row.get("Action id", "ours"):
                yield from (f"{path.name}: {row[name]}" for name in ours if starts_formula(row[name]))


def sheet_of_ours(cell: Any) -> bool:  # noqa: ANN401 - a cell
    sheet = cell.parent
    return sheet.title == "Comments" and bool(sheet.cell(cell.row, 6).value)


def starts_formula(value: object) -> bool:
    return isinstance(value, str) and FORMULA.match(value) is not None


def each_ticket(leak: Callable[[Scene, str, str], bool]) -> Callable[[Scene], Iterator[str]]:
    return lambda scene: (text for ticket, text in scene.texts.items() if leak(scene, ticket, text))


LEAKS: dict[type[Any], Callable[[Scene], Iterator[str]]] = {
    CloudHarness: each_ticket(leak_in_cloud),
    DataCenterDeskHarness: each_ticket(leak_in_data_center),
    StaffAsana: each_ticket(leak_in_asana),
    StaffXlsx: leaks_in_workbook,
    StaffCsv: leaks_in_workbook,
    StaffSidecar: leaks_in_workbook,
}


@pytest.mark.parametrize("kind", LEAKS, ids=lambda kind: kind.name)
def test_in_a_comment_it_is_letters_to_the_tracker(kind: type[Any], tmp_path: Path) -> None:
    for scene in staged(kind, tmp_path):
        leaks = [text[:80] for text in LEAKS[kind](scene)]
        counted("hostile text", leaks=len(leaks), cases=len(scene.texts), told=leaks)


# --- terminal, JSON, tables, state ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    """A firm with a ticket of each text, which stands in every field of it."""
    with staffed(tmp_path_factory.mktemp("desk")) as firm:
        board = firm.board(settings={"guard": LIMITS})
        for text in map(whole, TEXTS.values()):
            board.create(text, text=text, **strange(text))
        firm.run(minutes=20)
        yield firm


@contextmanager
def staffed(folder: Path, **settings: Any) -> Iterator[Firm]:  # noqa: ANN401 - any field of an agency
    firm = Firm(folder, by=policy(), max_actions=10_000, **settings)
    try:
        yield firm
    finally:
        firm.restart()


def strange(text: str) -> dict[str, Any]:
    """Fields of a ticket all of which say this."""
    person = Person("c", text[:LIMIT], "client")
    told = dict.fromkeys(FIELDS, text[:LIMIT])
    return {
        "client": text,
        "engagement": text[:LIMIT],
        "labels": frozenset({text[:200]}),
        "reporter": person,
        "assignee": person,
        "fields": {"severity": "high", "scope_decision": "goodwill", **told},
    }


def on_terminal(show: Callable[[], object]) -> str:
    """What a terminal gets."""
    with redirect_stdout(io.StringIO()) as stream:
        show()
    return stream.getvalue()


def test_on_a_terminal_it_moves_nothing_and_brings_no_colour(desk: Firm) -> None:
    (sight,) = desk.dry_run()
    program = desk.program(desk.store)
    told = [explained(judged, sight, program.judge) for judged in sight.judged]
    leaks = [one["title"][:80] for one in told if leak_on_terminal(one)]
    counted("hostile text", leaks=len(leaks), cases=len(told), told=leaks)
    shown = on_terminal(lambda: report.show([sight], console(), verbosity=1))
    counted("hostile text", leaks=len(UNSAFE.findall(shown)), cases=len(told))


def leak_on_terminal(told: dict[str, Any]) -> bool:
    """Whether an explanation moves anything, has lines that the title made, or does not show it as letters."""
    shown = on_terminal(lambda: explain_text.show(told, console(), verbose=True))
    letters = "".join(inert(told["title"], 50).rstrip("…").split())
    forged = {line.strip() for line in told["title"][:LIMIT].splitlines()[1:]} - {"", "late"}
    lines = {line.strip() for line in shown.splitlines()}
    return UNSAFE.search(shown) is not None or letters not in "".join(shown.split()) or bool(forged & lines)


def test_its_colours_are_not_ours_where_a_terminal_has_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    words = Group(*(Text(text[:LIMIT], "bold") for text in TEXTS.values()))
    shown = on_terminal(lambda: console().print(words))
    leaks = UNSAFE.findall(re.sub(r"\x1b\[[01]m", "", shown))
    assert "\x1b[1m" in shown
    counted("hostile text", leaks=len(leaks), cases=len(TEXTS), told=leaks)


def test_json_holds_it_to_the_letter_and_shows_nothing_of_it(desk: Firm) -> None:
    (sight,) = desk.dry_run()
    document = report.as_json([sight], desk.now) | {"texts": list(TEXTS.values())}
    shown = on_terminal(lambda: say_json(document))
    assert json.loads(shown) == json.loads(json.dumps(document))
    counted("hostile text", leaks=len(UNSAFE.findall(shown)), cases=len(TEXTS))


def test_no_table_that_is_handed_on_holds_a_formula(desk: Firm) -> None:
    rows = desk.store.listed(["desk"])
    registers = Registers(rows, desk.by, {"desk": "UTC"})
    work = worklist.entries(rows, desk.now, {})
    made = [registers.lessons(), registers.remedies(), worklist.as_table(work)]
    for table in made:
        assert len(table.rows) >= len(TEXTS) - 1, table.name  # nothing but blanks is no lesson
        shown = on_terminal(partial(tables.show, table, console()))
        leaks = [
            *leaks_in_csv(tables.as_csv(table)),
            *leaks_in_xlsx(tables.as_xlsx(table)),
            *UNSAFE.findall(shown),
        ]
        counted("hostile text", leaks=len(leaks), cases=3 * len(table.rows), told=leaks)
    shown = on_terminal(lambda: worklist.show(work, console(), verbose=True))
    counted("hostile text", leaks=len(UNSAFE.findall(shown)), cases=len(work))


def leaks_in_csv(text: str) -> list[str]:
    """Cells that would be calculated, also by a program that parts them at semicolons."""
    cells = [cell for mark in ",;" for row in csv.reader(io.StringIO(text), delimiter=mark) for cell in row]
    return [cell[:80] for cell in cells if starts_formula(cell) or UNSAFE.search(cell)]


def leaks_in_xlsx(data: bytes) -> list[str]:
    """Texts that are no texts, or that become formulas once somebody edits the cell."""
    cells: Iterator[Any] = (
        cell for row in load_workbook(io.BytesIO(data)).worksheets[0].iter_rows() for cell in row
    )
    held = [cell for cell in cells if isinstance(cell.value, str)]
    bare = [cell for cell in held if starts_formula(cell.value) and not cell.quotePrefix]
    return [cell.value[:80] for cell in held if cell in bare or cell.data_type != "s" or unsafe(cell.value)]


def test_the_state_file_stays_sound_and_gives_it_back(desk: Firm) -> None:
    desk.restart()
    database = sqlite3.connect(desk.state)
    assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    database.close()
    titles = {row.known.record.title[:200] for row in desk.store.listed(["desk"])}
    given = {ticket.title[:200] for ticket in desk.boards[0].tickets.values()}
    counted("hostile text", leaks=len(given ^ titles), cases=len(TEXTS), told=given ^ titles)


# --- mail, webhook, logs ----------------------------------------------------------------------------------------


def test_a_mail_has_no_header_of_it_and_a_chat_calls_nobody(tmp_path: Path) -> None:
    with MailServer() as server, Chat() as chat:
        mail = Mail(SmtpSettings.model_validate({"host": "127.0.0.1", "port": server.port, **SENDER}))
        styles = [WebhookSettings.model_validate({"style": style}) for style in ("slack", "teams", "plain")]
        hooks = [Webhook(style, f"{chat.url}/hook") for style in styles]
        for notice in notices_of_strangers(tmp_path):
            mail.send(notice)
            for hook in hooks:
                hook.send(notice)
    leaks = [str(mail["Subject"])[:80] for mail in server.mails if leak_in_mail(mail)]
    leaks += [json.dumps(request.body)[:80] for request in chat.log if leak_in_chat(request.body)]
    assert (len(server.mails), len(chat.log)) == (len(TEXTS), 3 * len(TEXTS))
    assert set(server.rcpt) == {PARTNER}
    counted("hostile text", leaks=len(leaks), cases=4 * len(TEXTS), told=leaks)


def notices_of_strangers(folder: Path) -> list[Notice]:
    """What a pass over a ticket of each text has to tell a partner."""
    smtp = {"host": "127.0.0.1", **SENDER}
    told = NotifySettings.model_validate({"to": {"partner": [PARTNER]}, "smtp": smtp, "severities": ["high"]})
    with staffed(folder, notify=told) as firm:
        board = firm.board(settings={"guard": LIMITS})
        for text in map(whole, TEXTS.values()):
            board.create(text, client=text, **high())
        firm.run(minutes=20)
        return [entry.notice for entry in firm.store.waiting_notices()]


def leak_in_mail(mail: EmailMessage) -> bool:
    body = str(mail.get_content()).replace("\r\n", "\n")
    subject, kind, names = str(mail["Subject"]), mail.get_content_type(), mail.keys()
    plain = kind == "text/plain" and set(names) == HEADERS and len(names) == len(HEADERS)
    return not plain or "\n" in subject or unsafe(subject) or unsafe(body)


def leak_in_chat(body: Any) -> bool:  # noqa: ANN401 - whatever is posted
    """Whether a text has controls, calls somebody, or is read as Markdown where that can link."""
    texts = list(texts_of(body))
    calls = set(body) == {"text"} and any(sign in body["text"] for sign in "<>")
    return calls or any(map(unsafe, texts)) or '"TextBlock"' in json.dumps(body)


def texts_of(value: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    match value:
        case str():
            yield value
        case dict():
            yield from (text for each in value.values() for text in texts_of(each))
        case list():
            yield from (text for each in value for text in texts_of(each))


@pytest.mark.parametrize("style", ["json", "console"])
def test_a_log_has_one_line_for_one_event(style: Literal["json", "console"]) -> None:
    with redirect_stderr(io.StringIO()) as stream:
        configure(style)
        log = structlog.get_logger("makegood")
        for text in TEXTS.values():
            log.warning("ticket failed", ticket=text, why=[text, {"in": text}], run="1")
    lines = stream.getvalue().split("\n")[:-1]
    assert len(lines) == len(TEXTS)
    if style == "json":
        events = [json.loads(line) for line in lines]
        assert [(each["event"], each["ticket"]) for each in events] == [
            ("ticket failed", t) for t in TEXTS.values()
        ]
    plain = re.sub(r"\x1b\[\d+m", "", stream.getvalue())
    counted("hostile text", leaks=len(UNSAFE.findall(plain)), cases=len(TEXTS), told=UNSAFE.findall(plain))


# --- the commands, and what lies in the folder ------------------------------------------------------------------

GRAVE = ("terminal", "direction", "log", "name", "half")
SOME = [whole(text)[:LIMIT] for name, text in TEXTS.items() if name.startswith(GRAVE)]
COMMANDS = (
    ("--dry-run", "-v"), ("--dry-run", "--output", "json"), ("status",), ("worklist", "-v"),
    ("worklist", "--output", "csv"), ("lessons",), ("lessons", "--output", "csv"), ("remedies",), ("register",),
    ("message", "update", "T-2"), ("explain", "T-2"), ("explain", "\x1b[2J\u202e"),
    ("worklist", "--client", "\x9b2J\u202e"), ("check",), ("daemon", "--passes", "1"),
)  # fmt: skip


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """An operator's folder whose workbook strangers have filled; of each three rows one cannot be read."""
    (tmp_path / "office").mkdir()
    made = Office(tmp_path / "office", monkeypatch)
    made.source()
    limits = "".join(f"{name} = {limit}\n" for name, limit in LIMITS.items())
    made.write("config.toml", f"{made.read('config.toml')}[source.guard]\n{limits}")
    made.issues(*(stranger(number, text) for number, text in enumerate(SOME, 1)))
    return made


def stranger(number: int, text: str) -> dict[str, str]:
    """A row that says it everywhere; every third time also as its status, and every third time as its ID."""
    row = LATE | dict.fromkeys(("Title", "Client", "Owner", "Reporter", "Labels", "Root cause", "Lesson"), text)
    own = text if number % 3 == 1 and text.strip() else f"T-{number}"
    return row | {"ID": own, "Status": text if number % 3 == 0 else "Open"}


def test_no_command_lets_it_out_or_leaves_a_file_elsewhere(office: Office, tmp_path: Path) -> None:
    first = office.at(NOW)
    assert first.status == 1, "some rows cannot be read, and the others are served"
    leaks = [("pass", sign) for sign in UNSAFE.findall(first.out + first.err)]
    for command in COMMANDS:
        timed = command[0] in {"--dry-run", "worklist", "explain", "message"}
        ran = office.run(*command, *(("--now", NOW) if timed else ()))
        leaks += [(" ".join(command), sign) for sign in UNSAFE.findall(ran.out + ran.err)]
        assert "Traceback" not in ran.err
        if command[0] == "daemon":
            assert sum("ticket failed" in line for line in ran.err.splitlines()) >= len(SOME) // 3
    counted("hostile text", leaks=len(leaks), cases=len(SOME) * (len(COMMANDS) + 1), told=leaks)
    assert {file.relative_to(tmp_path).parts[0] for file in tmp_path.rglob("*")} == {"office"}
    assert set(office.files()) == {"config.toml", "issues.comments.csv", "issues.csv", "state.db", "state.db.lock"}


def test_only_one_module_writes_to_a_terminal() -> None:
    writers = re.compile(r"click\.(?:secho|echo)\(|(?<![.\w])print\(|sys\.std(?:out|err)\.write|[^.\w]Console\(\)")
    files = (file for file in Path(terminal.__file__).parent.rglob("*.py"))
    text = {file.name: file.read_text(encoding="utf-8") for file in files}
    assert {name for name, written in text.items() if writers.search(written)} == {"terminal.py"}


@pytest.mark.parametrize("name", ["../evil", "a/b", "..", "x\\y", "x\x1b[2J", ""])
def test_a_source_is_never_called_like_a_path(office: Office, name: str) -> None:
    office.write("config.toml", office.read("config.toml").replace('"issues"', json.dumps(name)))
    ran = office.run("check")
    counted("hostile text", leaks=int(ran.status != 2 or bool(UNSAFE.search(ran.out + ran.err))), told=ran.err)


# --- mapping files: small to write, endless to read -------------------------------------------------------------


def rule(pattern: str) -> str:
    """A taxonomy with one rule; the pattern stands in its line 9."""
    return dedent(f"""\
        [subtypes]
        delivery = ["x"]
        communication = ["x"]
        scope = ["x"]
        team = ["x"]
        billing = ["x"]
        [[rule]]
        category = "delivery"
        when = {{ field = "title", matches = {json.dumps(pattern)} }}
        name = "late"
        subtype = "x"
    """)


@pytest.mark.parametrize("pattern", ENDLESS_PATTERNS)
def test_a_pattern_that_could_search_for_years_is_refused_where_it_stands(pattern: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        read_text(rule(pattern), Taxonomy, shown_as="taxonomy.toml")
    named = str(raised.value).startswith("taxonomy.toml:9:") and "could search for hours" in str(raised.value)
    counted("hostile text", leaks=int(not named), told=str(raised.value))


@pytest.mark.parametrize("pattern", USUAL_PATTERNS)
def test_a_pattern_as_it_is_meant_is_taken(pattern: str) -> None:
    assert read_text(rule(pattern), Taxonomy, shown_as="taxonomy.toml").rule[0].when.matches == pattern


def test_what_a_pattern_may_cost_bounds_how_far_it_looks() -> None:
    costly, cheap = "a*b*c", "invoice"
    assert farthest(cheap) == 20_000 > farthest(costly) >= 200
    assert first_place(re.compile(costly), " " * farthest(costly) + "c") is None
    assert first_place(re.compile(costly), " " * (farthest(costly) - 1) + "c")
    assert first_place(re.compile(cheap), TEXTS["length: 3 MB of a letter"] + cheap) is None


HUGE_FILES = {
    "fifty megabytes": ("#" * 50_000_000, "larger than 5 MB"),
    "nested lists": (f"x = {'[' * 20_000}{']' * 20_000}", "nested too deeply"),
    "nested tables": (f"x = {'{a=' * 20_000}1{'}' * 20_000}", "nested too deeply"),
    "a key of thousands of parts": (f"{'a.' * 100_000}a = 1", "more than 32 parts"),
    "a quoted key of thousands": ("[" + '"a" . ' * 10_000 + "a]", "more than 32 parts"),
    "a number of a megabyte": (f"x = {'9' * 1_000_000}", "thousands of digits"),
    "a key that clears the screen": ('"\\u001b[2J\\u202e" = 1', "unknown key"),
    "half a letter": ('x = "\\ud800"', "not TOML"),
}


@pytest.mark.parametrize("file", ["config.toml", "mappings/workbook.toml"])
@pytest.mark.parametrize("huge", HUGE_FILES)
def test_a_file_that_is_endless_to_read_is_refused_in_a_sentence(office: Office, file: str, huge: str) -> None:
    text, told = HUGE_FILES[huge]
    if file != "config.toml":
        office.mapping("workbook.toml", "header_row = 1", "header_row = 1")
    office.write(file, text)
    ran = office.run("check")
    refused = ran.status == 2 and told in ran.err and len(ran.err) < 20_000
    counted("hostile text", leaks=int(not refused or bool(UNSAFE.search(ran.err))), told=ran.err[:2000])


@pytest.mark.parametrize("depth", range(60, 500, 55))
def test_no_depth_of_nesting_ends_in_a_traceback(depth: int) -> None:
    """Some of these `tomllib` takes; then they are faults like any other."""
    for text in (f"title = {'[' * depth}{']' * depth}", f"sheet = {'{a=' * depth}1{'}' * depth}"):
        with pytest.raises(ConfigurationError):
            read_text(text, WorkbookMapping, shown_as="workbook.toml")
    counted("hostile text", cases=2)


# --- workbooks: small to write, endless to read -----------------------------------------------------------------

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
SHEET = "xl/worksheets/sheet1.xml"
LAUGHS = "<!DOCTYPE x [<!ENTITY a 'ha'>" + "".join(
    f"<!ENTITY {after} '{f'&{before};' * 50}'>" for before, after in pairwise("abcdefgh")
)
PARTS: dict[str, tuple[str, str | bytes, str]] = {
    "an outer entity": ("xl/sharedStrings.xml", '<!DOCTYPE x SYSTEM "file:///etc/passwd"><sst/>', "document type"),
    "laughs in a sheet": (SHEET, f'{LAUGHS}]><worksheet xmlns="{MAIN}">&h;</worksheet>', "document type"),
    "laughs in relations": ("xl/_rels/workbook.xml.rels", f"{LAUGHS}]><Relationships>&h;</Relationships>", "type"),
    "laughs by another name": ("xl/worksheets/sheet9.dat", f"{LAUGHS}]><worksheet>&h;</worksheet>", "type"),
    "the last row and many more": (SHEET, f'<worksheet xmlns="{MAIN}"><row r="999999999"/></worksheet>', "last"),
    "all cells merged": (SHEET, '<worksheet><mergeCell ref="A1:XFD1048576"/></worksheet>', "unmerge them"),
    "a range that is none": (SHEET, '<worksheet><mergeCell ref="A:?"/></worksheet>', "is damaged"),
    "a depth without end": (SHEET, "<a>" * 100_000 + "</a>" * 100_000, "nested without end"),
    "elements without end": (SHEET, f"<a>{'<b/>' * 60_000}</a>", "move old issues out"),
    "a gigabyte of nothing": ("xl/media/a.bin", "\0" * 3_000_000, "unpacks to more than"),
    "UTF-16": (SHEET, "\ufeff".encode("utf-16-le") + f"{LAUGHS}]><a>&h;</a>".encode("utf-16-le"), "document type"),
    "a path out of it": ("../../../evil.xml", "<a/>", ""),
}


@pytest.mark.parametrize("bomb", PARTS)
def test_a_workbook_that_is_endless_to_read_is_refused_in_a_sentence(
    bomb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is counted is counted down, so that the test need not build what it keeps out."""
    monkeypatch.setattr(workbook_parts, "MOST_ELEMENTS", 50_000)
    monkeypatch.setattr(workbook_parts, "LARGEST", 2_000_000)
    part, data, told = PARTS[bomb]
    folder = tmp_path / "in"
    folder.mkdir()
    with XlsxHarness(folder) as harness:
        harness.create("Late")
        with_part(harness.path, part, data if isinstance(data, bytes) else data.encode())
        said = ""
        try:
            harness.tracker().connect()
        except WorkbookError as error:
            said = str(error)
    counted("hostile text", leaks=int(told not in said or bool(said) != bool(told)), told=said)
    assert [file.name for file in tmp_path.rglob("*") if file.is_file()] == ["issues.xlsx"]


def with_part(path: Path, part: str, data: bytes) -> None:
    """Write the workbook anew with one part of it replaced or added."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, held in {**parts, part: data}.items():
            archive.writestr(name, held)


def test_a_part_that_lies_about_its_size_is_read_no_further_than_it_says(tmp_path: Path) -> None:
    with XlsxHarness(tmp_path) as harness:
        with_part(harness.path, SHEET, b"<a>" + b" " * 5_000_000 + b"</a>")
        data = harness.path.read_bytes()
        harness.path.write_bytes(data.replace((5_000_007).to_bytes(4, "little"), (100).to_bytes(4, "little")))
        with pytest.raises(WorkbookError, match="is damaged"):
            harness.tracker().connect()
    counted("hostile text")


TABLES = {
    "ten thousand columns": "ID;Title;" + ";".join(f"Column {number}" for number in range(10_000)) + "\n",
    "a header of three megabytes": ";".join(("ID", "Title", "Status", "x" * 3_000_000)) + "\n",
    "a header that clears the screen": "ID;\x1b[2J;Status;\u202eCreated\n",
    "a field that never ends": 'ID;Title;Status;Created\n1;"' + "late;" * 600_000,
}


@pytest.mark.parametrize("wide", TABLES)
def test_a_table_too_wide_is_refused_in_a_few_lines(wide: str, office: Office) -> None:
    office.write("issues.csv", TABLES[wide])
    ran = office.run("--dry-run")
    refused = ran.status == 1 and "Not served" in ran.out and len(ran.out + ran.err) < 50_000
    leaks = int(not refused or bool(UNSAFE.search(ran.out + ran.err)))
    counted("hostile text", leaks=leaks, told=(ran.status, (ran.out + ran.err)[:3000]))
