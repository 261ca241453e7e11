"""The shipped rules on the shipped demo: every kind of issue and message, five languages, some hopeless rows."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, get_args

import pytest

from sync.cycle import run_pass
from sync.judging.facts import fold
from sync.judging.judgement import Judge
from sync.judging.signs import flags
from sync.mapping.severity_models import TRIGGERS
from sync.promise_names import PromiseName
from sync.richtext import plain
from sync.saying.comments import Composer
from sync.saying.render import FOR_CLIENTS
from sync.settings import chosen, load
from sync.startup import opened, program, terms_of
from sync.state.store import Store
from sync.ticket import CATEGORIES, SEVERITIES, Audience, Language
from sync.trackers.pace import Paces

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sync.action import Failed
    from sync.judging.clocks import Clock
    from sync.judging.judgement import Judgement
    from sync.plan import Plan, TicketPlan
    from sync.ticket import Ticket

ROOT = Path(__file__).parents[1]
DEMO = ROOT / "docs" / "demo"
NOW = datetime(2026, 3, 3, 9, tzinfo=UTC)

EXPECTED = """
NOR-050 unclassified/ medium
NOR-060 unclassified/ medium
NOR-061 delivery/quality medium
NOR-064 billing/invoice medium
NOR-067 communication/no-updates medium
NOR-070 scope/feature-creep low
NOR-073 team/turnover medium
NOR-074 scope/feature-creep medium
NOR-075 scope/feature-creep medium
NOR-076 scope/feature-creep medium
NOR-077 scope/feature-creep medium
NOR-079 delivery/missed-deadline high
NOR-080 scope/feature-creep low
NOR-081 delivery/quality critical
NOR-082 scope/feature-creep high
NOR-083 delivery/quality critical
NOR-084 delivery/missed-deadline high
NOR-085 delivery/quality low
NOR-086 scope/feature-creep medium
NOR-087 billing/expense low
NOR-088 scope/feature-creep medium
NOR-089 communication/unclear-expectations medium
NOR-090 billing/rate-change high
NOR-091 billing/payment-terms high
NOR-092 communication/no-updates high
NOR-093 communication/unresponsive-member high
NOR-094 delivery/missed-deadline medium
NOR-095 scope/disputed-inclusion high
NOR-096 team/personality-conflict high
NOR-097 communication/stakeholder-misalignment high
NOR-098 delivery/quality high
NOR-099 delivery/incomplete-deliverable high
NOR-100 delivery/scope-gap high
NOR-101 delivery/missed-deadline critical
NOR-102 delivery/quality critical
NOR-103 scope/unapproved-change high
NOR-104 billing/invoice high
NOR-105 team/skill-mismatch high
NOR-106 team/culture high
NOR-107 delivery/missed-deadline critical
NOR-108 billing/invoice medium
NOR-109 unclassified/ medium
NOR-110 delivery/quality medium
NOR-111 delivery/quality medium
NOR-112 billing/invoice high
NOR-113 delivery/incomplete-deliverable high
NOR-114 delivery/quality critical
NOR-115 scope/feature-creep medium
NOR-116 communication/no-updates medium
NOR-117 delivery/missed-deadline medium
NOR-120 unclassified/ medium
NOR-121 unclassified/ high
NOR-122 delivery/incomplete-deliverable high
"""


MOMENTS = {
    name.lower(): datetime.fromisoformat(at)
    for name, at in re.findall(r"^([A-Z]+)=(\d{4}-\S+)$", (DEMO / "run").read_text(encoding="utf-8"), re.MULTILINE)
}
"""The moments of `make demo`, by the names that its script gives them."""

SAID = """
first_response       NOR-101  morning
owned                NOR-101  morning
update               NOR-092  morning
escalation           NOR-101  morning
raised               NOR-097  morning
withdrawn            NOR-111  june
taken                NOR-097  afternoon
snoozed              NOR-109  afternoon
assessed             NOR-097  morning
planned              NOR-095  morning
agreed               NOR-098  morning
checkpoint           NOR-114  morning
slip                 NOR-084  morning
silence              NOR-090  morning
solution_told        NOR-112  morning
root_cause           NOR-081  morning
prevention           NOR-081  morning
verified             NOR-081  wednesday
remedy               NOR-081  morning
post_mortem          NOR-081  morning
post_mortem_actions  NOR-083  morning
lessons              NOR-079  wednesday
scope_choice         NOR-095  morning
scope_told           NOR-088  morning
scope_consent        NOR-082  morning
scope_talk           NOR-086  morning
scope_agreement      NOR-080  morning
realign              NOR-082  morning
checkin              NOR-050  morning
stakeholder_call     NOR-050  morning
survey               NOR-050  morning
milestone_review     NOR-050  afternoon
kickoff              NOR-060  morning
"""
"""One ticket, and one step of `make demo`, at which each message to the staff is written."""

SAID_TO_CLIENTS = """
client_received  NOR-107  morning
client_resolved  NOR-111  morning
client_goodwill  NOR-088  morning
client_choice    NOR-103  afternoon
client_slip      NOR-094  afternoon
"""
"""The same for a copy of the demo that clients may read: nobody but staff opens the shipped one."""

PREVIEWED = {"withheld"}
"""A workbook has one circle of readers, so what clients must not see cannot be told to staff instead."""

PULLS = """
client_issues       NOR-101  morning
first_issue         NOR-110  morning
missed_deadlines    NOR-084  morning
satisfaction_below  NOR-110  morning
reopened            NOR-111  afternoon
when                NOR-100  afternoon
"""
"""What raises a severity, or brings somebody in."""

TELLING = [
    ("morning", "NOR-113", "has written again"),  # the client chases
    ("morning", "NOR-086", "Passed over: Consultant 3, away until"),
    ("morning", "NOR-084", "has passed"),  # a promised date
    ("wednesday", "NOR-094", "went from Fri 6 Mar to Fri 13 Mar"),
    ("morning", "NOR-098", "agree"),
    ("wednesday", "NOR-114", "in writing"),
    ("morning", "NOR-095", "move the date, pay a change order, or drop something else"),
    ("wednesday", "NOR-115", "Do it as goodwill"),
    ("morning", "NOR-088", "announce"),  # the talk about expectations
    ("morning", "NOR-086", "goodwill request number 3"),
    ("morning", "NOR-110", "calls before anything is written"),
    ("morning", "NOR-082", "take 12% of the budget"),
]
"""What stands in a comment: of messages that are written in several ways, each way once."""

HELD = [
    ("evening", "NOR-103", "quiet hours of the owner until Wed 07:30"),
    ("afternoon", "NOR-103", "12 comments ask for the same person today already"),
    ("afternoon", "NOR-109", "Account manager North put it off until 2026-03-09"),
    ("morning", "NOR-096", "a team ticket is confidential"),
    ("morning", "NOR-061", "backlog"),
]
"""What is not said, and why."""

RULES = [
    ("morning", "NOR-098", "update", "promises.toml: acknowledged"),
    ("morning", "NOR-113", "update", "promises.toml: chased"),
    ("morning", "NOR-092", "update", "promises.toml: heightened_care × escalation.toml: high.update"),
]
"""Promises of which one message tells several."""

WARNED = [
    ("NOR-110", "pays-later"),
    ("NOR-101", "off-schedule"),
    ("NOR-099", "team-concerned"),
]
"""Early warnings on Tuesday morning."""


class Demo(NamedTuple):
    judge: Judge
    tickets: list[Ticket]
    failed: list[Failed]


def copy_of_the_demo(folder: Path) -> Path:
    """A folder with what `make demo` begins with."""
    for name in ("config.toml", "issues.csv", "issues.comments.csv"):
        shutil.copy(DEMO / name, folder)
    (folder / "mappings").symlink_to(ROOT / "mappings")
    return folder


@pytest.fixture(name="demo", scope="module")
def shipped_demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder = copy_of_the_demo(tmp_path_factory.mktemp("demo"))
    settings, policy = load(folder / "config.toml")
    (source,) = chosen(settings, [])
    tracker = opened(source, policy, lambda: NOW, Paces())
    tracker.connect()
    pages = list(tracker.changed(None))
    return Demo(
        Judge(policy, {source.name: terms_of(source, policy)}),
        [ticket for page in pages for ticket in page.tickets],
        [failure for page in pages for failure in page.failed],
    )


class Step(NamedTuple):
    """One pass over the demo: what was planned and written, and what was thought of each ticket."""

    plan: Plan
    plans: dict[str, TicketPlan]
    judged: dict[str, Judgement]

    def said(self, key: str) -> dict[str, str]:
        """The promises that the comment on a ticket speaks of, each with the occasion of it."""
        plan = self.plans.get(key)
        return {each.promise: each.occasion for each in plan.comment.obligations} if plan and plan.comment else {}

    def text(self, key: str) -> str:
        """The comment on a ticket, in one line."""
        comment = self.plans[key].comment
        return " ".join(plain(comment.body).split()) if comment else ""


class Walk:
    """The passes of `make demo`, one after the other, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.now = folder, NOW
        self._settings, self._policy = load(folder / "config.toml")

    def step(self, moment: str, *only: str) -> Step:
        """A pass at that moment."""
        self.now = MOMENTS[moment]
        with Store(self._settings.state, write=True) as store:
            working = program(self._settings, self._policy, store, clock=lambda: self.now)
            [sight] = run_pass(working, self.now, moment, only)
        assert not sight.plan.trouble
        assert not sight.plan.refusal
        plans = {plan.ticket.key: plan for plan in sight.plan.tickets}
        return Step(sight.plan, plans, {judged.ticket.key: judged for judged in sight.judged})

    def people(self) -> None:
        """What people do on Tuesday."""
        script = [sys.executable, str(DEMO / "people.py"), str(DEMO / "afternoon.csv"), "issues.csv"]
        subprocess.run(script, cwd=self.folder, check=True)


@pytest.fixture(name="walk", scope="module")
def walk_of_the_demo(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Step]:
    walk = Walk(copy_of_the_demo(tmp_path_factory.mktemp("walk")))
    steps = {"morning": walk.step("morning"), "again": walk.step("morning")}
    walk.people()
    steps["afternoon"] = walk.step("afternoon")
    steps["evening"] = walk.step("evening", "NOR-103")
    steps["wednesday"] = walk.step("wednesday")
    steps["june"] = walk.step("june", "NOR-111")
    return steps


@pytest.fixture(name="open_walk", scope="module")
def walk_that_clients_read(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Step]:
    folder = copy_of_the_demo(tmp_path_factory.mktemp("open"))
    (folder / "mappings").unlink()
    shutil.copytree(ROOT / "mappings", folder / "mappings")
    replaced(folder / "mappings/promises.toml", "to_client = []", f"to_client = {list(MESSAGES)}")
    replaced(folder / "config.toml", 'readers = "staff"', 'readers = "staff-and-clients"')
    with (folder / "config.toml").open("a", encoding="utf-8") as stream:
        stream.write("\n[source.guard]\nclient_comments = 100\n")
    walk = Walk(folder)
    steps = {"morning": walk.step("morning")}
    walk.people()
    return steps | {"afternoon": walk.step("afternoon")}


MESSAGES = ("received", "slip", "resolved", "goodwill", "choice")


def replaced(file: Path, before: str, after: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after), encoding="utf-8")


def rows_of(table: str) -> Iterator[tuple[str, str, str]]:
    """A table of three columns."""
    for line in table.strip().splitlines():
        first, second, third = line.split()
        yield first, second, third


def clocks_of(judged: Judgement, promise: str) -> list[Clock]:
    return [clock for clock in judged.clocks if clock.promise == promise]


# --- at least one of each kind ----------------------------------------------------------------------------------


def test_the_demo_shows_every_message_that_there_is() -> None:
    listed = {promise for promise, _, _ in (*rows_of(SAID), *rows_of(SAID_TO_CLIENTS))}
    assert listed | PREVIEWED == set(get_args(PromiseName))


def test_each_message_to_the_staff_is_written_in_the_walk(walk: dict[str, Step]) -> None:
    missing = [(promise, key, step) for promise, key, step in rows_of(SAID) if promise not in walk[step].said(key)]
    assert missing == []


def test_each_message_to_the_client_is_written_where_clients_may_read(open_walk: dict[str, Step]) -> None:
    for promise, key, step in rows_of(SAID_TO_CLIENTS):
        assert [*open_walk[step].said(key)] == [promise], key
        comment = open_walk[step].plans[key].comment
        assert comment
        assert comment.audience is Audience.CLIENT


def test_a_message_about_money_reaches_the_client_only_with_a_second_person_s_label(
    open_walk: dict[str, Step],
) -> None:
    morning, afternoon = open_walk["morning"], open_walk["afternoon"]
    assert morning.said("NOR-112") == {}
    assert any("second pair of eyes" in skipped.why for skipped in morning.plans["NOR-112"].skipped)
    assert "approved-for-client" in afternoon.judged["NOR-112"].ticket.labels
    assert [*afternoon.said("NOR-112")] == ["client_resolved"]


def test_the_shipped_walk_says_nothing_to_a_client(walk: dict[str, Step]) -> None:
    said = {promise for step in walk.values() for key in step.plans for promise in step.said(key)}
    assert not [promise for promise in said if promise.startswith(FOR_CLIENTS)]


@pytest.mark.parametrize("language", get_args(Language))
def test_each_message_can_be_shown_in_each_language(walk: dict[str, Step], language: Language, demo: Demo) -> None:
    composer, judged = Composer(demo.judge.policy, demo.judge.terms), walk["wednesday"].judged["NOR-094"]
    shown = {kind: plain(composer.preview(judged, kind, language)) for kind in get_args(PromiseName)}
    assert all(shown.values())
    assert len(set(shown.values())) == len(shown)


def test_a_second_pass_has_nothing_to_do(walk: dict[str, Step]) -> None:
    assert walk["again"].plan.actions() == []


def test_every_trigger_pulls_and_what_it_raises_is_said(walk: dict[str, Step], demo: Demo) -> None:
    assert {kind for kind, _, _ in rows_of(PULLS)} == set(TRIGGERS)
    for kind, key, step in rows_of(PULLS):
        kinds = {pull.trigger.kind for pull in walk[step].judged[key].rating.pulls}
        assert kind in kinds, key
    held = {
        pull.trigger.name for step in walk.values() for each in step.judged.values() for pull in each.rating.pulls
    }
    assert held == {trigger.name for trigger in demo.judge.policy.severity.trigger}


@pytest.mark.parametrize(("step", "key", "phrase"), TELLING)
def test_each_way_of_saying_it_stands_in_a_comment(
    walk: dict[str, Step], step: str, key: str, phrase: str
) -> None:
    assert phrase in walk[step].text(key)


@pytest.mark.parametrize(("step", "key", "why"), HELD)
def test_what_is_not_said_has_its_reason(walk: dict[str, Step], step: str, key: str, why: str) -> None:
    assert walk[step].text(key) == "" or step == "afternoon"
    assert any(why in skipped.why for skipped in walk[step].plans[key].skipped)


@pytest.mark.parametrize(("step", "key", "promise", "rule"), RULES)
def test_each_rule_of_a_promise_is_the_one_that_holds_somewhere(
    walk: dict[str, Step], step: str, key: str, promise: str, rule: str
) -> None:
    assert [clock.rule for clock in clocks_of(walk[step].judged[key], promise)] == [rule]


@pytest.mark.parametrize(("key", "sign"), WARNED)
def test_early_warnings_show(walk: dict[str, Step], key: str, sign: str) -> None:
    assert sign in {warning.name for warning in walk["morning"].judged[key].warnings}


def test_a_red_flag_shows(walk: dict[str, Step], demo: Demo) -> None:
    ticket = walk["morning"].judged["NOR-110"].ticket
    assert [flag.label for flag in flags(ticket, demo.judge.policy.practice.signs)] == ["flag:untested"]


def test_a_ticket_that_was_put_to_waiting_just_before_a_breach_is_told_of(walk: dict[str, Step]) -> None:
    assert "put to waiting just before a promise ran out: NOR-122 (assessed)" in walk["afternoon"].plan.notices


def test_the_comments_on_a_ticket_about_people_name_nobody_and_are_not_written(walk: dict[str, Step]) -> None:
    team = [judged for judged in walk["morning"].judged.values() if judged.classification.category == "team"]
    assert len(team) >= 3
    assert not any(walk[step].said(each.ticket.key) for step in walk for each in team)


# --- what each issue is -----------------------------------------------------------------------------------------


def test_every_issue_is_classified_and_rated_as_its_reader_would(demo: Demo) -> None:
    classified = {ticket.id: demo.judge.classify(ticket) for ticket in demo.tickets}
    facts = fold(demo.judge.known(ticket, classified[ticket.id], NOW) for ticket in demo.tickets)
    told = []
    for ticket in sorted(demo.tickets, key=lambda ticket: ticket.key):
        judged = demo.judge.judge(ticket, facts.of(ticket.client, ticket.site, ticket.id), NOW)
        category, subtype = judged.classification.category, judged.classification.subtype
        told.append(f"{ticket.key} {category}/{subtype} {judged.rating.severity}")
    assert told == EXPECTED.split("\n")[1:-1]


def test_every_category_subtype_and_severity_occurs(demo: Demo) -> None:
    kinds = {line.split()[1] for line in EXPECTED.split("\n")[1:-1]}
    known = {
        f"{name}/{subtype}" for name, listed in demo.judge.policy.taxonomy.subtypes.items() for subtype in listed
    }
    assert kinds == known | {"unclassified/"}
    assert {kind.split("/")[0] for kind in kinds} == set(CATEGORIES)
    assert {line.split()[2] for line in EXPECTED.split("\n")[1:-1]} == set(SEVERITIES)


def test_hopeless_rows_are_named_and_stop_nothing(demo: Demo) -> None:
    told = {failure.ticket: failure.why for failure in demo.failed}
    assert told.keys() == {"row 57", "NOR-118", "NOR-119"}
    assert "no ID" in told["row 57"]
    assert "'next week' is no date" in told["NOR-118"]
    assert "status 'On hold?' is in no list" in told["NOR-119"]


@pytest.mark.parametrize(
    "text",
    [
        "Thanks for the great workshop!",
        "Please reset my password for the portal.",
        "This has nothing to do with the invoice.",
        "No delays this time, and no errors in the report. Well done.",
        "When is the next steering committee?",
        "納期の遅れはありませんでした。ありがとうございました。",
        "来週の会議の議題を送ってください。",
        "これは請求書の問題ではありません。",
        "Alt er til tiden, og vi er glade.",
        "Der er ingen fejl i rapporten.",
        "Всё сдано вовремя, без задержек и не просрочено.",
        "Когда следующая встреча?",
        "Raportti ei ole myöhässä.",
        "Milloin seuraava kokous pidetään?",
    ],
)
def test_what_is_no_complaint_is_not_classified(demo: Demo, text: str) -> None:
    ticket = replace(demo.tickets[0], title=text, text="", fields={}, labels=frozenset())
    assert demo.judge.classify(ticket).category == "unclassified"


@pytest.mark.parametrize(
    "text",
    [
        "Since last night's update the dashboard crashes when I open a filter.",
        "The new booking form doesn't work in Safari.",
        "Customers cannot log in to the portal.",
        "Search returns the wrong results for two words.",
        "The CSV export is broken since Monday.",
        "We get an error when uploading invoices in PDF.",
        "I don't know why login fails, but it does.",
        "ログイン画面でエラーが出ます。",
        "昨日からシステムが動作しません。",
        "アプリが落ちてしまいます。",
        "検索結果が正しくないようです。計算結果が合わないです。",
        "お客様から、注文フォームが動作しないとの連絡がありました。",
        "Eksporten virker ikke efter opdateringen.",
        "Vi får en fejlmeddelelse, når vi gemmer.",
        "Appen går ned, hver gang vi åbner den.",
        "Brugerne kan ikke logge ind.",
        "Rapporten viser forkerte resultater.",
        "Сайт не работает с утра.",
        "Приложение вылетает при открытии отчёта.",
        "Система выдаёт ошибку при сохранении.",
        "Не можем войти в личный кабинет.",
        "После обновления перестал работать экспорт.",
        "Отчёт показывает неверные результаты.",
        "Страница не загружается.",
        "Kirjautuminen ei toimi.",
        "Sovellus kaatuu heti alussa.",
        "Järjestelmä antaa virheilmoituksen tallennuksessa.",
        "Hakutoiminto on rikki.",
        "Raportti laskee väärin summat.",
        "Sivu ei lataudu ollenkaan.",
        "Uudet lomakkeet eivät toimi.",
    ],
)
def test_what_is_broken_is_a_matter_of_quality(demo: Demo, text: str) -> None:
    ticket = replace(demo.tickets[0], title=text, text="", fields={}, labels=frozenset())
    found = demo.judge.classify(ticket)
    assert (found.category, found.subtype) == ("delivery", "quality")


@pytest.mark.parametrize(
    "text",
    [
        "Tuesday at ten doesn't work for us, could we move the workshop?",
        "Let me know if it doesn't work and I will call.",
        "The figures are broken down by region in the appendix.",
        "Our contact is not working tomorrow.",
        "Nothing crashed during the migration, thank you.",
        "The application no longer crashes, well done.",
        "Anna no longer works here.",
        "担当者が見えないように個人情報が表示されないようにしてください。",
        "エラーは出ていません。ありがとうございます。",
        "エラーが出なくなりました。",
        "バグがありませんでした。",
        "クラッシュコースの日程を教えてください。",
        "社外からアクセスできないように設定してください。",
        "Torsdag virker ikke for os.",
        "Det virker ikke som om nogen læser med.",
        "Systemet går ikke ned længere.",
        "Priserne går ned i maj.",
        "Appen giver ingen fejl længere.",
        "Наш менеджер сегодня не работает.",
        "В пятницу офис не работает.",
        "Он больше не работает у нас.",
        "Дефектов нет, спасибо.",
        "Самолёт вылетает в девять.",
        "Система не выдаёт ошибок.",
        "Kello kymmenen ei toimi meille.",
        "Hän ei toimi enää projektipäällikkönä.",
        "Sovellus ei kaadu enää, kiitos.",
        "Hanke kaatui rahoituksen puutteeseen.",
        "Virheilmoitusta ei tule enää.",
        "Portaali on auki ja toimii hyvin.",
        "The consultant you proposed does not work well with our report team.",
        "If the link does not work, call me.",
        "Наш бухгалтер по пятницам не работает, отчёт пришлите в четверг.",
    ],
)
def test_what_only_sounds_broken_is_not_classified(demo: Demo, text: str) -> None:
    ticket = replace(demo.tickets[0], title=text, text="", fields={}, labels=frozenset())
    assert demo.judge.classify(ticket).category == "unclassified"
