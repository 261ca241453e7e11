"""Who is asked: the role's holder who is there, or the next rung's; and how the ladder is climbed and stopped."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from passes import agency, high
from tickets import (
    CLIENT,
    COLLEAGUE,
    CONSULTANT,
    ESCALATION,
    SERVICES_LEAD,
    at,
    became,
    judged,
    policy,
    said,
    ticket,
)

from sync.errors import ForbiddenError, InvalidError
from sync.judging.asking import Asked, Skipped
from sync.judging.facts import Facts
from sync.judging.memory import NOTHING
from sync.mapping.people import Absence

if TYPE_CHECKING:
    from pathlib import Path

    from sync.judging.judgement import Judgement
    from sync.judging.promises import Saying
    from sync.mapping.policy import Policy
    from sync.promise_names import PromiseName
    from sync.ticket import Change, Comment, Person, Ticket

TEAM = """
[roles]
project_manager = ["project manager"]
client_services_lead = ["services lead", "deputy"]
engagement_partner = ["partner"]
managing_partner = ["managing partner"]
[[client]]
name = "Client A"
[[client]]
name = "Client B"
roles = { client_services_lead = ["lead of B"] }
[[client.engagement]]
name = "Portal"
roles = { client_services_lead = ["lead of the portal"] }
"""
PERSON = '[[person]]\nname = "Services lead"\nids = { jira = "5b10", desk = "lead@desk", asana = "1201" }\n'


def away(who: str, first: str = "2026-03-01", last: str = "2026-03-31") -> str:
    return f'[[away]]\nwho = "{who}"\nfrom = {first}\nuntil = {last}\n'


def gone(*who: str) -> str:
    return f"gone = [{', '.join(map(repr, who))}]\n"


def absent(person: str, role: str = "client_services_lead", until: date | None = date(2026, 3, 31)) -> Skipped:
    return Skipped(role, person, Absence("away", until) if until else Absence("gone"))


def team(before: str = "", after: str = "", escalation: str = ESCALATION) -> Policy:
    return policy(clients=before + TEAM + after, escalation=escalation)


def owed(judgement: Judgement, promise: PromiseName) -> Saying:
    return next(each for each in judgement.sayings if each.obligation.promise == promise)


# --- the holder of a role ----------------------------------------------------------------------------------------

LEAD, PARTNER = "client_services_lead", "engagement_partner"
EVERYBODY_AWAY = "".join(map(away, ("services lead", "deputy", "partner", "managing partner")))


@pytest.mark.parametrize(
    ("by", "fields", "asked"),
    [
        (team(), {}, Asked(LEAD, "services lead", "services lead")),
        (team(), {"client": "Client Z"}, Asked(LEAD, "services lead", "services lead")),
        (team(), {"client": "Client B"}, Asked(LEAD, "lead of B", "lead of B")),
        (
            team(),
            {"client": "Client B", "engagement": "portal"},
            Asked(LEAD, "lead of the portal", "lead of the portal"),
        ),
        (team(), {"client": "Client A", "engagement": "Portal"}, Asked(LEAD, "services lead", "services lead")),
        # the id that this very source knows the person by
        (team(after=PERSON), {}, Asked(LEAD, "Services lead", "lead@desk")),
        (team(after=PERSON.replace("desk =", "other =")), {}, Asked(LEAD, "Services lead", "5b10")),
        (team(after=PERSON.replace("desk =", "x =").replace("jira =", "y =")), {}, Asked(LEAD, "Services lead")),
        # whoever is not there is passed over: first for another holder, then for the next rung
        (team(after=away("services lead")), {}, Asked(LEAD, "deputy", "deputy", (absent("services lead"),))),
        (team(gone("services lead")), {}, Asked(LEAD, "deputy", "deputy", (absent("services lead", until=None),))),
        (
            team(gone("deputy"), PERSON + away("1201")),
            {},
            Asked(PARTNER, "partner", "partner", (absent("Services lead"), absent("deputy", until=None))),
        ),
        # nobody is there at all: the role is named, with everybody who was passed over
        (
            team(after=EVERYBODY_AWAY),
            {},
            Asked(
                LEAD,
                skipped=(
                    *(absent(who) for who in ("services lead", "deputy")),
                    absent("partner", PARTNER),
                    absent("managing partner", "managing_partner"),
                ),
            ),
        ),
    ],
    ids=[
        "the team's",
        "the team's, for an unknown client",
        "the client's",
        "the engagement's",
        "the team's, for an engagement of another client",
        "a person's id in this source",
        "a person's id in trackers of this kind",
        "a person without an id here",
        "another holder",
        "another holder, for good",
        "the next rung",
        "nobody",
    ],
)
def test_a_hand_over_asks_the_first_holder_who_is_there(by: Policy, fields: dict[str, Any], asked: Asked) -> None:
    one = ticket(fields={"severity": "Sev 3"}, **fields)
    saying = owed(judged(one, "Mon 2 Mar 10:15", by, tracker="jira"), "escalation")
    assert saying.to == asked
    assert saying.because.rule == "escalation.toml: medium.escalation"


@pytest.mark.parametrize(
    ("first", "last", "zone", "person"),
    [
        # 00:30 on Monday the 2nd in Berlin is 23:30 on Sunday the 1st in London
        ("2026-03-02", "2026-03-05", "Europe/Berlin", ""),
        ("2026-02-20", "2026-03-02", "Europe/Berlin", ""),
        ("2026-03-02", "2026-03-02", "Europe/Berlin", ""),
        ("2026-02-20", "2026-03-01", "Europe/Berlin", "managing partner"),
        ("2026-03-03", "2026-03-05", "Europe/Berlin", "managing partner"),
        ("2026-03-02", "2026-03-05", "Europe/London", "managing partner"),
        ("2026-02-20", "2026-03-01", "Europe/London", ""),
    ],
)
def test_the_first_and_the_last_day_away_count_as_days_of_the_source_s_zone(
    first: str, last: str, zone: str, person: str
) -> None:
    one = ticket(opened="Mon 2 Mar 00:10", fields={"severity": "Sev 1"})
    by = team(after=away("managing partner", first, last))
    assert owed(judged(one, "Mon 2 Mar 00:30", by, zone=zone), "escalation").person == person


def test_whose_account_is_deactivated_in_the_tracker_is_gone() -> None:
    one, by = ticket(fields={"severity": "Sev 3"}), team(after=PERSON)
    left = Facts(left=frozenset({"lead@desk", "consultant"}))
    judgement = judged(one, "Tue 3 Mar 09:00", by, left)
    assert owed(judgement, "escalation").to.skipped == (absent("Services lead", until=None),)
    standing_in = owed(judgement, "first_response").to
    assert (standing_in.role, standing_in.person) == ("project_manager", "project manager")
    assert standing_in.skipped == (Skipped("", "Consultant 1", Absence("gone")),)


# --- the ladder --------------------------------------------------------------------------------------------------

DAYS = [f"{day} Mar 10:00" for day in ("Tue 3", "Wed 4", "Thu 5", "Fri 6", "Sat 7", "Mon 9", "Tue 10", "Wed 11")]


def asks(one: Ticket, by: Policy, promise: PromiseName, moments: list[str]) -> list[str]:
    """Whom passes at these moments ask for a promise, each step said once: `role: person, without …`."""
    memory, told = NOTHING, []
    for now in moments:
        for saying in judged(one, now, by, memory=memory).sayings:
            owed = saying.obligation
            if owed.promise != promise:
                continue
            if memory.last_step(one.site, one.id, promise, owed.occasion, owed.step) < owed.step:
                without = "".join(f", without {each.person}" for each in saying.to.skipped)
                told.append(f"{saying.role or 'owner'}: {saying.person or '–'}{without}")
                memory = replace(memory, said=memory.said | {owed.id(one.site, one.id)})
    return told


OWNER, PM = "owner: Consultant 1", "project_manager: project manager"
STEPS = [
    "client_services_lead: services lead",
    "engagement_partner: partner",
    "managing_partner: managing partner",
]
AGAINST = "Mon 2 Mar 10:01"


@pytest.mark.parametrize(
    ("by", "owner", "asked"),
    [
        (team(), CONSULTANT, [OWNER, *STEPS]),
        (team(), None, [PM, *STEPS]),
        (team(after=away("consultant")), CONSULTANT, [f"{PM}, without Consultant 1", *STEPS]),
        (team(after=away("partner")), CONSULTANT, [OWNER, STEPS[0], f"{STEPS[2]}, without partner"]),
        (
            team(after=away("services lead") + away("deputy")),
            CONSULTANT,
            [OWNER, f"{STEPS[1]}, without services lead, without deputy", STEPS[2]],
        ),
        # nobody is asked twice: who was asked as the owner, or in the owner's place, is no rung any more
        (team(), SERVICES_LEAD, ["owner: Client services lead", *STEPS[1:]]),
        (
            team(after=away("project manager") + away("consultant")),
            CONSULTANT,
            [f"{STEPS[0]}, without Consultant 1, without project manager", *STEPS[1:]],
        ),
        (team(after=EVERYBODY_AWAY), CONSULTANT, [OWNER]),
    ],
    ids=[
        "everybody there",
        "nobody owns it",
        "its owner is away",
        "a rung away",
        "the first rung away",
        "a rung owns it",
        "who stands in is a rung",
        "nobody there",
    ],
)
def test_a_reminder_climbs_one_role_each_time_it_was_said_and_then_rests(
    by: Policy, owner: Person | None, asked: list[str]
) -> None:
    """The breach of the first response on Tuesday at ten, then one reminder a day that nobody heeds."""
    one = ticket(said(AGAINST, COLLEAGUE), owner=owner, fields={"severity": "Sev 3"})
    assert asks(one, by, "first_response", DAYS) == asked
    resting = judged(one, "Mon 30 Mar 10:00", by)
    found = next(clock for clock in resting.clocks if clock.promise == "first_response")
    assert (found.state, found.upcoming) == ("rests", None)
    assert resting.urgency
    assert resting.urgency.score > 0, "it stays in the work list"


def test_whoever_was_not_asked_is_not_passed_over() -> None:
    """A week without any pass: the first of the ladder is asked when it ends, not the last."""
    one = ticket(said(AGAINST, COLLEAGUE), fields={"severity": "Sev 3"})
    assert asks(one, team(), "first_response", [DAYS[0], *DAYS[-1:]]) == [OWNER, STEPS[0]]


def test_who_comes_back_makes_the_ladder_longer_by_a_step_and_nobody_is_passed_over() -> None:
    """It is not known who was asked, only how often: the role above the missing one is asked once more."""
    by = team(after=away("services lead", last="2026-03-04") + away("deputy", last="2026-03-04"))
    one = ticket(said(AGAINST, COLLEAGUE), fields={"severity": "Sev 3"})
    assert asks(one, by, "first_response", DAYS) == [
        OWNER,
        f"{STEPS[1]}, without services lead, without deputy",
        STEPS[1],
        STEPS[2],
    ]


@pytest.mark.parametrize(
    ("history", "labels", "asked"),
    [
        ([], "", 4),
        ([said("Tue 3 Mar 15:00", COLLEAGUE, "/mine")], "", 1),
        ([said("Wed 4 Mar 15:00", COLLEAGUE, "/mine, tomorrow")], "", 2),
        ([became("Wed 4 Mar 15:00", "labels", "", "mine")], "mine", 2),
        ([became("Wed 4 Mar 15:00", "labels", "", "mine")], "", 4),  # and taken off again
        ([said("Wed 4 Mar 15:00", CLIENT, "/mine")], "", 4),
        ([said("Mon 2 Mar 10:05", COLLEAGUE, "/mine")], "", 4),  # before anybody had been asked
    ],
    ids=["nobody", "at once", "after a reminder", "a label", "a label taken off", "the client", "too early"],
)
def test_mine_stops_the_ladder_and_is_said_once(history: list[Comment | Change], labels: str, asked: int) -> None:
    def known(now: str) -> Ticket:
        events = [each for each in history if each.at <= at(now)]
        return ticket(
            said(AGAINST, COLLEAGUE),
            *events,
            fields={"severity": "Sev 3"},
            labels=frozenset(labels.split()) if events else frozenset(),
        )

    memory, told, taken = NOTHING, 0, []
    for now in DAYS:
        one = known(now)
        for saying in judged(one, now, team(), memory=memory).sayings:
            owed = saying.obligation
            if memory.last_step(one.site, one.id, owed.promise, owed.occasion, owed.step) >= owed.step:
                continue
            told += owed.promise == "first_response"
            taken += [saying.to] if owed.promise == "taken" else []
            memory = replace(memory, said=memory.said | {owed.id(one.site, one.id)})
    assert told == asked
    assert taken == ([Asked("")] if asked < 4 else []), "it is told to everybody, and asks nobody"


# --- whose accounts are deactivated, over a whole pass -----------------------------------------------------------


def test_the_tracker_is_asked_once_a_crawl_who_left(tmp_path: Path) -> None:
    with agency(tmp_path, people=("partner",)) as made:
        board = made.board()
        board.create(**high(assignee=CONSULTANT))
        board.departed = {"partner"}
        for minutes in (0, 5, 5):
            made.run(minutes=minutes)
        assert [read for read in board.reads if read.startswith("left")] == ["left consultant partner"]
        assert made.store.source("desk").left == {"partner"}
        board.departed = set()
        made.run(hours=24)
        assert made.store.source("desk").left == frozenset(), "who is active again is asked again"


@pytest.mark.parametrize("error", [ForbiddenError("may not list users"), InvalidError("no such user")])
def test_a_tracker_that_does_not_tell_who_left_is_served_all_the_same(
    tmp_path: Path, error: ForbiddenError | InvalidError
) -> None:
    with agency(tmp_path, people=("partner",)) as made:
        board = made.board()
        number = board.create(**high())
        board.departed = {"partner"}
        made.run()
        board.down["left"] = error
        (sight,) = made.run(days=1)
        assert [(each.what, each.why) for each in sight.plan.failed] == [
            ("whose accounts are deactivated", str(error))
        ]
        assert made.store.source("desk").left == {"partner"}, "what was known before holds"
        assert len(board.ours(number)) == 1
