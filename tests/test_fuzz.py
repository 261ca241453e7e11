"""Whatever comes in is read soundly or refused by name, and whatever goes out is read as it was meant."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from fakes.faults import Reply
from fakes.jira_cloud import TOKEN
from fuzz.answers import Recorded, assert_sound, check_answers, check_marks, recorded
from fuzz.dice import mutated_bytes
from fuzz.files import MODELS, check_mapping, check_workbook, mutated_xlsx
from fuzz.ground import Ground
from fuzz.markup import check_adf, check_asana, check_jql, check_wiki
from hourglass import Hourglass
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from real_issues import SHIPPED, fitted_policy, read_issues
from real_trackers import OnAsana, OnCloud, OnCsv, OnDataCenter, OnXlsx

from sync.errors import TrackerError
from sync.mapping.tracker_models import AsanaMapping, JiraMapping, WorkbookMapping
from sync.richtext import Bullets, Paragraph, Span
from sync.trackers.asana import open_asana
from sync.trackers.jira import open_jira
from sync.trackers.sources import AsanaSource, JiraSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from real_issues import OnTracker

    from sync.mapping.policy import Policy
    from sync.richtext import Document
    from sync.trackers.base import Tracker

FOUND = Path(__file__).resolve().parent / "fuzz" / "found"
"""A folder for each target, a file for each input that was once too much for it."""

SEARCHES = {"Jira Cloud": "search/jql$", "Jira Data Center": "search$", "Asana": "/tasks$"}


def often(examples: int) -> settings:
    """As many examples in every run, and the same ones."""
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.function_scoped_fixture,
            HealthCheck.data_too_large,
        ],
    )


dices = st.integers(0, 2**64 - 1).map(random.Random)


# --- mapping files ----------------------------------------------------------------------------------------------


@often(150)
@given(st.sampled_from(sorted(MODELS)), st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_a_mapping_or_faults_at_their_places(tmp_path: Path, name: str, raw: bytes) -> None:
    path = tmp_path / "any.toml"
    path.write_bytes(raw)
    check_mapping(path, MODELS[name])


@often(400)
@given(st.sampled_from(sorted(MODELS)), dices)
def test_a_shipped_mapping_that_was_changed_is_a_mapping_or_has_faults_at_their_places(
    tmp_path: Path, name: str, dice: random.Random
) -> None:
    path = tmp_path / "changed.toml"
    path.write_bytes(mutated_bytes((SHIPPED / name).read_bytes(), dice))
    check_mapping(path, MODELS[name])


# --- workbooks --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def policy(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Policy:
    assert corpus
    return fitted_policy(tmp_path_factory.mktemp("fitted") / "mappings")


@pytest.fixture(scope="module")
def columns(policy: Policy) -> WorkbookMapping:
    mapping = policy.mappings["workbook.toml"]
    assert isinstance(mapping, WorkbookMapping)
    return mapping


@pytest.fixture(scope="module")
def books(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a dozen real issues in each kind of file."""
    folder = tmp_path_factory.mktemp("books")
    for kind in (OnXlsx, OnCsv):
        with kind(read_issues(corpus)[:12], folder):
            pass
    return folder


@often(100)
@given(st.sampled_from(["any.csv", "any.xlsx"]), st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes_are_tickets_or_a_refused_workbook(
    tmp_path: Path, columns: WorkbookMapping, name: str, raw: bytes
) -> None:
    (tmp_path / name).write_bytes(raw)
    check_workbook(tmp_path / name, columns)


@often(150)
@given(dices)
def test_a_csv_that_was_changed_is_read_or_refused(
    tmp_path: Path, columns: WorkbookMapping, books: Path, dice: random.Random
) -> None:
    changed = dice.choice(("issues.csv", "issues.comments.csv"))
    for name in ("issues.csv", "issues.comments.csv"):
        raw = (books / name).read_bytes()
        (tmp_path / name).write_bytes(mutated_bytes(raw, dice) if name == changed else raw)
    check_workbook(tmp_path / "issues.csv", columns)


@often(80)
@given(dices)
def test_an_xlsx_that_was_changed_is_read_or_refused(
    tmp_path: Path, columns: WorkbookMapping, books: Path, dice: random.Random
) -> None:
    path = tmp_path / "issues.xlsx"
    path.write_bytes(mutated_xlsx((books / "issues.xlsx").read_bytes(), dice))
    check_workbook(path, columns)


# --- what was once too much -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ground(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return Ground(corpus, tmp_path_factory.mktemp("ground"))


@pytest.mark.parametrize(
    "path", sorted(FOUND.glob("*/*")), ids=lambda path: f"{path.parent.name}/{path.name[:16]}"
)
def test_an_input_that_was_found_by_fuzzing_is_no_longer_too_much(ground: Ground, path: Path) -> None:
    ground.targets[path.parent.name](path.read_bytes())


def test_every_target_takes_the_inputs_that_fuzzing_begins_with(ground: Ground) -> None:
    for name, target in ground.targets.items():
        for seed in ground.seeds(name)[:3]:
            target(seed)


# --- markup -----------------------------------------------------------------------------------------------------

texts = st.text(st.characters(), max_size=40) | st.text(
    st.sampled_from(list("-*_+^~?!|#%{}[]()@:;\\&<>h1.D x\n/]"))
)
spans = st.builds(
    Span,
    texts,
    st.sampled_from(["plain", "strong", "emphasis", "code"]),
    st.sampled_from(["", "", "https://example.com/x"]),
    st.sampled_from(["", "", "712020:somebody", "1200000000000001", "lead.1"]),
)
runs = st.lists(spans, max_size=4).map(tuple)
documents = st.lists(
    st.builds(Paragraph, runs, st.integers(0, 3)) | st.builds(Bullets, st.lists(runs, max_size=3).map(tuple)),
    max_size=4,
).map(tuple)
marks = st.lists(st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=12, max_size=12), max_size=3)


@often(300)
@given(documents)
def test_an_atlassian_document_is_read_by_others_as_it_was_meant(document: Document) -> None:
    check_adf(document)


@often(500)
@given(documents)
@example((Paragraph((Span("11%e", "emphasis"), Span("e", "strong"))),))
@example((Paragraph((Span("_*e*"),)),))
@example((Paragraph((Span("e", "strong"), Span("\0D"))),))
def test_wiki_markup_is_read_by_others_as_it_was_meant(document: Document) -> None:
    check_wiki(document)


@often(300)
@given(documents, marks)
def test_a_comment_on_asana_is_read_by_others_as_it_was_meant_and_no_text_forges_a_mark(
    document: Document, ours: list[str]
) -> None:
    check_asana(document, ours)


# --- JQL --------------------------------------------------------------------------------------------------------

names = st.lists(
    st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=12).filter(
        lambda name: name.strip() and not name.isdecimal() and name != "OTHER"
    ),
    min_size=1,
    max_size=4,
    unique_by=str.casefold,
)
zones = st.sampled_from(["UTC", "Asia/Tokyo", "America/St_Johns", "Pacific/Kiritimati"]).map(ZoneInfo)
instants = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - as hypothesis wants them


@often(200)
@given(names, instants, zones)
@example(['a" OR project = "OTHER'], datetime(2026, 3, 2, tzinfo=UTC), ZoneInfo("UTC"))
def test_a_query_finds_the_projects_that_it_names_whatever_they_are_called(
    projects: list[str], since: datetime, zone: ZoneInfo
) -> None:
    check_jql(projects, since, zone)


# --- what trackers answer ---------------------------------------------------------------------------------------

KINDS = {kind.name: kind for kind in (OnCloud, OnDataCenter, OnAsana)}


@pytest.fixture(scope="module", params=list(KINDS))
def known(
    request: pytest.FixtureRequest, corpus: Path, policy: Policy, tmp_path_factory: pytest.TempPathFactory
) -> Recorded:
    """What a tracker says of the 400 real issues."""
    with KINDS[request.param](read_issues(corpus), tmp_path_factory.mktemp("recorded")) as real:
        return recorded(real, policy)


@often(400)
@given(dices)
def test_an_answer_that_was_changed_makes_sound_tickets_or_named_failures(
    known: Recorded, dice: random.Random
) -> None:
    check_answers(known, dice)


@often(150)
@given(dices)
def test_marks_that_cannot_be_read_are_never_taken_for_none(known: Recorded, dice: random.Random) -> None:
    check_marks(known, dice)


@pytest.fixture(scope="module", params=list(KINDS))
def few(
    request: pytest.FixtureRequest, corpus: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OnTracker]:
    """Three real issues on a tracker on a real socket."""
    with KINDS[request.param](read_issues(corpus)[:3], tmp_path_factory.mktemp("few")) as real:
        yield real


def impatient(real: OnTracker, policy: Policy) -> Tracker:
    """The tracker on real issues, which waits for nothing."""
    match real.source, policy.mappings[f"{real.source.tracker}.toml"]:
        case JiraSource() as source, JiraMapping() as mapping:
            return open_jira(source, mapping, TOKEN if source.email else "dc-token", pace=Hourglass())
        case AsanaSource() as source, AsanaMapping() as mapping:
            return open_asana(source, mapping, real.fake.token, pace=Hourglass())  # type: ignore[attr-defined]
        case other:
            raise AssertionError(f"{other} has no network")


@often(25)
@given(dices)
def test_bytes_that_were_changed_on_their_way_make_sound_tickets_or_an_error_of_the_tracker(
    few: OnTracker, policy: Policy, dice: random.Random
) -> None:
    fake = few.fake  # type: ignore[attr-defined]
    tracker = impatient(few, policy)
    tracker.connect()
    already = len(fake.exchanges)
    list(tracker.changed(None))
    searched = fake.exchanges[already:]
    raw = next(one.payload for one in searched if few.name != "Asana" or one.request.path.endswith("/tasks"))
    script = fake.script(Reply(200, mutated_bytes(raw, dice)), path=SEARCHES[few.name], times=4)
    try:
        pages = list(tracker.changed(None))
    except TrackerError:
        return
    finally:
        script.times = 0
        tracker.close()
    for page in pages:
        assert all(failed.name and failed.why for failed in page.failed)
        for ticket in page.tickets:
            assert_sound(ticket)
