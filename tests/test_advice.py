"""What `check` advises on a sound configuration: what it leaves off, and whom it leaves out."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sync.advice import advice
from sync.mapping import tracker_models
from sync.mapping.client_models import AwayModel, ClientModel, ClientsFile, PersonModel
from sync.mapping.policy import load_policy
from sync.trackers.sources import AsanaSource, JiraSource, WorkbookSource

if TYPE_CHECKING:
    from sync.mapping.policy import Policy
    from sync.trackers.sources import AnySource

SHIPPED = Path(__file__).parents[1] / "mappings"
JIRA = JiraSource(
    name="desk", tracker="jira", url="https://example.atlassian.net", projects=["OPS"], readers="staff"
)
ASANA = AsanaSource(name="board", tracker="asana", projects=["1"], readers="staff")
WORKBOOK = WorkbookSource(name="issues", tracker="workbook", path=Path("issues.csv"), readers="staff")
OFF = "so the promises of a first response and of updates are off"
UNPROVEN = (
    f"source 'desk': nothing in jira.toml can prove that a client was contacted, {OFF}; "
    "fill words, statuses or labels under [contact], or map the field contacted"
)
UNSTAFFED = "and only staff comments could prove that a client was contacted, " + OFF
READABLE = tracker_models.Contact(client_readable_comment=True)
NOBODY = tracker_models.People(staff=[], everyone_else="unknown")


@pytest.fixture(name="policy", scope="module")
def shipped() -> Policy:
    used: dict[str, type[tracker_models.Mapping]] = {
        "jira.toml": tracker_models.JiraMapping,
        "asana.toml": tracker_models.AsanaMapping,
        "workbook.toml": tracker_models.WorkbookMapping,
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
        ("staff-and-clients", {"contact": tracker_models.Contact(client_readable_comment=False)}, [UNPROVEN]),
        ("staff", {"contact": tracker_models.Contact(any_staff_comment=True)}, []),
        ("staff", {"contact": tracker_models.Contact(words=["/called"])}, []),
        ("staff", {"contact": tracker_models.Contact(labels=["called"]), "people": NOBODY}, []),
        (
            "staff",
            {"contact": READABLE, "fields": tracker_models.Fields(contacted="Last contact"), "people": NOBODY},
            [],
        ),
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
            {"people": tracker_models.People(staff=["@your-firm.example"], everyone_else="staff")},
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


def client(name: str, **told: object) -> ClientModel:
    return ClientModel.model_validate({"name": name, **told})


def test_a_step_of_the_ladder_at_which_nobody_would_be_asked_is_named(policy: Policy) -> None:
    held = {role: ["u1"] for role in policy.escalation.ladder if not role.startswith(("engagement", "managing"))}
    some = [
        client("A", calendar="berlin", roles={"engagement_partner": ["u2"]}),
        client("B", calendar="berlin", roles={"engagement_partner": []}),
    ]
    clients = ClientsFile(roles=held, client=some)
    assert advice(replace(policy, clients=clients), [JIRA]) == [
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


def test_of_many_clients_of_one_kind_only_the_first_are_named(policy: Policy) -> None:
    many = [client(f"C{number}", zone="Asia/Tokyo") for number in range(2000)]
    clients = policy.clients.model_copy(update={"client": [*many, client("D"), client("E")]})
    remedy = 'if that is not meant, add calendar = "…" to their records in clients.toml'
    assert advice(replace(policy, clients=clients), [WORKBOOK]) == [
        f"clients 'C0', 'C1', 'C2' and 1997 more are in Asia/Tokyo, and go by the hours of berlin; {remedy}",
        f"clients 'D', 'E' have neither calendar nor zone, and go by the hours of berlin; {remedy}",
    ]


def test_who_has_left_holds_no_role(policy: Policy) -> None:
    some = [
        client("A", calendar="berlin", roles={"managing_partner": ["Partner 9"]}),
        client("B", calendar="berlin"),
    ]
    clients = policy.clients.model_copy(update={"client": some, "gone": ["PARTNER 1"]})
    assert advice(replace(policy, clients=clients), [JIRA]) == [
        (
            "nobody holds the role 'managing_partner' for B; "
            "name somebody under [roles] in clients.toml, or in the client's record"
        )
    ]


def test_a_language_without_some_of_its_templates_is_named(policy: Policy) -> None:
    fewer = {
        (language, kind): template
        for (language, kind), template in policy.templates.items()
        if language not in ("fi", "ja") or (language, kind) == ("ja", "update")
    }
    sources: list[AnySource] = [WORKBOOK.model_copy(update={"language": "ja"})]
    assert advice(replace(policy, templates=fewer), sources) == [
        "comments/ja lacks first_response.md, owned.md, escalation.md and 37 more; the en text is used instead"
    ]


# --- who is who -------------------------------------------------------------------------------------------------

UNPROVING = "in workbook.toml: what they write proves nothing; add them to [people] staff"


def test_a_role_holder_whom_a_mapping_takes_for_a_client_is_named(policy: Policy) -> None:
    def told(*clients: ClientModel, **written: object) -> list[str]:
        known = policy.clients.model_copy(update={"client": list(clients), **written})
        return advice(replace(policy, clients=known), [WORKBOOK])

    def of(*names: str) -> list[ClientModel]:
        return [client(name, calendar="berlin", roles={"technical_lead": [name]}) for name in names]

    assert told(*of("Technical lead West", "Mail import")) == []
    engaged = {"name": "Portal", "roles": {"technical_lead": ["Technical lead South"]}}
    assert told(client("A", calendar="berlin", engagement=[engaged])) == [
        f"Technical lead South stands as a role-holder in clients.toml and counts as a client {UNPROVING}"
    ]
    assert told(*of("L1", "L2", "L3", "L4", "L5")) == [
        f"L1, L2, L3 and 2 more stand as role-holders in clients.toml and count as clients {UNPROVING}"
    ]
    persons = [
        PersonModel(name="Lead", ids={"jira": "712020", "workbook": "Lead W"}),
        PersonModel(name="Other", ids={"jira": "712021"}),
    ]
    assert told(person=persons) == [
        f"Lead W stands as a [[person]] in clients.toml and counts as a client {UNPROVING}"
    ]
    assert told(*of("Lead"), person=persons) == [
        f"Lead W stands as a role-holder in clients.toml and counts as a client {UNPROVING}"
    ]


def test_where_staff_go_by_a_domain_or_by_another_tracker_nobody_is_taken_for_a_client(policy: Policy) -> None:
    some = [client("A", calendar="berlin", roles={"technical_lead": ["712020"]})]
    known = replace(policy, clients=policy.clients.model_copy(update={"client": some}))
    for file, staff in (("workbook.toml", "@consultancy.test"), ("asana.toml", "712020")):
        people = policy.mappings[file].people
        changed = people.model_copy(update={"staff": [*people.staff, staff]})
        mapping = policy.mappings[file].model_copy(update={"people": changed})
        assert advice(replace(known, mappings={**policy.mappings, file: mapping}), [WORKBOOK]) == []


def test_who_is_away_or_gone_and_is_nobody_is_named_with_who_was_meant(policy: Policy) -> None:
    listed = replace(policy, mappings={"workbook.toml": policy.mappings["workbook.toml"]})

    def told(of: Policy, *who: str) -> list[str]:
        away = AwayModel.model_validate({"who": list(who), "from": date(2026, 3, 2), "until": date(2026, 3, 3)})
        persons = [PersonModel(name="Lead", ids={"jira": "712020:lead"})]
        changed = {"away": [away], "gone": who[:1], "person": persons, "client": []}
        return advice(replace(of, clients=of.clients.model_copy(update=changed)), [])

    for known in ("consultant 3", "Lead", "712020:LEAD", "Technical lead West"):
        assert told(listed, known) == []
    for key, sentence in zip(("away", "gone"), told(policy, "Consultnt 3"), strict=True):
        assert sentence == (
            f"{key} in clients.toml names Consultnt 3, who is no role-holder, no [[person]] and no staff of any "
            "mapping; correct the name, or add it to [people] staff; did you mean 'Consultant 3'?"
        )
    assert len(told(listed, "1201234567890")) == 2
    assert told(policy, "1201234567890") == [], "in Jira everybody else is staff"
    assert len(told(listed, "9", "Consultant 3")) == 1, "of one person's ids in several trackers one is enough"


def test_a_source_of_which_nobody_said_who_reads_it_is_named(policy: Policy) -> None:
    silent = WorkbookSource(name="issues", tracker="workbook", path=Path("issues.csv"))
    assert advice(policy, [silent]) == [
        (
            "source 'issues': readers is not stated, so no comment for staff and no category label is "
            'written there; say readers = "staff" if no client can read it'
        )
    ]
    desk = JiraSource(name="desk", tracker="jira", url="https://example.atlassian.net", projects=["OPS"])
    (told,) = advice(policy, [desk])
    assert "no comment for staff but on service desks and no category label is written there" in told
    assert advice(policy, [silent.model_copy(update={"readers": "staff-and-clients"})]) == []
