"""The work list: ranked anew at any time from what the last pass left, and what it shows to whom."""

from __future__ import annotations

import csv
import io
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from office import DONE, INVOICE, LATE, NOW, ROOT, Office
from rich.console import Console
from tickets import called, judged, moved, ticket, tickets

from sync import tables, worklist
from sync.judging.facts import Habits, Known, Record
from sync.judging.standing import Due, Standing, parked_line, rank, standing
from sync.saying.render import SECTIONS
from sync.state.records import Row
from sync.state.store import Store
from sync.worklist import as_json, as_table, brief, entries, of_owner

if TYPE_CHECKING:
    from pathlib import Path

    from sync.ticket import Ticket

MORNING = datetime(2026, 3, 3, 9, tzinfo=UTC)


def row(key: str, *dues: Due, owner: str = "Consultant 1", severity: int = 5, **stands: object) -> Row:
    """A live ticket of which these promises run or are broken."""
    known = Known("site", key, key, "Client A", "delivery", MORNING, record=Record("A title", owner=owner))
    made = Standing("medium", parts={"severity": severity}, dues=dues)
    return Row("desk", known, live=True, wake_at=None, standing=replace(made, **stands))  # type: ignore[arg-type]


def due(hours: float, promise: str = "update") -> Due:
    """A promise that breaks in so many hours; a negative number is one that is broken."""
    return Due(promise, MORNING + timedelta(hours=hours), "escalation.toml: medium.update")  # type: ignore[arg-type]


# --- rank -------------------------------------------------------------------------------------------------------


@given(tickets(), st.integers(0, 20 * 24 * 60), st.floats(0, 0.999))
def test_until_something_can_change_the_rank_is_the_one_that_a_judgement_would_give(
    one: Ticket, minutes: int, share: float
) -> None:
    now = one.created + timedelta(minutes=minutes)
    first = judged(one, now)
    stands = standing(first)
    if one.status.live:
        later = now + ((first.wake_at or now + timedelta(days=30)) - now) * share
        assert rank(stands, now) == first.urgency
        assert rank(stands, later) == judged(one, later).urgency


def test_the_most_urgent_comes_first_and_time_changes_the_order() -> None:
    rows = [row("A-3"), row("A-2", due(30)), row("A-1", severity=15), row("A-4", due(26), due(40)), row("A-5")]
    for hours, keys in ((0, "A-1 A-4 A-2 A-3 A-5"), (24, "A-4 A-2 A-1 A-3 A-5")):
        listed = entries(rows, MORNING + timedelta(hours=hours), {})
        assert [each.row.known.key for each in listed] == keys.split()


def test_what_is_equally_urgent_goes_by_severity_then_by_the_longest_broken_then_by_key() -> None:
    rows = [row("A-1", due(-99)), row("A-9", due(-200)), row("A-2", due(-200)), row("A-4", due(-50))]
    rows[3] = replace(rows[3], standing=Standing("high", parts={"severity": 5}, dues=(due(-50),)))
    listed = entries(rows, MORNING, {})
    assert len({each.urgency.score for each in listed}) == 1
    assert [each.row.known.key for each in listed] == ["A-4", "A-2", "A-9", "A-1"]


def test_a_ticket_that_is_done_or_was_never_judged_is_not_on_the_list() -> None:
    done, old = replace(row("A-1"), live=False), replace(row("A-2"), standing=None)
    assert entries([done, old], MORNING, {}) == []


# --- parked -----------------------------------------------------------------------------------------------------

ON_THURSDAY = "Thu 5 Mar 12:00"
"""Client contact on Monday at 11: the update is warned of on Wednesday at 11, and broken on Thursday at 11."""


@pytest.mark.parametrize(
    ("waits_since", "again", "parked"),
    [
        ("Tue 3 Mar 10:00", None, False),
        ("Wed 4 Mar 12:00", None, True),
        ("Thu 5 Mar 10:59", None, True),
        ("Thu 5 Mar 11:01", None, False),
        ("Wed 4 Mar 12:00", "Wed 4 Mar 13:00", False),
    ],
)
def test_a_ticket_is_parked_if_it_was_put_to_waiting_within_the_warning_time(
    waits_since: str, again: str | None, *, parked: bool
) -> None:
    back = [moved(again, "waiting", "open")] if again else []
    found = judged(ticket(called("Mon 2 Mar 11:00"), moved(waits_since, "open", "waiting"), *back), ON_THURSDAY)
    assert standing(found).parked is parked
    said = ["put to waiting just before a promise ran out: A-1 (update)"] if parked else []
    assert list(parked_line([found])) == said


def test_many_parked_tickets_are_told_in_one_line() -> None:
    history = (called("Mon 2 Mar 11:00"), moved("Wed 4 Mar 12:00", "open", "waiting"))
    many = [judged(ticket(*history, key=f"A-{number}"), ON_THURSDAY) for number in range(1, 8)]
    (line,) = parked_line(many)
    assert line.endswith("A-4 (update), A-5 (update) and 2 more")


# --- what it shows ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (0.9, "0 min"),
        (10, "10 min"),
        (130, "2 h 10 min"),
        (24 * 60, "1 d"),
        (25 * 60 + 5, "1 d 1 h"),
        (9 * 24 * 60 + 61, "9 d"),
    ],
)
def test_a_length_of_time_is_told_briefly(minutes: float, words: str) -> None:
    assert brief(timedelta(minutes=minutes)) == words


def test_an_entry_tells_what_is_broken_what_breaks_next_and_what_makes_it_urgent() -> None:
    stands = row("A-1", due(-24, "owned"), due(-3), due(2.2, "first_response"), warnings=("reply time 52 h",))
    known = replace(stands.known, habits=Habits(flags=("undefined",)))
    (told,) = as_json(entries([replace(stands, known=known)], MORNING, {"undefined": "an area nobody defined"}))
    assert told == {
        "urgency": 55,
        "parts": {"time to the next broken promise": 50, "severity": 5},
        "ticket": "A-1",
        "url": "",
        "source": "desk",
        "client": "Client A",
        "severity": "medium",
        "category": "delivery",
        "owner": "Consultant 1",
        "waiting": False,
        "parked": False,
        "opted_out": False,
        "next": {
            "promise": "first_response",
            "due": "2026-03-03T11:12:00+00:00",
            "minutes_left": 132,
            "rule": "escalation.toml: medium.update",
        },
        "broken": [
            {
                "promise": promise,
                "due": f"2026-03-0{day}:00:00+00:00",
                "minutes_left": minutes,
                "rule": "escalation.toml: medium.update",
            }
            for promise, day, minutes in (("owned", "2T09", -24 * 60), ("update", "3T06", -3 * 60))
        ],
        "warnings": ["reply time 52 h"],
        "flags": ["an area nobody defined"],
    }


def test_csv_has_a_header_and_no_cell_that_a_spreadsheet_would_compute() -> None:
    listed = entries([row("=1+1", due(-24, "owned"), owner="@sum"), row("A-2", owner="")], MORNING, {})
    header, first, second = csv.reader(io.StringIO(tables.as_csv(as_table(listed))))
    told = dict(zip(header, first, strict=True))
    assert (told["ticket"], told["owner"]) == ("'=1+1", "'@sum")
    assert (told["next broken promise"], told["time to it"], told["why"]) == (
        "owned",
        "late by 1 d",
        "time 50, severity 5",
    )
    assert dict(zip(header, second, strict=True))["owner"] == "nobody"
    assert [entry.row.known.key for entry in of_owner(listed, "NOBODY")] == ["A-2"]


def shown(rows: list[Row], width: int, *, verbose: bool = False) -> str:
    stream = io.StringIO()
    listed = entries(rows, MORNING, {"untested": "a function was never tested"}, ("team",))
    worklist.show(listed, Console(file=stream, width=width), verbose=verbose)
    return stream.getvalue()


@pytest.mark.parametrize("width", [80, 120, 200])
def test_as_text_each_ticket_is_a_line_that_fits_the_terminal_whatever_people_wrote(width: int) -> None:
    hostile = row("A-1\x1b[2J", due(-200), due(-1), owner="Account manager Tokyo アカウント担当", parked=True)
    rows = [hostile, row("A-2", owner=""), row("A-3", due(3.5, "first_response"))]
    told = shown(rows, width)
    head, *lines = told.splitlines()
    assert max(map(len, told.splitlines())) <= width
    assert "\x1b" not in told
    assert head.split() == ["ticket", "client", "severity", "owner", "promise", "time", "to", "it"]
    (first, second, third), below = lines[:3], lines[3:]
    for line, words in (
        (first, ("55 ", "A-1", "Client A", "medium", "Account manager", "update", "late by 8 d +1")),
        (second, ("A-3", "Consultant 1", "first response", "in 3 h" if width == 80 else "in 3 h 30 min")),
        (third, ("A-2", "nobody", "–")),
    ):
        assert all(each in line for each in words), line
    assert below[:2] == ["", "Parked: put to waiting just before a promise ran out"]
    assert "severity 5" not in told


def test_reasons_are_told_when_they_are_asked_for() -> None:
    assert "  A-1  time 50, severity 5\n" in shown([row("A-1", due(-24))], 80, verbose=True)


def test_the_signs_of_a_client_are_told_once_below_the_list() -> None:
    warned = [row(f"A-{number}", warnings=("reply time 52 h",)) for number in range(1, 6)]
    flagged = replace(warned[0], known=replace(warned[0].known, habits=Habits(flags=("untested",))))
    told = shown([flagged, *warned[1:]], 120)
    assert told.count("Client A") == 5 + 1
    assert [line.rstrip() for line in told.splitlines()[-3:]] == [
        "Early warnings and red flags",
        "  Client A  reply time 52 h",
        "            red flag: a function was never tested (A-1)",
    ]


def test_of_a_confidential_ticket_neither_category_nor_owner_nor_signs_are_shown() -> None:
    secret = row("A-1", due(-1), owner="Consultant 9", parked=True, warnings=("reply time 52 h",))
    secret = replace(secret, known=replace(secret.known, category="team", habits=Habits(flags=("untested",))))
    listed = entries([secret], MORNING, {}, ("team",))
    (told,) = as_table(listed).records()
    assert (told["ticket"], told["category"], told["owner"], told["signs"]) == ("A-1", "", "", "")
    text = shown([secret], 200, verbose=True)
    assert "A-1" in text
    assert not [words for words in ("Consultant 9", "nobody", "team", "52 h", "never tested") if words in text]


# --- the command ------------------------------------------------------------------------------------------------


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """A folder with one workbook: two issues to which much is owed, and one that is done."""
    made = Office(tmp_path, monkeypatch)
    made.source()
    made.issues(LATE, INVOICE | {"Owner": "Consultant 1"}, DONE)
    return made


def test_before_the_first_pass_the_list_says_how_to_make_one(office: Office) -> None:
    told = office.run("worklist")
    assert (told.status, told.err) == (0, "")
    assert told.out.startswith("no pass has been made yet, so nothing is known of any ticket; run `makegood`")
    as_told = office.run("worklist", "--output", "json")
    assert (as_told.status, as_told.json["tickets"]) == (0, [])
    assert as_told.err == told.out
    assert not (office.folder / "state.db").exists()


def test_the_list_is_answered_from_the_state_alone_and_changes_nothing(office: Office) -> None:
    office.at(NOW)
    (office.folder / "issues.csv").unlink()
    before = office.files()
    ran = office.run("worklist", "--now", "2026-03-03T10:05:00+01:00")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("2 live tickets; issues read 5 min ago\n")
    told = office.run("worklist", "--now", NOW, "--output", "json").json
    assert [each["ticket"] for each in told["tickets"]] == ["T-1", "T-2"]
    assert (told["schema"], told["sources"]) == (
        1,
        [{"name": "issues", "last_good": "2026-03-03T09:00:00+00:00"}],
    )
    assert office.files() == before
    listed = csv.DictReader(io.StringIO(office.run("worklist", "--output", "csv").out))
    assert [each["ticket"] for each in listed] == ["T-1", "T-2"]


def test_the_urgency_is_the_one_that_explain_tells(office: Office) -> None:
    office.at(NOW)
    for each in office.run("worklist", "--now", NOW, "--output", "json").json["tickets"]:
        explained = office.run("explain", each["ticket"], "--now", NOW, "--output", "json").json["urgency"]
        assert (each["urgency"], each["parts"]) == (explained["score"], explained["parts"])


def test_the_list_can_be_one_owner_s_or_one_client_s_and_a_slip_of_the_pen_is_answered(office: Office) -> None:
    office.at(NOW)

    def keys(*arguments: str) -> list[str]:
        told = office.run("worklist", "--now", NOW, "--output", "json", *arguments).json
        return [each["ticket"] for each in told["tickets"]]

    assert keys("--owner", "consultant 1") == ["T-2"]
    assert keys("--owner", "nobody") == ["T-1"]
    assert keys("--owner", "Partner 1") == []
    assert keys("--client", "cla") == ["T-1"]
    assert keys("--client", "クライアントB") == ["T-2"]
    wrong = office.run("worklist", "--client", "Cleint B")
    assert (wrong.status, wrong.out) == (2, "")
    assert wrong.err.startswith("makegood: no client is called 'Cleint B'; did you mean 'Client ")
    wrong = office.run("worklist", "--owner", "Consltant 1")
    assert (wrong.status, wrong.out) == (2, "")
    assert wrong.err == "makegood: no ticket is owned by 'Consltant 1'; did you mean 'Consultant 1'?\n"


def test_a_state_of_an_older_version_is_told_to_be_incomplete(office: Office) -> None:
    office.at(NOW)
    with Store(office.folder / "state.db", write=True) as store:
        rows = [replace(each, standing=None) for each in store.listed(["issues"])]
        store._keep_rows(rows)  # noqa: SLF001 - as an older version left it
    told = office.run("worklist", "--now", NOW).out
    assert told == (
        "0 live tickets; issues read 0 min ago\n"
        "2 tickets last judged by an older version: listed after the next pass over it\n"
    )


# --- message ----------------------------------------------------------------------------------------------------


def test_a_message_is_shown_as_it_would_be_said_now(office: Office) -> None:
    before = office.files()
    english = office.run("message", "first_response", "T-1", "--now", NOW)
    danish = office.run("message", "first_response", "--lang", "da", "T-1", "--now", NOW)
    assert (english.status, english.err) == (danish.status, danish.err) == (0, "")
    assert "Client A" in english.out
    assert english.out != danish.out
    assert office.files() == before
    told = office.run("message", "first_response", "T-1", "--now", NOW, "--output", "json").json
    assert (told["schema"], told["owed"], told["language"], told["text"] + "\n") == (1, True, "en", english.out)


def test_a_message_that_is_not_called_for_is_shown_with_sample_values(office: Office) -> None:
    ran = office.run("message", "lessons", "T-1", "--now", NOW)
    assert (ran.status, ran.err) == (0, "T-1 does not call for it now; shown with sample values\n")
    assert ran.out


def test_a_message_for_a_client_is_shown_with_what_keeps_it_from_being_sent(office: Office) -> None:
    asked = ("message", "client_received", "T-1", "--now", NOW, "--output", "json")
    assert office.run(*asked).json["slips"] == []
    (office.folder / "mappings").unlink()
    shutil.copytree(ROOT / "mappings", office.folder / "mappings")
    template = "mappings/comments/en/client_received.md"
    office.write(template, office.read(template) + "\nThis is your fault.\n")
    (slip,) = office.run(*asked).json["slips"]
    assert (slip["rule"], slip["words"]) == ("blame", "your fault")
    ran = office.run(*asked[:-2])
    assert ran.status == 0
    assert f"{slip['line']}:{slip['column']}: blame: {slip['what']}\n" in ran.err


def test_a_message_or_language_that_is_none_and_a_ticket_that_is_nowhere_are_told(office: Office) -> None:
    for arguments, told in (
        (("foo", "T-1"), f"makegood: no message is called 'foo'; there are: {', '.join(SECTIONS)}\n"),
        (("escalaton", "T-1"), "makegood: no message is called 'escalaton'; did you mean 'escalation'?\n"),
        (
            ("update", "--lang", "dk", "T-1"),
            "makegood: no message is written in 'dk'; did you mean 'da'?\n",
        ),
        (("update", "T-99"), "no source shows a ticket T-99\n"),
    ):
        ran = office.run("message", *arguments)
        assert (ran.status, ran.out, ran.err) == (2, "", told)
