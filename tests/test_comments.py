"""Comments for staff: in the language they chose for the work, and with the people they are for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from harness_jira import STAFF, CloudHarness
from test_client_messages import FieldsDesk
from whole_firm import CLIENTS, PEOPLE, StaffAsana, StaffDataCenter, StaffXlsx, desk, policy

from sync.richtext import plain
from sync.saying.comments import Composer
from sync.saying.render import FOR_CLIENTS, SECTIONS
from sync.saying.sample import table_of

if TYPE_CHECKING:
    from pathlib import Path

    from harness import Harness

    from sync.ticket import Language

HANDED_OVER: dict[Language, str] = {
    "en": "Handed over",
    "da": "Overdraget",
    "fi": "Siirto",
    "ru": "Передача",
    "ja": "引き継ぎ",
}
"""How the heading of a hand-over begins, in each language."""

ENGLISH_TIMES = re.compile(
    r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|days?|hours?|minutes?)\b"
)

SPEAKING = (
    CLIENTS
    + """
language = "ja"
comments = "fi"
[[client.engagement]]
name = "Rollout"
language = "ja"
comments = "ru"
[[client.engagement]]
name = "Support"
language = "ja"
"""
)


@pytest.mark.parametrize(
    ("engagement", "client", "language"),
    [
        ("Rollout", "Client A", "ru"),
        ("Support", "Client A", "fi"),
        (None, "Client A", "fi"),
        (None, "Client Z", "da"),
    ],
    ids=["the engagement's", "the client's for another engagement", "the client's", "the source's"],
)
def test_staff_read_the_language_of_the_engagement_the_client_or_the_source(
    tmp_path: Path, engagement: str | None, client: str, language: Language
) -> None:
    """What the client reads is another matter."""
    with desk(FieldsDesk, tmp_path, policy(clients=SPEAKING), language="da") as firm:
        ticket = firm.harness.create("It is late", severity="high", client=client)
        firm.harness.fake.edit_as(STAFF, ticket, **{firm.harness.engagement_field: engagement})
        firm.run(minutes=20)
        (said,) = firm.ours(ticket)
        assert HANDED_OVER[language] in said.text


@pytest.mark.parametrize("language", ["ja", "ru"])
@pytest.mark.parametrize(
    "kind", [CloudHarness, StaffDataCenter, StaffAsana, StaffXlsx], ids=lambda kind: kind.name
)
def test_every_tracker_takes_every_script(tmp_path: Path, kind: type[Harness], language: Language) -> None:
    with desk(kind, tmp_path, language=language) as firm:
        ticket = firm.harness.create("The report is late", severity="high")
        firm.run(minutes=20)
        (said,) = firm.ours(ticket)
        assert HANDED_OVER[language] in said.text
        assert "The report is late" in said.text


def test_whoever_is_asked_is_mentioned_by_name_once(tmp_path: Path) -> None:
    with desk(CloudHarness, tmp_path) as firm:
        ticket = firm.harness.create("It is late", severity="high")
        firm.run(minutes=20)
        (said,) = firm.ours(ticket)
        assert said.text.startswith("@Consultant 8\n")
        assert firm.harness.mentioned_in(ticket) == {"id-of-consultant-8"}


def test_every_message_can_be_previewed_in_every_language_on_a_ticket_that_owes_none(tmp_path: Path) -> None:
    with desk(CloudHarness, tmp_path) as firm:
        firm.harness.create("It is late", severity="low")
        (sight,) = firm.run(minutes=1)
        composer = Composer(firm.firm.policy, {"agency": sight.served.terms})
        for kind in SECTIONS:
            for language in HANDED_OVER:
                text = plain(composer.preview(sight.judged[0], kind, language))
                assert text
                assert language == "en" or ENGLISH_TIMES.findall(text) == [], (kind, language)
                assert kind.startswith(FOR_CLIENTS) or table_of(kind, "low") in text


def test_a_preview_on_a_team_ticket_names_nobody_and_nothing_of_the_ticket(tmp_path: Path) -> None:
    title, text = "Consultant 7 was rude to Sponsor 3", "Daily contact 4 went to our board about it."
    secret = ("rude", "our board", "private number", "Partner", "ISSUE-1", *PEOPLE)
    with desk(CloudHarness, tmp_path) as firm:
        firm.harness.create(title, text=text, severity="high")
        (sight,) = firm.run(minutes=1)
        composer, (judged,) = Composer(firm.firm.policy, {"agency": sight.served.terms}), sight.judged
        assert judged.classification.category == "team"
        for kind in SECTIONS:
            for language in HANDED_OVER:
                shown = plain(composer.preview(judged, kind, language))
                assert [word for word in secret if word in shown] == [], (kind, language)


def test_a_preview_of_a_raise_goes_up_to_the_severity_and_of_its_withdrawal_down_to_it(tmp_path: Path) -> None:
    with desk(CloudHarness, tmp_path) as firm:
        firm.harness.create("It is late", severity="medium")
        (sight,) = firm.run(minutes=1)
        composer = Composer(firm.firm.policy, {"agency": sight.served.terms})
        shown = {kind: plain(composer.preview(sight.judged[0], kind)) for kind in ("raised", "withdrawn")}
    assert "low → medium" in shown["raised"]
    assert "high → medium" in shown["withdrawn"]
