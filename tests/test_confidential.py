"""Team issues are confidential and billing is careful: on every adapter, in all that was really sent."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, get_args

import pytest
import tickets
from fakes.faults import Reply
from harness_asana import AsanaHarness
from harness_jira import CLIENT, STAFF, CloudDeskHarness, CloudHarness
from whole_firm import (
    IDS,
    MIXED,
    PEOPLE,
    RESTRICTING,
    SHOWING,
    STAFF_ONLY,
    Desk,
    OpenCloud,
    StaffDataCenter,
    desk,
    policy,
    reasons,
)

from sync.errors import GuardRefusedError
from sync.judging.contact import approved
from sync.judging.facts import NO_FACTS, Suggestion
from sync.ticket import Audience, Language, Status

if TYPE_CHECKING:
    from pathlib import Path

    from harness import Harness

    from sync.ticket import Change, Comment, Person

LANGUAGES: tuple[Language, ...] = get_args(Language)

TITLE = "Consultant 7 was rude to Sponsor 3"
TEXT = "Daily contact 4 went to our board about it."
SECRET = ("rude", "our board", "private number", STAFF, CLIENT, *PEOPLE, *IDS)
"""No word of these may be in anything that we send: whoever is named anywhere, and what people wrote."""

PROMISES = (
    (tickets.MAPPINGS / "promises.toml")
    .read_text(encoding="utf-8")
    .replace("to_client = []", 'to_client = ["received", "slip", "resolved"]')
    .replace("follow_ups = []", 'follow_ups = ["verified", "post_mortem", "checkpoint"]')
)


def lived_through(firm: Desk) -> str:
    """A team ticket with a long life: handed over, taken, put off, chased, solved, reopened and closed."""
    harness = firm.harness
    ticket: str = harness.create(TITLE, text=TEXT, severity="high")
    firm.run(minutes=20)
    firm.run(hours=5)
    harness.comment_as_staff(ticket, f"/mine and I speak with {PEOPLE[3]}")
    firm.run(hours=1)
    harness.comment_as_staff(ticket, "/snooze 1d")
    firm.run(minutes=5)
    harness.comment_as_staff(ticket, "/called Sponsor 3")
    firm.run(days=2)
    harness.comment_as_client(ticket, "Consultant 8 was rude again")
    harness.comment_as_client(ticket, "Does Partner 9 know?")
    firm.run(minutes=5)
    harness.set_status(ticket, Status.WAITING)
    firm.run(days=8)
    harness.set_status(ticket, Status.RESOLVED)
    firm.run(hours=1)
    firm.run(days=6)
    harness.set_status(ticket, Status.OPEN)
    firm.run(hours=1)
    harness.set_status(ticket, Status.CLOSED)
    for _ in range(3):
        firm.run(days=3)
    return ticket


def assert_discreet(firm: Desk, ticket: str) -> None:
    """Nobody was named, mentioned or brought in, and nothing was quoted, in whatever left for the tracker."""
    for body in firm.sent():
        assert [secret for secret in SECRET if secret.casefold() in body.casefold()] == [], body
    assert firm.harness.owner_of(ticket) == ""
    assert firm.harness.below(ticket) == [], "a linked issue has readers of its own"


# --- team: where a comment can be confined ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "language"),
    [*((CloudHarness, language) for language in LANGUAGES), (StaffDataCenter, "ru")],
    ids=[*(f"jira-cloud in {language}" for language in LANGUAGES), "jira-data-center in ru"],
)
def test_a_whole_life_of_a_team_ticket_is_spoken_of_in_its_circle_and_names_nobody(
    tmp_path: Path, kind: type[Harness], language: Language
) -> None:
    with desk(kind, tmp_path, policy(promises=PROMISES), language=language) as firm:
        ticket = lived_through(firm)
        said = firm.ours(ticket)
        assert len(said) >= 9, "it has had many kinds of comments"
        assert {comment.audience for comment in said} == {Audience.RESTRICTED}
        assert "team" in firm.labels(ticket)
        assert firm.harness.followers_of(ticket) == frozenset()
        assert_discreet(firm, ticket)


@pytest.mark.parametrize("kind", RESTRICTING, ids=lambda kind: kind.name)
def test_the_same_life_of_another_ticket_names_and_brings_in_people(tmp_path: Path, kind: type[Harness]) -> None:
    """So that the test above could have failed."""
    with desk(kind, tmp_path, policy(promises=PROMISES)) as firm:
        ticket = firm.harness.create("The report is late, says Sponsor 3", severity="high")
        firm.run(minutes=20)
        assert {comment.audience for comment in firm.ours(ticket)} == {Audience.INTERNAL}
        everything = " ".join(firm.sent())
        assert all(word in everything for word in ("Sponsor 3", "Consultant 7", "Consultant 8", "private number"))


# --- team: where it cannot --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [*STAFF_ONLY, *MIXED], ids=lambda kind: kind.name)
def test_a_source_that_cannot_restrict_gets_neither_comment_nor_telling_label(
    tmp_path: Path, kind: type[Harness]
) -> None:
    """Severity, rung and breach stand on tickets of every category, so they tell of none."""
    with desk(kind, tmp_path, policy(promises=PROMISES)) as firm:
        ticket = lived_through(firm)
        assert firm.ours(ticket) == []
        assert firm.labels(ticket) <= {"low", "medium", "high", "critical"}, "it is closed; nobody is called for"
        assert not any("team" in body for body in firm.sent())
        assert_discreet(firm, ticket)


@pytest.mark.parametrize("kind", [*STAFF_ONLY, *MIXED], ids=lambda kind: kind.name)
def test_and_the_plan_says_why(tmp_path: Path, kind: type[Harness]) -> None:
    with desk(kind, tmp_path, policy(promises=PROMISES)) as firm:
        ticket = firm.harness.create(TITLE, severity="high")
        told = reasons(firm.run(minutes=20))
        assert firm.labels(ticket) == (set() if "no label at all" in " ".join(told) else {"high", "level-1"})
        assert any(each.startswith("comment: a team ticket is confidential, and") for each in told)
        assert any(each.startswith("label esc:team: ") for each in told)


@pytest.mark.parametrize("terms", [{"staff_only": True}, {"staff_only": False}], ids=["staff", "clients too"])
@pytest.mark.parametrize("circles", [{Audience.INTERNAL}, {Audience.INTERNAL, Audience.RESTRICTED}])
def test_team_is_never_suggested_by_a_label(terms: dict[str, Any], circles: set[Audience]) -> None:
    ticket = tickets.ticket(title="A riddle", audiences=frozenset(circles))
    suggestion = Suggestion("team", "somebody shouted")
    judged = tickets.judge(**terms).judge(ticket, NO_FACTS, tickets.at("Mon 2 Mar 11:00"), suggestion=suggestion)
    assert tickets.labels(judged) == {"needs-triage", "medium", "level-2"}


@pytest.mark.parametrize("kind", MIXED, ids=lambda kind: kind.name)
def test_where_clients_read_no_label_tells_any_category(tmp_path: Path, kind: type[Harness]) -> None:
    with desk(kind, tmp_path) as firm:
        made = {firm.harness.create(title, severity="medium") for title in ("It is late", "the invoice", TITLE)}
        firm.run(minutes=20)
        assert {frozenset(firm.labels(ticket)) for ticket in made} == {frozenset({"medium", "level-1"})}


def test_a_ticket_that_turns_out_to_be_about_people_loses_the_label_that_told_what_it_was(tmp_path: Path) -> None:
    with desk(STAFF_ONLY[0], tmp_path) as firm:
        ticket = firm.harness.create("It is late", severity="medium")
        firm.run(minutes=1)
        assert {"medium", "delivery"} <= firm.labels(ticket)
        firm.harness.fake.edit_as(STAFF, ticket, name=TITLE)
        firm.run(minutes=1)
        assert firm.labels(ticket) == set(), "the lack of a category alone would tell"


# --- the answer to the write ------------------------------------------------------------------------------------


FOR_EVERYBODY = Reply(201, {"id": "90001", "created": "2026-03-02T09:20:00.000+0000", "body": ""}, applied=True)
"""The answer of a Jira that has posted a comment without its circle."""


@pytest.mark.parametrize("kind", RESTRICTING, ids=lambda kind: kind.name)
def test_a_tracker_that_answers_with_a_wider_circle_is_a_leak_and_halts_the_source(
    tmp_path: Path, kind: type[Harness]
) -> None:
    with desk(kind, tmp_path) as firm:
        first = firm.harness.create(TITLE, severity="high")
        firm.harness.fake.script(FOR_EVERYBODY, method="POST", path=r"/comment$")
        (sight,) = firm.run(minutes=20)
        assert [failed.why[:71] for failed in sight.plan.failed] == [
            "it was meant for restricted and more people can read it; delete or rest"
        ]
        second = firm.harness.create(TITLE, severity="high")
        told = reasons(firm.run(hours=6))
        assert (len(firm.harness.comments_of(first)), len(firm.harness.comments_of(second))) == (1, 0)
        assert any('mode "labels"' in each for each in told)


def test_a_leak_whose_answer_was_lost_is_found_when_the_comment_is(tmp_path: Path) -> None:
    with desk(CloudHarness, tmp_path) as firm:
        ticket = firm.harness.create(TITLE, severity="high")
        firm.harness.lose_next_answer("comment", applied=True)
        firm.run(minutes=20)
        comments = firm.harness.fake.issue(ticket).comments
        comments[0] = replace(comments[0], visibility=None)
        (sight,) = firm.run(minutes=1)
        assert ["more people can read it" in failed.why for failed in sight.plan.failed] == [True]
        (sight,) = firm.run(hours=6)
        assert len(firm.harness.comments_of(ticket)) == 1
        assert sight.plan.mode == "labels"


# --- billing ----------------------------------------------------------------------------------------------------

RECEIVED = 'to_client = ["received"]'


def to_clients(firm: Desk, ticket: str) -> int:
    return sum(comment.audience is Audience.CLIENT for comment in firm.ours(ticket))


@pytest.mark.parametrize("kind", [*SHOWING, AsanaHarness, OpenCloud], ids=lambda kind: kind.name)
def test_of_money_the_client_reads_nothing_before_a_person_approves_it(
    tmp_path: Path, kind: type[Harness]
) -> None:
    with desk(kind, tmp_path, policy(promises=RECEIVED)) as firm:
        ticket = firm.harness.create("The invoice is wrong", severity="high")
        told = reasons(firm.run(minutes=20))
        assert to_clients(firm, ticket) == 0
        why = "message to the client: billing is careful: a second pair of eyes approves it by the label"
        assert any(each.startswith(f"{why} approved-for-client") for each in told)
        inside = Audience.INTERNAL in kind.audiences or Audience.RESTRICTED in kind.audiences
        assert len(firm.ours(ticket)) == inside, "what staff read goes on"
        firm.harness.add_label(ticket, "approved-for-client")
        firm.run(minutes=1)
        assert to_clients(firm, ticket) == 1


def labelled(by: Person) -> Change:
    return tickets.became("Mon 2 Mar 11:00", "labels", "", "approved-for-client", by)


@pytest.mark.parametrize(
    ("history", "reporter", "counts"),
    [
        ([labelled(tickets.CONSULTANT)], tickets.CLIENT, True),
        ([labelled(tickets.SOMEBODY)], tickets.CLIENT, True),
        ([labelled(tickets.US)], tickets.CONSULTANT, False),
        ([labelled(tickets.MACHINE)], tickets.CONSULTANT, False),
        ([labelled(tickets.CLIENT)], tickets.CONSULTANT, False),
        ([], tickets.CONSULTANT, True),
        ([], tickets.MACHINE, False),
    ],
    ids=["staff", "an observation log", "ourselves", "a bot", "the client", "from the start", "imported with it"],
)
def test_only_a_persons_label_approves(
    history: list[Comment | Change],
    reporter: Person,
    counts: bool,  # noqa: FBT001 - a parameter
) -> None:
    mapping = tickets.shipped().mappings["workbook.toml"]
    labels = frozenset({"approved-for-client"})
    ticket = tickets.ticket(*history, labels=labels, reporter=reporter)
    assert approved(ticket, mapping) is counts
    assert not approved(replace(ticket, labels=frozenset()), mapping), "and only while it stands"


def test_the_guard_counts_what_clients_would_read(tmp_path: Path) -> None:
    with desk(CloudDeskHarness, tmp_path, policy(promises=RECEIVED), guard={"client_comments": 1}) as firm:
        made = [firm.harness.create("It is late", severity="high") for _ in range(2)]
        (sight,) = firm.run(minutes=1)
        assert isinstance(sight.error, GuardRefusedError)
        assert "2 comments that a client can read" in str(sight.error)
        assert [firm.harness.comments_of(ticket) for ticket in made] == [[], []]
