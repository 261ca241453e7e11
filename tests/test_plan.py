"""What is done to a ticket and what is not, and why: never twice, and never against a person's edit."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tickets import (
    CLIENT,
    CONSULTANT,
    ESCALATION,
    OPENED,
    PARTNER,
    SEVERITY,
    TAXONOMY,
    applied,
    at,
    became,
    called,
    judged,
    moved,
    planned,
    policy,
    said,
    sayings,
    ticket,
    tickets,
)

from sync.action import AddComment, AddLabel, Because, BringIn, RemoveLabel, SetDue
from sync.memory import NOTHING, Memory
from sync.plan import Limits, Plan, Terms, guard
from sync.richtext import plain
from sync.ticket import Audience, Change, Status

if TYPE_CHECKING:
    from datetime import datetime
    from random import Random

    from sync.judgement import Judgement
    from sync.mapping.policy import Policy
    from sync.plan import Mode, TicketPlan
    from sync.ticket import Ticket

HIGH = {"severity": "Sev 2"}
INTERNAL, RESTRICTED, TO_CLIENT = Audience.INTERNAL, Audience.RESTRICTED, Audience.CLIENT


def told(plan: TicketPlan) -> list[str]:
    """The actions, one line each."""
    lines = []
    for action in plan.actions:
        match action:
            case AddLabel(label=label):
                lines.append(f"+{label.removeprefix('esc:')}")
            case RemoveLabel(label=label):
                lines.append(f"-{label.removeprefix('esc:')}")
            case SetDue(due=due):
                lines.append(f"due {due}")
            case AddComment(body=body, audience=audience):
                lines.append(f"{audience}: {', '.join(plain(body).split(chr(10) * 2))}")
    return lines


def why_not(plan: TicketPlan) -> dict[str, str]:
    return {skipped.what: skipped.why for skipped in plan.skipped}


def relabelled(one: Ticket, when: str, *off: str, on: str = "") -> Ticket:
    """The ticket after a person took labels off and put others."""
    after = one.labels.difference(off).union(on.split())
    change = became(when, "labels", " ".join(sorted(one.labels)), " ".join(sorted(after)))
    return replace(one, labels=after, changes=(*one.changes, change))


# --- a ticket's day ----------------------------------------------------------------------------------------------


def test_a_ticket_that_nobody_touches_is_labelled_handed_over_warned_of_and_climbs() -> None:
    one, memory, days = ticket(title="late", fields=HIGH, owner=None), NOTHING, []
    judgement = judged(one, OPENED)
    for _ in range(9):
        plan = planned(judgement, memory)
        days.append((f"{judgement.now:%a %H:%M}", told(plan)))
        one, memory = applied(plan)
        again = judged(one, judgement.now, memory=memory)
        assert planned(again, memory).actions == (), "a second pass finds nothing to do"
        judgement = judged(one, judgement.wake_at or judgement.now, memory=memory)
    assert days == [
        ("Mon 09:00", ["+delivery", "+high", "due 2026-03-02"]),
        ("Mon 09:15", ["+level-3", "internal: escalation 1"]),
        ("Mon 12:00", ["internal: first_response 1"]),
        ("Mon 13:00", ["+breach", "internal: first_response 2, owned 2"]),
        ("Tue 09:00", ["internal: first_response 3, owned 3"]),
        ("Tue 09:15", ["+level-4", "-level-3", "internal: escalation 2"]),
        ("Tue 13:00", ["internal: first_response 4, owned 4"]),
        ("Tue 13:00", []),
        ("Tue 13:00", []),
    ]


def test_after_a_downtime_there_is_one_comment_with_the_newest_step_of_each_promise() -> None:
    late = judged(ticket(called("Mon 2 Mar 10:30"), fields={"severity": "Sev 1"}, owner=None), "Wed 4 Mar 12:00")
    assert told(planned(late)) == [
        "+breach",
        "+critical",
        "+level-4",
        "+needs-triage",
        "due 2026-03-02",
        "internal: owned 3, update 3, escalation 2",
    ]


def test_one_comment_carries_every_obligation_with_its_own_id_and_rule() -> None:
    comment = planned(judged(ticket(fields=HIGH, owner=None), "Mon 2 Mar 14:00")).comment
    assert comment is not None
    assert [(each.promise, each.occasion, each.step) for each in comment.obligations] == [
        ("first_response", "created", 2),
        ("owned", "created", 2),
        ("escalation", "created", 1),
    ]
    assert comment.ids == tuple(each.id("site", "10001") for each in comment.obligations)
    assert comment.because.rule == "escalation.toml: high.first_response; escalation.toml: high.escalation"
    assert comment.because.text == (
        "the client is owed a first response; nobody owns the ticket; the severity calls for the next role"
    )


def test_labels_and_due_date_are_one_write() -> None:
    plan = planned(judged(ticket(title="late", fields=HIGH), OPENED))
    edit = plan.edit()
    assert (edit.add_labels, edit.remove_labels) == (("esc:delivery", "esc:high"), ())
    assert (edit.set_due, edit.due, edit.empty) == (True, date(2026, 3, 2), False)
    assert plan.urgency > 0
    done = planned(judged(ticket(moved("Mon 2 Mar 11:00", "open", "closed")), "Mon 2 Mar 12:00"))
    assert (done.edit().empty, done.comment, done.urgency) == (True, None, 0)


def test_a_plan_lists_the_actions_and_the_noes_of_its_tickets_in_order() -> None:
    one = planned(judged(ticket(title="rude", audiences=frozenset({INTERNAL})), OPENED))
    other = planned(judged(ticket(title="late"), OPENED))
    plan = Plan("desk", "workbook", "full", tickets=(one, other))
    assert plan.actions() == [*one.actions, *other.actions]
    assert plan.skipped() == [*one.skipped, *other.skipped] != []


# --- what is not done, and why -----------------------------------------------------------------------------------

BROKEN = ticket(fields=HIGH)
MIXED = 'clients may read comments here; state readers = "staff" in the config if they cannot'
TEAM = "a team ticket is confidential, and clients may read this source"
CONFIDENTIAL = (
    "a team ticket is confidential, and a comment here cannot be confined to a restricted circle; "
    "set restricted_to in the mapping if the tracker can"
)


@pytest.mark.parametrize(
    ("title", "staff_only", "able", "audience", "why"),
    [
        ("late", True, {INTERNAL}, "internal", None),
        ("late", True, {INTERNAL, RESTRICTED}, "internal", None),
        ("late", False, {INTERNAL, TO_CLIENT}, "internal", None),  # a service desk
        ("late", False, {RESTRICTED, TO_CLIENT}, "restricted", None),
        ("late", False, {TO_CLIENT}, None, MIXED),
        ("late", True, set(), None, MIXED),
        ("rude", True, {INTERNAL, RESTRICTED}, "restricted", None),
        ("rude", True, {INTERNAL}, None, CONFIDENTIAL),
        ("rude", False, {RESTRICTED, TO_CLIENT}, None, TEAM),
        ("rude", False, {INTERNAL, TO_CLIENT}, None, TEAM),
    ],
)
def test_a_comment_goes_to_the_widest_circle_that_may_read_it_or_is_not_written(
    title: str, able: set[Audience], audience: str | None, why: str | None, *, staff_only: bool
) -> None:
    one = replace(BROKEN, title=title, audiences=frozenset(able))
    plan = planned(judged(one, "Mon 2 Mar 14:00", staff_only=staff_only))
    assert (str(plan.comment.audience) if plan.comment else None, why_not(plan).get("comment")) == (audience, why)
    assert ("+team" in told(plan)) is (audience is not None and title == "rude")


@pytest.mark.parametrize(
    ("memory", "mode", "backlog", "why"),
    [
        (NOTHING, "labels", 90, 'the source is in mode "labels"; set mode = "full" to let it comment'),
        (
            Memory(doubtful=at("Mon 2 Mar 11:00")),
            "full",
            90,
            (
                "the outcome of the comment sent at 2026-03-02 10:00 UTC is unknown; "
                "nothing more is said until it is found or `settle_after` has passed"
            ),
        ),
        (NOTHING, "full", 1, "backlog: it fell due on 2026-03-03, longer ago than backlog_after allows"),
        (NOTHING, "full", 90, None),
        (NOTHING, "observe", 90, None),
    ],
)
def test_a_comment_waits_for_its_mode_for_a_doubt_to_end_and_not_for_what_is_long_past(
    memory: Memory, mode: Mode, backlog: int, why: str | None
) -> None:
    one = ticket(fields=HIGH, owner=PARTNER)
    plan = planned(judged(one, "Fri 13 Mar 12:00"), memory, mode, timedelta(days=backlog))
    assert why_not(plan).get("comment") == why
    assert (plan.comment is None) is (why is not None)
    assert "+breach" in told(plan), "labels are no news, but how it stands"


def test_what_is_fresh_is_said_and_the_backlog_beside_it_is_reported() -> None:
    one = ticket(said("Thu 12 Mar 16:00", CLIENT, "our board asks"), opened="Mon 2 Mar 10:00", owner=CONSULTANT)
    plan = planned(judged(one, "Thu 12 Mar 16:30"), backlog_after=timedelta(days=2))
    assert told(plan)[-1] == "internal: escalation 1"
    assert why_not(plan)["comment"].startswith("backlog: it fell due on 2026-03-0")


def test_where_clients_read_along_the_category_s_label_is_withheld_and_that_is_said() -> None:
    plan = planned(judged(ticket(title="late"), OPENED, staff_only=False))
    assert "+delivery" not in told(plan)
    assert why_not(plan)["label esc:delivery"] == (
        'clients may read this source; state readers = "staff" if they cannot'
    )


# --- a person's edit wins ----------------------------------------------------------------------------------------


def test_a_label_that_a_person_took_off_stays_off_until_its_reason_changes() -> None:
    one, memory = applied(planned(judged(ticket(fields=HIGH, owner=PARTNER), "Mon 2 Mar 14:00")))
    assert "esc:breach" in one.labels
    refused = relabelled(one, "Mon 2 Mar 15:00", "esc:breach")
    plan = planned(judged(refused, "Mon 2 Mar 15:05"), memory)
    assert told(plan) == []
    assert why_not(plan)["label esc:breach"] == "a person took it off; it stays off until its reason changes"
    again = planned(judged(refused, "Mon 2 Mar 16:00"), plan.after)
    assert told(again) == [], "it is a lasting no"
    kept = replace(refused, comments=(*refused.comments, called("Mon 2 Mar 16:30")))
    met = planned(judged(kept, "Mon 2 Mar 17:00"), again.after)
    assert told(met) == ["due 2026-03-03"]
    other = planned(judged(kept, "Tue 3 Mar 16:30"), met.after)
    assert "+breach" in told(other), "another broken promise is another reason"
    assert "esc:breach" not in other.after.refused


def test_a_label_that_a_person_put_back_is_no_longer_refused() -> None:
    memory = Memory(refused={"esc:high": "severity:created"})
    one = ticket(fields=HIGH, labels=frozenset({"esc:high"}))
    plan = planned(judged(one, OPENED), memory)
    assert (plan.after.refused, "+high" in told(plan)) == ({}, False)


def test_labels_that_go_while_a_ticket_is_done_are_no_lasting_no() -> None:
    one, memory = applied(planned(judged(ticket(fields=HIGH), "Mon 2 Mar 14:00")))
    solved = (*one.changes, moved("Mon 2 Mar 15:00", "open", "resolved"))
    tidy = relabelled(replace(one, status=Status.RESOLVED, changes=solved), "Mon 2 Mar 15:30", *one.labels)
    rest = planned(judged(tidy, "Mon 2 Mar 16:00"), memory)
    assert (rest.actions, rest.after.labels, rest.after.refused) == ((), frozenset(), {})
    reopened = (*tidy.changes, moved("Tue 3 Mar 09:00", "resolved", "open"))
    again = replace(tidy, status=Status.OPEN, changes=reopened)
    assert "+high" in told(planned(judged(again, "Tue 3 Mar 09:05"), rest.after))


def test_a_person_who_swaps_the_severity_has_decided_and_our_label_goes() -> None:
    one, memory = applied(planned(judged(ticket(fields=HIGH), OPENED)))
    both = relabelled(one, "Mon 2 Mar 10:05", on="esc:low")
    plan = planned(judged(both, "Mon 2 Mar 10:10"), memory)
    assert told(plan) == ["-high", "due 2026-03-04"]
    swapped = relabelled(one, "Mon 2 Mar 10:05", "esc:high", on="esc:low")
    plan = planned(judged(swapped, "Mon 2 Mar 10:10"), memory)
    assert (told(plan), plan.after.refused) == (["due 2026-03-04"], {})


def test_a_person_s_severity_label_goes_when_a_person_decides_otherwise_by_the_field() -> None:
    one = relabelled(ticket(), "Mon 2 Mar 10:01", on="esc:low")
    memory = planned(judged(one, "Mon 2 Mar 10:02")).after
    assert "esc:low" not in memory.labels, "it is theirs"
    decided = became("Mon 2 Mar 11:00", "severity", "", "Sev 2")
    later = replace(one, changes=(*one.changes, decided), fields=HIGH)
    assert told(planned(judged(later, "Mon 2 Mar 11:05"), memory))[:2] == ["+high", "-low"]


def test_what_a_lost_state_wrote_is_ours_again_as_soon_as_it_is_wanted() -> None:
    one, _ = applied(planned(judged(ticket(title="late", fields=HIGH), "Mon 2 Mar 14:00")))
    found = planned(judged(one, "Mon 2 Mar 14:00"), NOTHING).after
    assert found.labels == {"esc:delivery", "esc:high", "esc:breach", "esc:level-3"}
    stale = replace(one, labels=frozenset({"esc:delivery", "esc:medium", "esc:scope"}), changes=())
    assert told(planned(judged(stale, "Mon 2 Mar 10:05"), NOTHING)) == ["+high", "-medium", "-scope"]


def test_labels_that_are_not_ours_are_never_touched() -> None:
    one = ticket(labels=frozenset({"web", "esc:of-a-team", "mine"}))
    assert [line for line in told(planned(judged(one, OPENED))) if line.startswith("-")] == []


TODAY, TOMORROW = date(2026, 3, 2), date(2026, 3, 3)
WRITTEN = Memory(due=TOMORROW, due_written=True)


@pytest.mark.parametrize(
    ("due", "text", "memory", "action", "why"),
    [
        pytest.param(None, "", NOTHING, "due 2026-03-02", None, id="empty: written"),
        pytest.param(TOMORROW, "", WRITTEN, "due 2026-03-02", None, id="our last value: moved"),
        pytest.param(TODAY, "", NOTHING, None, None, id="a person set the same day"),
        pytest.param(
            TOMORROW, "", NOTHING, None, "a person set it to 2026-03-03; it is theirs", id="a person's date"
        ),
        pytest.param(
            date(2026, 3, 9),
            "",
            WRITTEN,
            None,
            "a person set it to 2026-03-09; it is theirs",
            id="a person moved ours",
        ),
        pytest.param(
            None, "", WRITTEN, None, "a person cleared the date that makegood wrote; it stays empty", id="cleared"
        ),
        pytest.param(
            None,
            "soon",
            NOTHING,
            None,
            "the field holds “soon”, which is no date; correct it by hand",
            id="no date",
        ),
        pytest.param(None, "", Memory(due_written=True), "due 2026-03-02", None, id="we cleared it ourselves"),
    ],
)
def test_a_due_date_is_written_where_it_is_empty_or_still_ours(
    due: date | None, text: str, memory: Memory, action: str | None, why: str | None
) -> None:
    plan = planned(judged(ticket(fields=HIGH, due=due, due_text=text), OPENED), memory)
    assert [line for line in told(plan) if line.startswith("due")] == ([action] if action else [])
    assert why_not(plan).get("due date") == why
    moved = memory.due_written and bool(text or due not in {None, memory.due})
    assert plan.after.due == (TODAY if action else None if moved else memory.due), "what was moved is theirs"


KEPT = ticket(called("Mon 2 Mar 10:01"), fields={"severity": "Sev 4"})


@pytest.mark.parametrize(
    ("due", "memory", "cleared"),
    [(TOMORROW, WRITTEN, True), (TODAY, WRITTEN, False), (None, WRITTEN, False), (TOMORROW, NOTHING, False)],
)
def test_our_date_goes_when_nothing_runs_out_any_more_and_a_person_s_stays(
    due: date | None, memory: Memory, *, cleared: bool
) -> None:
    plan = planned(judged(replace(KEPT, due=due), "Mon 2 Mar 10:05"), memory)
    assert ("due None" in told(plan)) is cleared
    if cleared:
        assert SetDue(KEPT.id, None, Because("due", "no promise runs out any more")) in plan.actions
        assert plan.after.due is None
    moved = due not in {None, memory.due}
    assert plan.after.due_written is (memory.due_written and not cleared and not moved)
    off = planned(judged(replace(KEPT, due=due), "Mon 2 Mar 10:05", due="off"), memory)
    assert not [line for line in told(off) if line.startswith("due")], "a source without due dates is left alone"


def test_a_date_that_went_comes_back_with_the_next_promise() -> None:
    one, memory = applied(planned(judged(ticket(fields={"severity": "Sev 4"}), OPENED)))
    kept = replace(one, comments=(called("Mon 2 Mar 10:01"),))
    empty, memory = applied(planned(judged(kept, "Mon 2 Mar 10:05"), memory))
    assert empty.due is None
    raised = became("Mon 2 Mar 10:10", "severity", "Sev 4", "Sev 2")
    worse = replace(empty, fields=HIGH, changes=(*empty.changes, raised))
    assert "due 2026-03-03" in told(planned(judged(worse, "Mon 2 Mar 10:15"), memory))


# --- the guard ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "live", "unclassified", "refusal"),
    [
        (Limits(99, 9, 0.5), 20, 10, ""),
        (
            Limits(9, 9, 0.5), 0, 0,
            ("12 actions in one pass, and guard.actions allows 9; look through the dry run, "
            "then raise it"),
        ),
        (
            Limits(99, 1, 0.5), 0, 0,
            ("2 comments that a client can read in one pass, and guard.client_comments allows 1; "
            "look through the dry run, then raise it"),
        ),
        (
            Limits(99, 9, 0.5), 20, 11,
            ("11 of 20 tickets are unclassified, and guard.unclassified allows a share of 50%; "
            "look at taxonomy.toml and the mapped category field, or raise it"),
        ),
        (Limits(99, 9, 0.5), 9, 9, ""),  # too few to tell
        (Limits(12, 2, 0.5), 10, 5, ""),  # exactly as much as is allowed
        (
            Limits(99, 9, 0.5), 10, 6,
            ("6 of 10 tickets are unclassified, and guard.unclassified allows a share of 50%; "
            "look at taxonomy.toml and the mapped category field, or raise it"),
        ),
    ],
)  # fmt: skip
def test_a_plan_that_cannot_be_meant_is_refused_with_number_key_and_remedy(
    limits: Limits, live: int, unclassified: int, refusal: str
) -> None:
    plan = planned(judged(ticket(title="late", fields=HIGH), "Mon 2 Mar 14:00"))
    assert len(plan.actions) == 6
    *edits, comment = plan.actions
    assert isinstance(comment, AddComment)
    public = replace(plan, actions=(*edits, replace(comment, audience=TO_CLIENT)))
    assert guard([public, public], limits, live, unclassified) == refusal


def test_the_guard_looks_at_plans_without_a_comment_too() -> None:
    quiet = planned(judged(ticket(title="late", fields=HIGH), OPENED))
    assert quiet.comment is None
    assert guard([quiet], Limits(99, 0, 0.5), 0, 0) == ""


# --- words of its own --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("label", "bare"),
    [
        ("esc:high", "high"),
        ("old:high", "high"),
        ("old:esc:high", "esc:high"),
        ("older:high", "high"),
        ("old:er:high", "high"),  # the longest prefix that fits
        ("web", "web"),
        ("web-XXXX", "web-XXXX"),
    ],
)
def test_a_label_of_ours_is_known_by_every_prefix_that_we_ever_wrote(label: str, bare: str) -> None:
    terms = Terms(
        "esc:", "full", timedelta(days=7), lambda _judged, _owed: (), former=("old:", "older:", "old:er:")
    )
    assert terms.bare(label) == bare


def test_those_who_are_brought_in_go_with_the_one_write_of_labels_and_due_date() -> None:
    plan = planned(judged(ticket(fields=HIGH), "Mon 2 Mar 14:00"))
    why = Because("a rule", "a sentence")
    ways: tuple[Literal["watch", "assign"], ...] = ("watch", "assign", "watch")
    brought = [BringIn("10001", f"u{number}", "Somebody", how, why) for number, how in enumerate(ways)]
    edit = replace(plan, actions=(*brought, BringIn("10001", "u9", "Somebody", "assign", why))).edit()
    assert (edit.watch, edit.assign) == (("u0", "u2"), "u1")
    assert (plan.edit().watch, plan.edit().assign) == ((), "")


def test_what_calls_for_somebody_goes_once_the_ticket_is_done_and_says_why() -> None:
    calling = frozenset({"esc:breach", "esc:level-3", "esc:needs-triage", "esc:high"})
    over = ticket(status=Status.CLOSED, labels=calling, fields=HIGH)
    plan = planned(judged(over, "Mon 2 Mar 14:00"), Memory(labels=calling))
    why = Because("status", "the ticket is done, and nobody is called for any more")
    gone = [RemoveLabel("10001", label, why) for label in ("esc:breach", "esc:level-3", "esc:needs-triage")]
    assert [each for each in plan.actions if isinstance(each, RemoveLabel)] == gone
    assert plan.after.labels == {"esc:high"}


# --- in general --------------------------------------------------------------------------------------------------

HOURS = st.integers(0, 20 * 24).map(lambda hours: timedelta(hours=hours))


def done(judgement: Judgement, memory: Memory, backlog: int = 365) -> tuple[TicketPlan, Ticket, Memory]:
    plan = planned(judgement, memory, backlog_after=timedelta(days=backlog))
    return plan, *applied(plan)


@given(tickets(), HOURS)
def test_a_plan_that_was_applied_leaves_nothing_to_do(one: Ticket, later: timedelta) -> None:
    now = one.updated + later
    _, after, memory = done(judged(one, now), NOTHING)
    again = planned(judged(after, now, memory=memory), memory, backlog_after=timedelta(days=365))
    assert (again.actions, again.after) == ((), memory)


@given(tickets(), HOURS, st.lists(HOURS, max_size=6))
def test_nothing_is_ever_said_twice_however_often_it_looks(
    one: Ticket, later: timedelta, pauses: list[timedelta]
) -> None:
    moment, memory = one.updated + later, NOTHING
    said_ids: list[str] = []
    for pause in [timedelta(), *pauses]:
        moment += pause
        plan, one, memory = done(judged(one, moment, memory=memory), memory)
        said_ids += plan.comment.ids if plan.comment else ()
    assert len(said_ids) == len(set(said_ids))


@given(tickets(), HOURS)
def test_a_single_pass_after_a_downtime_says_what_the_last_of_many_passes_would_have_said(
    one: Ticket, later: timedelta
) -> None:
    now = one.updated + later
    once = planned(judged(one, now), backlog_after=timedelta(days=365)).comment
    moment: datetime | None = one.updated
    many, memory, last = one, NOTHING, {}
    while moment is not None and moment <= now:
        judgement = judged(many, moment, memory=memory)
        plan, many, memory = done(judgement, memory)
        for owed in plan.comment.obligations if plan.comment else ():
            last[owed.promise, owed.occasion] = owed.step
        moment = judgement.wake_at
    for owed in once.obligations if once else ():
        assert last[owed.promise, owed.occasion] == owed.step
    assert planned(judged(many, now, memory=memory), memory, backlog_after=timedelta(days=365)).actions == ()


EDITED = {
    "figures": policy(escalation=ESCALATION.replace("4h", "3h").replace('"24h"', '"20h"').replace('"3d"', '"4d"')),
    "names": policy(
        taxonomy=TAXONOMY.replace('name = "', 'name = "x'), severity=SEVERITY.replace('name = "', 'name = "x')
    ),
}


@pytest.mark.parametrize("edited", EDITED.values(), ids=EDITED)
@given(one=tickets(), later=HOURS)
def test_editing_figures_or_names_of_rules_sends_nothing_again(
    edited: Policy, one: Ticket, later: timedelta
) -> None:
    now = one.updated + later
    first, after, memory = done(judged(one, now), NOTHING)
    told_before = {(o.promise, o.occasion): o.step for o in (first.comment.obligations if first.comment else ())}
    plan = planned(judged(after, now, edited, memory=memory), memory, backlog_after=timedelta(days=365))
    for owed in plan.comment.obligations if plan.comment else ():
        assert owed.step > told_before.get((owed.promise, owed.occasion), 0)


def test_four_hours_edited_to_three_send_no_second_notice_of_the_breach() -> None:
    _, after, memory = done(judged(BROKEN, "Mon 2 Mar 14:00"), NOTHING)
    shorter = judged(after, "Mon 2 Mar 14:00", EDITED["figures"], memory=memory)
    assert ("first_response", "created", 2) in sayings(shorter)
    assert planned(shorter, memory).comment is None


@given(tickets(), HOURS, HOURS, st.randoms(use_true_random=False))
def test_whatever_label_of_ours_a_person_takes_off_is_not_put_again_for_the_same_reason(
    one: Ticket, later: timedelta, then: timedelta, chance: Random
) -> None:
    now = one.updated + later
    first, after, memory = done(judged(one, now), NOTHING)
    ours = sorted(set(first.edit().add_labels))
    if not ours:
        return
    label = chance.choice(ours)
    reasons = {want.label: want.reason for want in first.judged.labels or ()}
    told = (" ".join(sorted(after.labels)), " ".join(sorted(after.labels - {label})))
    refusal = Change("refusal", now, CONSULTANT, "labels", *told)
    refused = replace(after, labels=after.labels - {label}, changes=(*after.changes, refusal))
    for moment in (now, now + then):
        judgement = judged(refused, moment, memory=memory)
        plan = planned(judgement, memory)
        wanted = {want.label: want.reason for want in judgement.labels or ()}
        if wanted.get(label) == reasons[label]:
            assert label not in plan.edit().add_labels
            assert f"label {label}" in why_not(plan)
        memory = plan.after


@given(tickets(), HOURS)
def test_a_person_s_due_date_is_never_overwritten(one: Ticket, later: timedelta) -> None:
    plan = planned(judged(one, one.updated + later))
    assert not (plan.edit().set_due and one.due)


@pytest.mark.parametrize("title", ["late", "rude", "hello"])
@given(one=tickets(), later=HOURS)
def test_where_a_client_would_read_it_nothing_is_written_but_plain_labels(
    title: str, one: Ticket, later: timedelta
) -> None:
    open_to_all = replace(one, audiences=frozenset({TO_CLIENT}), title=title)
    plan = planned(judged(open_to_all, one.updated + later, staff_only=False))
    assert plan.comment is None
    telling = {"esc:delivery", "esc:communication", "esc:scope", "esc:team", "esc:billing"}
    assert not telling & set(plan.edit().add_labels)


def test_a_ticket_that_is_done_loses_our_labels_that_call_for_somebody_and_nobody_else_s() -> None:
    ours = frozenset({"esc:delivery", "esc:high", "esc:level-3", "esc:breach"})
    done = ticket(moved("Tue 3 Mar 12:00", "open", "resolved"), labels=ours | {"esc:level-9", "web"})
    memory = Memory(labels=ours)
    plan = planned(judged(done, "Tue 3 Mar 13:00"), memory)
    assert told(plan) == ["-breach", "-level-3"]
    assert plan.after.labels == frozenset({"esc:delivery", "esc:high"})
    after, kept = applied(plan)
    assert planned(judged(after, "Wed 4 Mar 13:00"), kept).actions == ()
