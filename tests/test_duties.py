"""The promises of an issue's life beyond the matrix: what is owed, by when, and to whom it is said.

The figures are those that we ship; the evidence is a mapping of these tests' own.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tickets import (
    BERLIN,
    CLIENT,
    CONSULTANT,
    MACHINE,
    MAPPING,
    OPENED,
    US,
    applied,
    at,
    became,
    called,
    having_said,
    judge,
    labels,
    moved,
    planned,
    policy,
    said,
    shipped,
    ticket,
    tickets,
)

from sync.judging.clocks import end_of_day
from sync.judging.facts import NO_FACTS, Facts, Known, Told
from sync.judging.memory import NOTHING, Memory
from sync.mapping.practice import Planned
from sync.ticket import Change, Status
from sync.worktime import Calendar

if TYPE_CHECKING:
    from datetime import datetime

    from sync.judging.clocks import Clock
    from sync.judging.judgement import Judge, Judgement
    from sync.promise_names import PromiseName
    from sync.ticket import Comment, Severity, Ticket

EVIDENCE = """
[evidence.assessed]
words = ["/assessed"]
[evidence.planned]
words = ["/planned"]
[evidence.agreed]
words = ["/agreed"]
[evidence.agreed_in_writing]
words = ["/agreed in writing"]
[evidence.root_cause]
words = ["/cause"]
fields = ["root_cause"]
[evidence.prevention]
words = ["/prevention"]
[evidence.verified]
words = ["/verified"]
[evidence.remedy]
fields = ["remedy", "remedy_cost", "remedy_approved"]
[evidence.post_mortem]
words = ["/post-mortem"]
[evidence.post_mortem_actions]
labels = ["actions-owned"]
[evidence.lessons]
fields = ["lesson"]
"""
FIELDS = """
next_update = "Next update"
cadence = "Update every"
root_cause = "Root cause"
remedy = "Remedy"
remedy_cost = "Cost"
remedy_approved = "Approved by"
lesson = "Lesson"
"""
DUE = MAPPING.replace("[fields]", f"[fields]{FIELDS}") + EVIDENCE
"""What people promise stands in the due date."""
FIELD = DUE.replace("[fields]", '[fields]\nplanned = "Promised for"')
"""What people promise stands in a field of its own."""


@cache
def judging(mapping: str = FIELD) -> Judge:
    """The shipped policy with such evidence."""
    return judge(shipped(), mapping=policy(mapping=mapping).mappings["desk.toml"])


def of(severity: Severity, *history: Comment | Change, client: str = "Client Z", **more: object) -> Ticket:
    """A ticket of this severity, of a client in no file, so that the office in Berlin counts."""
    fields = {"severity": severity} | {each.field: each.after for each in history if isinstance(each, Change)}
    named = more.pop("fields", {})
    assert isinstance(named, dict)
    return ticket(*history, client=client, fields=fields | named, **more)  # type: ignore[arg-type]


def thought(
    one: Ticket,
    now: str | datetime,
    mapping: str = FIELD,
    memory: Memory = NOTHING,
    facts: Facts = NO_FACTS,
) -> Judgement:
    """What is thought of the ticket at this moment."""
    return judging(mapping).judge(one, facts, at(now) if isinstance(now, str) else now, memory=memory)


def wall(instant: datetime | None) -> str:
    """As the clock on the wall in Berlin shows it."""
    return f"{instant.astimezone(BERLIN):%a %-d %b %H:%M}" if instant else "nobody knows when"


def stands(judgement: Judgement, promise: PromiseName) -> list[str]:
    """How each clock of a promise stands: state and step, its limit (of a notice: since when), and the note."""
    return [_line(clock) for clock in judgement.clocks if clock.promise == promise]


def _line(clock: Clock) -> str:
    if clock.state == "off":
        return f"off: {clock.note}"
    limit = clock.due if clock.cell else clock.started
    return f"{clock.state} {clock.step}, {wall(limit)}" + (f": {clock.note}" if clock.note else "")


def lines(expected: str) -> list[str]:
    """The lines of a row: one each clock, none for no such promise."""
    return [line.strip() for line in expected.splitlines() if line.strip()]


CALLED = "“/called”, a contact word"
RESOLVED = moved("Mon 2 Mar 16:00", "open", "resolved")
CLOSED = moved("Tue 3 Mar 12:00", "resolved", "closed")


# --- assessed, planned, agreed -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("severity", "history", "now", "expected"),
    [
        ("high", [], "Mon 2 Mar 11:00", "running 0, Tue 3 Mar 10:00"),
        ("high", [], "Tue 3 Mar 09:00", "running 1, Tue 3 Mar 10:00"),  # warned at 75 %, moved to the opening
        ("high", [], "Tue 3 Mar 10:00", "broken 2, Tue 3 Mar 10:00"),
        ("high", [said("Mon 2 Mar 12:00", text="/assessed: two days")], "Tue 3 Mar 10:00",
         "met 0, Tue 3 Mar 10:00: “/assessed:”"),
        ("high", [said("Tue 3 Mar 12:00", text="/assessed")], "Tue 3 Mar 13:00",
         "met 2, Tue 3 Mar 10:00: “/assessed”, late"),
        ("high", [said("Mon 2 Mar 12:00", CLIENT, "/assessed")], "Tue 3 Mar 10:00", "broken 2, Tue 3 Mar 10:00"),
        ("high", [said("Mon 2 Mar 12:00", US, "/assessed")], "Tue 3 Mar 10:00", "broken 2, Tue 3 Mar 10:00"),
        ("high", [said("Mon 2 Mar 12:00", text="/assessed")], "Mon 2 Mar 11:00", "running 0, Tue 3 Mar 10:00"),
        ("high", [moved("Mon 2 Mar 11:00", "open", "waiting")], "Thu 5 Mar 11:00",
         "paused 0, nobody knows when"),
        ("low", [], "Fri 6 Mar 10:00", ""),  # not promised
        # raised on the way: from the beginning, but not overdue at once
        ("high", [became("Wed 4 Mar 10:00", "severity", "low", "high")], "Wed 4 Mar 10:00",
         "running 1, Wed 4 Mar 16:00"),
        ("high", [became("Wed 4 Mar 10:00", "severity", "low", "high")], "Wed 4 Mar 16:00",
         "broken 2, Wed 4 Mar 16:00"),
        ("high", [became("Mon 2 Mar 11:00", "severity", "low", "high")], "Mon 2 Mar 12:00",
         "running 0, Tue 3 Mar 10:00"),
        ("critical", [became("Mon 2 Mar 20:00", "severity", "high", "critical")], "Mon 2 Mar 21:00",
         "running 0, Tue 3 Mar 10:00"),  # it was owed before, too
        # raised while it waits: hidden, not broken
        ("high",
         [moved("Wed 4 Mar 09:00", "open", "waiting"), became("Wed 4 Mar 10:00", "severity", "low", "high")],
         "Thu 5 Mar 10:00", "paused 1, nobody knows when"),
    ],
)  # fmt: skip
def test_it_is_assessed_within_a_day(
    severity: Severity, history: list[Comment | Change], now: str, expected: str
) -> None:
    assert stands(thought(of(severity, *history), now), "assessed") == lines(expected)


PROMISED = became("Mon 2 Mar 12:00", "planned", "", "2026-03-06")


@pytest.mark.parametrize(
    ("history", "now", "expected"),
    [
        ([], "Mon 2 Mar 12:00", "running 0, Wed 4 Mar 10:00"),  # two working days
        ([], "Wed 4 Mar 10:00", "broken 2, Wed 4 Mar 10:00"),
        ([PROMISED], "Wed 4 Mar 10:00", "met 0, Wed 4 Mar 10:00: promised for 2026-03-06"),
        ([said("Mon 2 Mar 12:00", text="/planned for Friday")], "Wed 4 Mar 10:00",
         "met 0, Wed 4 Mar 10:00: “/planned”"),
        ([became("Mon 2 Mar 12:00", "planned", "", "2026-03-06", US)], "Wed 4 Mar 10:00",
         "broken 2, Wed 4 Mar 10:00"),  # dates that we wrote are no promises
        # a date that moves keeps it as the first one did; a date taken away does not
        ([PROMISED, became("Thu 5 Mar 12:00", "planned", "2026-03-06", "2026-03-13")], "Thu 5 Mar 13:00",
         "met 0, Wed 4 Mar 10:00: promised for 2026-03-06"),
        ([PROMISED, became("Tue 3 Mar 12:00", "planned", "2026-03-06", "")], "Wed 4 Mar 10:00",
         "broken 2, Wed 4 Mar 10:00"),
        # a reopened ticket needs a date that is still to come
        ([PROMISED, moved("Thu 5 Mar 10:00", "open", "resolved"), moved("Mon 9 Mar 10:00", "resolved", "open")],
         "Mon 9 Mar 11:00", "running 0, Wed 11 Mar 10:00"),
        ([PROMISED, moved("Tue 3 Mar 10:00", "open", "resolved"), moved("Wed 4 Mar 10:00", "resolved", "open")],
         "Wed 4 Mar 11:00", "met 0, Fri 6 Mar 10:00: promised for 2026-03-06"),
    ],
)  # fmt: skip
def test_a_date_for_the_solution_is_named(history: list[Comment | Change], now: str, expected: str) -> None:
    judgement = thought(of("high", *history), now)
    assert stands(judgement, "planned") == lines(expected)
    [about] = [clock.about for clock in judgement.clocks if clock.promise == "planned"]
    assert isinstance(about, Planned)
    assert round(3 * about.buffer) == 5, "work of three days is promised in five"


@pytest.mark.parametrize(
    ("severity", "history", "now", "expected"),
    [
        ("high", [], "Mon 2 Mar 12:00", ""),  # nothing to agree to yet
        ("high", [PROMISED], "Mon 2 Mar 13:00", "running 0, Tue 3 Mar 12:00"),
        ("high", [PROMISED], "Tue 3 Mar 12:00", "broken 2, Tue 3 Mar 12:00"),
        ("high", [PROMISED, said("Tue 3 Mar 09:00", text="/agreed")], "Tue 3 Mar 12:00",
         "met 0, Tue 3 Mar 12:00: “/agreed”"),
        ("high", [PROMISED, said("Mon 2 Mar 11:00", text="/agreed")], "Mon 2 Mar 13:00",
         "met 0, Tue 3 Mar 12:00: “/agreed”"),  # noted the same day, in the other order
        ("high", [said("Mon 2 Mar 11:00", text="/agreed"), replace(PROMISED, at=at("Tue 3 Mar 09:00"))],
         "Tue 3 Mar 10:00", "running 0, Tue 3 Mar 17:30"),
        # in writing for critical
        ("critical", [PROMISED, said("Mon 2 Mar 13:00", text="/agreed")], "Tue 3 Mar 12:00",
         "broken 2, Tue 3 Mar 12:00"),
        ("critical", [PROMISED, said("Mon 2 Mar 13:00", text="/agreed in writing")], "Tue 3 Mar 12:00",
         "met 0, Tue 3 Mar 12:00: “/agreed”"),
        # agreed by telephone before it became critical: a quarter of the time to have it in writing
        ("critical",
         [PROMISED, said("Mon 2 Mar 13:00", text="/agreed"),
          became("Thu 5 Mar 10:00", "severity", "high", "critical")],
         "Thu 5 Mar 10:00", "running 1, Thu 5 Mar 12:07"),
        ("medium", [PROMISED], "Fri 6 Mar 10:00", ""),
    ],
)  # fmt: skip
def test_the_client_agrees_to_the_plan_in_writing_where_it_is_critical(
    severity: Severity, history: list[Comment | Change], now: str, expected: str
) -> None:
    assert stands(thought(of(severity, *history), now), "agreed") == lines(expected)


# --- the checkpoint ----------------------------------------------------------------------------------------------

LATE_CALL = "Fri 6 Mar 14:00"


@pytest.mark.parametrize(
    ("severity", "history", "now", "expected"),
    [
        # from Monday noon to the end of Friday there are 38 working hours
        ("high", [PROMISED], "Mon 2 Mar 13:00", "notice 0, Tue 3 Mar 16:09"),
        ("high", [PROMISED], "Tue 3 Mar 16:10", "notice 1, Tue 3 Mar 16:09"),
        ("high", [PROMISED, said("Tue 3 Mar 10:00")], "Tue 3 Mar 17:00", ""),  # somebody is at work on it
        ("high", [PROMISED, moved("Tue 3 Mar 10:00", "open", "in_progress")], "Tue 3 Mar 17:00", ""),
        ("high", [PROMISED, said("Tue 3 Mar 10:00", US), said("Tue 3 Mar 10:00", CLIENT)], "Tue 3 Mar 17:00",
         "notice 1, Tue 3 Mar 16:09"),
        ("high", [PROMISED], "Sat 7 Mar 00:00", "met 1, Tue 3 Mar 16:09"),  # no more to look at
        # to an update: a third of the cadence, as it counts
        ("high", [called("Mon 2 Mar 10:30"), called("Mon 2 Mar 11:00")], "Mon 2 Mar 12:00",
         "notice 0, Mon 2 Mar 13:49"),
        ("high", [called("Mon 2 Mar 10:30"), called(LATE_CALL)], LATE_CALL, "notice 0, Mon 9 Mar 09:49"),
        ("critical", [called("Mon 2 Mar 10:30"), called("Mon 2 Mar 11:00")], "Mon 2 Mar 12:20",
         "notice 1, Mon 2 Mar 12:19"),
        # in closed hours, and the limit would come before the opening
        ("critical", [called("Mon 2 Mar 10:30"), called("Mon 2 Mar 20:00")], "Mon 2 Mar 23:00", ""),
        ("high", [called("Mon 2 Mar 11:00"), moved("Mon 2 Mar 12:00", "open", "waiting")], "Mon 2 Mar 15:00", ""),
        ("medium", [PROMISED], "Wed 4 Mar 10:00", ""),
    ],
)  # fmt: skip
def test_a_third_of_the_way_somebody_looks_whether_it_is_on_course(
    severity: Severity, history: list[Comment | Change], now: str, expected: str
) -> None:
    assert stands(thought(of(severity, *history), now), "checkpoint") == lines(expected)


def test_each_promise_has_a_checkpoint_of_its_own() -> None:
    judgement = thought(of("high", PROMISED, called("Mon 2 Mar 12:00")), "Mon 2 Mar 12:30")
    occasions = [clock.occasion for clock in judgement.clocks if clock.promise == "checkpoint"]
    assert occasions == [f"planned:{PROMISED.id}", "update:comment Mon 2 Mar 12:00"]
    abouts = [clock.about for clock in judgement.clocks if clock.promise == "checkpoint"]
    assert abouts == [("planned", at("Sat 7 Mar 00:00")), ("update", at("Mon 2 Mar 17:30"))]


# --- updated -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("client", "contacted", "now", "due"),
    [
        ("Client Z", "Mon 2 Mar 10:30", "Mon 2 Mar 11:00", "Mon 2 Mar 17:30"),  # by the end of the day
        ("Client Z", "Mon 2 Mar 15:30", "Mon 2 Mar 16:00", "Mon 2 Mar 17:30"),
        ("Client Z", "Mon 2 Mar 15:31", "Mon 2 Mar 16:00", "Tue 3 Mar 15:31"),  # too late; the cadence is sooner
        ("Client Z", "Fri 6 Mar 14:00", "Fri 6 Mar 14:30", "Fri 6 Mar 16:00"),
        ("Client B", "Mon 2 Mar 01:00", "Mon 2 Mar 01:30", "Mon 2 Mar 10:00"),  # 9:00 in Tokyo; until 18:00 there
        ("Client B", "Mon 2 Mar 08:00", "Mon 2 Mar 08:30", "Mon 2 Mar 10:00"),  # 16:00 in Tokyo: two hours left
        ("Client B", "Mon 2 Mar 04:30", "Mon 2 Mar 05:00", "Mon 2 Mar 10:00"),  # in their lunch
        ("Client B", "Thu 19 Mar 09:30", "Thu 19 Mar 09:40", "Mon 23 Mar 09:30"),  # before Vernal Equinox Day
        ("Client A", "Mon 2 Mar 10:30", "Mon 2 Mar 11:00", "Mon 2 Mar 23:00"),  # 17:00 in New York
    ],
)  # fmt: skip
def test_whoever_was_told_that_we_have_it_hears_more_by_the_end_of_their_day(
    client: str, contacted: str, now: str, due: str
) -> None:
    one = of("high", called(contacted), client=client, opened="Mon 2 Mar 00:30")
    assert stands(thought(one, now), "update") == [f"running 0, {due}"]


@pytest.mark.parametrize(
    ("severity", "history", "fields", "now", "expected"),
    [
        # the promised word names its rule, as the cadence does
        ("high", [called("Mon 2 Mar 10:30")], {}, "Mon 2 Mar 17:30",
         "broken 2, Mon 2 Mar 17:30 promises.toml: acknowledged"),
        ("high", [called("Mon 2 Mar 10:30"), called("Mon 2 Mar 16:00")], {}, "Mon 2 Mar 17:30",
         "running 0, Tue 3 Mar 16:00 escalation.toml: high.update"),
        ("medium", [called("Mon 2 Mar 10:30")], {}, "Mon 2 Mar 17:30",
         "running 0, Thu 5 Mar 10:30 escalation.toml: medium.update"),
        # while it waits for the client the promised word waits, too; then there is the day on which it goes on
        ("high", [called("Mon 2 Mar 10:30"), moved("Mon 2 Mar 11:00", "open", "waiting")], {}, "Mon 2 Mar 18:00",
         "paused 0, nobody knows when escalation.toml: high.update"),
        ("high", [called("Mon 2 Mar 10:30"), moved("Mon 2 Mar 11:00", "open", "waiting"),
                  moved("Wed 4 Mar 09:00", "waiting", "open")], {}, "Wed 4 Mar 10:00",
         "running 0, Wed 4 Mar 17:00 escalation.toml: high.update"),
        # a cadence of the ticket's own
        ("high", [called("Mon 2 Mar 10:30"), called("Mon 2 Mar 11:00")], {"cadence": "2h"}, "Mon 2 Mar 12:00",
         "running 0, Mon 2 Mar 13:00 fields.cadence"),
        ("low", [called("Mon 2 Mar 11:00")], {"cadence": "2d"}, "Mon 2 Mar 12:00",
         "running 0, Wed 4 Mar 11:00 fields.cadence"),
        ("low", [called("Mon 2 Mar 11:00")], {"cadence": "0h"}, "Mon 2 Mar 12:00", ""),  # no time is no cadence
        ("low", [called("Mon 2 Mar 11:00")], {"cadence": "often"}, "Mon 2 Mar 12:00", ""),
        # a date that the client was promised, where it is sooner
        ("medium", [called("Mon 2 Mar 11:00")], {"next_update": "2026-03-03"}, "Mon 2 Mar 12:00",
         "running 0, Tue 3 Mar 17:30 fields.next_update"),
        ("medium", [called("Mon 2 Mar 11:00")], {"next_update": "2026-03-02"}, "Mon 2 Mar 12:00",
         "running 0, Mon 2 Mar 17:30 fields.next_update"),
        ("medium", [called("Mon 2 Mar 11:00")], {"next_update": "2026-03-03T12:00"}, "Mon 2 Mar 12:00",
         "running 0, Tue 3 Mar 12:00 fields.next_update"),
        ("medium", [called("Mon 2 Mar 11:00")], {"next_update": "2026-04-01"}, "Mon 2 Mar 12:00",
         "running 0, Thu 5 Mar 11:00 escalation.toml: medium.update"),
        ("medium", [called("Wed 4 Mar 11:00")], {"next_update": "2026-03-03"}, "Wed 4 Mar 12:00",
         "running 0, Mon 9 Mar 09:00 escalation.toml: medium.update"),  # it was kept
        ("low", [called("Mon 2 Mar 11:00")], {"next_update": "2026-03-10"}, "Mon 2 Mar 12:00",
         "running 0, Tue 10 Mar 17:30 fields.next_update"),
    ],
)  # fmt: skip
def test_the_next_word_is_owed_by_the_first_of_what_was_promised(
    severity: Severity, history: list[Comment | Change], fields: dict[str, str], now: str, expected: str
) -> None:
    judgement = thought(of(severity, *history, fields=fields), now)
    rules = [clock.rule for clock in judgement.clocks if clock.promise == "update"]
    found = [f"{line} {rule}" for line, rule in zip(stands(judgement, "update"), rules, strict=True)]
    assert found == lines(expected)


ASKED, AGAIN = said("Mon 2 Mar 12:00", CLIENT, "any news?"), said("Mon 2 Mar 13:00", CLIENT, "hello?")


@pytest.mark.parametrize(
    ("severity", "history", "now", "expected"),
    [
        ("medium", [called("Mon 2 Mar 11:00"), ASKED], "Mon 2 Mar 14:00", "running 0, Thu 5 Mar 11:00"),
        ("medium", [called("Mon 2 Mar 11:00"), ASKED, AGAIN], "Mon 2 Mar 12:30", "running 0, Thu 5 Mar 11:00"),
        ("medium", [called("Mon 2 Mar 11:00"), ASKED, AGAIN], "Mon 2 Mar 13:00", "broken 2, Mon 2 Mar 13:00"),
        ("medium", [called("Mon 2 Mar 11:00"), ASKED, ASKED], "Mon 2 Mar 14:00", "running 0, Thu 5 Mar 11:00"),
        # an answer ends it; an internal word is none
        ("medium", [called("Mon 2 Mar 11:00"), ASKED, AGAIN, called("Mon 2 Mar 14:00")], "Mon 2 Mar 15:00",
         "running 0, Thu 5 Mar 14:00"),
        ("medium", [called("Mon 2 Mar 11:00"), ASKED, said("Mon 2 Mar 12:30"), AGAIN], "Mon 2 Mar 14:00",
         "broken 2, Mon 2 Mar 13:00"),
        ("medium", [called("Mon 2 Mar 11:00"), ASKED, called("Mon 2 Mar 12:30"), AGAIN], "Mon 2 Mar 14:00",
         "running 0, Thu 5 Mar 12:30"),
        # also before the first contact, also while it is said to wait for them, and where there is no cadence
        ("medium", [ASKED], "Mon 2 Mar 14:00", ""),
        ("medium", [ASKED, AGAIN], "Mon 2 Mar 14:00", "broken 2, Mon 2 Mar 13:00"),
        ("medium", [called("Mon 2 Mar 11:00"), moved("Mon 2 Mar 11:30", "open", "waiting"), ASKED, AGAIN],
         "Mon 2 Mar 14:00", "broken 2, Mon 2 Mar 13:00"),
        ("low", [called("Mon 2 Mar 11:00"), ASKED, AGAIN], "Mon 2 Mar 14:00", "broken 2, Mon 2 Mar 13:00"),
        # what was asked before a reopening was asked of another life
        ("medium", [ASKED, AGAIN, moved("Tue 3 Mar 10:00", "open", "resolved"),
                    moved("Wed 4 Mar 10:00", "resolved", "open")], "Wed 4 Mar 11:00", ""),
    ],
)  # fmt: skip
def test_a_client_who_has_to_ask_twice_breaks_the_cadence(
    severity: Severity, history: list[Comment | Change], now: str, expected: str
) -> None:
    assert stands(thought(of(severity, *history), now), "update") == lines(expected)


def recovered(when: str, severity: Severity = "critical") -> Facts:
    """What is known of a client who had something grave that was solved then."""
    told = Told(severity=severity)
    known = Known("site", "9", "A-9", "Client Z", "delivery", at("Mon 2 Feb 09:00"), at(when), told)
    return Facts((known,), ("site", "10001"))


@pytest.mark.parametrize(
    ("facts", "contacted", "due"),
    [
        (NO_FACTS, "Tue 3 Mar 11:00", "Fri 6 Mar 11:00"),  # of another client nothing is known here
        (recovered("Mon 2 Mar 10:00"), "Tue 3 Mar 11:00", "Thu 5 Mar 09:00"),  # half of three days
        (recovered("Mon 2 Mar 10:00", "high"), "Tue 3 Mar 11:00", "Thu 5 Mar 09:00"),
        (recovered("Mon 2 Mar 10:00", "medium"), "Tue 3 Mar 11:00", "Fri 6 Mar 11:00"),
        (recovered("Tue 3 Mar 12:00"), "Tue 3 Mar 11:00", "Fri 6 Mar 11:00"),  # promised before the recovery
        (recovered("Mon 2 Feb 10:00"), "Wed 4 Mar 09:59", "Fri 6 Mar 09:00"),  # for 30 days
        (recovered("Mon 2 Feb 10:00"), "Wed 4 Mar 10:00", "Mon 9 Mar 09:00"),
    ],
)
def test_after_something_grave_the_client_s_other_tickets_are_cared_for_more(
    facts: Facts, contacted: str, due: str
) -> None:
    judgement = thought(of("medium", called(contacted)), contacted, facts=facts)
    assert stands(judgement, "update") == [f"running 0, {due}"]


# --- slips -------------------------------------------------------------------------------------------------------

LATER = became("Wed 4 Mar 11:00", "planned", "2026-03-06", "2026-03-13")
LATER_EARLY = replace(LATER, at=at("Wed 4 Mar 09:30"))
BACK = became("Wed 4 Mar 12:00", "planned", "2026-03-13", "2026-03-06")
LATER_STILL = became("Wed 4 Mar 12:00", "planned", "2026-03-13", "2026-03-20")
A_DAY_LESS = became("Wed 4 Mar 12:00", "planned", "2026-03-13", "2026-03-12")
AHEAD = "notice 0, Sat 14 Mar 00:00"
"""The day on which the promised date will have passed."""


@pytest.mark.parametrize(
    ("history", "now", "expected"),
    [
        ([], "Wed 4 Mar 12:00", ""),
        ([PROMISED], "Wed 4 Mar 12:00", "notice 0, Sat 7 Mar 00:00"),
        # it moves later: two working hours to tell
        ([PROMISED, LATER], "Wed 4 Mar 12:00", f"running 0, Wed 4 Mar 13:00\n{AHEAD}"),
        ([PROMISED, LATER], "Wed 4 Mar 13:00", f"broken 2, Wed 4 Mar 13:00\n{AHEAD}"),
        ([PROMISED, LATER, called("Wed 4 Mar 12:15")], "Wed 4 Mar 13:00",
         f"met 0, Wed 4 Mar 13:00: {CALLED}\n{AHEAD}"),
        ([PROMISED, LATER, called("Wed 4 Mar 14:00")], "Wed 4 Mar 16:00",
         f"met 2, Wed 4 Mar 13:00: {CALLED}, late\n{AHEAD}"),
        ([PROMISED, LATER, said("Wed 4 Mar 12:30")], "Wed 4 Mar 13:00", f"broken 2, Wed 4 Mar 13:00\n{AHEAD}"),
        ([PROMISED, replace(LATER, at=at("Fri 6 Mar 15:00"))], "Fri 6 Mar 15:30",
         f"running 0, Mon 9 Mar 10:00\n{AHEAD}"),
        # told before it was noted: within two working hours, the night left out
        ([PROMISED, called("Wed 4 Mar 09:00"), LATER], "Wed 4 Mar 13:00",
         f"met 0, Wed 4 Mar 13:00: {CALLED}\n{AHEAD}"),
        ([PROMISED, called("Tue 3 Mar 16:30"), LATER_EARLY], "Wed 4 Mar 12:00",
         f"met 0, Wed 4 Mar 11:30: {CALLED}\n{AHEAD}"),
        ([PROMISED, called("Tue 3 Mar 15:30"), LATER_EARLY], "Wed 4 Mar 12:00",
         f"broken 2, Wed 4 Mar 11:30\n{AHEAD}"),
        # earlier, back, and the same again
        ([PROMISED, replace(LATER, after="2026-03-05")], "Wed 4 Mar 14:00", "notice 0, Fri 6 Mar 00:00"),
        ([PROMISED, LATER, BACK], "Wed 4 Mar 14:00", "notice 0, Sat 7 Mar 00:00"),
        ([PROMISED, LATER, A_DAY_LESS], "Wed 4 Mar 13:00",
         "broken 2, Wed 4 Mar 13:00\nnotice 0, Fri 13 Mar 00:00"),
        ([PROMISED, LATER, LATER_STILL], "Wed 4 Mar 13:00",
         "running 0, Wed 4 Mar 14:00\nnotice 0, Sat 21 Mar 00:00"),
        # not by us, not by another automation, and the client knows what they did
        ([replace(PROMISED, author=US), LATER], "Wed 4 Mar 14:00", AHEAD),
        ([PROMISED, replace(LATER, author=US)], "Wed 4 Mar 14:00", "notice 0, Sat 7 Mar 00:00"),
        ([PROMISED, replace(LATER, author=MACHINE)], "Wed 4 Mar 14:00", "notice 0, Sat 7 Mar 00:00"),
        ([PROMISED, replace(LATER, author=CLIENT)], "Wed 4 Mar 14:00", AHEAD),
        # it passes
        ([PROMISED], "Sat 7 Mar 12:00", "running 0, Mon 9 Mar 11:00"),  # over the week-end
        ([PROMISED], "Mon 9 Mar 11:00", "broken 2, Mon 9 Mar 11:00"),
        ([PROMISED, called("Fri 6 Mar 15:00")], "Mon 9 Mar 12:00", f"met 0, Mon 9 Mar 11:00: {CALLED}"),
        ([PROMISED, called("Thu 5 Mar 15:00")], "Mon 9 Mar 12:00", "broken 2, Mon 9 Mar 11:00"),
        ([PROMISED, called("Mon 9 Mar 10:00")], "Mon 9 Mar 12:00", f"met 0, Mon 9 Mar 11:00: {CALLED}"),
        # both: no clock takes the other's place
        ([PROMISED, replace(LATER, after="2026-03-09")], "Tue 10 Mar 11:00",
         "broken 2, Wed 4 Mar 13:00\nbroken 2, Tue 10 Mar 11:00"),
        # a date that was kept does not slip after a reopening
        ([PROMISED, moved("Thu 5 Mar 10:00", "open", "resolved"), moved("Mon 9 Mar 09:00", "resolved", "open")],
         "Mon 9 Mar 12:00", ""),
        ([PROMISED, LATER, moved("Thu 5 Mar 10:00", "open", "resolved"),
          moved("Mon 9 Mar 09:00", "resolved", "open")],
         "Mon 9 Mar 12:00", AHEAD),
    ],
)  # fmt: skip
def test_a_slip_is_told_within_two_working_hours(history: list[Comment | Change], now: str, expected: str) -> None:
    one = of("medium", *history)
    owner_asked = having_said(one, "slip", LATER.id, 2)
    assert stands(thought(one, now, memory=owner_asked), "slip") == lines(expected)


@pytest.mark.parametrize(
    ("due", "memory", "expected"),
    [
        ("2026-03-06", NOTHING, "running 0, Mon 9 Mar 11:00"),
        ("2026-03-06", Memory(due=at("Fri 6 Mar 12:00").date(), due_written=True), ""),
        ("2026-03-06", Memory(due=at("Thu 5 Mar 12:00").date(), due_written=True), "running 0, Mon 9 Mar 11:00"),
    ],
)
def test_where_no_history_tells_who_wrote_a_due_date_we_remember_our_own(
    due: str, memory: Memory, expected: str
) -> None:
    day = at("Fri 6 Mar 12:00").date()
    assert day.isoformat() == due
    one = replace(of("medium"), due=day)
    assert stands(thought(one, "Mon 9 Mar 10:00", DUE, memory), "slip") == lines(expected)


# --- silence -----------------------------------------------------------------------------------------------------

WAITS = moved("Mon 2 Mar 11:00", "open", "waiting")


@pytest.mark.parametrize(
    ("history", "now", "expected"),
    [
        ([], "Mon 16 Mar 10:00", ""),  # it does not wait for them
        ([WAITS], "Mon 9 Mar 12:29", "notice 0, Mon 9 Mar 12:30"),
        ([WAITS], "Mon 9 Mar 12:30", "notice 1, Mon 9 Mar 12:30"),
        ([WAITS], "Mon 30 Mar 11:00", "notice 1, Mon 9 Mar 12:30"),  # once
        # from the last word of theirs or of ours
        ([WAITS, said("Tue 3 Mar 12:00", CLIENT, "soon")], "Mon 9 Mar 12:30", "notice 0, Tue 10 Mar 13:30"),
        ([WAITS, called("Wed 4 Mar 12:00")], "Mon 9 Mar 12:30", "notice 0, Wed 11 Mar 13:30"),
        ([WAITS, said("Wed 4 Mar 12:00")], "Mon 9 Mar 12:30", "notice 1, Mon 9 Mar 12:30"),  # among ourselves
        ([WAITS, called("Mon 9 Mar 14:00")], "Mon 9 Mar 13:00", "notice 1, Mon 9 Mar 12:30"),  # not yet said
        ([WAITS, called("Mon 9 Mar 14:00")], "Mon 16 Mar 16:00", "notice 1, Mon 16 Mar 15:30"),  # asked once more
        ([WAITS, moved("Tue 3 Mar 10:00", "waiting", "open")], "Mon 16 Mar 10:00", ""),
    ],
)
def test_a_client_who_is_silent_for_five_working_days_is_a_nudge_to_the_owner(
    history: list[Comment | Change], now: str, expected: str
) -> None:
    judgement = thought(of("medium", *history), now)
    assert stands(judgement, "silence") == lines(expected)
    to = [saying.to.person for saying in judgement.sayings if saying.obligation.promise == "silence"]
    assert to == (["Consultant 1"] if "notice 1" in expected else [])


def test_while_it_waits_for_the_client_the_first_response_runs_on_and_a_nudge_is_no_breach() -> None:
    judgement = thought(of("medium", WAITS), "Mon 9 Mar 13:00")
    assert stands(judgement, "first_response") == ["rests 5, Tue 3 Mar 10:00"]
    answered = of("medium", called("Mon 2 Mar 10:30"), said("Mon 2 Mar 10:40", text="/assessed"), WAITS)
    judgement = thought(answered, "Mon 9 Mar 13:00")
    assert stands(judgement, "silence") == ["notice 1, Mon 9 Mar 12:30"]
    assert "breach" not in labels(judgement)


# --- once it is solved -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("promise", "severity", "history", "now", "expected"),
    [
        ("solution_told", "low", [RESOLVED], "Mon 2 Mar 16:30", "running 0, Tue 3 Mar 17:30"),
        ("solution_told", "low", [replace(RESOLVED, at=at("Mon 2 Mar 15:00"))], "Mon 2 Mar 16:30",
         "running 0, Mon 2 Mar 17:30"),
        ("solution_told", "low", [RESOLVED], "Tue 3 Mar 17:30", "broken 2, Tue 3 Mar 17:30"),
        ("solution_told", "low", [RESOLVED, called("Tue 3 Mar 10:00")], "Tue 3 Mar 18:00",
         f"met 0, Tue 3 Mar 17:30: {CALLED}"),
        ("solution_told", "low", [called("Mon 2 Mar 14:30"), RESOLVED], "Tue 3 Mar 18:00",
         f"met 0, Tue 3 Mar 17:30: {CALLED}"),  # told, then noted
        ("solution_told", "low", [called("Mon 2 Mar 11:00"), RESOLVED], "Tue 3 Mar 17:30",
         "broken 2, Tue 3 Mar 17:30"),
        # within two working days; when it is closed, at once
        ("root_cause", "high", [RESOLVED], "Tue 3 Mar 12:00", "running 0, Wed 4 Mar 16:00"),
        ("root_cause", "high", [RESOLVED], "Wed 4 Mar 16:00", "broken 2, Wed 4 Mar 16:00"),
        ("root_cause", "high", [RESOLVED, CLOSED], "Tue 3 Mar 12:00", "broken 2, Tue 3 Mar 12:00"),
        ("root_cause", "high", [moved("Tue 3 Mar 12:00", "open", "closed")], "Tue 3 Mar 12:00",
         "broken 2, Tue 3 Mar 12:00"),
        ("root_cause", "high", [RESOLVED, CLOSED, moved("Wed 4 Mar 09:00", "closed", "open"),
                                moved("Wed 4 Mar 10:00", "open", "resolved")], "Wed 4 Mar 11:00",
         "running 0, Fri 6 Mar 10:00"),  # solved anew, and not closed yet
        ("root_cause", "high", [said("Mon 2 Mar 12:00", text="/cause: a full disk"), RESOLVED, CLOSED],
         "Tue 3 Mar 12:00", "met 0, Tue 3 Mar 12:00: “/cause:”"),
        ("root_cause", "high", [became("Mon 2 Mar 12:00", "root_cause", "", "a full disk"), RESOLVED, CLOSED],
         "Tue 3 Mar 12:00", "met 0, Tue 3 Mar 12:00: root_cause filled"),
        ("root_cause", "medium", [RESOLVED], "Wed 4 Mar 16:00", ""),
        ("prevention", "low", [RESOLVED], "Tue 3 Mar 12:00", "running 0, Thu 5 Mar 16:00"),
        # silence is not satisfaction, and what the client writes is for us to read
        ("verified", "low", [RESOLVED], "Tue 3 Mar 12:00", "running 0, Mon 9 Mar 16:00"),
        ("verified", "low", [RESOLVED, CLOSED], "Mon 9 Mar 16:00", "broken 2, Mon 9 Mar 16:00"),
        ("verified", "low", [RESOLVED, said("Tue 3 Mar 12:00", CLIENT, "/verified, thank you")], "Mon 9 Mar 16:00",
         "broken 2, Mon 9 Mar 16:00"),
        ("verified", "low", [RESOLVED, said("Tue 3 Mar 12:00", text="/verified")], "Mon 9 Mar 16:00",
         "met 0, Mon 9 Mar 16:00: “/verified”"),
        ("verified", "low", [said("Mon 2 Mar 12:00", text="/verified"), RESOLVED], "Mon 9 Mar 16:00",
         "broken 2, Mon 9 Mar 16:00"),  # of what was not solved yet
        ("verified", "low", [RESOLVED, moved("Tue 3 Mar 12:00", "resolved", "open")], "Mon 9 Mar 16:00", ""),
        ("verified", "low", [RESOLVED, moved("Tue 3 Mar 12:00", "resolved", "open"),
                             moved("Wed 4 Mar 12:00", "open", "resolved")], "Mon 9 Mar 16:00",
         "running 0, Wed 11 Mar 12:00"),
        # the offer, its cost, and who approved it
        ("remedy", "high", [became("Mon 2 Mar 12:00", "remedy", "", "8 hours"),
                            became("Mon 2 Mar 13:00", "remedy_cost", "", "800"), RESOLVED], "Thu 5 Mar 16:00",
         "broken 2, Thu 5 Mar 16:00"),
        ("remedy", "high", [became("Mon 2 Mar 12:00", "remedy", "", "8 hours"),
                            became("Mon 2 Mar 13:00", "remedy_cost", "", "800"), RESOLVED,
                            became("Tue 3 Mar 13:00", "remedy_approved", "", "Partner 1")], "Thu 5 Mar 16:00",
         "met 0, Thu 5 Mar 16:00: remedy and remedy_cost and remedy_approved filled"),
        ("post_mortem", "high", [RESOLVED], "Mon 9 Mar 16:00", ""),
        ("post_mortem", "critical", [RESOLVED], "Mon 9 Mar 17:30", "broken 2, Mon 9 Mar 17:30"),
        ("post_mortem_actions", "critical", [RESOLVED], "Mon 9 Mar 17:30", ""),
        ("post_mortem_actions", "critical", [RESOLVED, said("Wed 4 Mar 12:00", text="/post-mortem")],
         "Fri 6 Mar 15:00", "running 1, Mon 9 Mar 13:30"),
        ("post_mortem_actions", "critical", [RESOLVED, said("Wed 4 Mar 12:00", text="/post-mortem"),
                                             became("Thu 5 Mar 12:00", "labels", "", "actions-owned")],
         "Mon 9 Mar 14:00", "met 0, Mon 9 Mar 13:30: label actions-owned"),
        ("lessons", "high", [RESOLVED], "Mon 9 Mar 17:30", "broken 2, Mon 9 Mar 17:30"),
        ("lessons", "high", [became("Mon 2 Mar 12:00", "lesson", "", "watch the disk"), RESOLVED],
         "Mon 9 Mar 16:00", "met 0, Mon 9 Mar 17:30: lesson filled"),
        # called grave only afterwards
        ("lessons", "high", [RESOLVED, became("Mon 16 Mar 10:00", "severity", "low", "high")], "Mon 16 Mar 10:00",
         "running 0, Tue 17 Mar 12:07"),
        ("root_cause", "high", [RESOLVED, CLOSED, became("Mon 16 Mar 10:00", "severity", "low", "high")],
         "Mon 16 Mar 10:00", "running 1, Mon 16 Mar 14:15"),
    ],
)  # fmt: skip
def test_what_is_owed_once_it_is_solved(
    promise: PromiseName, severity: Severity, history: list[Comment | Change], now: str, expected: str
) -> None:
    put = frozenset(each.after for each in history if isinstance(each, Change) and each.field == "labels")
    assert stands(thought(of(severity, *history, labels=put), now), promise) == lines(expected)


def test_a_ticket_is_judged_though_nothing_touches_it_until_all_was_said() -> None:
    """Each step is said in its time; the owner is asked, then the roles, one after the other; then it rests."""
    one, memory, now = of("low", RESOLVED), NOTHING, at("Mon 2 Mar 16:00")
    asked: list[str] = []
    while wake := (judgement := thought(one, now, memory=memory)).wake_at:
        asked += [
            f"{each.obligation.step} {each.role or each.person}"
            for each in judgement.sayings
            if each.obligation.promise == "solution_told"
            and memory.last_step("site", one.id, "solution_told", RESOLVED.id, 9) < each.obligation.step
        ]
        one, memory = applied(planned(judgement, memory, backlog_after=timedelta(days=99)))
        assert now < wake < now + timedelta(days=15)
        now = wake
    assert asked == [
        "1 Consultant 1",
        "2 Consultant 1",
        "3 project_manager",
        "4 client_services_lead",
        "5 engagement_partner",
    ], "of these files the same person is at the top twice, and is asked once"
    assert {clock.state for clock in judgement.clocks if clock.promise == "solution_told"} == {"rests"}


def test_nothing_is_said_of_a_ticket_that_was_done_long_ago() -> None:
    judgement = thought(of("high", RESOLVED), "Mon 1 Jun 12:00")
    assert {saying.obligation.promise for saying in judgement.sayings} >= {"verified", "root_cause", "lessons"}
    plan = planned(judgement)
    assert plan.actions == ()
    assert "longer ago than backlog_after allows" in plan.skipped[0].why


@pytest.mark.parametrize(
    ("resolved", "expected"),
    [
        (None, "off: nothing tells when it was solved; map the field resolved"),
        (OPENED, "broken 2, Mon 9 Mar 10:00"),
    ],
)
def test_where_nothing_tells_when_it_was_solved_nothing_is_owed(resolved: str | None, expected: str) -> None:
    one = of("low", said("Fri 6 Mar 12:00"), status=Status.RESOLVED, resolved=at(resolved) if resolved else None)
    assert stands(thought(one, "Mon 9 Mar 12:00"), "verified") == [expected]


def test_a_ticket_that_stands_for_an_engagement_owes_nothing_of_an_issue() -> None:
    home = of("critical", PROMISED, labels=frozenset({"engagement"}))
    mapping = FIELD + '[engagements]\nlabels = ["engagement"]\n'
    assert {clock.promise for clock in thought(home, "Fri 6 Mar 12:00", mapping).clocks}.isdisjoint(BEYOND)
    assert not {clock.promise for clock in thought(home, "Fri 6 Mar 12:00").clocks}.isdisjoint(BEYOND)


# --- without evidence --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("promise", "history", "note"),
    [
        ("assessed", [], "no evidence is mapped; add [evidence.assessed] to the tracker's file"),
        ("planned", [],
         "no evidence is mapped; map the field planned, or add [evidence.planned] to the tracker's file"),
        ("agreed", [became("Mon 2 Mar 12:00", "due", "", "2026-03-06")],
         "no evidence is mapped; add [evidence.agreed_in_writing] to the tracker's file"),
        ("root_cause", [RESOLVED], "no evidence is mapped; add [evidence.root_cause] to the tracker's file"),
        ("prevention", [RESOLVED], "no evidence is mapped; add [evidence.prevention] to the tracker's file"),
        ("verified", [RESOLVED], "no evidence is mapped; add [evidence.verified] to the tracker's file"),
        ("remedy", [RESOLVED], "no evidence is mapped; add [evidence.remedy] to the tracker's file"),
        ("post_mortem", [RESOLVED], "no evidence is mapped; add [evidence.post_mortem] to the tracker's file"),
        ("lessons", [RESOLVED], "no evidence is mapped; add [evidence.lessons] to the tracker's file"),
    ],
)  # fmt: skip
def test_a_promise_without_evidence_is_off_and_names_what_to_map(
    promise: PromiseName, history: list[Comment | Change], note: str
) -> None:
    one, bare = of("critical", *history), MAPPING
    assert stands(thought(one, "Fri 6 Mar 12:00", bare), promise) == [f"off: {note}"]


@pytest.mark.parametrize(
    ("promise", "history"),
    [("slip", [became("Mon 2 Mar 12:00", "due", "", "2026-03-06")]), ("solution_told", [RESOLVED])],
)
def test_where_no_contact_is_mapped_nobody_is_said_to_have_told_too_little(
    promise: PromiseName, history: list[Comment | Change]
) -> None:
    silent = DUE.replace('words = ["/called", "/mailed", "/電話"]', "words = []")
    expected = ["off: no evidence of client contact is mapped"]
    assert stands(thought(of("high", *history), "Mon 9 Mar 12:00", silent), promise) == expected


# --- the end of a working day ------------------------------------------------------------------------------------

NIGHTS = Calendar("nights", "Europe/Berlin", {day: ((time(22), time(6)),) for day in range(5)})


@pytest.mark.parametrize(
    ("calendar", "when", "end"),
    [
        (shipped().calendars["berlin"], "Mon 2 Mar 10:00", "Mon 2 Mar 17:30"),
        (shipped().calendars["berlin"], "Mon 2 Mar 15:30", "Mon 2 Mar 17:30"),
        (shipped().calendars["berlin"], "Mon 2 Mar 15:31", "Tue 3 Mar 17:30"),
        (shipped().calendars["berlin"], "Mon 2 Mar 06:00", "Mon 2 Mar 17:30"),
        (shipped().calendars["berlin"], "Thu 2 Apr 16:00", "Tue 7 Apr 17:30"),  # over Easter
        (shipped().calendars["tokyo"], "Mon 2 Mar 04:30", "Mon 2 Mar 10:00"),  # in their lunch
        (shipped().calendars["tokyo"], "Mon 2 Mar 08:01", "Tue 3 Mar 10:00"),
        # day and night a day ends at midnight, theirs
        (shipped().calendars["always"], "Mon 2 Mar 10:00", "Tue 3 Mar 01:00"),
        (shipped().calendars["always"], "Mon 2 Mar 23:30", "Wed 4 Mar 01:00"),
        # a night shift is of the day on which it begins
        (NIGHTS, "Tue 3 Mar 03:00", "Tue 3 Mar 06:00"),
        (NIGHTS, "Tue 3 Mar 05:00", "Wed 4 Mar 06:00"),
    ],
)
def test_a_working_day_ends_where_the_calendar_says(calendar: Calendar, when: str, end: str) -> None:
    assert wall(end_of_day(calendar, at(when), timedelta(hours=2))) == wall(at(end))


# --- in general --------------------------------------------------------------------------------------------------

WORDS = ["/called", "/assessed", "/planned", "/agreed", "/cause", "/verified", "/post-mortem", "hello"]


@st.composite
def lives(draw: st.DrawFn) -> Ticket:
    """Any ticket, whose people also note what they promise and do."""
    one = draw(tickets())
    spoken = draw(st.lists(st.sampled_from(WORDS), min_size=len(one.comments), max_size=len(one.comments)))
    comments = tuple(replace(each, text=text) for each, text in zip(one.comments, spoken, strict=True))
    days = draw(st.lists(st.sampled_from(["", "2026-03-06", "2026-03-10", "2026-03-20"]), max_size=4))
    changes = list(one.changes)
    for number, (before, after) in enumerate(zip(["", *days], days, strict=False)):
        when = one.created + timedelta(hours=7 * (number + 1))
        who = draw(st.sampled_from([CONSULTANT, CLIENT, US]))
        changes.append(replace(became("Mon 2 Mar 10:00", "planned", before, after, who), id=f"p{number}", at=when))
    severity = draw(st.sampled_from(["critical", "high", "medium", "low"]))
    fields = dict(one.fields) | {"severity": severity} | ({"planned": days[-1]} if days and days[-1] else {})
    told = tuple(sorted((c for c in changes if c.field != "severity"), key=lambda each: (each.at, each.id)))
    updated = max([one.updated, *(change.at for change in told)])
    return replace(one, comments=comments, changes=told, fields=fields, updated=updated)


AMOUNTS = st.integers(0, 60 * 24 * 30).map(lambda minutes: timedelta(minutes=minutes))


@given(lives(), AMOUNTS)
def test_judging_twice_or_a_history_told_twice_gives_the_same(one: Ticket, later: timedelta) -> None:
    now = one.updated + later
    first, again = thought(one, now), thought(one, now)
    assert first == again
    twice = replace(one, comments=one.comments * 2, changes=one.changes[::-1] + one.changes)
    twice = replace(twice, comments=tuple(sorted(twice.comments, key=lambda each: each.at)))
    mine = [_owed(clock) for clock in first.clocks if clock.promise in BEYOND]
    assert mine == [_owed(clock) for clock in thought(twice, now).clocks if clock.promise in BEYOND]


BEYOND: tuple[PromiseName, ...] = (
    "update", "assessed", "planned", "agreed", "checkpoint", "slip", "silence", "solution_told", "root_cause",
    "prevention", "verified", "remedy", "post_mortem", "post_mortem_actions", "lessons",
)  # fmt: skip


def _owed(clock: Clock) -> tuple[str, str, str, int, datetime | None]:
    return clock.promise, clock.occasion, clock.state, clock.step, clock.due


@given(lives(), AMOUNTS, AMOUNTS)
def test_while_nothing_happens_no_step_is_taken_back_and_no_limit_moves(
    one: Ticket, soon: timedelta, later: timedelta
) -> None:
    before, after = (
        {(clock.promise, clock.occasion): clock for clock in thought(one, one.updated + wait).clocks}
        for wait in (soon, soon + later)
    )
    for key in [each for each in before if each[0] in BEYOND]:
        was = before[key]
        if key not in after:
            assert (was.promise, was.state) == ("checkpoint", "notice"), "it is over once what it points to is due"
            continue
        became_of_it = after[key]
        assert was.step <= became_of_it.step
        assert was.due == became_of_it.due or was.state == "notice", "a date that passes begins a clock"


@given(lives(), AMOUNTS)
def test_an_occasion_is_an_event_never_an_instant(one: Ticket, later: timedelta) -> None:
    events = {"created", "resolved", *(each.id for each in one.comments), *(each.id for each in one.changes)}
    for clock in thought(one, one.updated + later).clocks:
        if clock.promise in BEYOND:
            parts = clock.occasion.removeprefix("planned:").removeprefix("update:").removesuffix(":passed")
            assert parts in events or parts.startswith("stands:")
