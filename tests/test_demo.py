"""The shipped rules on the shipped demo: five languages, every kind of issue, and some hopeless rows."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from sync.facts import fold
from sync.judgement import Judge
from sync.settings import load
from sync.startup import chosen, opened, terms_of
from sync.ticket import CATEGORIES, SEVERITIES

if TYPE_CHECKING:
    from sync.action import Failed
    from sync.ticket import Ticket

ROOT = Path(__file__).parents[1]
NOW = datetime(2026, 3, 3, 9, tzinfo=UTC)

EXPECTED = """
NOR-061 delivery/quality medium
NOR-064 billing/invoice medium
NOR-067 communication/no-updates medium
NOR-070 scope/feature-creep low
NOR-073 team/turnover medium
NOR-085 delivery/quality low
NOR-086 scope/feature-creep low
NOR-087 billing/expense low
NOR-088 scope/feature-creep low
NOR-089 communication/unclear-expectations medium
NOR-090 billing/rate-change medium
NOR-091 billing/payment-terms medium
NOR-092 communication/no-updates high
NOR-093 communication/unresponsive-member medium
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
NOR-112 billing/invoice high
NOR-113 delivery/incomplete-deliverable medium
NOR-114 delivery/quality critical
NOR-115 scope/feature-creep medium
NOR-116 communication/no-updates medium
NOR-117 delivery/missed-deadline medium
NOR-120 unclassified/ medium
NOR-121 unclassified/ high
"""


class Demo(NamedTuple):
    judge: Judge
    tickets: list[Ticket]
    failed: list[Failed]


@pytest.fixture(name="demo", scope="module")
def shipped_demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder = tmp_path_factory.mktemp("demo")
    for name in ("config.toml", "issues.csv", "issues.comments.csv"):
        shutil.copy(ROOT / "docs" / "demo" / name, folder)
    (folder / "mappings").symlink_to(ROOT / "mappings")
    settings, policy = load(folder / "config.toml")
    (source,) = chosen(settings, [])
    tracker = opened(source, policy, lambda: NOW)
    tracker.connect()
    pages = list(tracker.changed(None))
    return Demo(
        Judge(policy, {source.name: terms_of(source, policy)}),
        [ticket for page in pages for ticket in page.tickets],
        [failure for page in pages for failure in page.failed],
    )


def test_every_issue_is_classified_and_rated_as_its_reader_would(demo: Demo) -> None:
    classified = {ticket.id: demo.judge.classify(ticket) for ticket in demo.tickets}
    facts = fold(demo.judge.known(ticket, classified[ticket.id]) for ticket in demo.tickets)
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
    assert told.keys() == {"row 42", "NOR-118", "NOR-119"}
    assert "no ID" in told["row 42"]
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
