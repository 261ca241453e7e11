"""Whatever strangers write arrives as letters: nowhere is it obeyed, run, calculated or let out of its place."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import replace
from datetime import UTC
from functools import cache
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
from hostile_texts import TEXTS
from openpyxl import load_workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from passes import Agency, high
from reliability import counted
from rich.text import Text
from tickets import shipped

from sync import explain_text, report, tables, worklist
from sync.comments import Composer
from sync.explain import explained
from sync.legible import inert, whole
from sync.logs import configure
from sync.notify import Mail, Webhook
from sync.notify_models import NotifySettings, SmtpSettings, WebhookSettings
from sync.registers import Registers
from sync.terminal import console, say_json
from sync.ticket import Audience, Person
from sync.trackers.jira_records import MARK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from email.message import EmailMessage
    from pathlib import Path

    from harness import Harness

    from sync.cycle import Program
    from sync.promises import Terms

    from sync.records import Notice
    from sync.store import Store
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
HEADERS = sorted(
    "From To Subject Date Message-ID Auto-Submitted Content-Type MIME-Version Content-Transfer-Encoding".split()
)


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
    with kind(folder) as harness:
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
    """Of each text what a file of that kind can hold."""
    storable = {f"N-{number}": as_stored(harness, text) for number, text in enumerate(TEXTS.values())}
    at = harness.now.astimezone(UTC).replace(tzinfo=None)
    rows = [
        {"ID": ticket, "Title": text, "Description": text[:LIMIT], "Status": "New", "Created": at,
         "Client": text[:LIMIT],         "Severity": "high", "Owner": text[:200], "Remarks": "do not touch"}
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
    said = {row["Issue"]: row["Text"] for row in scene.harness.comments() if row["Action id"]}
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
        for row in csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline=""), delimiter=";"):
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


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Firm]:
    """A firm with a ticket of each text, which stands in every field of it."""
    with staffed(tmp_path) as firm:
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
    shown = [on_terminal(lambda one=one: explain_text.show(one, console(), verbose=True)) for one in told]
    leaks = [one["title"][:80] for one, text in zip(told, shown, strict=True) if UNSAFE.search(text)]
    leaks += [
        one["title"][:80] for one, text in zip(told, shown, strict=True) if not same_words(one["title"], text)
    ]
    counted("hostile text", leaks=len(leaks), cases=len(told), told=leaks)
    leaks = UNSAFE.findall(on_terminal(lambda: report.show([sight], console(), verbosity=1)))
    counted("hostile text", leaks=len(leaks), cases=len(told), told=leaks)


def same_words(title: str, shown: str) -> bool:
    """Whether the title stands there as letters."""
    return "".join(inert(title, 50).rstrip("…").split()) in "".join(shown.split())


def test_its_colours_are_not_ours_where_a_terminal_has_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    shown = on_terminal(lambda: [console().print(Text(text[:LIMIT], "bold")) for text in TEXTS.values()])
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
    made = [registers.lessons(), registers.remedies(), registers.requests(), worklist.as_table(work)]
    for table in made:
        assert len(table.rows) >= len(TEXTS) - 1, table.name  # nothing but blanks is no lesson
        text = tables.as_csv(table)
        cells = [cell for mark in ",;" for row in csv.reader(io.StringIO(text), delimiter=mark) for cell in row]
        leaks = [cell[:80] for cell in cells if starts_formula(cell) or UNSAFE.search(cell)]
        sheet = load_workbook(io.BytesIO(tables.as_xlsx(table))).worksheets[0]
        held = [cell for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)]
        leaks += [cell.value[:80] for cell in held if cell.data_type != "s" or unsafe(cell.value)]
        leaks += [cell.value[:80] for cell in held if starts_formula(cell.value) and not cell.quotePrefix]
        shown = on_terminal(lambda table=table: tables.show(table, console()))
        leaks += UNSAFE.findall(shown)
        counted("hostile text", leaks=len(leaks), cases=3 * len(table.rows), told=leaks)
    assert not UNSAFE.search(on_terminal(lambda: worklist.show(work, console(), verbose=True)))


def test_the_state_file_stays_sound_and_gives_it_back(desk: Firm) -> None:
    desk.restart()
    database = sqlite3.connect(desk.state)
    assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    database.close()
    titles = {row.known.record.title[:200] for row in desk.store.listed(["desk"])}
    given = {ticket.title for ticket in desk.boards[0].tickets.values()}
    counted(
        "hostile text", leaks=len(given - titles), cases=len(TEXTS), told=[each[:80] for each in given - titles]
    )


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
    names = sorted(mail.keys())
    body = str(mail.get_content()).replace("\r\n", "\n")
    strange = names != HEADERS or mail.is_multipart() or mail.get_content_type() != "text/plain"
    return strange or unsafe(str(mail["Subject"])) or "\n" in str(mail["Subject"]) or unsafe(body)


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
