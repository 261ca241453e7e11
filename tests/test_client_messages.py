"""Messages that clients may read: only if wanted, once an occasion, in their language, never in a bad tone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from harness_asana import AsanaHarness
from harness_jira import STAFF, CloudDeskHarness, DataCenterDeskHarness
from harness_workbook import XlsxHarness
from whole_firm import CLIENTS, RESTRICTING, SHOWING, STAFF_ONLY, Desk, OpenCloud, desk, policy, reasons

from sync.mapping.policy import Template
from sync.ticket import Audience, Status

if TYPE_CHECKING:
    from pathlib import Path

    from harness import Harness

    from sync.mapping.policy import Policy
    from sync.mapping.tracker_models import JiraMapping

PROMISES = """
to_client = ["received", "slip", "resolved", "goodwill", "choice"]
[verified]
within = "7d"
"""
SCOPE = """
goodwill_up_to = "60m"
[decide]
within = "2d"
[decisions]
goodwill = "goodwill"
"""
ABLE: tuple[type[Harness], ...] = (CloudDeskHarness, DataCenterDeskHarness, OpenCloud, AsanaHarness, XlsxHarness)


def by_clients(firm: Desk, ticket: str) -> list[str]:
    """What the client can read of ours, without the closing line."""
    return [said.text for said in firm.ours(ticket) if said.audience is Audience.CLIENT]


def by_staff(firm: Desk, ticket: str) -> list[str]:
    return [said.text for said in firm.ours(ticket) if said.audience is not Audience.CLIENT]


# --- whether ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ABLE, ids=lambda kind: kind.name)
def test_by_default_a_client_reads_nothing_of_ours(tmp_path: Path, kind: type[Harness]) -> None:
    with desk(kind, tmp_path, policy(promises=PROMISES.replace("to_client", "# to_client"))) as firm:
        ticket = firm.harness.create("It is late", severity="high")
        for hours in (1, 4, 24):
            firm.run(hours=hours)
        assert by_clients(firm, ticket) == []


@pytest.mark.parametrize("kind", [*RESTRICTING, *STAFF_ONLY], ids=lambda kind: kind.name)
def test_where_no_client_reads_none_is_written_to_them(tmp_path: Path, kind: type[Harness]) -> None:
    with desk(kind, tmp_path, policy(promises=PROMISES)) as firm:
        ticket = firm.harness.create("It is late", severity="high")
        firm.run(minutes=20)
        assert len(firm.ours(ticket)) == 1
        assert "Handed over" in firm.ours(ticket)[0].text


@pytest.mark.parametrize("kind", ABLE, ids=lambda kind: kind.name)
def test_the_client_hears_once_that_we_have_it_and_when_they_hear_again(
    tmp_path: Path, kind: type[Harness]
) -> None:
    with desk(kind, tmp_path, policy(promises=PROMISES)) as firm:
        ticket = firm.harness.create("It is late", severity="high")
        firm.run(minutes=1)
        (said,) = by_clients(firm, ticket)
        assert "You will hear from us by" in said
        assert "high" not in said
        for hours in (1, 1, 1):
            firm.run(hours=hours)
        firm.firm.restart()
        firm.firm.state.unlink()
        firm.run(minutes=5)
        assert by_clients(firm, ticket) == [said]


@pytest.mark.parametrize("kind", SHOWING, ids=lambda kind: kind.name)
def test_there_is_one_comment_a_pass_and_what_staff_are_told_follows(tmp_path: Path, kind: type[Harness]) -> None:
    with desk(kind, tmp_path, policy(promises=PROMISES)) as firm:
        ticket = firm.harness.create("It is late", severity="high")
        told = reasons(firm.run(minutes=20))
        assert "comment: one comment at a time: it follows in the next pass" in told
        assert [said.audience for said in firm.ours(ticket)] == [Audience.CLIENT]
        firm.run(seconds=1)
        assert [said.audience for said in firm.ours(ticket)] == [Audience.CLIENT, Audience.INTERNAL]


@pytest.mark.parametrize("kind", SHOWING, ids=lambda kind: kind.name)
def test_our_own_message_is_no_contact_with_the_client(tmp_path: Path, kind: type[Harness]) -> None:
    with desk(kind, tmp_path, policy(promises=PROMISES)) as firm:
        ticket = firm.harness.create("It is late", severity="high")
        firm.run(minutes=1)
        assert len(by_clients(firm, ticket)) == 1
        firm.run(hours=5)
        assert "First answer overdue" in " ".join(by_staff(firm, ticket))
        firm.harness.comment_as_staff(ticket, "We look into it")
        firm.run(hours=1)
        assert len(by_clients(firm, ticket)) == 1, "and once they have been answered there is nothing to receive"


@pytest.mark.parametrize("kind", SHOWING, ids=lambda kind: kind.name)
def test_the_ticket_is_read_once_more_before_a_client_reads_us(
    tmp_path: Path, kind: type[Harness], monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk(kind, tmp_path, policy(promises=PROMISES)) as firm:
        ticket = firm.harness.create("It is late", severity="high")
        tracker: Any = type(firm.firm.sources[0][1])
        edit = tracker.edit

        def meanwhile(self: object, number: str, what: object) -> object:
            firm.harness.comment_as_staff(ticket, "/called; all is well")
            return edit(self, number, what)

        monkeypatch.setattr(tracker, "edit", meanwhile)
        (sight,) = firm.run(minutes=1)
        assert [failed.why for failed in sight.plan.failed] == [
            "the ticket changed meanwhile; it is judged again in the next pass"
        ]
        firm.run(minutes=1)
        assert by_clients(firm, ticket) == []


# --- what -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", SHOWING, ids=lambda kind: kind.name)
def test_a_date_that_moves_is_told_with_the_new_one_and_each_move_once(
    tmp_path: Path, kind: type[Harness]
) -> None:
    with desk(kind, tmp_path, policy(promises=PROMISES), due="off") as firm:
        ticket = firm.harness.create("It is late", severity="high")
        firm.harness.comment_as_staff(ticket, "We are on it")
        day = firm.firm.now.date()
        firm.harness.set_due(ticket, day.replace(day=10))
        firm.run(minutes=1)
        assert by_clients(firm, ticket) == []
        for later in (12, 17):
            firm.harness.set_due(ticket, day.replace(day=later))
            firm.run(minutes=30)
            firm.run(minutes=30)
        first, second = by_clients(firm, ticket)
        assert "10 Mar" in first
        assert "12 Mar" in first
        assert "17 Mar" in second


@pytest.mark.parametrize("kind", SHOWING, ids=lambda kind: kind.name)
def test_a_solution_is_told_with_the_day_by_which_we_ask_for_their_word(
    tmp_path: Path, kind: type[Harness]
) -> None:
    with desk(kind, tmp_path, policy(promises=PROMISES)) as firm:
        ticket = firm.harness.create("It is late", severity="high")
        firm.harness.comment_as_staff(ticket, "We are on it")
        firm.run(minutes=1)
        firm.harness.set_status(ticket, Status.RESOLVED)
        firm.run(minutes=1)
        (said,) = by_clients(firm, ticket)
        assert "tell us by *Mon 9 Mar" in said.replace("by Mon", "by *Mon")
        firm.harness.set_status(ticket, Status.CLOSED)
        firm.run(days=1)
        assert len(by_clients(firm, ticket)) == 1


class FieldsDesk(CloudDeskHarness):
    """A service desk that keeps engagements, and the effort of requests."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.engagement_field = self.fake.add_field("Engagement")
        self.effort_field = self.fake.add_field("Effort")

    def mapping(self, **settings: object) -> JiraMapping:
        fields = {"client": "client", "severity": self.severity_field}
        fields |= {"engagement": self.engagement_field, "effort": self.effort_field}
        return super().mapping(**{"fields": fields, **settings})


def test_beyond_goodwill_the_client_has_a_choice_of_three_until_a_day(tmp_path: Path) -> None:
    with desk(FieldsDesk, tmp_path, policy(promises=PROMISES, scope=SCOPE)) as firm:
        ticket = firm.harness.create("Could we have one more page", severity="high")
        firm.harness.comment_as_staff(ticket, "We look into it")
        firm.harness.fake.edit_as(STAFF, ticket, **{firm.harness.effort_field: "3h"})
        firm.run(minutes=1)
        (said,) = by_clients(firm, ticket)
        assert "takes about 180 min" in said
        assert "Please tell us by Wed 4 Mar" in said


def test_goodwill_is_announced_as_such_with_its_effort(tmp_path: Path) -> None:
    by = policy(promises=PROMISES, scope=SCOPE)
    with desk(FieldsDesk, tmp_path, by) as firm:
        ticket = firm.harness.create("Could we have one more page", severity="high")
        firm.harness.fake.edit_as(STAFF, ticket, **{firm.harness.effort_field: "30m"})
        firm.harness.comment_as_staff(ticket, "/called and told them")
        firm.run(minutes=1)
        assert by_clients(firm, ticket) == []
        firm.harness.fake.comment_as(STAFF, ticket, "/decided goodwill", internal=True)
        firm.run(minutes=1)
        (said,) = by_clients(firm, ticket)
        assert "as goodwill (30 min), at no charge" in said


# --- language and zone ------------------------------------------------------------------------------------------

SPEAKING = (
    CLIENTS
    + """
language = "da"
comments = "fi"
zone = "Asia/Tokyo"
[[client.engagement]]
name = "Rollout"
language = "ja"
comments = "ru"
"""
)


@pytest.mark.parametrize(
    ("engagement", "client", "heard", "handed_over"),
    [
        (None, "Client A", ("Tak", "22.00"), "Siirto"),
        ("Rollout", "Client A", ("ありがとう", "22:00"), "Передача"),
        (None, "Client Z", ("Thank you", "13:00 UTC"), "Handed over"),
    ],
    ids=["the client's", "the engagement's", "the source's"],
)
def test_everybody_reads_their_own_language_and_the_client_their_own_time(
    tmp_path: Path, engagement: str | None, client: str, heard: tuple[str, str], handed_over: str
) -> None:
    with desk(FieldsDesk, tmp_path, policy(promises=PROMISES, clients=SPEAKING)) as firm:
        ticket = firm.harness.create("It is late", severity="high", client=client)
        firm.harness.fake.edit_as(STAFF, ticket, **{firm.harness.engagement_field: engagement})
        firm.run(minutes=20)
        firm.run(seconds=1)
        (to_client,), (to_staff,) = by_clients(firm, ticket), by_staff(firm, ticket)
        assert all(words in to_client for words in heard), to_client
        assert handed_over in to_staff


# --- tone -------------------------------------------------------------------------------------------------------


def spoilt(by: Policy, text: str) -> Policy:
    """The policy with another message of receipt."""
    said = Template("comments/en/client_received.md", text)
    return replace(by, templates={**by.templates, ("en", "client_received"): said})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("You will hear from us as soon as possible.", "“as soon as possible” is no date"),
        ("Delivery lead will write to you by {{ next_update }}.", "“Delivery lead” names a member of staff"),
        ("The severity is high. We will write by {{ next_update }}.", "is internal; say only how the client"),
        ("Thank you.", "it does not say what happens next"),
    ],
    ids=["a vague date", "a name", "internal words", "nothing follows"],
)
@pytest.mark.parametrize("kind", [DataCenterDeskHarness, OpenCloud], ids=lambda kind: kind.name)
def test_a_message_in_a_bad_tone_goes_to_staff_once_with_the_reason_and_the_text(
    tmp_path: Path, kind: type[Harness], text: str, why: str
) -> None:
    by = policy(promises=PROMISES)
    with desk(kind, tmp_path, spoilt(by, text)) as firm:
        ticket = firm.harness.create("It is late", severity="high")
        firm.harness.fake.edit_as(STAFF, ticket, assignee=STAFF)
        firm.run(minutes=1)
        (said,) = by_staff(firm, ticket)
        assert "A message to the client was not sent" in said
        assert why in said
        assert text.partition("{{")[0].strip() in said
        firm.run(minutes=1)
        firm.firm.policy = by
        firm.firm.digest = "the template is mended"
        firm.run(minutes=1)
        firm.run(minutes=1)
        assert by_clients(firm, ticket) == [], "staff have sent it by hand"
        assert by_staff(firm, ticket) == [said]


def test_without_the_words_of_a_language_nothing_in_it_goes_to_a_client(tmp_path: Path) -> None:
    by = policy(promises=PROMISES, clients=SPEAKING)
    by = replace(by, tone={language: words for language, words in by.tone.items() if language != "da"})
    with desk(CloudDeskHarness, tmp_path, by) as firm:
        ticket = firm.harness.create("It is late", severity="high")
        firm.run(minutes=1)
        assert by_clients(firm, ticket) == []
        assert "mappings/tone/da.toml" in by_staff(firm, ticket)[0]


@pytest.mark.parametrize("kind", [AsanaHarness, XlsxHarness], ids=lambda kind: kind.name)
def test_where_staff_cannot_be_told_apart_it_is_kept_back_and_the_plan_says_why(
    tmp_path: Path, kind: type[Harness]
) -> None:
    with desk(kind, tmp_path, spoilt(policy(promises=PROMISES), "As soon as possible!")) as firm:
        ticket = firm.harness.create("It is late", severity="high")
        (sight,) = firm.run(minutes=1)
        assert sight.plan.failed == ()
        assert any(
            "is no date" in each and "clients may read every comment here" in each for each in reasons([sight])
        )
        assert firm.ours(ticket) == []
