"""What proves contact with the client, and what a ticket's history tells of its life."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tickets import (
    CLIENT,
    CONSULTANT,
    MACHINE,
    OPENED,
    SOMEBODY,
    US,
    at,
    became,
    called,
    moved,
    said,
    ticket,
)

from sync.judging import contact
from sync.mapping.tracker_models import Acknowledge, Contact, Fields, Mapping, People, Statuses
from sync.ticket import Audience, Change, Status

if TYPE_CHECKING:
    from random import Random

    from sync.ticket import Comment, Ticket

BERLIN = "Europe/Berlin"
READABLE = Audience.CLIENT


def mapping(contacted: str | None = None, staff: tuple[str, ...] = ("consultant",), **proof: object) -> Mapping:
    """A mapping in which these things prove contact."""
    return Mapping(
        status=Statuses(open=["Open"]),
        fields=Fields(contacted=contacted),
        people=People(staff=[*staff]),
        contact=Contact.model_validate({"client_readable_comment": False} | proof),
    )


WORDS = mapping(words=["/called", "/電話", "/mødt"])
LETTERS = mapping(client_readable_comment=True)
ANYTHING = mapping(any_staff_comment=True)
SENT = mapping(statuses=["Sent to client"])
TOLD = mapping(labels=["told"])
DATE = mapping("Last contact")

SEND = moved("Mon 2 Mar 11:00", "open", "waiting", said="Open → Sent to client")


# --- what proves contact -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("by", "event", "what"),
    [
        (WORDS, said("Mon 2 Mar 11:00", text="/called, they know"), "“/called,”, a contact word"),
        (WORDS, said("Mon 2 Mar 11:00", text="  /CALLED them"), "“/CALLED”, a contact word"),
        (WORDS, said("Mon 2 Mar 11:00", text="/called"), "“/called”, a contact word"),
        (WORDS, said("Mon 2 Mar 11:00", text="/MØDT hos kunden"), "“/MØDT”, a contact word"),
        (WORDS, said("Mon 2 Mar 11:00", text="/電話しました"), "“/電話しました”, a contact word"),
        (WORDS, said("Mon 2 Mar 11:00", text="\uff0f電話 済み"), "“\uff0f電話”, a contact word"),
        (LETTERS, said("Mon 2 Mar 11:00", audience=READABLE), "a comment that the client can read"),
        (ANYTHING, said("Mon 2 Mar 11:00"), "a staff comment"),
        (SENT, SEND, "status Sent to client"),
        (TOLD, became("Mon 2 Mar 11:00", "labels", "web", "told web"), "a contact label"),
        (TOLD, became("Mon 2 Mar 11:00", "labels", "web", "told web", SOMEBODY), "a contact label"),
        (DATE, became("Mon 2 Mar 11:00", "contacted", "", "2026-03-02"), "the contact date field"),
        (DATE, became("Mon 2 Mar 11:00", "contacted", "", "yesterday"), "the contact date field"),
    ],
)  # fmt: skip
def test_contact_is_whatever_the_mapping_says_it_is(by: Mapping, event: Comment | Change, what: str) -> None:
    proofs = contact.contacts(ticket(event, status=Status.OPEN), by, BERLIN)
    assert proofs == [contact.Event(event.id, event.at, what)]


@pytest.mark.parametrize(
    ("by", "event"),
    [
        pytest.param(WORDS, said("Mon 2 Mar 11:00", text="I /called them"), id="a word that does not begin it"),
        pytest.param(WORDS, said("Mon 2 Mar 11:00", text="/calledback"), id="a longer word"),
        pytest.param(WORDS, said("Mon 2 Mar 11:00", text=""), id="an empty comment"),
        pytest.param(WORDS, said("Mon 2 Mar 11:00", CLIENT, "/called"), id="a client's comment"),
        pytest.param(WORDS, said("Mon 2 Mar 11:00", US, "/called"), id="our own comment"),
        pytest.param(WORDS, said("Mon 2 Mar 11:00", MACHINE, "/called"), id="an auto-reply"),
        pytest.param(WORDS, said("Mon 2 Mar 11:00", audience=READABLE), id="a comment where only words count"),
        pytest.param(LETTERS, said("Mon 2 Mar 11:00"), id="an internal note"),
        pytest.param(LETTERS, said("Mon 2 Mar 11:00", audience=Audience.RESTRICTED), id="a restricted note"),
        pytest.param(
            LETTERS, said("Mon 2 Mar 11:00", MACHINE, audience=READABLE), id="an auto-reply to the client"
        ),
        pytest.param(SENT, replace(SEND, said="Sent to client → Open"), id="a move out of the status"),
        pytest.param(SENT, replace(SEND, author=MACHINE), id="an automation's move"),
        pytest.param(SENT, replace(SEND, author=CLIENT), id="the client's own move"),
        pytest.param(TOLD, became("Mon 2 Mar 11:00", "labels", "told", "web"), id="a label taken off"),
        pytest.param(DATE, became("Mon 2 Mar 11:00", "contacted", "2026-03-01", ""), id="a date taken away"),
        pytest.param(DATE, became("Mon 2 Mar 11:00", "due", "", "2026-03-01"), id="another date"),
    ],
)
def test_what_the_mapping_does_not_name_proves_nothing(by: Mapping, event: Comment | Change) -> None:
    assert contact.contacts(ticket(event, status=Status.OPEN), by, BERLIN) == []


@pytest.mark.parametrize(
    ("value", "instant"),
    [
        ("2026-03-02", at(OPENED)),  # the day of the report: not before it
        ("2026-03-04", at("Wed 4 Mar 00:00")),
        ("2026-03-04T15:30", at("Wed 4 Mar 15:30")),
        ("2026-03-04T15:30+09:00", datetime(2026, 3, 4, 6, 30, tzinfo=UTC)),
        ("20260304", at("Wed 4 Mar 00:00")),
        ("soon", None),
        ("", None),
    ],
)
def test_a_contact_date_without_a_history_counts_from_what_it_says(value: str, instant: datetime | None) -> None:
    proofs = contact.contacts(ticket(fields={"contacted": value}), DATE, BERLIN)
    assert [event.at for event in proofs] == ([instant] if instant else [])


def test_another_contact_date_is_another_occasion() -> None:
    ids = {
        contact.contacts(ticket(fields={"contacted": day}), DATE, BERLIN)[0].id
        for day in ("2026-03-03", "2026-03-04")
    }
    assert len(ids) == 2


def test_a_contact_date_is_not_counted_twice_where_the_history_tells_it() -> None:
    change = became("Tue 3 Mar 09:00", "contacted", "", "2026-03-03")
    proofs = contact.contacts(ticket(change, fields={"contacted": "2026-03-03"}), DATE, BERLIN)
    assert [(event.id, event.at) for event in proofs] == [(change.id, change.at)]


def test_a_contact_label_without_a_history_was_there_from_the_beginning() -> None:
    proofs = contact.contacts(ticket(labels=frozenset({"told", "web"})), TOLD, BERLIN)
    assert proofs == [contact.Event("contact-label", at(OPENED), "label told")]


@pytest.mark.parametrize(
    ("by", "audiences", "mapped"),
    [
        (WORDS, {Audience.INTERNAL}, True),
        (ANYTHING, {Audience.INTERNAL}, True),
        (SENT, {Audience.INTERNAL}, True),
        (TOLD, {Audience.INTERNAL}, True),
        (DATE, {Audience.INTERNAL}, True),
        (LETTERS, {Audience.INTERNAL, Audience.CLIENT}, True),
        (LETTERS, {Audience.INTERNAL}, False),
        (mapping(), {Audience.CLIENT}, False),
        # where nobody is known as staff, no comment can be theirs
        (mapping(words=["/called"], staff=()), {Audience.INTERNAL}, False),
        (mapping(client_readable_comment=True, staff=()), {Audience.CLIENT}, False),
        (mapping("Last contact", staff=()), {Audience.INTERNAL}, True),
    ],
)
def test_contact_can_be_proved_only_by_what_is_mapped_and_possible(
    by: Mapping, audiences: set[Audience], *, mapped: bool
) -> None:
    assert contact.contact_is_mapped(ticket(audiences=frozenset(audiences)), by) is mapped


def test_the_client_waits_when_the_newest_word_is_the_client_s() -> None:
    asks, answer = said("Tue 3 Mar 09:00", CLIENT), called("Wed 4 Mar 09:00")
    again = said("Thu 5 Mar 09:00", CLIENT)
    for history, waits in (([], False), ([asks], True), ([asks, answer], False), ([asks, answer, again], True)):
        one = ticket(*history)
        assert contact.client_waits(one, contact.contacts(one, WORDS, BERLIN)) is waits


# --- who took it -------------------------------------------------------------------------------------------------

PUT = became("Tue 3 Mar 09:00", "labels", "", "mine")
TAKE = Mapping(status=Statuses(open=["Open"]), acknowledge=Acknowledge(words=["/mine"], labels=["mine", "taken"]))


@pytest.mark.parametrize(
    ("history", "labels", "takes"),
    [
        ([said("Tue 3 Mar 09:00", text="/mine")], "", [("comment Tue 3 Mar 09:00", "Consultant 1 took it")]),
        ([said("Tue 3 Mar 09:00", CLIENT, "/mine")], "", []),
        ([said("Tue 3 Mar 09:00", text="not /mine")], "", []),
        ([PUT], "mine", [(PUT.id, "Consultant 1 put mine")]),
        ([replace(PUT, author=SOMEBODY)], "mine", [(PUT.id, "somebody put mine")]),
        ([replace(PUT, author=CLIENT)], "mine", [("acknowledged", "label mine")]),
        ([PUT], "", []),
        ([became("Tue 3 Mar 09:00", "labels", "", "web")], "mine web", [("acknowledged", "label mine")]),
    ],
)  # fmt: skip
def test_staff_take_a_ticket_by_a_word_or_by_a_label_that_stays(
    history: list[Comment | Change], labels: str, takes: list[tuple[str, str]]
) -> None:
    one = ticket(*history, labels=frozenset(labels.split()))
    assert [(event.id, event.what) for event in contact.acknowledged(one, TAKE)] == takes


def test_the_owner_is_counted_from_the_last_time_that_there_was_none() -> None:
    given = became("Mon 2 Mar 11:00", "assignee", "", "Consultant 2")
    passed_on = became("Tue 3 Mar 09:00", "assignee", "Consultant 2", "Consultant 1")
    lost = became("Wed 4 Mar 09:00", "assignee", "Consultant 1", "")
    found = became("Thu 5 Mar 09:00", "assignee", "", "Consultant 1")
    rows: list[tuple[Ticket, str | None, str | None, str]] = [
        # owned since, assigned to the present one by, in want of an owner since
        (ticket(), "created", "created", "created"),
        (ticket(given), given.id, given.id, "created"),
        (ticket(given, passed_on), given.id, passed_on.id, "created"),
        (ticket(given, passed_on, lost, owner=None), None, None, lost.id),
        (ticket(given, passed_on, lost, found), found.id, found.id, lost.id),
    ]
    for one, since, by, wanted in rows:
        owned, assigned = contact.owned_since(one), contact.assigned(one)
        assert (owned.id if owned else None, assigned.id if assigned else None) == (since, by)
        assert contact.ownerless_since(one, contact.current_cycle(one)).event == wanted


def test_an_owner_lost_before_the_reopening_is_wanted_from_the_reopening() -> None:
    lost = became("Tue 3 Mar 09:00", "assignee", "Consultant 1", "")
    again = [moved("Wed 4 Mar 09:00", "open", "closed"), moved("Thu 5 Mar 09:00", "closed", "open")]
    one = ticket(lost, *again, owner=None)
    assert contact.ownerless_since(one, contact.current_cycle(one)).event == again[1].id


# --- the ticket's life -------------------------------------------------------------------------------------------

WAITS = moved("Tue 3 Mar 09:00", "open", "waiting")
RUNS = moved("Wed 4 Mar 09:00", "waiting", "in_progress")
DONE = moved("Thu 5 Mar 09:00", "in_progress", "resolved")
SHUT = moved("Thu 5 Mar 18:00", "resolved", "closed")
AGAIN = moved("Fri 6 Mar 09:00", "closed", "open")


@pytest.mark.parametrize(
    ("history", "cycle", "done"),
    [
        ([], "created", None),
        ([WAITS, RUNS], "created", None),
        ([WAITS, RUNS, DONE], "created", DONE.at),
        ([WAITS, RUNS, DONE, SHUT], "created", DONE.at),
        ([WAITS, RUNS, DONE, SHUT, AGAIN], AGAIN.id, None),
        ([moved("Tue 3 Mar 09:00", "closed", "open")], "status Tue 3 Mar 09:00", None),
        # told twice, with the second telling a little later
        ([DONE, AGAIN, moved("Fri 6 Mar 09:01", "closed", "open")], AGAIN.id, None),
    ],
)
def test_a_cycle_begins_with_the_ticket_or_with_its_reopening_and_ends_when_it_is_done(
    history: list[Change], cycle: str, done: datetime | None
) -> None:
    one = ticket(*history)
    assert contact.current_cycle(one).event == cycle
    assert contact.resolved(one) == done


def test_a_resolution_that_the_history_does_not_tell_is_the_mapped_date_or_the_last_update() -> None:
    told = at("Tue 3 Mar 09:00")
    assert contact.resolved(ticket(DONE, resolved=told)) == told
    assert contact.resolved(ticket(status=Status.CLOSED, updated=at("Wed 4 Mar 09:00"))) == at("Wed 4 Mar 09:00")


@pytest.mark.parametrize(
    ("history", "more", "spans"),
    [
        ([], {}, []),
        ([WAITS], {}, [("Tue 3 Mar 09:00", None)]),
        ([WAITS, RUNS], {}, [("Tue 3 Mar 09:00", "Wed 4 Mar 09:00")]),
        ([DONE, SHUT, AGAIN], {}, [("Thu 5 Mar 09:00", "Fri 6 Mar 09:00")]),
        ([moved("Tue 3 Mar 09:00", "waiting", "open")], {}, [(OPENED, "Tue 3 Mar 09:00")]),
        ([moved("Mon 2 Mar 10:00", "waiting", "open")], {}, []),
        ([], {"status": Status.WAITING}, [(OPENED, None)]),
        # the history does not arrive at the present status: that one holds since the last update
        (
            [WAITS], {"status": Status.OPEN, "updated": at("Thu 5 Mar 09:00")},
            [("Tue 3 Mar 09:00", "Thu 5 Mar 09:00")],
        ),
        (
            [AGAIN], {"status": Status.WAITING, "updated": at("Sat 7 Mar 09:00")},
            [(OPENED, "Fri 6 Mar 09:00"), ("Sat 7 Mar 09:00", None)],
        ),
    ],
)  # fmt: skip
def test_a_ticket_pauses_while_it_waits_for_the_client_or_is_done(
    history: list[Change], more: dict[str, Any], spans: list[tuple[str, str | None]]
) -> None:
    expected = [(at(begin), at(end) if end else None) for begin, end in spans]
    assert contact.pauses(ticket(*history, **more)) == expected


STATUSES = st.sampled_from([str(status) for status in Status])


@given(st.lists(STATUSES, min_size=2, max_size=8), st.randoms(use_true_random=False), st.data())
def test_duplicates_and_disorder_in_the_status_history_change_nothing(
    walk: list[str], chance: Random, data: st.DataObject
) -> None:
    hours = sorted(data.draw(st.sets(st.integers(1, 400), min_size=len(walk) - 1, max_size=len(walk) - 1)))
    days = [at(OPENED) + timedelta(hours=hour) for hour in hours]
    moves = [
        Change(f"{day}", day, CONSULTANT, "status", before, after)
        for day, (before, after) in zip(days, pairwise(walk), strict=True)
    ]
    tidy = ticket(*moves, status=Status(walk[-1]))
    doubled = moves * 2
    chance.shuffle(doubled)
    untidy = ticket(status=Status(walk[-1]), changes=tuple(doubled), updated=tidy.updated)
    assert contact.pauses(untidy) == contact.pauses(tidy)
    assert contact.current_cycle(untidy) == contact.current_cycle(tidy)
    assert contact.resolved(untidy) == contact.resolved(tidy)
    for begin, end in contact.pauses(tidy):
        assert end is None or begin < end
    asleep = sum(((end or days[-1]) - begin for begin, end in contact.pauses(tidy)), timedelta())
    spent = contact.time_in_status(tidy, days[-1])
    awake = spent.get(Status.OPEN, timedelta()) + spent.get(Status.IN_PROGRESS, timedelta())
    assert asleep + awake == days[-1] - at(OPENED)


def test_from_done_to_waiting_nobody_has_taken_it_up_again() -> None:
    done, waits = moved("Tue 3 Mar 10:00", "open", "resolved"), moved("Wed 4 Mar 10:00", "resolved", "waiting")
    again = moved("Thu 5 Mar 10:00", "waiting", "in_progress")
    assert contact.current_cycle(ticket(done, waits)).event == contact.CREATED
    assert contact.current_cycle(ticket(done, waits, again)).event == again.id
