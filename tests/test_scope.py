"""Requests beyond the agreed scope: one rule for all days, from the request to the adjusted agreement."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tickets import (
    CLIENT,
    CLIENTS,
    MAPPING,
    OPENED,
    TAXONOMY,
    at,
    became,
    called,
    clock,
    judged,
    moved,
    policy,
    said,
    shipped,
    ticket,
)

from sync.judging.facts import Facts, Known, Request, Told, fold
from sync.judging.scope import Choice, Share, Talk, request_of

if TYPE_CHECKING:
    from sync.judging.judgement import Judgement
    from sync.mapping.policy import Policy
    from sync.ticket import Change, Comment, Ticket

DAY = timedelta(days=1)

SCOPE = """
goodwill_up_to = "60m"
window = "90d"
budget_share = 0.1
decide = { within = "2d", counts = "working" }
tell = { within = "1d", counts = "working" }
consent = { within = "3d", counts = "working" }
talk = { within = "5d", counts = "working" }
agreement = { within = "5d", counts = "working" }
realign = { within = "3d", counts = "working" }
[decisions]
goodwill = "goodwill"
"move date" = "move-date"
date = "move-date"
paid = "change-order"
drop = "drop"
declined = "declined"
"""

PROOFS = """
[evidence.decided]
words = ["/decided"]
[evidence.consent]
words = ["/consent"]
[evidence.talk]
words = ["/talk"]
[evidence.agreement]
words = ["/agreement"]
[evidence.realigned]
words = ["/realigned"]
"""
FIELDS = MAPPING.replace(
    "[status]",
    'effort = "Effort"\nscope_decision = "Decision"\nscope_clause = "Clause"\nconsent = "Consent"\n[status]',
)
RECORDS = CLIENTS.replace(
    'aliases = ["CLA"]',
    'aliases = ["CLA"]\n'
    'engagement = [{ name = "Web", aliases = ["Website"], budget_hours = 100, scope = "SoW 7" }]',
)


def ruled(scope: str = SCOPE, mapping: str = FIELDS + PROOFS) -> Policy:
    return policy(
        taxonomy=TAXONOMY.replace("finance = ", 'wish = "scope", finance = '),
        scope=scope,
        mapping=mapping,
        clients=RECORDS,
    )


def wish(*history: Comment | Change, **more: Any) -> Ticket:  # noqa: ANN401 - any of a ticket's
    """A request beyond the scope; `fields` come beside its category."""
    fields = {"category": "wish", **more.pop("fields", {})}
    return ticket(*history, fields=fields, engagement=more.pop("engagement", "Website"), **more)


def made(found: Judgement) -> dict[str, str]:
    """The promises of scope.toml that are made, each with its state."""
    return {each.promise: each.state for each in found.clocks if each.rule.startswith("scope.toml")}


def asked(days: float, decision: str = "goodwill", minutes: int = 30, number: int = 1, **more: Any) -> Known:  # noqa: ANN401
    """Another request of Client A that was decided so many days before ours was opened."""
    when = at(OPENED) - days * DAY
    request = Request(minutes, decision, "decided", when)
    told = Told(engagement=more.pop("engagement", "Web"), request=request)
    usual = Known(
        more.pop("site", "site"), str(number), f"A-{number}", "Client A", "scope", when, when + DAY, told
    )
    return replace(usual, **more)


def beside(one: Ticket, *others: Known) -> Facts:
    me = Known("site", one.id, one.key, "Client A", "scope", one.created, None, Told(engagement="Web"))
    return fold([*others, me]).of("Client A", "site", one.id)


GOODWILL = said("Mon 2 Mar 11:00", text="/decided goodwill")


# --- reading a request ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "decision"),
    [
        ("/decided goodwill", "goodwill"),
        ("/DECIDED: Goodwill, as agreed with the project manager.", "goodwill"),
        ("/decided move date to 3 April", "move-date"),
        ("/decision change order", "change-order"),
        ("/決定 無償", "goodwill"),
        ("/決定:有償", "change-order"),
        ("/決定無償で対応します", "goodwill"),
        ("/besluttet kulance", "goodwill"),
        ("/beslutning: ny dato", "move-date"),
        ("/решено бесплатно", "goodwill"),
        ("/решение – платно.", "change-order"),
        ("/päätetty hyvitys", "goodwill"),
        ("/päätös maksullinen", "change-order"),
        ("/decided", ""),
        ("/decided goodwillish", ""),
        ("/decided tomorrow", ""),
        ("we decided goodwill", ""),
    ],
)
def test_a_decision_is_read_from_a_comment_in_five_languages(text: str, decision: str) -> None:
    by = shipped()
    word = said("Mon 2 Mar 11:00", text=text)
    request = request_of(ticket(word), by.mappings["workbook.toml"], by.practice.scope.decisions)
    assert request.decision == decision
    assert (request.event, request.at) == ((word.id, word.at) if decision else ("", None))


def test_what_a_client_writes_decides_nothing_and_the_newest_word_of_the_staff_counts() -> None:
    mapping, meanings = ruled().mappings["desk.toml"], ruled().practice.scope.decisions
    theirs = said("Mon 2 Mar 11:00", CLIENT, "/decided goodwill")
    assert not request_of(ticket(theirs), mapping, meanings).decision
    paid = said("Tue 3 Mar 11:00", text="/decided paid")
    assert request_of(ticket(GOODWILL, paid), mapping, meanings).decision == "change-order"


def test_the_field_decides_before_the_comments_and_tells_the_rest() -> None:
    filled = became("Tue 3 Mar 11:00", "scope_decision", "", "Paid")
    fields = {"scope_decision": "Paid", "effort": "2h 30m", "scope_clause": "§ 4", "consent": "mail of 3 March"}
    found = request_of(
        ticket(GOODWILL, filled, fields=fields), ruled().mappings["desk.toml"], ruled().practice.scope.decisions
    )
    assert found == Request(150, "change-order", filled.id, filled.at, "§ 4", "", "mail of 3 March")


# --- deciding it ------------------------------------------------------------------------------------------------


def test_a_request_is_decided_within_two_working_days() -> None:
    one = wish()
    running = clock(judged(one, "Tue 3 Mar 10:00", ruled()), "scope_choice")
    assert (running.state, running.due, running.rule) == ("running", at("Wed 4 Mar 10:00"), "scope.toml: decide")
    assert clock(judged(one, "Wed 4 Mar 10:00", ruled()), "scope_choice").state == "broken"
    kept = clock(judged(wish(GOODWILL), "Wed 4 Mar 10:00", ruled()), "scope_choice")
    assert (kept.state, kept.note) == ("met", "decided: goodwill")
    waiting = wish(moved("Mon 2 Mar 12:00", "open", "waiting"))
    assert clock(judged(waiting, "Wed 4 Mar 12:00", ruled()), "scope_choice").state == "paused"


@pytest.mark.parametrize(
    ("effort", "minutes"), [("60", 60), ("1h", 60), ("61m", 61), ("", None), ("a lot", None), ("inf", None)]
)
def test_what_it_is_decided_by_is_its_effort_the_limit_and_the_written_scope(
    effort: str, minutes: int | None
) -> None:
    one = wish(fields={"effort": effort} if effort else {})
    about = clock(judged(one, OPENED, ruled()), "scope_choice").about
    assert about == Choice(Request(minutes=minutes), 60, "SoW 7")


def test_the_clause_on_the_ticket_comes_before_the_engagement_s_scope() -> None:
    about = clock(judged(wish(fields={"scope_clause": "§ 4"}), OPENED, ruled()), "scope_choice").about
    assert isinstance(about, Choice)
    assert about.scope == "§ 4"


def test_only_requests_are_asked_about_and_only_where_scope_toml_says_so() -> None:
    assert made(judged(ticket(), OPENED, ruled())) == {}
    assert made(judged(wish(GOODWILL), "Tue 3 Mar 12:00", ruled(scope=""))) == {}


def test_without_evidence_each_of_it_is_off_and_says_what_to_map() -> None:
    bare = ruled(mapping=MAPPING.replace('words = ["/called", "/mailed", "/電話"]', "words = []"))
    off = clock(judged(wish(), OPENED, bare), "scope_choice")
    assert (off.state, "scope_decision" in off.note) == ("off", True)
    only_the_word = ruled(
        mapping=MAPPING.replace('words = ["/called", "/mailed", "/電話"]', "words = []")
        + '[evidence.decided]\nwords = ["/decided"]\n'
    )
    paid = judged(wish(said("Mon 2 Mar 11:00", text="/decided paid")), "Tue 3 Mar 11:00", only_the_word)
    assert made(paid) == {"scope_choice": "met", "scope_consent": "off"}
    assert made(judged(wish(GOODWILL), "Tue 3 Mar 11:00", only_the_word)) == {
        "scope_choice": "met",
        "scope_told": "off",
    }


# --- what follows from it ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("solved", [False, True], ids=["live", "done"])
def test_goodwill_is_announced_as_such_within_a_working_day_also_once_it_is_done(*, solved: bool) -> None:
    over = [moved("Mon 2 Mar 12:00", "open", "closed")] if solved else []
    told = clock(judged(wish(GOODWILL, *over), "Tue 3 Mar 10:59", ruled()), "scope_told")
    assert (told.state, told.due, told.occasion) == ("running", at("Tue 3 Mar 11:00"), GOODWILL.id)
    assert clock(judged(wish(GOODWILL, *over), "Tue 3 Mar 11:00", ruled()), "scope_told").state == "broken"
    said_so = called("Mon 2 Mar 11:30")
    assert clock(judged(wish(GOODWILL, said_so, *over), "Tue 3 Mar 11:00", ruled()), "scope_told").state == "met"


@pytest.mark.parametrize(
    ("decision", "follows"),
    [
        ("goodwill", {"scope_told"}),
        ("date", {"scope_consent"}),
        ("paid", {"scope_consent"}),
        ("drop", set()),
        ("declined", set()),
    ],
)
def test_each_decision_has_its_own_consequence(decision: str, follows: set[str]) -> None:
    one = wish(said("Mon 2 Mar 11:00", text=f"/decided {decision}"))
    assert set(made(judged(one, "Mon 2 Mar 12:00", ruled()))) == {"scope_choice", *follows}


def test_consent_to_a_moved_date_or_a_change_order_is_there_within_three_days() -> None:
    paid = said("Mon 2 Mar 11:00", text="/decided paid")
    found = judged(wish(paid), "Fri 6 Mar 12:00", ruled())
    assert clock(found, "scope_consent").state == "broken"
    assert ("scope_consent", paid.id) in {(e.obligation.promise, e.obligation.occasion) for e in found.sayings}
    before = said("Mon 2 Mar 10:30", text="/consent by mail, to the price and the date")
    assert clock(judged(wish(before, paid), "Fri 6 Mar 12:00", ruled()), "scope_consent").state == "met"


# --- the talk ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("others", "talk", "state"),
    [
        pytest.param([], None, None, id="the first"),
        pytest.param([asked(10)], Talk(2, 90 * DAY, announce=True), "notice", id="the second: announced"),
        pytest.param(
            [asked(10), asked(80, number=2, site="another tracker")],
            Talk(3, 90 * DAY, announce=False),
            "running",
            id="the third, of whichever tracker: due",
        ),
        pytest.param(
            [asked(10), asked(91, number=2)], Talk(2, 90 * DAY, announce=True), "notice", id="one too old"
        ),
        pytest.param([asked(10, "change-order"), asked(9, "drop", number=2)], None, None, id="no goodwill"),
        pytest.param([asked(-1)], None, None, id="one that came later"),
    ],
)
def test_the_talk_is_announced_at_the_second_goodwill_and_due_at_the_third(
    others: list[Known], talk: Talk | None, state: str | None
) -> None:
    one = wish(GOODWILL)
    found = judged(one, "Mon 2 Mar 12:00", ruled(), beside(one, *others))
    clocks = [each for each in found.clocks if each.promise == "scope_talk"]
    assert [(each.about, each.state, each.occasion) for each in clocks] == (
        [(talk, state, GOODWILL.id)] if talk else []
    )


def test_after_the_talk_the_adjusted_agreement_is_recorded() -> None:
    talked = said("Wed 4 Mar 11:00", text="/talk with the sponsor")
    one = wish(GOODWILL, talked)
    found = judged(one, "Wed 4 Mar 12:00", ruled(), beside(one, asked(10), asked(20, number=2)))
    assert clock(found, "scope_talk").state == "met"
    owed = clock(found, "scope_agreement")
    assert (owed.state, owed.occasion, owed.due) == ("running", talked.id, at("Wed 11 Mar 11:00"))
    recorded = wish(GOODWILL, talked, said("Thu 5 Mar 11:00", text="/agreement: two hours a month"))
    assert clock(judged(recorded, "Fri 6 Mar 12:00", ruled()), "scope_agreement").state == "met"


# --- the budget -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("earlier", "minutes", "share"),
    [
        pytest.param([asked(9, minutes=540)], "120", 0.11, id="this one crosses it"),
        pytest.param([asked(9, minutes=540)], "60", None, id="exactly at the share"),
        pytest.param([asked(9, minutes=700)], "60", None, id="an earlier one crossed it"),
        pytest.param([asked(9, "declined", 700)], "60", None, id="what was declined takes nothing"),
        pytest.param([asked(9, minutes=540, engagement="App")], "120", None, id="another engagement"),
        pytest.param([asked(9, minutes=590)], "", None, id="its effort is unknown"),
        pytest.param([], "601", 601 / 6000, id="one alone"),
    ],
)
def test_the_request_that_crosses_the_budget_s_share_calls_for_realigning_once(
    earlier: list[Known], minutes: str, share: float | None
) -> None:
    one = wish(said("Mon 2 Mar 11:00", text="/decided paid"), fields={"effort": minutes} if minutes else {})
    found = judged(one, "Mon 2 Mar 12:00", ruled(), beside(one, *earlier))
    crossed = [each.about.figure for each in found.clocks if isinstance(each.about, Share)]
    assert crossed == ([pytest.approx(share)] if share else [])


def test_realigning_is_proved_as_mapped_and_without_a_budget_nothing_is_asked() -> None:
    paid = said("Mon 2 Mar 11:00", text="/decided paid")
    one = wish(paid, said("Tue 3 Mar 11:00", text="/realigned with the sponsor"), fields={"effort": "12h"})
    assert clock(judged(one, "Wed 4 Mar 12:00", ruled()), "realign").state == "met"
    free = wish(paid, fields={"effort": "12h"}, engagement=None)
    assert "realign" not in made(judged(free, "Wed 4 Mar 12:00", ruled()))
