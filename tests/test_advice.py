"""What `check` advises on a sound configuration: what it leaves off, and whom it leaves out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sync.advice import advice
from sync.mapping import models
from sync.mapping.policy import load_policy
from sync.trackers.sources import AsanaSource, JiraSource, WorkbookSource

if TYPE_CHECKING:
    from sync.mapping.policy import Policy
    from sync.trackers.sources import AnySource

SHIPPED = Path(__file__).parents[1] / "mappings"
JIRA = JiraSource(name="desk", tracker="jira", url="https://example.atlassian.net", projects=["OPS"])
ASANA = AsanaSource(name="board", tracker="asana", projects=["1"])
WORKBOOK = WorkbookSource(name="issues", tracker="workbook", path=Path("issues.csv"))
OFF = "so the promises of a first response and of updates are off"
UNPROVEN = (
    f"source 'desk': nothing in jira.toml can prove that a client was contacted, {OFF}; "
    "fill words, statuses or labels under [contact], or map the field contacted"
)
UNSTAFFED = "and only staff comments could prove that a client was contacted, " + OFF
READABLE = models.Contact(client_readable_comment=True)
NOBODY = models.People(staff=[], everyone_else="unknown")


@pytest.fixture(name="policy", scope="module")
def shipped() -> Policy:
    used: dict[str, type[models.Mapping]] = {
        "jira.toml": models.JiraMapping,
        "asana.toml": models.AsanaMapping,
        "workbook.toml": models.WorkbookMapping,
    }
    return load_policy(SHIPPED, used)


def test_the_shipped_files_leave_nothing_undone_but_to_say_who_is_staff_in_asana(policy: Policy) -> None:
    assert advice(policy, [JIRA, WORKBOOK]) == []
    assert advice(policy, [ASANA]) == [
        (
            "source 'board': [people] staff names only the example's @your-firm.example in asana.toml, "
            f"{UNSTAFFED}; put your firm's domain or user ids there"
        )
    ]


@pytest.mark.parametrize(
    ("readers", "parts", "told"),
    [
        ("staff", {"contact": READABLE}, [UNPROVEN]),
        ("staff-and-clients", {"contact": READABLE}, []),
        ("staff-and-clients", {"contact": models.Contact(client_readable_comment=False)}, [UNPROVEN]),
        ("staff", {"contact": models.Contact(any_staff_comment=True)}, []),
        ("staff", {"contact": models.Contact(words=["/called"])}, []),
        ("staff", {"contact": models.Contact(labels=["called"]), "people": NOBODY}, []),
        ("staff", {"contact": READABLE, "fields": models.Fields(contacted="Last contact"), "people": NOBODY}, []),
        (
            "staff-and-clients",
            {"contact": READABLE, "people": NOBODY},
            [
                (
                    f"source 'desk': [people] staff is empty in jira.toml, {UNSTAFFED}; "
                    "put your firm's domain or user ids there"
                )
            ],
        ),
        (
            "staff-and-clients",
            {"people": models.People(staff=["@your-firm.example"], everyone_else="staff")},
            ["source 'desk': [people] staff in jira.toml names the example's @your-firm.example; take it out"],
        ),
    ],
)
def test_promises_are_off_where_nothing_can_prove_that_the_client_was_contacted(
    policy: Policy, readers: str, parts: dict[str, object], told: list[str]
) -> None:
    mapping = policy.mappings["jira.toml"].model_copy(update=parts)
    source = JIRA.model_copy(update={"readers": readers})
    assert advice(replace(policy, mappings={"jira.toml": mapping}), [source]) == told


def client(name: str, **told: object) -> models.ClientModel:
    return models.ClientModel.model_validate({"name": name, **told})


def test_a_step_of_the_ladder_at_which_nobody_would_be_asked_is_named(policy: Policy) -> None:
    held = {role: ["u1"] for role in policy.escalation.ladder if not role.startswith(("engagement", "managing"))}
    some = [
        client("A", calendar="berlin", roles={"engagement_partner": ["u2"]}),
        client("B", calendar="berlin", roles={"engagement_partner": []}),
    ]
    clients = models.ClientsFile(roles=held, client=some)
    assert advice(replace(policy, clients=clients), [WORKBOOK]) == [
        (
            "nobody holds the role 'engagement_partner' for B; "
            "name somebody under [roles] in clients.toml, or in the client's record"
        ),
        "nobody holds the role 'managing_partner' of the ladder; name somebody under [roles] in clients.toml",
    ]


@pytest.mark.parametrize(
    ("record", "calendar", "told"),
    [
        ({"calendar": "tokyo"}, None, None),
        ({"zone": "Europe/Berlin"}, None, None),
        ({"zone": "Asia/Tokyo"}, "tokyo", None),
        ({"zone": "Asia/Tokyo"}, None, "client 'A' is in Asia/Tokyo, and goes by the hours of berlin"),
        ({}, "tokyo", "client 'A' has neither calendar nor zone, and goes by the hours of tokyo"),
    ],
)
def test_a_client_who_goes_by_the_hours_of_somewhere_else_is_named(
    policy: Policy, record: dict[str, str], calendar: str | None, told: str | None
) -> None:
    clients = policy.clients.model_copy(update={"client": [client("A", **record)]})
    remedy = '; if that is not meant, add calendar = "…" to its record in clients.toml'
    source = WORKBOOK.model_copy(update={"calendar": calendar})
    assert advice(replace(policy, clients=clients), [source]) == ([told + remedy] if told else [])


def test_a_language_without_some_of_its_templates_is_named(policy: Policy) -> None:
    fewer = {
        (language, kind): template
        for (language, kind), template in policy.templates.items()
        if language not in ("fi", "ja") or (language, kind) == ("ja", "update")
    }
    sources: list[AnySource] = [WORKBOOK.model_copy(update={"language": "ja"})]
    assert advice(replace(policy, templates=fewer), sources) == [
        "comments/ja lacks first_response.md, owned.md, escalation.md, footer.md; the en text is used instead"
    ]
