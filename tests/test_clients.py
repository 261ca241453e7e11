"""Whom the team works for and who is who: `clients.toml`, a CRM's export, and one client in three trackers."""

from __future__ import annotations

import re
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, timedelta
from textwrap import dedent
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
import tickets
from harness_asana import AsanaHarness
from harness_jira import CloudHarness
from harness_workbook import XlsxHarness
from passes import agency
from tickets import ticket

from sync.judging.doubts import SINGLY, strangers
from sync.mapping import parts, tracker_models
from sync.mapping.client_models import ClientsFile, PersonModel
from sync.mapping.crm import ENOUGH
from sync.mapping.people import Absence
from sync.mapping.policy import collect_policy

if TYPE_CHECKING:
    from pathlib import Path

    from sync.mapping.policy import Policy

CLIENTS = """\
[roles]
project_manager = ["project manager"]
client_services_lead = ["services lead"]
engagement_partner = ["Partner 2"]
managing_partner = ["Partner 1"]
[crm]
file = "crm.csv"
[crm.columns]
name = "Account name"
aliases = "Also known as"
tier = "Segment"
since = "Customer since"
language = "Language"
zone = "Zone"
calendar = "Hours"
satisfaction = "Score"
payment_days = "Days to pay"
promised = "Promised"
[[client]]
name = "Client A"
aliases = ["CLA"]
tier = "key"
"""
HEADER = "Account name,Also known as,Segment,Customer since,Language,Zone,Hours,Score,Days to pay,Promised\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The mapping files of a team with a CRM, whose export is still empty."""
    monkeypatch.chdir(tmp_path)
    made = tmp_path / "mappings"
    made.mkdir()
    for name, text in (
        ("taxonomy.toml", tickets.TAXONOMY),
        ("severity.toml", tickets.SEVERITY),
        ("escalation.toml", tickets.ESCALATION),
        ("calendars.toml", tickets.CALENDARS),
        ("desk.toml", tickets.MAPPING),
        ("clients.toml", CLIENTS),
        ("crm.csv", HEADER),
    ):
        (made / name).write_text(text, encoding="utf-8")
    return made


def edit(folder: Path, name: str, before: str, after: str) -> None:
    text = (folder / name).read_text(encoding="utf-8")
    assert before in text
    (folder / name).write_text(text.replace(before, after, 1), encoding="utf-8")


def read(folder: Path, **held_against: Any) -> tuple[Policy | None, list[str]]:  # noqa: ANN401
    policy, faults = collect_policy(folder, {"desk.toml": tracker_models.Mapping}, **held_against)
    return policy, [str(fault) for fault in faults]


def sound(folder: Path, rows: str = "") -> Policy:
    """The policy with these rows in the CRM's export."""
    (folder / "crm.csv").write_text(HEADER + dedent(rows), encoding="utf-8")
    policy, faults = read(folder)
    assert faults == []
    assert policy is not None
    return policy


def unwrapped(text: str) -> list[str]:
    """The lines of a text in which a long line goes on, indented, on the next."""
    return re.sub(r"\n    ", " ", dedent(text).rstrip("\n")).split("\n")


# --- the CRM's export -------------------------------------------------------------------------------------------


def test_a_row_fills_what_the_record_leaves_out_and_what_the_record_says_wins(folder: Path) -> None:
    policy = sound(
        folder, "cla,Client A Ltd.; CLA ,small,2019-04-01,da,Europe/Copenhagen,always,8.5,34,A call; Lunch\n"
    )
    [client] = policy.clients.client
    assert client.name == "Client A"
    assert client.aliases == ["CLA", "Client A Ltd."]
    assert (client.tier, client.since, client.language, client.zone) == (
        "key",
        date(2019, 4, 1),
        "da",
        "Europe/Copenhagen",
    )
    assert (client.calendar, client.satisfaction, client.payment_days) == ("always", 8.5, 34)
    assert client.promised == ["A call", "Lunch"]
    assert policy.client("client a  LTD.") is client


def test_a_client_only_the_crm_knows_has_a_record_of_its_own(folder: Path) -> None:
    policy = sound(folder, '"Client ""B"", Inc.",CLB,,,,,,"7,5",,\n')
    client = policy.client("clb")
    assert client is not None
    assert (client.name, client.satisfaction, client.since) == ('Client "B", Inc.', 7.5, None)
    assert [client.name for client in policy.clients.client] == ["Client A", 'Client "B", Inc.']


def test_an_export_is_read_as_it_was_written(folder: Path) -> None:
    written = "file = \"crm.csv\"\ndelimiter = ';'\nencoding = 'cp1252'\ndate_format = '%d.%m.%Y'"
    edit(folder, "clients.toml", 'file = "crm.csv"', written)
    rows = HEADER.replace(",", ";") + "\nKlient Ø;;;24.12.2019;;;;;;\n"
    (folder / "crm.csv").write_bytes(rows.replace("\n", "\r\n").encode("cp1252"))
    policy, faults = read(folder)
    assert faults == []
    assert policy is not None
    client = policy.client("klient ø")
    assert client is not None
    assert client.since == date(2019, 12, 24)


def test_an_export_of_thousands_of_clients_is_read_whole(folder: Path) -> None:
    rows = "".join(f"Client {number},C{number},key,,da,Europe/Copenhagen,,,30,\n" for number in range(2000))
    assert len(sound(folder, rows).clients.client) == 2001


def test_any_byte_of_the_export_changes_what_is_judged_by(folder: Path) -> None:
    before = sound(folder, "Client B,,,,,,,,,\n").digest
    assert sound(folder, "Client B,,,,,,,,,\n").digest == before
    assert sound(folder, "Client B,,,,,,,,, \n").digest != before


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (
            "Client B,,,1.4.2019,,,,,,\n",
            """\
            mappings/crm.csv:2:1: Customer since: '1.4.2019' is no date; write dates as 2025-12-24, or say in
                clients.toml how they are: crm.date_format
            """,
        ),
        (
            "\n\nClient B,,,,dk,,alway,very,30.5,\n",
            """\
            mappings/crm.csv:4:1: Days to pay: '30.5' is no whole number; write digits only, such as 30
            mappings/crm.csv:4:1: Hours: no calendar 'alway' in calendars.toml; did you mean 'always'?
            mappings/crm.csv:4:1: Score: 'very' is no number; write digits only, such as 8.5
            """,
        ),
        (
            "Client B,,,,dk,Europe/Kobenhavn,,11,-1,\n",
            """\
            mappings/crm.csv:2:1: Days to pay: must be 0 or more
            mappings/crm.csv:2:1: Language: write "en" or "ja" or "da" or "ru" or "fi", not 'dk'; did you mean
                'da'?
            mappings/crm.csv:2:1: Score: must be 10 or less
            mappings/crm.csv:2:1: Zone: 'Europe/Kobenhavn' is no time zone; did you mean 'Europe/Copenhagen'?
            """,
        ),
        (
            '"Client\nB",,,,,,,,,\nclient b,,,,,,,,,\n',
            """\
            mappings/crm.csv:4:1: Account name: 'client b' is the client of line 2 too; one client has one row
            """,
        ),
        (
            "Client A,,,,,,,,,\nCLA,,,,,,,,,\n",
            "mappings/crm.csv:3:1: Account name: 'CLA' is the client of line 2 too; one client has one row",
        ),
        (
            "Client B,The Bees;cla,,,,,,,,\nClient C,THE  BEES,,,,,,,,\n",
            """\
            mappings/crm.csv:2:1: Also known as: 'cla' already stands for client 'Client A' in clients.toml; one
                name means one client
            mappings/crm.csv:3:1: Also known as: 'THE  BEES' already stands for client 'Client B' on line 2; one
                name means one client
            """,
        ),
        (
            " ,,key,,,,,,,\n",
            "mappings/crm.csv:2:1: Account name: is empty; say whose row this is, or delete it",
        ),
        (
            'Client B,"never closed,,,,,,,,\nClient C\n',
            """\
            mappings/crm.csv:2:1: no cells can be told apart from here on: a quotation mark is missing or one too
                many
            """,
        ),
    ],
    ids=lambda value: value.strip()[:12],
)
def test_what_is_wrong_with_a_row_is_told_with_its_line_and_its_header(folder: Path, rows: str, told: str) -> None:
    (folder / "crm.csv").write_text(HEADER + rows, encoding="utf-8")
    assert read(folder)[1] == unwrapped(told)


def test_a_column_that_is_not_there_is_told_with_the_one_that_was_meant(folder: Path) -> None:
    (folder / "crm.csv").write_text(HEADER.replace("Segment", "Segmnt").replace("Score", "Zone"), encoding="utf-8")
    assert read(folder)[1] == unwrapped(
        """\
        mappings/crm.csv:1:1: Score: no such column (crm.columns.satisfaction in clients.toml asks for it); there
            are: Account name, Also known as, Customer since, Days to pay, Hours, Language, Promised, Segmnt, Zone
        mappings/crm.csv:1:1: Segment: no such column (crm.columns.tier in clients.toml asks for it); did you mean
            'Segmnt'?
        mappings/crm.csv:1:1: Zone: two columns have this header; rename one
        """
    )


def test_a_file_that_is_no_export_is_told_as_a_whole(folder: Path) -> None:
    (folder / "crm.csv").write_bytes(HEADER.encode() + "Klient Ø,,,,,,,,,\n".encode("latin-1"))
    [latin] = read(folder)[1]
    assert latin.startswith("mappings/crm.csv:2:8: byte ")
    edit(folder, "clients.toml", 'file = "crm.csv"', 'file = "crm.csv"\nencoding = "ascii"')
    assert read(folder)[1] == [
        "mappings/crm.csv:2:1: is not ascii; correct crm.encoding in clients.toml, or export the file anew"
    ]
    (folder / "crm.csv").rename(folder / "crm2.csv")
    assert read(folder)[1] == ["mappings/crm.csv: no such file; did you mean 'crm2.csv'?"]


def test_an_export_that_is_all_wrong_is_not_told_row_by_row_to_the_end(folder: Path) -> None:
    (folder / "crm.csv").write_text(HEADER + ",,key,,,,,,,\n" * 3 * ENOUGH, encoding="utf-8")
    told = read(folder)[1]
    assert len(told) == ENOUGH + 1
    assert told[-1] == f"mappings/crm.csv:{ENOUGH + 2}:1: is not read: mend what stands above first"


# --- what clients.toml says against itself and the ladder -------------------------------------------------------


@pytest.mark.parametrize(
    ("added", "told"),
    [
        (
            '[[client]]\nname = "Client B"\naliases = ["B", "cLa"]\n',
            """\
            25:17: client "Client B".aliases[2]: 'cLa' already stands for client 'Client A' on line 21; one name
                means one client
            """,
        ),
        (
            '[[client]]\nname = "client  a"\n',
            """\
            24:1: client "client  a".name: 'client  a' already stands for client 'Client A' on line 20; one name
                means one client
            """,
        ),
        (
            '[[client.engagement]]\nname = "Portal"\n[[client.engagement]]\nname = "PORTAL"\n',
            """\
            26:1: client "Client A".engagement "PORTAL".name: 'PORTAL' already stands for engagement 'Portal' on
                line 24; one name means one engagement
            """,
        ),
        (
            '[[client.engagement]]\nname = "Portal"\nbudget_hours = 0\nbudget = -5\n',
            """\
            25:1: client "Client A".engagement "Portal".budget_hours: a budget of 0 is none; write what was agreed,
                or leave the key out
            26:1: client "Client A".engagement "Portal".budget: a budget of -5 is none; write what was agreed, or
                leave the key out
            """,
        ),
        (
            """\
            [[client.engagement]]
            name = "Portal"
            scope = "http://a.example/s"
            currency = "eur"
            since = 2026-02-01
            until = 2026-01-31
            """,
            """\
            25:1: client "Client A".engagement "Portal".scope: an address begins with https://; write it so, or the
                title of the document
            26:1: client "Client A".engagement "Portal".currency: 'eur' is no currency; write the three capital
                letters of ISO 4217, such as "EUR"
            28:1: client "Client A".engagement "Portal".until: ends before it begins on 2026-02-01; correct one of
                the two days
            """,
        ),
        (
            '[[client.engagement]]\nname = "Portal"\nroles = { project_manger = ["x"] }\n',
            """\
            25:11: client "Client A".engagement "Portal".roles.project_manger: no role 'project_manger' in
                mappings/escalation.toml; did you mean 'project_manager'?
            """,
        ),
        (
            """\
            [[away]]
            who = "Partner 2"
            from = 2026-07-24
            until = 2026-07-06
            [[away]]
            who = []
            from = 2026-07-24
            until = 2026-07-24
            """,
            """\
            26:1: away[1].until: ends before it begins on 2026-07-24; correct one of the two days
            28:1: away[2].who: must not be empty; write at least one
            """,
        ),
        (
            """\
            [[person]]
            name = "Partner 1"
            ids = { desk = "p1" }
            [[person]]
            name = "Partner 2"
            ids = { dsk = "p2", jira = "P1" }
            """,
            """\
            28:9: person "Partner 2".ids.dsk: no source 'dsk' in config.toml; did you mean 'desk'?
            28:21: person "Partner 2".ids.jira: 'P1' already stands for person 'Partner 1' on line 25; one name
                means one person
            """,
        ),
    ],
)
def test_what_contradicts_itself_is_told_with_both_places(folder: Path, added: str, told: str) -> None:
    (folder / "clients.toml").write_text(CLIENTS + dedent(added), encoding="utf-8")
    assert read(folder, sources=["desk"])[1] == [f"mappings/clients.toml:{line}" for line in unwrapped(told)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('managing_partner = ["Partner 1"]\n', ""),
        ('managing_partner = ["Partner 1"]\n', "managing_partner = []\n"),
        ("[roles]\n", 'gone = ["PARTNER 1"]\n[roles]\n'),
        ("[roles]\n", 'gone = ["p1"]\nperson = [{ name = "Partner 1", ids = { jira = "p1" } }]\n[roles]\n'),
    ],
)
def test_a_step_of_the_ladder_that_nobody_holds_is_a_fault_of_the_ladder(
    folder: Path, before: str, after: str
) -> None:
    edit(folder, "clients.toml", before, after)
    assert read(folder)[1] == unwrapped(
        """\
        mappings/escalation.toml:2:76: ladder[4]: nobody holds the role 'managing_partner'; name somebody under
            [roles] in mappings/clients.toml, or take it off the ladder
        """
    )


def test_a_step_that_somebody_holds_for_one_engagement_only_is_no_fault(folder: Path) -> None:
    edit(folder, "clients.toml", 'managing_partner = ["Partner 1"]\n', "")
    held = '[[client.engagement]]\nname = "Portal"\nroles = { managing_partner = ["Partner 1"] }\n'
    edit(folder, "clients.toml", 'tier = "key"\n', f'tier = "key"\n{held}')
    assert read(folder)[1] == []


def test_a_team_that_names_no_role_holders_at_all_is_left_in_peace(folder: Path) -> None:
    (folder / "clients.toml").write_text('[[client]]\nname = "Client A"\n', encoding="utf-8")
    assert read(folder)[1] == []


def test_a_cadence_shorter_than_the_poll_is_told_where_it_is_written(folder: Path) -> None:
    edit(folder, "clients.toml", 'tier = "key"\n', 'tier = "key"\nupdate = { low = { within = "10m" } }\n')
    cannot = "cannot be kept: trackers are read every 5h; shorten interval in config.toml, or make this longer"
    assert read(folder, interval=parts.Amount.parse("5h"))[1] == [
        f'mappings/clients.toml:23:20: client "Client A".update.low.within: an update every 10m {cannot}',
        f"mappings/escalation.toml:7:12: critical.update.within: an update every 4h {cannot}",
    ]
    assert read(folder, interval=parts.Amount.parse("10m"))[1] == []


# --- who is who -------------------------------------------------------------------------------------------------

PEOPLE = """\
gone = ["Analyst"]
[[person]]
name = "Partner 2"
ids = { jira = "5b10", board = "1201", asana = "1202", workbook = "Partner 2" }
[[person]]
name = "Analyst"
ids = { jira = "5b11" }
[[away]]
who = "5B10"
from = 2026-07-06
until = 2026-07-10
[[away]]
who = ["1201", "nobody's record"]
from = 2026-07-10
until = 2026-07-24
note = "leave"
"""


@pytest.fixture
def people() -> Policy:
    return tickets.policy(clients=PEOPLE)


def test_a_person_has_an_id_in_each_tracker_and_one_name(people: Policy) -> None:
    assert people.ids_of("partner 2") == people.ids_of("1201") == ("5b10", "1201", "1202", "Partner 2")
    assert people.id_in("desk", "jira", "Partner 2") == "5b10"
    assert people.id_in("board", "asana", "5b10") == "1201", "the source's own before its tracker's"
    assert people.id_in("other board", "asana", "5b10") == "1202"
    assert people.id_in("board", "asana", "Analyst") == "", "nobody to mention there"
    assert {people.name_of(each) for each in ("5b10", "1202", "Partner 2")} == {"Partner 2"}
    assert (people.ids_of("x"), people.id_in("desk", "jira", "x"), people.name_of("x")) == (("x",), "x", "x")


@pytest.mark.parametrize(
    ("who", "day", "absence"),
    [
        ("Partner 2", date(2026, 7, 5), None),
        ("Partner 2", date(2026, 7, 6), Absence("away", date(2026, 7, 10))),
        ("1202", date(2026, 7, 10), Absence("away", date(2026, 7, 24))),
        ("5b10", date(2026, 7, 24), Absence("away", date(2026, 7, 24))),
        ("5b10", date(2026, 7, 25), None),
        ("Nobody's  Record", date(2026, 7, 24), Absence("away", date(2026, 7, 24))),
        ("somebody else", date(2026, 7, 24), None),
        ("5b11", date(2020, 1, 1), Absence("gone")),
    ],
)
def test_who_is_away_or_gone_is_so_in_every_tracker_and_on_the_last_day_too(
    people: Policy, who: str, day: date, absence: Absence | None
) -> None:
    assert people.absent(who, day) == absence


def test_an_engagement_is_found_by_name_or_alias_and_its_roles_come_first() -> None:
    policy = tickets.shipped()
    client = policy.client("Client A")
    assert client is not None
    engagement = policy.engagement(client, "portal  RELAUNCH")
    assert engagement is not None
    assert (engagement.name, engagement.budget_hours, engagement.currency) == ("Order portal", 1200, "USD")
    assert policy.engagement(client, "another") is None
    assert policy.holders("technical_lead", client, engagement) == ["Technical lead West"]
    assert policy.holders("technical_lead", client, None) == ["Technical lead"]
    assert policy.holders("project_manager", client, engagement) == ["Project manager West"]
    assert policy.holders("nothing", client, engagement) == []


# --- a client that nobody listed --------------------------------------------------------------------------------


def test_an_unknown_client_is_told_once_with_the_nearest_known_names_of_the_crm_too(folder: Path) -> None:
    policy = sound(folder, "Client Nordland,CLN,,,,,,,,\n")
    seen = [
        ticket(key="T-1", client="Cleint Nordland"),
        ticket(key="T-2", client="Cleint Nordland"),
        ticket(key="T-3", client="cln"),
        ticket(key="T-4", client="Zzz"),
    ]
    assert list(strangers(seen, policy)) == [
        (
            "T-1, T-2: client 'Cleint Nordland' is not in clients.toml or crm.csv; "
            "did you mean 'Client Nordland' or 'Client A'?"
        ),
        "T-4: client 'Zzz' is not in clients.toml or crm.csv; add a record or an alias",
    ]


def test_of_very_many_unknown_clients_the_last_are_told_together() -> None:
    seen = [ticket(key=f"T-{number}", client=f"Z{number:03}") for number in range(SINGLY + 5)]
    told = list(strangers(seen, tickets.policy()))
    assert len(told) == SINGLY + 1
    assert told[-1] == "clients 'Z020', 'Z021', 'Z022' and 2 more are not in clients.toml either"


# --- one client in three trackers -------------------------------------------------------------------------------


class Board(AsanaHarness):
    """A project that no client reads."""

    readers: ClassVar[str] = "staff"

    def source(self, **settings: object) -> Any:  # noqa: ANN401 - as the harness it extends
        return super().source(**{"name": "board", **settings})


class Book(XlsxHarness):
    """A workbook that no client reads."""

    def source(self, **settings: object) -> Any:  # noqa: ANN401 - as the harness it extends
        return super().source(**{"readers": "staff", **settings})


def test_the_third_issue_of_a_client_across_jira_asana_and_a_workbook_is_raised(tmp_path: Path) -> None:
    with ExitStack() as stack:
        jira = stack.enter_context(CloudHarness(tmp_path))
        asana, book = stack.enter_context(Board(tmp_path)), stack.enter_context(Book(tmp_path))
        asana.advance(timedelta(days=364).total_seconds())
        firm = stack.enter_context(agency(tmp_path, now=book.now))
        for office, source, mapping in (
            (jira, jira.source(mode="full"), jira.mapping()),
            (asana, asana.source(mode="full"), asana.mapping()),
            (book, book.source(mode="full"), book.mapping()),
        ):
            tracker = office.tracker()
            stack.callback(tracker.close)
            firm.source(source, tracker, mapping)
            firm.clocks.append(office.advance)
        first = jira.create("The report is late", client="Client A", severity="low")
        firm.wait(minutes=5)
        second = asana.create("So is the invoice", client="cla", severity="low")
        firm.run(minutes=5)
        third = book.create("And now the portal", client="CLIENT  A", severity="low")
        other = book.create("A first question", client="Client B", severity="low")
        firm.run(minutes=5)
        assert "esc:high" in book.labels_of(third)
        assert "esc:low" in jira.labels_of(first)
        assert "esc:low" in asana.labels_of(second)
        assert "esc:low" in book.labels_of(other)


def test_a_role_holder_is_the_same_person_under_each_trackers_own_id(tmp_path: Path) -> None:
    with CloudHarness(tmp_path) as jira, Board(tmp_path) as asana, Book(tmp_path) as book:
        ids = {"jira": jira.staff_id(), "board": asana.staff_id(), "workbook": book.staff_id()}
        record = PersonModel(name="The delivery lead", ids=ids)
        clients = ClientsFile(person=[record], roles={"delivery_lead": [record.name]})
        policy = replace(tickets.shipped(), clients=clients)
        [holder] = policy.holders("delivery_lead", None, None)
        for source in (jira.source(), asana.source(), book.source()):
            expected = ids.get(source.name, ids.get(source.tracker))
            assert policy.id_in(source.name, source.tracker, holder) == expected
        assert len({*ids.values()}) == 3
