"""Another prefix of labels: ours are renamed in one edit, people's decisions stand, and nothing is said again."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

import pytest
from harness_jira import CloudHarness
from reliability import counted, effects_of, held
from whole_firm import Desk, StaffAsana, StaffDataCenter, StaffXlsx, desk, policy

from sync.errors import ConfigurationError
from sync.mapping.reader import read_model
from sync.mapping.tracker_models import JiraMapping
from sync.ticket import Status

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness import Harness
    from reliability import Effect

    from sync.cycle import Sight

pytestmark = pytest.mark.reliability

TRACKERS: tuple[type[Harness], ...] = (CloudHarness, StaffDataCenter, StaffAsana, StaffXlsx)
NEW = "mg:"


@pytest.fixture(params=TRACKERS, ids=lambda kind: kind.name)
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    with desk(request.param, tmp_path) as made:
        yield made


def spoken_of(scene: Desk) -> str:
    """A ticket on which everything that is owed was written."""
    ticket: str = scene.harness.create("The report is late", severity="high")
    scene.run(minutes=20)
    assert scene.labels(ticket) == {"delivery", "high", "level-1"}
    return ticket


def rename(scene: Desk, prefix: str = NEW, former: tuple[str, ...] = ()) -> None:
    """The mapping names another prefix, and the daemon is started anew."""
    labels = {"labels": {"prefix": prefix, "former": list(former)}}
    scene.harness.mapping = partial(scene.harness.mapping, **labels)
    ((source, old, _),) = scene.firm.sources
    old.close()
    tracker = scene.harness.tracker()
    tracker.connect()
    scene.firm.sources = [(source, tracker, scene.harness.mapping())]
    scene.firm.digest = f"policy of {prefix} after {former}"
    scene.firm.restart()


def standing(scene: Desk, *tickets: str) -> Counter[Effect]:
    """All effects, whatever their prefix."""
    return effects_of(scene.harness, tickets, "")


def renamed(effects: Counter[Effect], before: str = "esc:", after: str = NEW) -> Counter[Effect]:
    """The same effects under another prefix."""
    return Counter(
        {
            (ticket, kind, after + what.removeprefix(before) if kind == "label" else what): times
            for (ticket, kind, what), times in effects.items()
        }
    )


def passes(scene: Desk, times: int = 4) -> list[Sight]:
    return [sight for _ in range(times) for sight in scene.run(minutes=6)]


def edits(scene: Desk) -> int:
    return sum(entry.kind == "edit" for entry in scene.firm.store.journal(*known(scene)))


def known(scene: Desk) -> tuple[str, str]:
    (row,) = scene.firm.store.listed([scene.firm.sources[0][0].name])
    return row.known.site, row.known.id


@pytest.mark.parametrize("former", [(), ("esc:",)], ids=["not named", "named as former"])
def test_our_labels_are_renamed_in_one_edit_and_nothing_is_said_again(
    scene: Desk, former: tuple[str, ...]
) -> None:
    ticket = spoken_of(scene)
    before, written = standing(scene, ticket), edits(scene)
    rename(scene, former=former)
    passes(scene)
    held("policy edited", "prefix", expected=renamed(before), found=standing(scene, ticket))
    assert edits(scene) == written + 1
    rename(scene, "esc:", former=(NEW,) if former else ())
    passes(scene)
    held("policy edited", "prefix, and back", expected=before, found=standing(scene, ticket))


def test_what_a_person_refused_under_the_old_prefix_stays_refused(scene: Desk) -> None:
    ticket = spoken_of(scene)
    scene.harness.remove_label(ticket, "esc:high")
    passes(scene, 1)
    before = standing(scene, ticket)
    rename(scene)
    passes(scene)
    held("policy edited", "prefix, refused", expected=renamed(before), found=standing(scene, ticket))
    rename(scene, "third:")
    passes(scene)
    expected = renamed(before, after="third:")
    held("policy edited", "prefix, refused, again", expected=expected, found=standing(scene, ticket))


@pytest.mark.parametrize("former", [(), ("esc:",)], ids=["not named", "named as former"])
def test_what_was_taken_off_while_the_prefix_changed_stays_off(scene: Desk, former: tuple[str, ...]) -> None:
    ticket = spoken_of(scene)
    scene.harness.remove_label(ticket, "esc:high")
    before = standing(scene, ticket)
    rename(scene, former=former)
    passes(scene)
    held("policy edited", "prefix, refused meanwhile", expected=renamed(before), found=standing(scene, ticket))


@pytest.mark.parametrize("former", [(), ("esc:",)], ids=["not named", "named as former"])
def test_on_a_ticket_that_is_done_the_old_labels_that_call_for_somebody_go(
    scene: Desk, former: tuple[str, ...]
) -> None:
    ticket = spoken_of(scene)
    before = standing(scene, ticket)
    scene.harness.set_status(ticket, Status.CLOSED)
    rename(scene, former=former)
    passes(scene)
    gone = Counter([(ticket, "label", "esc:level-1")])
    held("policy edited", "prefix, done", expected=before - gone, found=standing(scene, ticket))


def test_a_persons_severity_under_a_former_prefix_still_counts_and_their_label_stays(scene: Desk) -> None:
    ticket = spoken_of(scene)
    scene.harness.remove_label(ticket, "esc:high")
    scene.harness.add_label(ticket, "esc:low")
    passes(scene, 1)
    said = len(scene.ours(ticket))
    rename(scene, former=("esc:",))
    sights = passes(scene)
    severities = {judged.rating.severity for sight in sights for judged in sight.judged}
    assert severities == ({"low"} if scene.harness.history else severities), "a workbook tells of no labels put"
    labels = scene.harness.labels_of(ticket)
    assert {"esc:low", "mg:low"} <= labels or not scene.harness.history
    assert "mg:high" not in labels or not scene.harness.history
    counted("policy edited", duplicates=len(scene.ours(ticket)) - said, losses="esc:low" not in labels)


def test_a_label_under_the_old_prefix_that_a_person_put_is_left_to_them(scene: Desk) -> None:
    ticket = spoken_of(scene)
    scene.harness.add_label(ticket, "esc:of-ours")
    before = standing(scene, ticket)
    rename(scene)
    passes(scene)
    theirs = Counter([(ticket, "label", "esc:of-ours")])
    expected = renamed(before - theirs) + theirs
    held("policy edited", "prefix, a person's label", expected=expected, found=standing(scene, ticket))


def test_with_the_state_lost_too_a_former_prefix_tells_what_is_ours(scene: Desk) -> None:
    ticket = spoken_of(scene)
    before = standing(scene, ticket)
    rename(scene, former=("esc:",))
    scene.firm.state.unlink()
    passes(scene)
    forgotten = [] if scene.harness.history else [(ticket, "label", "mg:level-1")]
    expected = renamed(before) - Counter(forgotten)  # a workbook tells no more who was made its owner by whom
    held("policy edited", "prefix, state lost", expected=expected, found=standing(scene, ticket))


FOLLOWED = 'follow_ups = ["verified"]\n[verified]\nwithin = "7d"\n'


@pytest.mark.parametrize("kind", TRACKERS, ids=lambda kind: kind.name)
def test_a_follow_up_of_the_old_prefix_is_known_and_neither_judged_nor_made_again(
    kind: type[Harness], tmp_path: Path
) -> None:
    with desk(kind, tmp_path, policy(promises=FOLLOWED)) as scene:
        ticket = spoken_of(scene)
        scene.harness.set_status(ticket, Status.RESOLVED)
        passes(scene, 2)
        (below,) = scene.harness.below(ticket)
        before = standing(scene, ticket, below)
        rename(scene)
        sights = passes(scene)
        assert below not in {judged.ticket.id for sight in sights for judged in sight.judged}
        held("policy edited", "prefix, follow-up", expected=before, found=standing(scene, ticket, below))


def test_the_mapping_says_what_is_wrong_with_its_prefixes(tmp_path: Path) -> None:
    mapping = tmp_path / "jira.toml"
    labels = '[labels]\nprefix = "mg:"\nformer = ["mg:"]\nopt_out = "mg:not"\n'
    mapping.write_text(f'[status]\nopen = ["Open"]\n{labels}', encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        read_model(mapping, JiraMapping)
    assert [(fault.line, fault.what) for fault in caught.value.faults] == [
        (5, "'mg:' is named already; former prefixes are those before it"),
        (6, "labels that begin with 'mg:' are makegood's own; choose another"),
    ]
