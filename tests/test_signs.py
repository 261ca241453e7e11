"""Early warnings against a client's own habit, and the red flags that people set."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any, get_args

import pytest
from tickets import MAPPINGS, at, ticket

from sync.judging import signs
from sync.judging.facts import Deadline, Facts, Habits, Known, Told, fold
from sync.mapping.client_models import ClientModel
from sync.mapping.practice import Figure, SignsFile
from sync.mapping.reader import collect

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from sync.judging.signs import EarlyWarning
    from sync.ticket import Category

NOW = at("Mon 2 Mar 10:00")
HOUR = 60

POLICY = """
recent = "30d"
baseline = "180d"
fewest = 3
[sign.slow]
figure = "reply_time"
at_least = 24
times_baseline = 2
[sign.checking]
figure = "comments"
at_least = 1
times_baseline = 2
[sign.terse]
figure = "comment_length"
at_least = 60
times_baseline = 0.5
[sign.scope]
figure = "scope_requests"
times_baseline = 2
[sign.billing]
figure = "billing_issues"
at_least = 3
[sign.piling-up]
figure = "open_change_requests"
at_least = 3
[sign.late]
figure = "missed_deadlines"
at_least = 2
[sign.absent]
figure = "missed_meetings"
at_least = 1
[sign.uneasy]
figure = "team_concerns"
at_least = 1
[sign.unpaid]
figure = "payment_days"
times_baseline = 2
"""


def policy(written: str = POLICY) -> SignsFile:
    """A file signs.toml."""
    return SignsFile.model_validate(tomllib.loads(written))


def ago(days: float) -> datetime:
    """So many days before NOW."""
    return NOW - timedelta(days=days)


_numbers = count(1)


def known(key: str = "A-1", opened: float = 300, solved: float | None = 299, **more: Any) -> Known:  # noqa: ANN401 - fields
    """A ticket of Client A, opened and solved so many days ago, and long before the newest days unless said."""
    resolved = ago(solved) if solved is not None else None
    category: Category = more.pop("category", "delivery")
    told = Told(deadlines=more.pop("deadlines", ()))
    return Known(
        "site", str(next(_numbers)), key, "Client A", category, ago(opened), resolved, told, Habits(**more)
    )


def wrote(
    *days: float, length: int = 100, after: int | None = None
) -> tuple[tuple[datetime, int, int | None], ...]:
    """The client's comments so many days ago: their length in characters, and minutes after our last word."""
    return tuple((ago(day), length, after) for day in days)


def requests(category: Category, *opened: float, solved: float | None = 0.5) -> list[Known]:
    """Tickets of one category, opened so many days ago; their keys tell when."""
    return [known(f"A-{day:g}", day, solved, category=category) for day in opened]


def passed(*days: float, missed: bool = True) -> tuple[Deadline, ...]:
    """Promised dates that passed so many days ago."""
    return tuple(Deadline(ago(day).date(), ago(day), f"due {day}", missed) for day in days)


def shown(
    tickets: Sequence[Known],
    file: SignsFile | None = None,
    client: ClientModel | None = None,
    now: datetime = NOW,
) -> list[EarlyWarning]:
    """The signs that the client of these tickets shows."""
    facts = fold(tickets).of("Client A", "site", "1")
    return list(signs.warnings(file or policy(), facts, client, now))


HABITUAL = wrote(40, 60, 80, 100, after=15 * HOUR)
"""Four answers, each after 15 hours, in the days before the newest ones."""

WEEKLY = wrote(*range(33, 210, 7))
"""A comment each week of the days before."""

SHOWN = {
    "answers take 52 hours, not 15": (
        [known("A-1", comments=HABITUAL), known("A-12", comments=wrote(3, 9, after=52 * HOUR))],
        ("slow", 52, 15, ("A-12",)),
    ),
    "the answer in the middle counts, not one that was forgotten": (
        [known("A-1", comments=(*wrote(150, after=900 * HOUR), *HABITUAL, *wrote(5, 4, 3, after=30 * HOUR)))],
        ("slow", 30, 15, ("A-1",)),
    ),
    "suddenly checking everything: three comments a week, not one": (
        [known("A-1", comments=WEEKLY), known("A-9", 20, None, comments=wrote(*range(1, 14)))],
        ("checking", 13 * 7 / 30, 26 * 7 / 180, ("A-9",)),
    ),
    "a client of 90 days is held against the 60 before the newest, not 180": (
        [known("A-1", 90, None, comments=wrote(40, 50, 60)), known("A-2", 89, None, comments=wrote(*range(1, 9)))],
        ("checking", 8 * 7 / 30, 3 * 7 / 60, ("A-2",)),
    ),
    "comments that are not remembered are not taken for silence": (
        [known(comments=(*wrote(36, 50, 80), *wrote(*range(1, 14))), complete_since=ago(80))],
        ("checking", 13 * 7 / 30, 3 * 7 / 50, ("A-1",)),
    ),
    "a client of ten days, whose every day is a new one": (
        [known(f"A-{day}", day, None, category="billing") for day in (10, 5, 1)],
        ("billing", 3, None, ("A-10", "A-5", "A-1")),
    ),
    "terse: 40 characters, not 200": (
        [known("A-1", comments=(*wrote(40, 50, 60, length=200), *wrote(2, 5, length=40)))],
        ("terse", 40, 200, ("A-1",)),
    ),
    "four requests beyond the scope in a month, not one": (
        [known(), *requests("scope", 150, 130, 110, 90, 70, 50, 21, 14, 7, 1)],
        ("scope", 4, 1, ("A-21", "A-14", "A-7", "A-1")),
    ),
    "three billing issues, whatever the habit": (
        requests("billing", 21, 14, 7),
        ("billing", 3, None, ("A-21", "A-14", "A-7")),
    ),
    "three change requests are open, however old": (
        requests("scope", 290, 280, 270, solved=None),
        ("piling-up", 3, None, ("A-290", "A-280", "A-270")),
    ),
    "two promised dates missed on two tickets": (
        [known("A-3", deadlines=passed(12)), known("A-4", deadlines=passed(2))],
        ("late", 2, None, ("A-3", "A-4")),
    ),
    "a meeting missed": ([known("A-5", missed_meetings=(ago(8),))], ("absent", 1, None, ("A-5",))),
    "a concern of the team": ([known("A-6", concerns=(ago(29),))], ("uneasy", 1, None, ("A-6",))),
}


@pytest.mark.parametrize("case", SHOWN)
def test_a_client_who_departs_from_their_habit_shows_one_sign(case: str) -> None:
    tickets, (name, recent, baseline, keys) = SHOWN[case]
    [sign] = shown(tickets)
    assert (sign.name, sign.keys) == (name, keys)
    assert sign.recent == pytest.approx(recent)
    assert sign.baseline == (None if baseline is None else pytest.approx(baseline))


QUIET = {
    "no tickets at all": [],
    "answers as ever": [known(comments=(*HABITUAL, *wrote(3, 9, after=20 * HOUR)))],
    "twice as slow, and still quick": [known(comments=(*wrote(40, 60, 80, after=60), *wrote(3, 9, after=180)))],
    "one slow answer": [known(comments=(*HABITUAL, *wrote(3, after=90 * HOUR)))],
    "slow of late, and too few answers before to know the habit": [
        known(comments=(*wrote(40, 60, after=HOUR), *wrote(3, 9, after=90 * HOUR)))
    ],
    "slow answers that are older than the baseline": [
        known(comments=(*wrote(211, 212, 213, after=HOUR), *wrote(3, 9, after=90 * HOUR)))
    ],
    "a client who writes less": [known(comments=(*WEEKLY, *wrote(2)))],
    "a new client who writes much": [known("A-1", 35, None, comments=wrote(31, 32, 33, *range(1, 20)))],
    "much of late on a ticket of which less is remembered than the newest days": [
        known("A-1", comments=wrote(*range(1, 20)), complete_since=ago(19)),
        known("A-2", comments=wrote(25, 26, 40, 50, 60)),
    ],
    "comments that were always short": [known(comments=(*wrote(40, 50, 60, length=50), *wrote(2, 5, length=5)))],
    "comments that become longer": [known(comments=(*wrote(40, 50, 60), *wrote(2, 5, length=900)))],
    "requests as often as ever": [known(), *requests("scope", 170, 140, 110, 80, 50, 20)],
    "two requests are open": requests("scope", 290, 280, solved=None),
    "dates that were kept": [known(deadlines=passed(2, 5, 9, missed=False))],
    "a date missed of late, another long ago": [known(deadlines=passed(2, 31))],
    "a missed meeting and a concern of 30 days ago": [known(missed_meetings=(ago(30),), concerns=(ago(30),))],
    "what is still to come": [known(missed_meetings=(ago(-1),), comments=(*HABITUAL, *wrote(-1, -2, after=9999)))],
}


@pytest.mark.parametrize("case", QUIET)
def test_there_is_no_sign_in(case: str) -> None:
    assert shown(QUIET[case]) == []


@pytest.mark.parametrize(
    ("days", "usual", "told"),
    [
        (60, 30, ["payment days 60, 2 times the 30 that are usual"]),
        (59, 30, []),
        (60, None, []),
        (None, 30, []),
        (0, 0, []),
        (10, 0, ["payment days 10, against 0 that are usual"]),
    ],
)
def test_payment_days_are_those_of_the_clients_record(
    days: int | None, usual: int | None, told: list[str]
) -> None:
    client = ClientModel(name="Client A", payment_days=days, usual_payment_days=usual)
    assert [sign.sentence for sign in shown([known()], client=client)] == told


def test_tickets_of_all_trackers_count_together_and_signs_stand_in_the_files_order() -> None:
    jira = known("A-12", comments=(*HABITUAL, *wrote(3, after=50 * HOUR)), concerns=(ago(2),))
    asana = Known(
        "other site", "7", "1207", "Client A", "team", ago(200), habits=Habits(wrote(1, after=54 * HOUR))
    )
    assert [sign.sentence for sign in shown([jira, asana])] == [
        "reply time 52 h in the last 30 days, 3.5 times the 15 h of the 180 days before (A-12, 1207)",
        "concerns raised by the team 1 in the last 30 days (A-12)",
    ]


def test_a_sentence_names_three_tickets_and_counts_the_others() -> None:
    [sign] = shown(requests("billing", 9, 8, 7, 6, 5))
    assert sign.sentence == "billing issues 5 per 30 days in the last 30 days (A-9, A-8, A-7 and 2 more)"


def test_a_sign_goes_with_the_days_that_made_it() -> None:
    tickets = requests("billing", 21, 14, 7)
    facts = fold(tickets).of("Client A", "site", "1")
    names = [
        [sign.name for sign in signs.warnings(policy(), facts, None, NOW + timedelta(days=days))]
        for days in (0, 8, 10)
    ]
    assert names == [["billing"], ["billing"], []]


def test_what_is_remembered_of_a_client_is_not_told_of_another_or_after_a_change() -> None:
    # Known tickets with other habits are equal, so the answer must not be found by equality.
    quiet = known("A-1")
    warned = Known("site", quiet.id, "A-1", "Client A", "delivery", quiet.opened, quiet.resolved)
    object.__setattr__(warned, "habits", Habits(concerns=(ago(1),)))
    file = policy()
    told = [[*signs.warnings(file, Facts((each,)), None, NOW)] for each in (quiet, warned, quiet)]
    assert quiet == warned
    assert [len(each) for each in told] == [0, 1, 0]


# --- red flags ---------------------------------------------------------------------------------------------------


def test_red_flags_are_the_labels_of_the_file_spelt_exactly_so() -> None:
    file = policy('[[flag]]\nlabel = "flag:untested"\nmeans = "a function was never tested"')
    labels = frozenset({"flag:untested", "flag:Untested", "flag:other"})
    assert [flag.means for flag in signs.flags(ticket(labels=labels), file)] == ["a function was never tested"]
    assert signs.flags(ticket(labels=labels - {"flag:untested"}), file) == []


# --- the file ----------------------------------------------------------------------------------------------------


def test_the_shipped_file_watches_every_figure_and_writes_no_label() -> None:
    reading = collect(MAPPINGS / "signs.toml", SignsFile)
    assert reading.document.faults == []
    assert reading.value
    assert {sign.figure for sign in reading.value.sign.values()} == set(get_args(Figure))
    assert [flag.label for flag in reading.value.flag] == ["flag:undefined", "flag:untested", "flag:confusing"]
    assert not reading.value.label


def test_a_file_without_signs_warns_of_nothing() -> None:
    assert shown([known(concerns=(ago(1),))], file=SignsFile()) == []


DAYS = 'recent = "30d"\nbaseline = "180d"\n'


@pytest.mark.parametrize(
    ("written", "line", "what"),
    [
        ('[sign.a]\nfigure = "comments"\nat_least = 3', 1, "which days are the newest?"),
        ('recent = "30d"\n[sign.a]\nfigure = "comments"\ntimes_baseline = 3', 4, "to compare with"),
        ('recent = "0d"', 1, "nothing happens in no time"),
        ('recent = "30d"\nbaseline = "2w"', 2, "shorter than recent"),
        (DAYS + '[sign.a]\nfigure = "comments"', 3, "measured by nothing"),
        (DAYS + '[sign.a]\nfigure = "comments"\ntimes_baseline = 0.5', 5, "write more than 1"),
        (DAYS + '[sign.a]\nfigure = "comment_length"\ntimes_baseline = 2', 5, "write less than 1"),
        (DAYS + '[sign.a]\nfigure = "comment_length"\nat_least = 60', 3, "add times_baseline"),
        (DAYS + '[sign.a]\nfigure = "team_concerns"\ntimes_baseline = 2', 5, "write at_least"),
        ('label = "critical"', 1, "already says something else"),
        ('label = "level-2"', 1, "already says something else"),
        ('label = "early warning"', 1, "label"),
        ("[[flag]]\nlabel = 'x'\nmeans = 'y'\n[[flag]]\nlabel = 'x'\nmeans = 'z'", 5, "an earlier flag"),
    ],
)
def test_check_names_the_line_of(written: str, line: int, what: str, tmp_path: Path) -> None:
    file = tmp_path / "signs.toml"
    file.write_text(written, encoding="utf-8")
    [fault] = collect(file, SignsFile).document.faults
    assert fault.line == line
    assert what in str(fault)
