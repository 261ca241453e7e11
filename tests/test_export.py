"""Jira's and Asana's "Export CSV" tried out: what a prospect sees, and which files are refused with what words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from exports import ASANA, DONE, DOWN, JIRA, SPACER, SUBTASK, TASK, TICKED, exported, save, written
from hypothesis import given
from hypothesis import strategies as st
from office import ROOT, Office
from real_issues import fitted_policy, read_issues, verdict
from real_report import judge_of, judged
from real_trackers import OnDataCenter

from sync.errors import ConfigurationError
from sync.mapping.policy import load_policy
from sync.mapping.tracker_models import AsanaMapping, JiraMapping
from sync.ticket import Audience, Status
from sync.trackers.export import open_table, read_export
from sync.trackers.export_dates import Dates, dates_of
from sync.trackers.export_survey import survey
from sync.trackers.export_table import MOST_COLUMNS
from sync.trackers.sources import AsanaSource, JiraSource

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from exports import Cells

    from sync.mapping.policy import Policy
    from sync.ticket import Comment, Ticket
    from sync.trackers.export import Export
    from sync.trackers.sources import AnySource

BERLIN = ZoneInfo("Europe/Berlin")
PLAIN = ("Summary", "Issue key", "Status", "Created")
ON_JIRA = JiraSource(
    tracker="jira",
    name="export",
    url="https://export.invalid",
    projects=["CLA"],
    readers="staff",
    zone="Europe/Berlin",
)
ON_ASANA = AsanaSource(tracker="asana", name="export", projects=["0"], readers="staff", zone="Europe/Berlin")


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy(ROOT / "mappings", {"jira.toml": JiraMapping, "asana.toml": AsanaMapping})


@pytest.fixture(scope="module")
def read(policy: Policy) -> Callable[[Path], Export]:
    """An export as the shipped mapping reads it, in Berlin."""

    def by_the_mapping(path: Path) -> Export:
        table = open_table(path)
        source = ON_JIRA if table.kind == "jira" else ON_ASANA
        return read_export(table, source, policy.mappings[f"{table.kind}.toml"])

    return by_the_mapping


@pytest.fixture
def visitor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """Somebody with an export, and without any config."""
    office = Office(tmp_path, monkeypatch)
    (tmp_path / "config.toml").unlink()
    save(tmp_path / "jira.csv", [DOWN, DONE])
    return office


# --- what a prospect sees ---------------------------------------------------------------------------------------


def test_without_config_or_credentials_an_export_shows_what_the_daemon_would_do(visitor: Office) -> None:
    before = visitor.files()
    ran = visitor.run("--dry-run", "--export", "jira.csv")
    assert (ran.status, ran.err) == (0, "")
    assert visitor.files() == before, "nothing is kept"
    for told in (
        "jira.csv  Jira export · UTF-8, comma",
        "2 tickets, 1 of them live; rules classify 1 of those",
        "Mon 16 Mar 2026 09:00 (Europe/Berlin), when work begins after",
        "mappings/jira.toml, for there is no config",
        "staff alone read the tickets",
        "history: earlier statuses, owners and due dates",
        "CLA-1   critical   billing/invoice  Client A  Invoice export is down for everybody",
        "+esc:billing",
        "escalated → managing partner",
        "Planned, not written:",
    ):
        assert told in ran.out


def test_the_plan_of_an_export_for_a_program_tells_what_was_assumed_and_what_is_not_known(visitor: Office) -> None:
    told = visitor.run("--dry-run", "--export", "jira.csv", "--output", "json", "--only", "CLA-1").json
    assert {each["ticket"] for each in told["sources"][0]["actions"]} == {"CLA-1"}
    about = told["export"]
    assert (about["kind"], about["tickets"], about["left_out"]) == ("jira", 2, {})
    assert about["newest"] == "2026-03-13T15:40:00+00:00"
    assert about["zone"] == "Europe/Berlin"
    assert [each.partition(":")[0] for each in about["unknown"]] == ["history", "sides"]
    assert (
        "2 of 2 people in no list of the mapping's [people]; who is in none is taken for staff"
        in about["unknown"][1]
    )
    assert len(about["assumed"]) == 1


def test_an_export_is_judged_at_the_moment_that_is_said(visitor: Office) -> None:
    early = visitor.run("--dry-run", "--export", "jira.csv", "--now", "2026-03-12T09:06:00+01:00")
    assert "Thu 12 Mar 2026 09:06 (Europe/Berlin), as --now says" in early.out
    assert "escalated" not in early.out


def test_one_ticket_of_an_export_is_explained(visitor: Office) -> None:
    ran = visitor.run("explain", "cla-1", "--export", "jira.csv")
    assert ran.status == 0
    assert "its history is known from 2026-03-13" in ran.out
    assert visitor.run("--export", "jira.csv", "explain", "CLA-1").out == ran.out.replace("cla-1", "CLA-1")
    absent = visitor.run("explain", "CLA-9", "--export", "jira.csv")
    assert (absent.status, absent.err) == (2, "makegood: jira.csv has no ticket CLA-9\n")


def test_a_configs_own_source_of_that_kind_says_how_an_export_is_read_and_what_would_be_written(
    visitor: Office,
) -> None:
    visitor.write("config.toml", "")
    visitor.jira("https://acme.invalid", "desk", mode="labels", zone="America/New_York")
    visitor.jira("https://other.invalid", "other")
    visitor.source("issues")
    ran = visitor.run("--dry-run", "--export", "jira.csv")
    assert "(America/New_York)" in ran.out
    assert "of source desk of the config (--source takes other instead)" in " ".join(ran.out.split())
    assert "assumed" not in ran.out
    assert "desk  jira · mode labels · 2 tickets read" in ran.out
    assert "0 comments" in ran.out
    wrong = visitor.run("--dry-run", "--export", "jira.csv", "--source", "issues")
    assert (wrong.status, wrong.err) == (
        2,
        "makegood: jira.csv is Jira's, and --source names no source of that kind\n",
    )


def test_a_config_without_such_a_source_still_lends_its_mappings(visitor: Office) -> None:
    visitor.write("config.toml", "")
    visitor.source("issues")
    visitor.mapping("jira.toml", 'prefix = "esc:"', 'prefix = "ours:"')
    assert "+ours:billing" in visitor.run("--dry-run", "--export", "jira.csv").out


def test_an_export_is_only_looked_at_and_never_written(visitor: Office) -> None:
    assert "add --dry-run" in visitor.run("--export", "jira.csv").err
    assert "--export is no option of `status`" in visitor.run("--export", "jira.csv", "status").err


def test_a_config_that_is_named_and_not_there_is_no_reason_to_take_another(visitor: Office) -> None:
    visitor.patch.setenv("MAKEGOOD_CONFIG", "elsewhere.toml")
    assert visitor.run("--dry-run", "--export", "jira.csv").status == 2


# --- Jira -------------------------------------------------------------------------------------------------------


def test_a_row_of_jira_is_the_issue_that_it_was(read: Callable[[Path], Export], tmp_path: Path) -> None:
    ticket = read(save(tmp_path / "jira.csv", [DOWN])).tickets[0]
    assert (ticket.key, ticket.id, ticket.kind) == ("CLA-1", "10001", "Incident")
    assert ticket.text == 'Nobody can export; "again".\r\nSecond line'
    assert (ticket.client, ticket.engagement) == ("Client A", "Client A roll-out")
    assert ticket.labels == {"urgent", "billing"}
    assert ticket.created == datetime(2026, 3, 12, 9, 5, tzinfo=BERLIN)
    assert (ticket.assignee and ticket.assignee.id, ticket.reporter and ticket.reporter.name) == (
        "712020:c1",
        "Service desk",
    )
    assert [(said.author.name, said.text) for said in ticket.comments] == [
        ("Consultant 1", "Looking into it; more later"),
        ("Service desk", "/called they know"),
    ]


def test_comments_of_one_minute_keep_their_order_and_one_without_a_date_is_told(
    read: Callable[[Path], Export], tmp_path: Path
) -> None:
    said = [f"13/Mar/26 4:40 PM;712020:c1;{word}" for word in ("one", "two", "three")]
    ticket = read(save(tmp_path / "jira.csv", [DOWN | {"Comment": [*said, "no date at all"]}])).tickets[0]
    assert [each.text for each in ticket.comments] == ["one", "two", "three"]
    assert ticket.problems == ("comment 4 of row 2 does not begin with a date; it is left out",)


def test_on_a_service_desk_portal_customers_are_clients_and_no_comment_counts_as_read_by_them(
    read: Callable[[Path], Export], tmp_path: Path
) -> None:
    asked: Cells = {"Project type": "service_desk", "Reporter": "Client's buyer", "Reporter Id": "qm:7:1"}
    export = read(save(tmp_path / "jira.csv", [DOWN | asked]))
    ticket = export.tickets[0]
    assert ticket.reporter is not None
    assert ticket.reporter.side == "client"
    assert {said.audience for said in ticket.comments} == {Audience.INTERNAL}
    assert ticket.audiences == {Audience.INTERNAL, Audience.CLIENT}
    assert any("could read on the portal" in told for told in export.unknown)


def test_a_status_of_no_list_and_a_mapped_field_without_a_column_are_named(
    read: Callable[[Path], Export], tmp_path: Path
) -> None:
    path = save(tmp_path / "jira.csv", [DOWN, DONE | {"Status": "Parked"}], PLAIN)
    export = read(path)
    assert [each.name for each in export.failed] == ["CLA-2"]
    assert "'Parked' is in no list" in export.failed[0].why
    assert any(told.startswith('client ("Client"), engagement ("Project"), priority') for told in export.unknown)


# --- Asana ------------------------------------------------------------------------------------------------------


def test_a_row_of_asana_is_the_task_that_it_was_and_subtasks_and_spacers_are_counted(
    read: Callable[[Path], Export], tmp_path: Path
) -> None:
    export = read(save(tmp_path / "asana.csv", [SPACER, TASK, TICKED, SUBTASK, {}], ASANA))
    task, ticked = export.tickets
    assert (task.key, task.client, task.due) == ("1201", "Client A", date(2026, 3, 20))
    assert task.labels == {"urgent", "on the web"}
    assert task.created == datetime(2026, 3, 9, tzinfo=BERLIN)
    assert task.assignee is not None
    assert task.assignee.side == "staff"
    assert (task.status, ticked.status) == (Status.OPEN, Status.CLOSED)
    assert ticked.resolved == datetime(2026, 3, 11, 23, 59, 59, tzinfo=BERLIN)
    assert export.left_out == {"empty": 1, "of subtasks": 1, "with the name of a section alone": 1}


def test_a_task_below_a_row_that_heads_a_section_lies_in_that_section(
    read: Callable[[Path], Export], tmp_path: Path
) -> None:
    bare = TASK | {"Section/Column": ""}
    [task] = read(save(tmp_path / "asana.csv", [SPACER, bare], ASANA)).tickets
    assert task.status is Status.IN_PROGRESS


# --- how files are written --------------------------------------------------------------------------------------


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_encoding_and_separator_change_nothing(
    encoding: str, separator: str, read: Callable[[Path], Export], tmp_path: Path
) -> None:
    accented = DOWN | {"Summary": "Rechnung über 100 € fällig", "Custom field (Client)": "Client Ä"}
    plain = read(save(tmp_path / "plain.csv", [accented]))
    other = tmp_path / "other.csv"
    other.write_bytes(written([accented], JIRA, separator).encode(encoding))
    assert read(other) == plain


def test_rows_above_the_header_are_passed_over(read: Callable[[Path], Export], tmp_path: Path) -> None:
    path = save(tmp_path / "sheet.csv", [TASK], ASANA)
    path.write_text(f",,\n,,https://example.com/sheet\n,,\n{path.read_text(encoding='utf-8')}", encoding="utf-8")
    assert [ticket.key for ticket in read(path).tickets] == ["1201"]


STYLES: dict[str, Callable[[datetime], str]] = {
    "Jira": lambda at: f"{at:%d/%b/%y} {at.hour % 12 or 12}:{at:%M} {'PM' if at.hour >= 12 else 'AM'}",
    "Jira, other hours": lambda at: f"{at:%d/%b/%Y %H:%M}",
    "day first": lambda at: f"{at.day}/{at.month}/{at:%y} {at:%H:%M}",
    "German": lambda at: f"{at:%d.%m.%Y %H:%M}",
    "ISO": lambda at: f"{at:%Y-%m-%d %H:%M}",
    "Japanese": lambda at: f"{at:%Y}/{at.month}/{at.day} {at:%H:%M}",
    "English words": lambda at: (
        f"{at:%b} {at.day}, {at.year} {at.hour % 12 or 12}:{at:%M} {'pm' if at.hour >= 12 else 'am'}"
    ),
}


@given(
    st.integers(0, 50_000_000).map(lambda minutes: datetime(1971, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)),
    st.sampled_from(sorted(STYLES)),
)
def test_an_instant_in_any_style_is_read_as_the_minute_that_it_was(at: datetime, style: str) -> None:
    assert Dates(ZoneInfo("UTC"), "dmy").read(STYLES[style](at)) == at


@given(st.dates(date(1971, 1, 1), date(2068, 1, 1)))
def test_the_month_comes_first_where_a_day_after_the_twelfth_shows_it(day: date) -> None:
    cells = [(2, f"{day:%m/%d/%y}"), (3, "03/27/26 10:00")]
    dates = dates_of(cells, "UTC", None)
    assert dates.why == "the month before the day, as row 3 shows: 03/27/26 10:00" or day.day > 12
    assert dates.read(cells[0][1]) == day


def test_months_are_known_in_the_languages_of_the_comments() -> None:
    dates = Dates(ZoneInfo("UTC"))
    for text in ("12/maj/26", "12. toukokuuta 2026", "12/мая/26", "12/5月/26", "12/May/26", "12 mai 2026"):
        assert dates.read(text) == date(2026, 5, 12), text
    assert dates.read("12 marraskuuta 2026") == date(2026, 11, 12)


def test_where_no_date_tells_day_from_month_the_option_is_asked_for_and_heeded(visitor: Office) -> None:
    save(visitor.folder / "doubt.csv", [DOWN | {"Created": "03/04/26 10:00", "Updated": "", "Comment": []}])
    asked = visitor.run("--dry-run", "--export", "doubt.csv")
    assert asked.status == 2
    assert "row 2: '03/04/26 10:00' may be 03 April 2026 or 04 March 2026" in asked.err
    for order, month in (("dmy", "04"), ("mdy", "03")):
        told = visitor.run("--dry-run", "--export", "doubt.csv", "--output", "json", "--date-format", order).json
        assert told["export"]["newest"][5:7] == month


def test_a_file_whose_dates_contradict_each_other_was_rewritten_by_a_spreadsheet_program() -> None:
    with pytest.raises(ConfigurationError, match=r"row 2 has '23/04/26' and row 9 has '04/24/26'"):
        dates_of([(2, "23/04/26"), (9, "04/24/26")], "UTC", None)


# --- files that cannot be meant ----------------------------------------------------------------------------------

ROW = "x,A-1,To Do,2026-03-01 10:00\n"
HEAD = ",".join(PLAIN) + "\n"


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (HEAD.encode(), "has headings and no row below them"),
        (b"PK\x03\x04rest", "is an Excel workbook, whatever its name says"),
        (b"\n<!DOCTYPE html><html><body>Log in", "is a web page, perhaps the login page"),
        (
            b"Id,Titel,Stand\n1,x,y\n",
            "its columns begin 'Id', 'Titel', 'Stand', and are neither Jira's (Issue key, ",
        ),
        (b"Summary,Issue key\nx,A-1\n", "has no column Status and no column Created; export it with all fields"),
        (f'{HEAD}"never closed,A-1,To Do,2026-03-01\n{ROW}'.encode(), "opens in row 2 is never closed"),
        (f"{HEAD}x,A-1,To Do,soon\n".encode(), "no row of"),
        (HEAD.encode() + b"\x81\x8d,A-1", "is not written in Windows-1252"),
        (b"\xff\xfeS\x00u", "is not written in UTF-16 all through"),
    ],
)
def test_what_is_no_export_is_named_with_a_remedy(
    content: bytes, word: str, read: Callable[[Path], Export], tmp_path: Path
) -> None:
    path = tmp_path / "given.csv"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError) as refused:
        read(path)
    assert word in str(refused.value)


@pytest.mark.parametrize("first", ["Summary,Issue key,", "Column,Other,"])
def test_ten_thousand_columns_are_answered_with_their_number_and_the_limit(first: str, tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    path.write_text(first + ",".join(["Comment"] * 9_998), encoding="utf-8")
    with pytest.raises(ConfigurationError) as refused:
        open_table(path)
    assert f"has 10,000 columns, 9,998 of them 'Comment'; up to {MOST_COLUMNS:,} are read" in str(refused.value)


def test_ragged_and_repeated_rows_are_named_and_do_not_stop_the_others(
    read: Callable[[Path], Export], tmp_path: Path
) -> None:
    path = tmp_path / "ragged.csv"
    path.write_text(
        f"{HEAD}{ROW}x,A-2,To Do,2026-03-01,label that has no column\nx,A-3\n{ROW},,,,,\n,,,stray\n",
        encoding="utf-8",
    )
    export = read(path)
    assert [ticket.key for ticket in export.tickets] == ["A-1"]
    assert [(each.name, each.why.partition(";")[0]) for each in export.failed] == [
        ("A-2", "row 3 has 5 cells under 4 headings, so its values may stand under wrong ones"),
        ("A-3", "row 4, column Created: it is empty"),
        ("", "row 5 holds A-1 again"),
    ]
    assert export.left_out == {"empty": 1, "without an issue key": 1}


def test_formulas_and_control_characters_in_cells_are_text_and_move_nothing(visitor: Office) -> None:
    hostile = DOWN | {"Summary": "=HYPERLINK(0)\x00\x1b[2J\u202e", "Custom field (Client)": "@SUM(1)"}
    save(visitor.folder / "hostile.csv", [hostile])
    ran = visitor.run("--dry-run", "--export", "hostile.csv")
    assert ran.status == 0
    assert "@SUM(1)  =HYPERLINK(0)[2J" in ran.out
    assert not {"\x00", "\x1b", "\u202e"} & set(ran.out)


@given(st.lists(st.lists(st.text(max_size=12), max_size=6), max_size=6), st.binary(max_size=40))
def test_whatever_stands_below_the_headings_is_read_or_refused_in_words(
    tmp_path_factory: pytest.TempPathFactory,
    read: Callable[[Path], Export],
    rows: list[list[str]],
    tail: bytes,
) -> None:
    path = tmp_path_factory.mktemp("any") / "any.csv"
    lines = "".join(",".join(cells) + "\n" for cells in rows)
    path.write_bytes((HEAD + lines).encode("utf-8", "replace") + tail)
    try:
        export = read(path)
    except ConfigurationError as refused:
        assert "\n" not in str(refused).strip()  # noqa: PT017 - either outcome is fine, a traceback is not
    else:
        assert export.tickets


# --- what it shows for a first mapping ---------------------------------------------------------------------------


def test_the_landscape_of_an_export_holds_its_fields_statuses_people_and_labels(tmp_path: Path) -> None:
    seen = survey(save(tmp_path / "jira.csv", [DOWN, DONE]))
    assert (seen.tracker, seen.tickets) == ("jira", 2)
    assert [(each.name, each.stage, each.met) for each in seen.statuses] == [
        ("In Progress", "under way", 1),
        ("Done", "done", 1),
    ]
    fields = {each.name: each for each in seen.fields}
    assert {"Client", "Project", "Priority", "Severity"} <= fields.keys()
    assert (fields["Client"].values, fields["Client"].filled) == ({"Client A": 2}, 2)
    assert not {"Summary", "Comment", "Attachment", "Issue key"} & fields.keys()
    assert next((who.id, who.name, who.owns) for who in seen.people) == ("712020:c1", "Consultant 1", 2)
    assert seen.labels == {"urgent": 2, "billing": 2}
    asana = survey(save(tmp_path / "asana.csv", [SPACER, TASK, TICKED], ASANA))
    assert [each.name for each in asana.statuses] == ["To do"]
    assert [each.name for each in asana.fields] == ["Client", "Priority"]


# --- the real issues ---------------------------------------------------------------------------------------------


def compared(said: Comment) -> Comment:
    """A comment without the name of its author, which an export knows of owners and reporters alone."""
    return replace(said, author=replace(said.author, name=""), text=said.text.strip())


def as_exported(ticket: Ticket) -> Ticket:
    """The adapter's ticket without what no export shows: its history, and seconds."""

    def minute(at: datetime) -> datetime:
        return at.replace(second=0, microsecond=0)

    comments: list[Comment] = []
    taken: set[datetime] = set()
    for said in ticket.comments:
        at = minute(said.at)
        while at in taken:
            at += timedelta(microseconds=1)
        taken.add(at)
        comments.append(replace(compared(said), id=str(len(comments) + 1), at=at, edited=None))
    times = [minute(ticket.created), minute(ticket.updated), *(said.at for said in comments)]
    return replace(
        ticket,
        url="",
        title=ticket.title.strip(),
        text=ticket.text.strip(),
        created=minute(ticket.created),
        updated=max(times),
        resolved=minute(ticket.resolved) if ticket.resolved else None,
        comments=tuple(comments),
        version="",
        changes=(),
        complete_since=None,
        ledger=None,
    )


def test_each_of_the_400_real_issues_is_read_and_judged_as_through_the_adapter_but_for_its_history(
    corpus: Path, tmp_path: Path
) -> None:
    issues, fitted = read_issues(corpus), fitted_policy(tmp_path / "mappings")
    with OnDataCenter(issues, tmp_path) as real:
        tracker = real.tracker(fitted)
        site = tracker.connect()
        source: AnySource = real.source.model_copy(update={"site": site})
        whole = {ticket.key: ticket for page in tracker.changed(None) for ticket in page.tickets}
        tracker.close()
    table = open_table(save(tmp_path / "real.csv", exported(issues)))
    export = read_export(table, source, fitted.mappings["jira.toml"])
    read = {}
    for ticket in export.tickets:
        comments = tuple(map(compared, ticket.comments))
        read[ticket.key] = replace(ticket, version="", complete_since=None, comments=comments)
    known = {key: as_exported(ticket) for key, ticket in whole.items()}
    assert export.failed == ()
    assert len(read) == 400
    assert read == known
    judge = judge_of(fitted, source)
    by_export, by_adapter, with_history = (
        {each.ticket.key: verdict(each) for each in judged(list(tickets.values()), judge)}
        for tickets in (read, known, whole)
    )
    assert by_export == by_adapter
    for name in ("live", "category", "subtype", "rule"):
        assert [getattr(by_export[key], name) for key in whole] == [
            getattr(with_history[key], name) for key in whole
        ]
    raised = [key for key in whole if by_export[key].severity != with_history[key].severity]
    assert len(raised) <= 4, "an export does not tell that a person changed the priority"
