"""When people are asked for: put off, quiet hours, a day's measure; and how they are brought to the ticket."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, get_args

import passes
import pytest
from fakes.memory_tracker import Refused
from passes import agency, high, plan_of, skipped
from tickets import (
    BERLIN,
    CLIENT,
    CLIENTS,
    COLLEAGUE,
    CONSULTANT,
    MAPPING,
    MAPPINGS,
    PARTNER,
    at,
    became,
    called,
    judge,
    judged,
    labels,
    planned,
    policy,
    said,
    shipped,
    ticket,
)

from sync.action import BringIn
from sync.errors import ServerFaultError
from sync.judging.attention import day_began, day_ends, quiet_until
from sync.judging.facts import NO_FACTS
from sync.judging.memory import NOTHING
from sync.judging.promises import Terms as SourceTerms
from sync.mapping.policy import Template
from sync.mapping.practice import Quiet
from sync.plan import Terms, plan_ticket
from sync.report import as_json
from sync.richtext import Paragraph, Span, plain
from sync.saying.comments import Composer
from sync.ticket import Language, Person

if TYPE_CHECKING:
    from pathlib import Path

    from passes import Agency

    from sync.judging.judgement import Judgement
    from sync.mapping.policy import Policy
    from sync.mapping.tracker_models import BringIn as Bringing
    from sync.plan import TicketPlan
    from sync.ticket import Change, Comment, Ticket

SNOOZE = MAPPING + '[snooze]\nwords = ["/snooze", "/後で", "put off"]\nlabels = ["snooze-"]\n'
FORTNIGHT = '[snooze]\nlongest = "14d"\n'
PUTTING_OFF = policy(mapping=SNOOZE, attention=FORTNIGHT)


def wall(instant: datetime | None) -> str | None:
    return f"{instant.astimezone(BERLIN):%a %-d %b %H:%M}" if instant else None


def asked(judgement: Judgement) -> set[str]:
    """What is to be said now."""
    return {saying.obligation.promise for saying in judgement.sayings}


# --- put off -----------------------------------------------------------------------------------------------------

LABEL = "snooze-2026-03-10"


def put(when: str, label: str = LABEL, by: Person = CONSULTANT) -> Change:
    return became(when, "labels", "", label, by)


@pytest.mark.parametrize(
    ("history", "labels", "until", "who"),
    [
        ([said("Mon 2 Mar 10:05", text="/snooze 2026-03-10")], "", "Tue 10 Mar 00:00", "Consultant 1"),
        (
            [said("Mon 2 Mar 10:05", text="/Snooze until 2026-03-10, they know")],
            "",
            "Tue 10 Mar 00:00",
            "Consultant 1",
        ),
        ([said("Mon 2 Mar 10:05", text="/後で2026-03-10")], "", "Tue 10 Mar 00:00", "Consultant 1"),
        ([said("Mon 2 Mar 10:05", text="Put off 3d.")], "", "Thu 5 Mar 10:05", "Consultant 1"),
        ([said("Mon 2 Mar 10:05", text="/snooze 2h")], "", "Mon 2 Mar 12:05", "Consultant 1"),
        ([put("Mon 2 Mar 10:05")], LABEL, "Tue 10 Mar 00:00", "Consultant 1"),
        ([put("Mon 2 Mar 10:05", "snooze-3d")], "snooze-3d", "Thu 5 Mar 10:05", "Consultant 1"),
        ([], LABEL, "Tue 10 Mar 00:00", ""),
        # never longer than the policy allows
        ([said("Mon 2 Mar 10:05", text="/snooze 2027-01-01")], "", "Mon 16 Mar 10:05", "Consultant 1"),
        ([put("Mon 2 Mar 10:05", "snooze-90d")], "snooze-90d", "Mon 16 Mar 10:05", "Consultant 1"),
        # the newest word counts, be it longer or shorter
        (
            [said("Mon 2 Mar 10:05", text="/snooze 9d"), said("Mon 2 Mar 10:10", COLLEAGUE, "/snooze 1d")],
            "",
            "Tue 3 Mar 10:10",
            "Consultant 2",
        ),
        (
            [said("Mon 2 Mar 10:05", text="/snooze 9d"), put("Mon 2 Mar 10:10")],
            LABEL,
            "Tue 10 Mar 00:00",
            "Consultant 1",
        ),
        (
            [said("Mon 2 Mar 10:05", text="/snooze 9d"), said("Mon 2 Mar 10:10", text="/snooze 2026-03-01")],
            "",
            None,
            "",
        ),
        # what puts nothing off
        ([said("Mon 2 Mar 10:05", text="/snooze")], "", None, ""),
        ([said("Mon 2 Mar 10:05", text="/snooze soon")], "", None, ""),
        ([said("Mon 2 Mar 10:05", CLIENT, "/snooze 3d")], "", None, ""),
        ([said("Mon 2 Mar 10:05", text="shall we /snooze 3d?")], "", None, ""),
        ([put("Mon 2 Mar 10:05", by=CLIENT)], LABEL, None, ""),
        ([put("Mon 2 Mar 10:05")], "", None, ""),
        ([], "snooze-later", None, ""),
    ],
)
def test_staff_put_a_ticket_off_by_a_word_or_a_label(
    history: list[Comment | Change], labels: str, until: str | None, who: str
) -> None:
    """At 10:15 the hand-over is due; where it waits, the reason says for whom and until when."""
    one = ticket(*history, labels=frozenset(labels.split()), fields={"severity": "Sev 2"})
    judgement = judged(one, "Mon 2 Mar 10:15", PUTTING_OFF)
    waits = [(wall(each.until), each.why) for each in judgement.held]
    if until is None:
        assert (waits, asked(judgement)) == ([], {"escalation"})
        return
    shown = datetime.strptime(f"2026 {until}", "%Y %a %d %b %H:%M")  # noqa: DTZ007 - it is only written otherwise
    assert waits == [(until, f"{who or 'somebody'} put it off until {shown:%Y-%m-%d %H:%M}")]
    assert asked(judgement) == {"snoozed"}, "that alone is said"


def test_where_the_policy_lets_nobody_put_anything_off_a_word_does_nothing() -> None:
    one = ticket(said("Mon 2 Mar 10:05", text="/snooze 3d"), fields={"severity": "Sev 2"})
    assert asked(judged(one, "Mon 2 Mar 10:15", policy(mapping=SNOOZE))) == {"escalation"}


def through(by: Policy, moments: list[str], *history: Comment | Change, severity: str = "Sev 2") -> list[str]:
    """What passes at these moments say, each thing once, with the history as it is then known."""
    memory, told = NOTHING, []
    for now in moments:
        known = [each for each in history if each.at <= at(now)]
        one = ticket(*known, fields={"severity": severity})
        plan = planned(judged(one, now, by, memory=memory), memory)
        for obligation in plan.comment.obligations if plan.comment else ():
            told.append(f"{now}: {obligation.promise} {obligation.step}")
            memory = replace(memory, said=memory.said | {obligation.id(one.site, one.id)})
    return told


def test_what_is_put_off_is_silent_until_then_and_then_says_the_newest_step_once() -> None:
    moments = ["Mon 2 Mar 10:15", "Mon 2 Mar 15:00", "Mon 2 Mar 15:05", "Wed 4 Mar 12:00", "Thu 5 Mar 23:59",
               "Fri 6 Mar 00:00", "Fri 6 Mar 09:00"]  # fmt: skip
    told = through(PUTTING_OFF, moments, said("Mon 2 Mar 14:55", text="/snooze 2026-03-06"))
    assert told == [
        "Mon 2 Mar 10:15: escalation 1",
        "Mon 2 Mar 15:00: snoozed 1",
        "Fri 6 Mar 00:00: first_response 4",
        "Fri 6 Mar 00:00: escalation 2",
    ]


def test_what_is_put_off_wakes_when_that_ends() -> None:
    one = ticket(said("Mon 2 Mar 10:05", text="/snooze 2h"), fields={"severity": "Sev 2"})
    moment = at("Mon 2 Mar 11:00")
    seen = []
    while moment < at("Mon 2 Mar 13:00"):
        found = judged(one, moment, PUTTING_OFF)
        assert found.wake_at
        seen.append(moment := found.wake_at)
    assert at("Mon 2 Mar 12:05") in seen
    assert "snoozed" not in asked(judged(one, "Mon 2 Mar 12:05", PUTTING_OFF)), "it is no news any more"


@pytest.mark.parametrize(
    ("events", "severity", "told"),
    [
        ([], "Sev 2", set()),
        ([called("Mon 2 Mar 11:00")], "Sev 2", set()),
        ([said("Mon 2 Mar 11:00", CLIENT, "and?")], "Sev 2", set()),
        ([became("Mon 2 Mar 11:00", "severity", "Sev 3", "Sev 2")], "Sev 2", set()),
        ([became("Mon 2 Mar 11:00", "severity", "Sev 2", "Sev 1")], "Sev 1", {"first_response", "escalation"}),
        # it was critical when it was put off
        ([], "Sev 1", set()),
    ],
    ids=["nothing", "contact", "the client asks", "raised to high", "raised to critical", "critical before"],
)
def test_only_what_becomes_critical_afterwards_breaks_through(
    events: list[Comment | Change], severity: str, told: set[str]
) -> None:
    one = ticket(said("Mon 2 Mar 10:05", text="/snooze 9d"), *events, fields={"severity": severity})
    judgement = judged(one, "Tue 3 Mar 16:00", PUTTING_OFF)
    assert asked(judgement) - {"snoozed"} == told
    assert told or judgement.held


# --- quiet hours -------------------------------------------------------------------------------------------------

NIGHT = Quiet.model_validate(
    {"hours": ["20:00-07:30"], "weekends": True, "roles": {"managing_partner": ["18:00-09:00", "12:00-13:00"]}}
)


@pytest.mark.parametrize(
    ("now", "role", "ends"),
    [
        ("Tue 3 Mar 19:59", "", None),
        ("Tue 3 Mar 20:00", "", "Wed 4 Mar 07:30"),
        ("Wed 4 Mar 00:00", "", "Wed 4 Mar 07:30"),
        ("Wed 4 Mar 07:29", "project_manager", "Wed 4 Mar 07:30"),
        ("Wed 4 Mar 07:30", "", None),
        # a role's own hours come instead
        ("Tue 3 Mar 19:00", "managing_partner", "Wed 4 Mar 09:00"),
        ("Wed 4 Mar 08:00", "managing_partner", "Wed 4 Mar 09:00"),
        ("Wed 4 Mar 12:30", "managing_partner", "Wed 4 Mar 13:00"),
        ("Wed 4 Mar 13:00", "managing_partner", None),
        # from Friday's evening over the week-end to Monday's morning
        ("Fri 6 Mar 20:00", "", "Mon 9 Mar 07:30"),
        ("Sat 7 Mar 12:00", "", "Mon 9 Mar 07:30"),
        ("Sun 8 Mar 23:59", "managing_partner", "Mon 9 Mar 09:00"),
        ("Mon 9 Mar 07:00", "", "Mon 9 Mar 07:30"),
        # the nights in which the clocks go forward, and back
        ("Sat 28 Mar 21:00", "", "Mon 30 Mar 07:30"),
        ("Sun 25 Oct 03:30", "", "Mon 26 Oct 07:30"),
    ],
)
def test_quiet_hours_are_those_of_the_role_on_the_wall_of_the_source(
    now: str, role: str, ends: str | None
) -> None:
    assert wall(quiet_until(NIGHT, role, at(now), "Europe/Berlin")) == ends


@pytest.mark.parametrize(
    ("hours", "now", "ends"),
    [
        # 02:00 becomes 03:00: the night is an hour shorter
        ("23:00-06:00", datetime(2026, 3, 28, 22, 30, tzinfo=UTC), datetime(2026, 3, 29, 4, tzinfo=UTC)),
        # an end that is on no clock that night
        ("23:00-02:30", datetime(2026, 3, 29, 0, 30, tzinfo=UTC), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        # 03:00 becomes 02:00: it is an hour longer
        ("23:00-06:00", datetime(2026, 10, 24, 21, 30, tzinfo=UTC), datetime(2026, 10, 25, 5, tzinfo=UTC)),
        # half past two comes twice: it is quiet until the first
        ("23:00-02:30", datetime(2026, 10, 25, 0, 15, tzinfo=UTC), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("23:00-02:30", datetime(2026, 10, 25, 1, 15, tzinfo=UTC), None),
    ],
)
def test_quiet_hours_hold_in_the_nights_in_which_the_clocks_change(
    hours: str, now: datetime, ends: datetime | None
) -> None:
    assert quiet_until(Quiet(hours=[hours]), "", now, "Europe/Berlin") == ends


def test_somebody_whose_hours_are_all_quiet_is_asked_after_all() -> None:
    always = Quiet(hours=["00:00-00:00"])
    ends = quiet_until(always, "", at("Mon 2 Mar 10:00"), "Europe/Berlin")
    assert ends
    assert timedelta(days=7) < ends - at("Mon 2 Mar 10:00") < timedelta(days=21)


QUIET = '[quiet]\nhours = ["20:00-07:30"]\nweekends = true\n'
AT_NIGHT = policy(attention=QUIET)


def test_what_falls_due_in_quiet_hours_is_a_no_with_its_reason_and_wakes_at_their_end() -> None:
    one = ticket(opened="Tue 3 Mar 20:30", fields={"severity": "Sev 4"}, owner=None)
    judgement = judged(one, "Tue 3 Mar 20:45", AT_NIGHT)
    plan = planned(judgement)
    assert plan.comment is None
    judgement = judged(ticket(opened="Tue 3 Mar 16:50", fields={"severity": "Sev 2"}), "Tue 3 Mar 21:00", AT_NIGHT)
    plan = planned(judgement)
    assert [(skip.what, skip.why) for skip in plan.skipped] == [
        ("comment", "escalation: quiet hours of engagement partner until Wed 07:30")
    ]
    assert wall(judgement.wake_at) == "Wed 4 Mar 07:30"


def test_nothing_is_lost_and_nothing_said_twice_over_a_night() -> None:
    moments = [f"{day} {hour}" for day in ("Tue 3 Mar", "Wed 4 Mar") for hour in ("19:55", "20:00", "23:59")]
    moments[3:3] = ["Wed 4 Mar 00:30", "Wed 4 Mar 07:29", "Wed 4 Mar 07:30", "Wed 4 Mar 07:31"]
    elapsed = policy(
        attention=QUIET,
        escalation=PLAIN,
    )
    assert through(elapsed, moments) == ["Tue 3 Mar 19:55: escalation 2", "Wed 4 Mar 07:30: escalation 3"]


PLAIN = """
ladder = ["project_manager", "client_services_lead", "engagement_partner", "managing_partner"]
gather = "15m"
calendar = "office"
[critical]
first_response = { within = "90d" }
escalation = { to = "managing_partner", taken = { within = "8h" } }
[high]
first_response = { within = "90d" }
escalation = { to = "project_manager", taken = { within = "20h" } }
[medium]
first_response = { within = "90d" }
escalation = { to = "project_manager" }
[low]
first_response = { within = "90d" }
escalation = { to = "project_manager" }
"""
"""Only the hand-over: of what is high on Monday at 10:15, Tuesday at 06:15, and Wednesday at 02:15 and 22:15."""


def test_what_is_critical_passes_quiet_hours() -> None:
    one = ticket(opened="Sat 7 Mar 23:00", fields={"severity": "Sev 1"})
    assert asked(judged(one, "Sat 7 Mar 23:15", AT_NIGHT)) == {"escalation"}
    none_passes = policy(attention=QUIET + "passes = []\n")
    assert asked(judged(one, "Sat 7 Mar 23:15", none_passes)) == set()


@pytest.mark.parametrize(
    ("now", "began", "ends"),
    [
        ("2026-03-29 12:00", "2026-03-28 23:00", "2026-03-29 22:00"),
        ("2026-10-25 22:59", "2026-10-24 22:00", "2026-10-25 23:00"),
        ("2026-10-25 23:00", "2026-10-25 23:00", "2026-10-26 23:00"),
    ],
)
def test_a_day_is_as_long_as_its_clocks_make_it(now: str, began: str, ends: str) -> None:
    instants = [datetime.fromisoformat(f"{each}+00:00") for each in (now, began, ends)]
    assert [day_began(instants[0], "Europe/Berlin"), day_ends(instants[0], "Europe/Berlin")] == instants[1:]


# --- a day's measure ---------------------------------------------------------------------------------------------

ROLES = '[roles]\nlead = ["Lead"]\npartner = ["Partner"]\n'


def measured(per_day: int, more: str = "", *, two_ids: bool = False) -> Policy:
    person = '[[person]]\nname = "Partner"\nids = { desk = "partner-1", jobs = "4711" }\n' if two_ids else ""
    return policy(
        severity=passes.SEVERITY,
        escalation=passes.ESCALATION,
        clients=ROLES + person + passes.CLIENTS,
        attention=f"[budget]\nper_day = {per_day}\n{more}",
    )


def said_on(made: Agency) -> list[str]:
    """The keys of tickets that have a comment of ours."""
    return [ticket.key for board in made.boards for number, ticket in board.tickets.items() if board.ours(number)]


WAITS = "comments ask for the same person today already; it waits until tomorrow, by urgency"


def test_what_would_ask_somebody_too_often_waits_until_tomorrow_most_urgent_first(tmp_path: Path) -> None:
    """Two a day: three tickets of one morning, the last of which is the most urgent, in passes all day long."""
    with agency(tmp_path, by=measured(2)) as made:
        board = made.board()
        for client in ("Client A", "Client B", "Client Z"):
            board.create(**high(client=client, labels=frozenset({"x"})))
        board.say("10003", "and?", CLIENT_CONTACT)
        sights = made.run(minutes=20)
        assert said_on(made) == ["A-1", "A-3"]
        assert skipped(sights)["comment"] == f"2 {WAITS}"
        for _ in range(10):
            made.run(hours=1)
        assert said_on(made) == ["A-1", "A-3"]
        assert made.store.due("desk", datetime(2026, 3, 3, tzinfo=UTC)) == ["10002"]
        made.run(hours=5)
        assert said_on(made) == ["A-1", "A-2", "A-3"]
        made.run(hours=1)
        assert [len(board.ours(number)) for number in board.tickets] == [1, 1, 1]


CLIENT_CONTACT = Person("client-contact", "Client contact", "client")


@pytest.mark.parametrize("two_ids", [False, True], ids=["one id", "an id in each"])
def test_one_measure_counts_over_all_sources_and_the_most_urgent_goes_first(
    tmp_path: Path, *, two_ids: bool
) -> None:
    """The first source has the ticket that is less urgent; its zone is another, in which it is the next day."""
    with agency(tmp_path, by=measured(1, two_ids=two_ids), now=datetime(2026, 3, 2, 20, tzinfo=UTC)) as made:
        first = made.board("desk", settings={"zone": "Asia/Tokyo"})
        second = made.board("jobs", keys="B")
        first.create(**high())
        second.create(**high(client="Client B"))
        second.say("10001", "and?", CLIENT_CONTACT)
        made.run(minutes=20)
        assert said_on(made) == ["B-1"]
        made.run(minutes=20)
        assert said_on(made) == ["B-1"]
        made.run(hours=24)
        assert said_on(made) == ["A-1", "B-1"]


def test_what_is_critical_is_said_beyond_the_measure_and_counts_for_the_others(tmp_path: Path) -> None:
    with agency(tmp_path, by=measured(1)) as made:
        board = made.board()
        for severity, client in (("critical", "Client A"), ("critical", "Client A"), ("high", "Client B")):
            board.create(fields={"severity": severity}, client=client)
        made.run(minutes=20)
        assert said_on(made) == ["A-1", "A-2"]


def test_a_source_that_only_observes_asks_for_nobody(tmp_path: Path) -> None:
    with agency(tmp_path, by=measured(1)) as made:
        watched = made.board("watched", settings={"mode": "observe"})
        desk = made.board("desk", keys="B")
        watched.create(**high(client="Client B"))
        watched.say("10001", "and?", CLIENT_CONTACT)
        desk.create(**high())
        sights = made.run(minutes=20)
        assert said_on(made) == ["B-1"]
        shown = plan_of(sights, "A-1")
        assert shown
        assert shown.comment


def test_a_comment_that_failed_uses_up_no_measure(tmp_path: Path) -> None:
    with agency(tmp_path, by=measured(1)) as made:
        board = made.board()
        board.create(**high())
        board.script("comment", Refused(ServerFaultError("down")))
        made.run(minutes=20)
        assert said_on(made) == []
        made.run(minutes=5)
        assert said_on(made) == ["A-1"]


# --- bringing in -------------------------------------------------------------------------------------------------


def brought(one: Ticket, *ways: Bringing, now: str = "Mon 2 Mar 10:15") -> list[BringIn]:
    judgement = judged(one, now)
    plan = _planned(judgement, ways)
    return [action for action in plan.actions if isinstance(action, BringIn)]


def _planned(judgement: Judgement, ways: tuple[Bringing, ...]) -> TicketPlan:
    terms = Terms(
        "esc:",
        "full",
        timedelta(days=7),
        lambda _judged, _owed: (Paragraph((Span("text"),)),),
        bring_in=frozenset(ways),
    )
    return plan_ticket(judgement, NOTHING, terms)


HIGH = {"severity": "Sev 2"}


@pytest.mark.parametrize(
    ("one", "ways", "now", "people"),
    [
        (ticket(fields=HIGH), ("watch",), "Mon 2 Mar 10:15", [("watch", "partner")]),
        (ticket(fields=HIGH), ("assign",), "Mon 2 Mar 10:15", []),
        (ticket(fields=HIGH, owner=None), ("assign",), "Mon 2 Mar 10:15", [("assign", "partner")]),
        (
            ticket(fields=HIGH, owner=None),
            ("watch", "assign", "mention"),
            "Mon 2 Mar 14:00",
            [("watch", "project manager"), ("watch", "partner"), ("assign", "project manager")],
        ),
        (ticket(fields=HIGH), ("mention",), "Mon 2 Mar 10:15", []),
        # its owner is on the ticket anyway
        (
            ticket(called("Mon 2 Mar 10:05"), said("Mon 2 Mar 10:06", PARTNER), fields=HIGH),
            ("watch",),
            "Tue 3 Mar 10:00",
            [],
        ),
        # on a confidential ticket whoever follows it would be seen to
        (ticket(fields=HIGH, title="He was rude"), ("watch", "assign"), "Mon 2 Mar 10:15", []),
        (ticket(fields=HIGH, title="He was rude", owner=None), ("watch", "assign"), "Mon 2 Mar 10:15", []),
    ],
    ids=[
        "follows",
        "has an owner",
        "owns",
        "two are asked",
        "a mention is no action",
        "the owner",
        "confidential",
        "and nobody owns it",
    ],
)
def test_whoever_is_asked_is_brought_to_the_ticket_as_mapped(
    one: Ticket, ways: tuple[Bringing, ...], now: str, people: list[tuple[str, str]]
) -> None:
    found = brought(one, *ways, now=now)
    assert [(action.how, action.person) for action in found] == people
    assert _planned(judged(one, now), ways).comment, "and asked"


def mentioned(one: Ticket, *ways: str) -> list[tuple[str, str]]:
    """Whom the comment mentions, by name and id, as the shipped templates write it."""
    by = shipped()
    desk = by.mappings["workbook.toml"]
    people = desk.people.model_copy(update={"bring_in": list(ways)})
    terms = SourceTerms(
        desk.model_copy(update={"people": people}),
        staff_only=True,
        due="next_promise",
        zone="Europe/Berlin",
        language="en",
    )
    judgement = judge(by, mapping=terms.mapping).judge(one, NO_FACTS, at("Mon 2 Mar 14:15"))
    body = Composer(by, {"desk": terms}).compose(judgement, judgement.sayings)
    first = body[0]
    assert isinstance(first, Paragraph)
    spans = [span for block in body if isinstance(block, Paragraph) for span in block.spans if span.person]
    assert all(span in first.spans for span in spans), "at the head of the comment"
    return [(span.text.removeprefix("@"), span.person) for span in spans]


def test_a_mention_stands_at_the_head_of_the_comment_with_the_tracker_s_id() -> None:
    one = ticket(client="Client Z", fields={"severity": "high"})
    assert mentioned(one, "mention") == [
        ("Consultant 1", "consultant"),
        ("Partner 2", "Partner 2"),
    ]
    assert mentioned(one, "watch") == []


def test_nobody_is_mentioned_on_a_confidential_ticket() -> None:
    one = ticket(client="Client Z", fields={"severity": "high", "category": "team"})
    assert mentioned(one, "mention", "watch") == []


def test_who_is_brought_in_is_shown_in_the_plan_and_done_with_it(tmp_path: Path) -> None:
    mapping = MAPPING.replace("[people]", '[people]\nbring_in = ["watch", "assign"]')
    by = policy(
        severity=passes.SEVERITY, escalation=passes.ESCALATION, clients=ROLES + passes.CLIENTS, mapping=mapping
    )
    with agency(tmp_path, by=by) as made:
        board = made.board()
        number = board.create(**high())
        made.wait(minutes=20)
        (told,) = as_json(made.dry_run(), made.now)["sources"]
        shown = [(each["kind"], each["value"]) for each in told["actions"] if each["kind"] in {"watch", "assign"}]
        assert shown == [("watch", "Partner"), ("assign", "Partner")]
        assert board.followers == {}
        made.run()
        assert (board.followers, board.tickets[number].assignee) == (
            {number: {"Partner"}},
            Person("Partner", "Partner", "staff"),
        )
        (entry,) = [each for each in made.store.journal("site of desk", number) if each.kind == "edit"]
        assert (entry.detail["watch"], entry.detail["assign"]) == (["Partner"], "Partner")


# --- who was passed over -----------------------------------------------------------------------------------------

TEMPLATES = {
    (language, kind): Template(str(path), path.read_text(encoding="utf-8"))
    for language in get_args(Language)
    for path in (MAPPINGS / "comments" / language).iterdir()
    for kind in [path.stem]
}
NOT_HERE = CLIENTS.replace("[roles]", 'gone = ["consultant"]\n[roles]', 1) + (
    '[[away]]\nwho = "partner"\nfrom = 2026-03-01\nuntil = 2026-03-20\n'
)


@pytest.mark.parametrize(
    ("language", "owner", "partner"),
    [
        ("en", "Passed over: Consultant 1, who has left", "Engagement partner (engagement partner), away until"),
        (
            "da",
            "Sprunget over: Consultant 1, som er stoppet hos os",
            "Engagement partner (ansvarlig partner), fraværende til og med",
        ),
        ("ja", "Consultant 1は退職済み", "Engagement partner("),
        ("ru", "Consultant 1, больше не работает у нас", "Engagement partner ("),
        ("fi", "Ohitettu: Consultant 1, ei ole enää meillä", "Engagement partner ("),
    ],
)
def test_the_comment_says_who_was_passed_over_once_whatever_it_asks(
    language: Language, owner: str, partner: str
) -> None:
    """At 14:00 both the hand-over and the first response are owed: of the partner, and of the owner."""
    by = replace(policy(clients=NOT_HERE), templates=TEMPLATES)
    terms = SourceTerms(
        by.mappings["desk.toml"], staff_only=True, due="next_promise", zone="Europe/Berlin", language=language
    )
    judgement = judged(ticket(fields=HIGH), "Mon 2 Mar 14:00", by)
    assert asked(judgement) == {"first_response", "escalation"}
    text = plain(Composer(by, {"desk": terms}).compose(judgement, judgement.sayings))
    assert [text.count(owner), text.count(partner)] == [1, 1], text
    team = judged(ticket(fields=HIGH, title="He was rude"), "Mon 2 Mar 14:00", by)
    assert "Consultant 1" not in plain(Composer(by, {"desk": terms}).compose(team, team.sayings))


def test_while_a_hand_over_waits_no_label_says_that_a_role_was_asked() -> None:
    by = policy(attention=QUIET)
    late = ticket(opened="Mon 2 Mar 19:50", fields={"severity": "Sev 2"})
    assert not {label for label in labels(judged(late, "Mon 2 Mar 20:10", by)) if label.startswith("level")}
    assert "level-3" in labels(judged(late, "Tue 3 Mar 07:30", by))
