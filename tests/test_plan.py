"""What is done to a ticket and what is not, and why: never twice, and never against a person's edit."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Literal

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
    clock,
    having_said,
    judged,
    moved,
    planned,
    policy,
    said,
    sayings,
    ticket,
    tickets,
)

from sync.action import (
    AddComment,
    AddLabel,
    Because,
    BringIn,
    FollowUp,
    MakeFollowUp,
    Obligation,
    RemoveLabel,
    SetDue,
    Skipped,
)
from sync.judging.asking import Asked
from sync.judging.attention import Held
from sync.judging.judgement import WantedDue
from sync.judging.memory import NOTHING, Memory
from sync.judging.opting_out import OptOut
from sync.judging.promises import Saying, Withheld
from sync.mapping.practice import AttentionFile, Budget
from sync.plan import Limits, Plan, Terms, digest, guard, plan_ticket, try_templates, within_budget
from sync.richtext import Paragraph, Span, plain
from sync.ticket import Audience, Change, Status

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from random import Random

    from sync.judging.clocks import Clock, State
    from sync.judging.judgement import Judgement
    from sync.mapping.policy import Policy
    from sync.plan import Mode, TicketPlan
    from sync.promise_names import PromiseName
    from sync.richtext import Document
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


def test_every_action_names_its_ticket_and_the_rule_that_made_it() -> None:
    one = judged(ticket(title="late", fields=HIGH), OPENED)
    assert one.due is not None
    labels = [AddLabel("10001", want.label, want.because) for want in one.labels or ()]
    assert planned(one).actions == (*labels, SetDue("10001", TODAY, one.due.because))
    assert len(labels) == 2


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
    theirs = ticket(title="late", labels=frozenset({"esc:scope"}))
    assert "-scope" not in told(planned(judged(theirs, OPENED, staff_only=False))), "and no other means it instead"


# --- a person's edit wins ----------------------------------------------------------------------------------------


def test_a_label_that_a_person_took_off_stays_off_until_its_reason_changes() -> None:
    one, memory = applied(planned(judged(ticket(fields=HIGH, owner=PARTNER), "Mon 2 Mar 14:00")))
    assert "esc:breach" in one.labels
    refused = relabelled(one, "Mon 2 Mar 15:00", "esc:breach")
    plan = planned(judged(refused, "Mon 2 Mar 15:05"), memory)
    assert told(plan) == []
    assert why_not(plan)["label esc:breach"] == "a person took it off; it stays off until its reason changes"
    fewer = replace(refused, labels=frozenset(), changes=())
    lost = planned(judged(fewer, "Mon 2 Mar 15:05"), Memory(refused=plan.after.refused))
    assert told(lost)[:2] == ["+high", "+needs-triage"], "no other with it"
    again = planned(judged(refused, "Mon 2 Mar 16:00"), plan.after)
    assert told(again) == [], "it is a lasting no"
    kept = replace(refused, comments=(*refused.comments, called("Mon 2 Mar 16:30")))
    met = planned(judged(kept, "Mon 2 Mar 17:00"), again.after)
    assert told(met) == ["due 2026-03-03"]
    other = planned(judged(kept, "Tue 3 Mar 16:30"), met.after)
    assert "+breach" in told(other), "another broken promise is another reason"
    assert "esc:breach" not in other.after.refused


def test_a_label_that_a_person_put_back_is_no_longer_refused() -> None:
    others = {"esc:gone": "another", "old:gone": "one more"}
    memory = Memory(refused={"esc:high": "severity:created", **others})
    one = ticket(fields=HIGH, labels=frozenset({"esc:high"}))
    plan = planned(judged(one, OPENED), memory)
    assert (plan.after.refused, "+high" in told(plan)) == (others, False)


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
            TOMORROW,
            "",
            Memory(due=TOMORROW),
            None,
            "a person set it to 2026-03-03; it is theirs",
            id="what we wrote once, since set by a person",
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
        pytest.param(
            None,
            "in " + "a" * 37 + "-long while",
            NOTHING,
            None,
            "the field holds “in " + "a" * 37 + "”, which is no date; correct it by hand",
            id="a long text, of which the beginning is shown",
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
            Limits(9, 9, 0.5, "--max-actions"), 0, 0,
            "12 actions in one pass, and --max-actions allows 9; look through the dry run, then raise it",
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


def test_a_plan_is_another_one_where_others_may_read_its_comment() -> None:
    plan = planned(judged(ticket(title="late", fields=HIGH), "Mon 2 Mar 14:00"))
    *edits, comment = plan.actions
    assert isinstance(comment, AddComment)
    public = replace(plan, actions=(*edits, replace(comment, audience=TO_CLIENT)))
    inside, outside = (Plan("issues", "workbook", "full", tickets=(each,)) for each in (plan, public))
    assert digest(inside) != digest(outside)


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
        ("XXXX-web", "XXXX-web"),
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


# --- what is said, to whom and in which order --------------------------------------------------------------------


def spoken(_: Judgement, owed: Sequence[Saying]) -> Document:
    """A text that tells what it carries, and what the client did not get."""
    withheld = [each.clock.about for each in owed if isinstance(each.clock.about, Withheld)]
    lines = [f"{each.obligation.promise} {each.obligation.step}" for each in owed]
    lines += [f"{each.reason}: {each.text}" for each in withheld]
    return tuple(Paragraph((Span(line),)) for line in lines)


def terms(mode: Mode = "full", **more: object) -> Terms:
    rest: dict[str, Any] = more
    return Terms("esc:", mode, timedelta(days=7), spoken, **rest)


def owing(*promises: PromiseName, title: str = "late", **more: object) -> Judgement:
    """A judgement of which these are to be said, each to the partner, for a reason of its own."""
    one = judged(ticket(title=title, fields=HIGH, owner=None), OPENED)
    clocks = clock(one, "owned")
    said = [
        Saying(
            Obligation(promise, "created", 2),
            replace(clocks, promise=promise),
            one.now,
            Because(f"rule of {promise}", f"text of {promise}"),
            Asked("engagement_partner", "Engagement partner", "partner"),
        )
        for promise in promises
    ]
    rest: dict[str, Any] = more
    return replace(one, labels=(), due=None, sayings=tuple(said), **rest)


def lines(plan: TicketPlan) -> list[str]:
    """What is said, and who is brought in."""
    brought = [f"{each.how} {each.person}" for each in plan.actions if isinstance(each, BringIn)]
    return [*brought, *(line for line in told(plan) if not line.startswith(("+", "-", "due")))]


ONE_AT_A_TIME = "one comment at a time: it follows in the next pass"


@pytest.mark.parametrize(
    ("promises", "first", "again"),
    [
        (("client_received",), "client: client_received 2", False),
        (("owned", "update"), "internal: owned 2, update 2", False),
        (("owned", "client_received"), "client: client_received 2", True),
        (("client_received", "client_slip"), "client: client_received 2", True),
    ],
)
def test_what_the_client_may_read_comes_first_and_the_rest_follows_in_the_next_pass(
    promises: tuple[PromiseName, ...], first: str, *, again: bool
) -> None:
    plan = plan_ticket(owing(*promises), None, terms())
    assert (lines(plan), plan.again) == ([first], again)
    assert why_not(plan) == ({"comment": ONE_AT_A_TIME} if again else {})
    assert plan.comment is not None
    assert plan.comment.to == (() if first.startswith("client") else ("partner",))


def test_a_message_to_the_client_goes_beside_labels_and_due_date() -> None:
    owed = replace(owing("client_received"), due=WantedDue(TODAY, Because("a rule", "a sentence")))
    plan = plan_ticket(owed, None, terms())
    assert (plan.edit().due, lines(plan)) == (TODAY, ["client: client_received 2"])


def test_a_comment_names_each_rule_and_sentence_once_and_whom_it_asks() -> None:
    owed = owing("owned", "update", "escalation")
    first, second, third = owed.sayings
    same = replace(second, because=first.because, to=Asked("", "", ""))
    comment = plan_ticket(replace(owed, sayings=(first, same, third)), None, terms()).comment
    assert comment is not None
    assert comment.because == Because("rule of owned; rule of escalation", "text of owned; text of escalation")
    assert (comment.ticket, comment.to) == ("10001", ("partner",))
    assert comment.ids == tuple(each.id("site", "10001") for each in comment.obligations)


CAREFUL = "delivery is careful: a second pair of eyes approves it by the label "


@pytest.mark.parametrize(
    ("approved", "careful", "approvals", "why"),
    [
        (False, {"delivery"}, (), CAREFUL + "(none is mapped under [approval])"),
        (False, {"delivery"}, ("checked", "seen"), CAREFUL + "checked or seen"),
        (True, {"delivery"}, ("checked",), None),
        (False, {"scope"}, (), None),
    ],
)
def test_a_message_of_a_careful_category_waits_for_its_approval_and_staff_are_told_what_is_theirs(
    careful: set[str], approvals: tuple[str, ...], why: str | None, *, approved: bool
) -> None:
    owed = owing("client_received", "owned", approved=approved)
    plan = plan_ticket(owed, None, terms(careful=frozenset(careful), approvals=approvals))
    assert why_not(plan).get("message to the client") == why
    assert lines(plan) == ["internal: owned 2" if why else "client: client_received 2"]
    alone = plan_ticket(replace(owed, sayings=owed.sayings[:1]), None, terms(careful=frozenset(careful)))
    assert (alone.comment is None) is (why is not None)


def test_the_client_gets_no_message_on_a_confidential_ticket() -> None:
    owed = owing("client_received", "owned", title="rude", audience=RESTRICTED, approved=True)
    plan = plan_ticket(owed, None, terms(bring_in=frozenset({"watch", "assign"})))
    assert why_not(plan) == {"message to the client": "a team ticket is confidential: never the client"}
    assert lines(plan) == ["restricted: owned 2"], "and nobody is brought to it, for that would tell who it is"


def test_a_message_with_a_slip_in_its_tone_becomes_an_internal_comment_that_counts_as_it() -> None:
    owed = owing("client_received")
    watched = terms(
        slips=lambda one, body: f"{one.ticket.key}: too {plain(body)[:6]}", bring_in=frozenset({"watch"})
    )
    plan = plan_ticket(owed, None, watched)
    assert lines(plan) == ["watch partner", "internal: withheld 2, A-1: too client: client_received 2"]
    meant = plan_ticket(owed, None, terms()).comment
    assert meant is not None
    assert plan.comment is not None
    assert plan.comment.to == ("partner",)
    assert (plan.comment.ids, plan.comment.obligations) == (meant.ids, meant.obligations)
    assert plan.comment.because == meant.because
    public = replace(owed, ticket=replace(owed.ticket, audiences=frozenset({TO_CLIENT})))
    plan = plan_ticket(public, None, watched)
    assert why_not(plan) == {
        "message to the client": "A-1: too client; and staff are not told of it by a comment, for clients may "
        "read every comment here"
    }
    assert plan.comment is None


def test_whoever_is_asked_is_brought_in_once_and_the_first_of_them_owns_what_nobody_owns() -> None:
    owed = owing("owned", "update", "escalation", "raised", "planned")
    lead, nobody = Asked("lead", "Client services lead", "services lead"), Asked("lead", "", "")
    owner = Asked("", "Consultant 1", "consultant")
    asked = (owner, nobody, lead, owed.sayings[0].to, lead)
    owed = replace(owed, sayings=tuple(replace(each, to=to) for each, to in zip(owed.sayings, asked, strict=True)))
    both = terms(bring_in=frozenset({"watch", "assign"}))
    plan = plan_ticket(owed, None, both)
    because = Because("rule of escalation", "text of escalation")
    assert [each for each in plan.actions if isinstance(each, BringIn)] == [
        BringIn("10001", "services lead", "Client services lead", "watch", because),
        BringIn("10001", "partner", "Engagement partner", "watch", Because("rule of raised", "text of raised")),
        BringIn("10001", "services lead", "Client services lead", "assign", because),
    ]
    owned = replace(owed, ticket=replace(owed.ticket, assignee=CONSULTANT))
    assert lines(plan_ticket(owned, None, both))[:-1] == ["watch services lead", "watch partner"]
    only = plan_ticket(owed, None, terms(bring_in=frozenset({"assign"})))
    assert lines(only)[:-1] == ["assign services lead"]
    unasked = replace(owed, sayings=owed.sayings[:1])
    assert lines(plan_ticket(unasked, None, both)) == ["internal: owned 2"]


def test_what_is_held_is_told_while_it_is_news_and_no_longer() -> None:
    owed = owing("owned", "update")
    first, second = owed.sayings
    held = replace(owed, sayings=(), held=(Held(first, "it is quiet until nine", None),))
    assert why_not(plan_ticket(held, None, terms())) == {"comment": "owned: it is quiet until nine"}
    known = Memory(steps={"owned": ("created", 2)})
    assert why_not(plan_ticket(held, known, terms())) == {}
    late = replace(second, obligation=replace(second.obligation, step=40))
    far = plan_ticket(replace(owed, sayings=(late,)), having_said(owed.ticket, "update", "created", 40), terms())
    assert far.actions == (), "however many steps there were"
    beside = replace(held, sayings=(second,))
    assert lines(plan_ticket(beside, known, terms())) == ["internal: update 2"]


def test_the_backlog_is_counted_to_the_instant_and_named_by_its_oldest() -> None:
    owed = owing("owned", "update", "escalation")
    week = timedelta(days=7)
    since = (owed.now - week, owed.now - week * 2, owed.now - week * 3)
    sayings = tuple(replace(each, since=when) for each, when in zip(owed.sayings, since, strict=True))
    plan = plan_ticket(replace(owed, sayings=sayings), None, terms())
    assert lines(plan) == ["internal: owned 2"], "a week ago to the instant is not too long"
    oldest = f"{since[2]:%Y-%m-%d}"
    assert why_not(plan)["comment"] == f"backlog: it fell due on {oldest}, longer ago than backlog_after allows"


@pytest.mark.parametrize("live", [True, False])
def test_on_a_ticket_that_is_opted_out_nothing_is_done_and_it_is_said_while_it_lives(*, live: bool) -> None:
    one = judged(ticket(title="late", fields=HIGH, owner=None), "Mon 2 Mar 14:00")
    opted = OptOut("label", "no-sla")
    status = Status.OPEN if live else Status.CLOSED
    out = replace(one, opted_out=opted, ticket=replace(one.ticket, status=status))
    before = Memory(labels=frozenset({"esc:high"}), due=TOMORROW, due_written=True)
    plan = plan_ticket(out, before, terms())
    assert (plan.actions, plan.ticket, plan.judged, plan.before) == ((), out.ticket, out, before)
    assert plan.skipped == ((Skipped("A-1", "whatever is owed", opted.why),) if live else ())
    assert plan.after.labels == frozenset(), "what went from the ticket meanwhile is not ours any more"


# --- labels under another prefix ---------------------------------------------------------------------------------


def test_a_label_begins_anew_under_another_prefix_and_a_no_to_it_holds_under_the_new_name() -> None:
    one = judged(ticket(fields=HIGH, labels=frozenset({"old:high", "esc:gone"})), OPENED)
    ours = Memory(labels=frozenset({"old:high", "esc:gone"}))
    since = replace(terms(), former=("old:",))
    plan = plan_ticket(one, ours, since)
    assert [each for each in plan.actions if isinstance(each, RemoveLabel)] == [
        RemoveLabel("10001", "esc:gone", Because("labels.prefix esc:", "it no longer holds")),
        RemoveLabel("10001", "old:high", Because("labels.prefix esc:", "labels begin so now")),
    ]
    assert "esc:high" in plan.after.labels
    off = judged(ticket(fields=HIGH), OPENED)
    took = plan_ticket(off, Memory(labels=frozenset({"old:high"})), since)
    assert "esc:high" not in took.edit().add_labels, "a person took the old one off"
    reason = took.after.refused["esc:high"]
    for refused in ({"old:high": reason}, {"esc:high": reason}):
        later = plan_ticket(off, Memory(refused=refused), since)
        assert (later.after.refused, "esc:high" in later.edit().add_labels) == ({"esc:high": reason}, False)
    other = plan_ticket(off, Memory(refused={"old:high": "another"}), since)
    assert "esc:high" in other.edit().add_labels
    assert other.after.refused == {"old:high": "another"}


@pytest.mark.parametrize(
    ("label", "calls"),
    [
        ("esc:breach", True),
        ("esc:level-12", True),
        ("gone:needs-triage", True),  # a prefix that nobody knows any more
        ("gone:level-3", True),
        ("gone:level-", False),
        ("gone:breach-of-contract", False),
        ("esc:high", False),
    ],
)
def test_a_label_that_calls_for_somebody_is_known_under_any_prefix(label: str, *, calls: bool) -> None:
    over = judged(ticket(status=Status.CLOSED, labels=frozenset({label})), OPENED)
    plan = plan_ticket(over, Memory(labels=frozenset({label})), terms())
    assert (plan.edit().remove_labels == (label,)) is calls


# --- an issue of its own -----------------------------------------------------------------------------------------


def owing_an_issue() -> Judgement:
    """A judgement of which the solution is to be verified in an issue of its own, by Berlin's date."""
    one = owing()
    verified = replace(
        clock(judged(ticket(owner=None), OPENED), "owned"),
        promise="verified",
        rule="promises.toml",
        due=at("Tue 3 Mar 00:30"),
        started=one.now,
    )
    return replace(one, clocks=(replace(verified, promise="remedy"), verified))


def follow_terms(**more: object) -> Terms:
    def write(judgement: Judgement, of: Clock) -> tuple[str, Document]:
        return f"{judgement.ticket.key}: {of.promise}", (Paragraph((Span("as was promised"),)),)

    usual: dict[str, object] = {"staff_only": True, "zone": "Europe/Berlin", "follow_ups": frozenset({"verified"})}
    rest: dict[str, Any] = usual | more
    return terms(follow_up=write, **rest)


def issues_of(plan: TicketPlan) -> list[MakeFollowUp]:
    return [action for action in plan.actions if isinstance(action, MakeFollowUp)]


def test_a_promise_that_is_to_have_an_issue_of_its_own_gets_one_and_others_do_not() -> None:
    obligation = Obligation("verified", "created", 0)
    body = (Paragraph((Span("as was promised"),)),)
    mark = obligation.id("site", "10001")
    draft = FollowUp("A-1: verified", body, mark, date(2026, 3, 3), ("esc:follow-up",), "")
    because = Because("promises.toml", "the client is to be asked whether it is solved")
    plan = plan_ticket(owing_an_issue(), None, follow_terms())
    assert issues_of(plan) == [MakeFollowUp("10001", obligation, draft, because)]
    assert plan.separate == tuple(issues_of(plan))
    one = owing_an_issue()
    owned = replace(one, ticket=replace(one.ticket, assignee=CONSULTANT))
    (made,) = issues_of(plan_ticket(owned, None, follow_terms()))
    assert made.draft.assignee == "consultant"
    forever = replace(one, clocks=tuple(replace(each, due=None) for each in one.clocks))
    (made,) = issues_of(plan_ticket(forever, None, follow_terms()))
    assert made.draft.due is None


WEEK = timedelta(days=7)


@pytest.mark.parametrize(
    ("started", "state", "memory", "made"),
    [
        (timedelta(), "running", NOTHING, True),
        (timedelta(minutes=1), "running", NOTHING, False),
        (-WEEK, "running", NOTHING, True),
        (-WEEK - timedelta(minutes=1), "running", NOTHING, False),
        (timedelta(), "met", NOTHING, False),
        (timedelta(), "running", "said", False),
    ],
)
def test_an_issue_is_made_once_while_its_promise_runs_and_not_for_what_is_long_past(
    started: timedelta, state: State, memory: Memory | str, *, made: bool
) -> None:
    one = owing_an_issue()
    clocks = tuple(replace(each, started=one.now + started, state=state) for each in one.clocks)
    before = having_said(one.ticket, "verified", "created", 0) if memory == "said" else NOTHING
    plan = plan_ticket(replace(one, clocks=clocks), before, follow_terms())
    assert (bool(issues_of(plan)), plan.skipped) == (made, ())


@pytest.mark.parametrize(
    ("confidential", "unsure", "more", "why"),
    [
        (True, False, {}, "a team ticket is confidential, and a linked issue has readers of its own"),
        (
            False,
            False,
            {"staff_only": False},
            'clients may read this source; state readers = "staff" in the config if they cannot',
        ),
        (False, True, {}, "it is not known yet whether it was made before"),
        (False, False, {"mode": "labels"}, 'the source is in mode "labels"'),
    ],
)
def test_why_no_issue_is_made(more: dict[str, Any], why: str, *, confidential: bool, unsure: bool) -> None:
    one = owing_an_issue()
    if confidential:
        rude = judged(ticket(title="rude", owner=None), OPENED)
        one = replace(one, audience=RESTRICTED, classification=rude.classification)
    mark = Obligation("verified", "created", 0).id("site", "10001")
    before = Memory(unsure=frozenset({mark})) if unsure else NOTHING
    after = one.clocks[1]
    another = replace(after, occasion="another time")
    clocks = (after, another) if unsure else (after,)
    plan = plan_ticket(replace(one, clocks=clocks), before, follow_terms(**more))
    assert why_not(plan) == {"follow-up for verified": why}
    assert len(issues_of(plan)) == unsure, "one in doubt does not keep the next occasion's from being made"


# --- people's attention ------------------------------------------------------------------------------------------


def test_nobody_is_asked_more_often_in_a_day_than_the_budget_allows() -> None:
    whole = terms(bring_in=frozenset({"watch"}))
    plan = plan_ticket(owing("owned"), None, whole)
    twice = AttentionFile(budget=Budget(per_day=2))
    asked: Counter[str] = Counter()
    assert within_budget(plan, twice, Counter(), asked, policy()) is plan
    name = policy().name_of("partner")
    assert asked == {name: 1}
    over = within_budget(plan, twice, Counter({name: 1}), asked, policy())
    why = "2 comments ask for the same person today already; it waits until tomorrow, by urgency"
    assert (over.actions, over.tomorrow, over.comment) == ((), True, None)
    assert over.skipped == (Skipped("A-1", "comment", why),)
    assert asked == {name: 1}, "what is not said asks nobody"
    assert within_budget(plan, AttentionFile(), Counter({name: 9}), asked, policy()) is plan
    assert asked == {name: 2}
    rating = replace(plan.judged.rating, severity="critical")
    urgent = replace(plan, judged=replace(plan.judged, rating=rating))
    assert within_budget(urgent, twice, Counter({name: 9}), asked, policy()) is urgent, "what is critical passes"
    silent = plan_ticket(owing(), None, whole)
    assert within_budget(silent, twice, Counter({name: 9}), asked, policy()) is silent


# --- templates, and the name of a plan ---------------------------------------------------------------------------


def test_one_comment_of_each_make_up_is_tried_before_anything_is_sent() -> None:
    wrote: list[list[tuple[str, str, int]]] = []

    def write(one: Judgement, owed: Sequence[Saying]) -> Document:
        wrote.append([(one.ticket.key, each.obligation.promise, each.obligation.step) for each in owed])
        return ()

    def plan(step: int, *promises: PromiseName) -> TicketPlan:
        owed = owing(*promises)
        sayings = (replace(each, obligation=replace(each.obligation, step=step)) for each in owed.sayings)
        return plan_ticket(replace(owed, sayings=tuple(sayings)), None, replace(terms(), render=write))

    try_templates([plan(2), plan(2, "owned"), plan(3, "owned"), plan(1, "owned"), plan(2, "owned", "update")])
    assert wrote == [[("A-1", "owned", 2)], [("A-1", "owned", 1)], [("A-1", "owned", 2), ("A-1", "update", 2)]]


def test_a_plan_is_known_by_its_source_and_its_actions_in_whatever_order() -> None:
    one = plan_ticket(owing("owned"), None, terms(bring_in=frozenset({"watch"})))
    other = replace(one, actions=one.actions[::-1])
    whole = Plan("desk", "workbook", "full", tickets=(one, other))
    assert digest(whole) == digest(replace(whole, tickets=(other, one), mode="labels"))
    assert len(digest(whole)) == 12
    names = {digest(replace(whole, tickets=(one,))), digest(replace(whole, source="other")), digest(whole)}
    assert len(names) == 3
    assert len(digest(Plan("\ud800", "workbook", "full"))) == 12, "half a character is no obstacle"


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
