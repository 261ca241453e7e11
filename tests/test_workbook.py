"""A spreadsheet as a tracker: what is read from its rows, and what is written into its cells."""

from __future__ import annotations

import csv
import io
import re
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from harness_workbook import CLIENT, COMMENT_HEADER, HEADER, STAFF, CsvHarness, WorkbookHarness, XlsxHarness
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.formatting.rule import Rule
from openpyxl.styles import Font, PatternFill
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.table import Table

from sync.action import Draft, Edit, FollowUp, Written
from sync.errors import ConflictError, InvalidError, NotFoundError, WorkbookError
from sync.richtext import Bullets, Paragraph, Span, plain
from sync.ticket import Audience, Status
from sync.trackers.workbook import Workbook, open_workbook
from sync.trackers.workbook_disk import swap
from sync.trackers.workbook_labels import LabelStyle
from sync.trackers.workbook_table import fitted, letters, looks_like_formula, protected, unprotected

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sync.action import Failed
    from sync.richtext import Document
    from sync.ticket import Ticket
    from sync.trackers.base import Tracker
    from sync.trackers.workbook_disk import File

MARK, OTHER_MARK = "k7f3q2aaaaaa", "m2m2m2bbbbbb"
DAY = date(2026, 3, 9)


@pytest.fixture(params=[XlsxHarness, CsvHarness], ids=lambda kind: kind.name)
def book(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[WorkbookHarness]:
    with request.param(tmp_path) as started:
        yield started


@pytest.fixture
def xlsx(tmp_path: Path) -> Iterator[XlsxHarness]:
    with XlsxHarness(tmp_path) as started:
        yield started


@pytest.fixture
def sheet_csv(tmp_path: Path) -> Iterator[CsvHarness]:
    with CsvHarness(tmp_path) as started:
        yield started


def tracker(book: WorkbookHarness, *, source: dict[str, Any] | None = None, **mapping: object) -> Workbook:
    opened = open_workbook(book.source(**(source or {})), book.mapping(**mapping), clock=lambda: book.now)
    assert isinstance(opened, Workbook)
    return opened


def listing(opened: Tracker, cursor: str | None = None) -> tuple[dict[str, Ticket], list[Failed], str]:
    pages = list(opened.changed(cursor))
    tickets = {ticket.id: ticket for page in pages for ticket in page.tickets}
    (last,) = [page.cursor for page in pages if page.cursor]
    return tickets, [failed for page in pages for failed in page.failed], last


def one(opened: Tracker, ticket: str) -> Ticket:
    ((found,),) = [page.tickets for page in opened.fetch([ticket])]
    return found


def said(text: str) -> Document:
    return (Paragraph((Span(text),)),)


def draft(text: str = "Update due by 17:00.", *marks: str, audience: Audience = Audience.CLIENT) -> Draft:
    return Draft(said(text), audience, marks or (MARK,))


# --- finding the columns ----------------------------------------------------------------------------------------


def test_headers_are_found_whatever_their_case_width_spacing_and_order(xlsx: XlsxHarness) -> None:
    workbook = xlsx.open()
    sheet = workbook["Issues"]
    sheet.delete_rows(1)
    sheet.append(["Client issues of the northern office"])
    sheet.append([])
    sheet.append(
        [
            " labels",
            "DUE",
            "Created ",
            "status",
            "\uff34\uff49\uff54\uff4c\uff45",
            "Issue\nno.",
            "client",
            "SEVERITY",
        ]
    )
    sheet.append([None, None, datetime(2026, 3, 2), "New", "Late", 17, "Client A", "high"])  # noqa: DTZ001 - a cell has no zone
    xlsx.save(workbook)
    found = one(tracker(xlsx, header_row=3, columns={"id": "Issue no."}), "17")
    assert (found.title, found.client, found.fields["severity"]) == ("Late", "Client A", "high")


def test_every_column_that_is_missing_or_doubled_is_named_at_once_with_what_comes_near(
    book: WorkbookHarness,
) -> None:
    mapping = {
        "columns": {"status": "Remarks ", "labels": "Lables"},
        "fields": {"client": "Customer", "impact": "Due"},
    }
    with pytest.raises(WorkbookError) as told:
        tracker(book, **mapping).connect()
    labels, customer = str(told.value).splitlines()
    assert re.search(r"row 1: no column is headed 'Lables' \(columns.labels\); near it 'Labels'", labels)
    assert str(book.path) in labels
    assert "'Customer' (fields.client); there are 'ID', 'Title'" in customer
    assert customer.endswith("Rename the column, or change the mapping")


def test_two_columns_of_one_name_are_never_guessed_between(sheet_csv: CsvHarness) -> None:
    sheet_csv.path.write_text("ID;Title;Status;Created;Due;due;Labels;Client;Severity\n")
    with pytest.raises(WorkbookError, match=r"columns E and F are both headed 'Due' \(columns.due\)"):
        tracker(sheet_csv).connect()


def test_a_header_row_that_holds_none_is_named(book: WorkbookHarness) -> None:
    book.create("Late")
    with pytest.raises(WorkbookError, match=r"row 9 holds no header; .* set header_row in the mapping"):
        tracker(book, header_row=9).connect()


def test_a_sheet_that_is_not_there_is_named_with_the_one_that_was_meant(xlsx: XlsxHarness) -> None:
    with pytest.raises(WorkbookError, match=r"no sheet of issues named 'Isues' .*; near it 'Issues'"):
        tracker(xlsx, sheet="Isues").connect()
    assert tracker(xlsx, sheet="ISSUES").connect() == "workbook:issues"


def test_the_site_survives_a_move_another_format_and_a_rename_if_it_is_set(
    book: WorkbookHarness, tmp_path: Path
) -> None:
    site = tracker(book).connect()
    (tmp_path / "elsewhere").mkdir()
    moved = book.path.rename(tmp_path / "elsewhere" / book.path.name)
    assert tracker(book, source={"path": moved}).connect() == site == "workbook:issues"
    renamed = moved.rename(tmp_path / f"list{moved.suffix}")
    assert tracker(book, source={"path": renamed, "site": site}).connect() == site


# --- reading rows -----------------------------------------------------------------------------------------------


def test_rows_that_cannot_be_read_are_named_by_number_and_remedy_and_stop_no_other(book: WorkbookHarness) -> None:
    good = book.create("Late")
    book.add_issue({"Title": " "})
    book.add_issue({"Remarks": "from here on: last year"})
    book.add_issue({"Title": "Without an ID", "Status": "New"})
    for _ in range(2):
        book.add_issue({"ID": "D-1", "Title": "Twice", "Status": "New", "Created": "2026-03-02"})
    book.add_issue({"ID": "C-1", "Title": "Never reported", "Status": "New"})
    book.add_issue({"ID": "C-2", "Title": "When?", "Status": "New", "Created": "last week"})
    book.add_issue({"ID": "S-1", "Title": "Where?", "Status": "Parked", "Created": "2026-03-02"})
    tickets, failed, _ = listing(tracker(book))
    assert list(tickets) == [good]
    assert {each.ticket: each.why for each in failed} == {
        "row 5": "row 5 has content but no ID; give the issue an ID",
        "D-1": "rows 6 and 7 have the same ID 'D-1'; give each issue an ID of its own",
        "C-1": "row 8: 'Created' is empty; write the day the issue was reported",
        "C-2": "row 9: 'Created': 'last week' is no date (ISO, as in 2024-05-31); "
        "write a date, or set date_format in the mapping",
        "S-1": "row 10: status 'Parked' is in no list of the mapping's [status]; "
        "add it there under open, in_progress, waiting, resolved or closed",
    }


def test_an_unchanged_file_gives_no_ticket_but_tells_again_what_cannot_be_read(book: WorkbookHarness) -> None:
    ticket = book.create("Late")
    opened = tracker(book)
    _, _, cursor = listing(opened)
    assert listing(opened, cursor) == ({}, [], cursor)
    bad = book.create_unreadable()
    tickets, failed, cursor = listing(opened, cursor)
    assert ([*tickets], [each.ticket for each in failed]) == ([ticket], [bad])
    for _ in range(2):
        tickets, failed, cursor = listing(tracker(book), cursor)
        assert (tickets, [each.ticket for each in failed]) == ({}, [bad])


def test_a_changed_mapping_reads_an_unchanged_file_again(book: WorkbookHarness) -> None:
    ticket = book.create("Late", severity="high")
    before, _, cursor = listing(tracker(book))
    after, _, _ = listing(tracker(book, fields={"client": "Client", "impact": "Severity"}), cursor)
    assert after[ticket].fields["impact"] == "high"
    assert after[ticket].version != before[ticket].version


def test_a_long_list_comes_in_pages_and_its_cursor_with_the_last(sheet_csv: CsvHarness) -> None:
    rows = "".join(f"N-{number};Late;;New;2026-03-02;;;;;;\r\n" for number in range(1001))
    sheet_csv.path.write_bytes(sheet_csv.path.read_bytes() + rows.encode())
    pages = list(tracker(sheet_csv).changed(None))
    assert [len(page.tickets) for page in pages] == [500, 500, 1, 0]
    assert [page.cursor is None for page in pages] == [True, True, True, False]


@pytest.mark.parametrize(
    ("cell", "due"),
    [
        (DAY, DAY),
        (datetime(2026, 3, 9, 23, 30), DAY),  # noqa: DTZ001 - a cell has no zone
        ("2026-03-09", DAY),
        (" 09.03.2026 ", DAY),
        ("2026-03-09T23:30:00+00:00", date(2026, 3, 10)),
    ],
    ids=["date", "time of day", "ISO", "as the mapping writes it", "with a zone of its own"],
)
def test_due_dates_are_read_in_each_form_that_people_write(book: WorkbookHarness, cell: object, due: date) -> None:
    ticket = book.create_row(Title="Late", Status="New", Due=cell)
    found = one(tracker(book, date_format="%d.%m.%Y", zone="Europe/Berlin"), ticket)
    assert (found.due, found.problems) == (due, ())


def test_a_due_date_that_is_no_date_is_a_problem_and_never_overwritten(book: WorkbookHarness) -> None:
    ticket = book.create_row(Title="Late", Status="New", Due="when ready")
    opened = tracker(book)
    found = one(opened, ticket)
    assert (found.due, found.due_text) == (None, "when ready")
    assert found.problems == ("due date: 'when ready' is no date; it is read as empty",)
    with pytest.raises(InvalidError, match=r"'when ready' is no date .* left as it is") as told:
        opened.edit(ticket, Edit(("esc:high",), set_due=True, due=DAY))
    assert told.value.fields == ("due",)
    assert (book.issue(ticket)["Due"], book.labels_of(ticket)) == ("when ready", frozenset())


def test_the_last_change_is_what_its_column_says_and_a_bad_one_is_a_problem(book: WorkbookHarness) -> None:
    ticket, bad = (
        book.create_row(Title="Late", Status="New", Remarks=cell) for cell in ("2026-03-05 10:00", "0001-01-01")
    )
    found, doubtful = (one(tracker(book, columns={"updated": "Remarks"}), each) for each in (ticket, bad))
    assert (found.updated, found.problems) == (datetime(2026, 3, 5, 10, tzinfo=UTC), ())
    assert doubtful.updated == doubtful.created
    assert doubtful.problems[0].startswith("'Remarks': '0001-01-01' is no date of our time")


def test_times_are_meant_in_the_zone_of_the_mapping(book: WorkbookHarness) -> None:
    ticket = book.create("Late")
    assert one(tracker(book, zone="Asia/Tokyo"), ticket).created == datetime(2026, 3, 2, 0, tzinfo=UTC)


def test_numbers_dates_and_errors_become_text_that_rules_can_compare(xlsx: XlsxHarness) -> None:
    columns = {"client": "Client", "budget": "Severity", "contacted": "Remarks", "engagement": "Owner"}
    cells = {"Client": 12.0, "Severity": 0.5, "Remarks": datetime(2026, 3, 2, 8, 30), "Owner": "#N/A"}  # noqa: DTZ001 - a cell has no zone
    found = one(
        tracker(xlsx, fields=columns, zone="Europe/Berlin"), xlsx.create_row(Title="Late", Status="New", **cells)
    )
    assert found.fields == {"client": "12", "budget": "0.5", "contacted": "2026-03-02T08:30:00+01:00"}
    assert found.assignee is None


def test_dates_written_as_text_reach_the_date_fields_as_iso(book: WorkbookHarness) -> None:
    ticket = book.create_row(Title="Late", Status="New", Remarks="28.02.2026", Owner="28.02.2026")
    fields = {"contacted": "Remarks", "reported": "Owner"}
    found = one(tracker(book, fields=fields, date_format="%d.%m.%Y"), ticket)
    assert (found.fields["contacted"], found.reported) == ("2026-02-28", datetime(2026, 2, 28, tzinfo=UTC))


def test_a_row_that_moved_or_a_column_that_is_not_mapped_is_no_change(book: WorkbookHarness) -> None:
    first, second = book.create("First"), book.create("Second")
    opened = tracker(book)
    before, _, _ = listing(opened)
    book.delete(first)
    book.put(second, "Remarks", "looked at")
    after, _, _ = listing(opened)
    assert after == {second: before[second]}


def test_a_cell_of_three_megabytes_is_read_and_survives_a_write(sheet_csv: CsvHarness) -> None:
    text = "We wait. " * 350_000
    ticket = sheet_csv.create("Late", text=text)
    opened = tracker(sheet_csv)
    assert len(one(opened, ticket).text) == len(text)
    opened.edit(ticket, Edit(("esc:high",)))
    assert sheet_csv.issue(ticket)["Description"] == text


# --- reading comments -------------------------------------------------------------------------------------------


def test_people_write_comments_by_hand_and_all_that_is_known_of_them_is_kept(book: WorkbookHarness) -> None:
    ticket = book.create("Late")
    book.add_comment({"Issue": ticket, "At": "2026-03-02", "Author": CLIENT, "Text": "On the day of the report"})
    book.add_comment({"Issue": ticket, "At": "2026-03-03", "Author": STAFF, "Text": "/called"})
    book.add_comment({"Issue": ticket, "At": "2026-03-03", "Author": STAFF, "Text": "/mailed"})
    book.add_comment({"Issue": ticket, "At": "03.03.2026 10:00", "Author": "", "Text": "Who said this?"})
    found = one(tracker(book, date_format="%d.%m.%Y %H:%M"), ticket)
    assert [(comment.text, comment.author.side) for comment in found.comments] == [
        ("On the day of the report", "client"),
        ("/called", "staff"),
        ("/mailed", "staff"),
        ("Who said this?", "unknown"),
    ]
    assert found.comments[0].at == found.created
    assert found.updated == datetime(2026, 3, 3, 10, tzinfo=UTC)


def test_a_comment_keeps_its_id_when_its_text_is_corrected_and_rows_are_sorted(book: WorkbookHarness) -> None:
    ticket = book.create("Late")
    first = book.comment_as_client(ticket, "Where is it?")
    book.advance(60)
    second = book.comment_as_staff(ticket, "On its wya.")
    if isinstance(book, XlsxHarness):
        workbook = book.open()
        sheet = workbook["Comments"]
        rows = [[cell.value for cell in cells] for cells in sheet.iter_rows(min_row=2)]
        sheet.delete_rows(2, 2)
        for row in reversed(rows):
            sheet.append([cell if cell != "On its wya." else "On its way." for cell in row])
        book.save(workbook)
    else:
        assert isinstance(book, CsvHarness)
        header, *lines = book.beside.read_text("utf-8-sig").replace("wya", "way").splitlines()
        book.beside.write_text("\n".join((header, *reversed(lines))))
    assert [(c.id, c.text) for c in one(tracker(book), ticket).comments] == [
        (first, "Where is it?"),
        (second, "On its way."),
    ]


def test_a_comment_without_a_date_is_named_and_one_of_ours_still_counts_as_said(book: WorkbookHarness) -> None:
    ticket = book.create("Late")
    book.add_comment({"Issue": ticket, "At": "yesterday", "Author": CLIENT, "Text": "Well?"})
    book.add_comment({"Issue": ticket, "Author": "makegood", "Text": "Due", "Action id": f"{MARK} see-above"})
    opened = tracker(book)
    found = one(opened, ticket)
    assert [(comment.text, comment.marks) for comment in found.comments] == [("Due", (MARK,))]
    assert ["row 2: At 'yesterday' is no date" in found.problems[0], "row 3: At ''" in found.problems[1]] == [
        True
    ] * 2
    assert set(opened.marks(ticket).marks) == {MARK}


def test_marks_are_found_though_the_row_of_the_issue_is_gone_or_unreadable(book: WorkbookHarness) -> None:
    gone, unreadable = book.create("Late"), book.create("Late")
    for ticket in (gone, unreadable):
        tracker(book).comment(ticket, draft("Due", MARK, OTHER_MARK))
    book.delete(gone)
    book.put(unreadable, "Created", None)
    for ticket in (gone, unreadable):
        marks = tracker(book).marks(ticket)
        assert (marks.complete, set(marks.marks)) == (True, {MARK, OTHER_MARK})


def test_a_comments_sheet_that_is_something_else_is_refused(xlsx: XlsxHarness) -> None:
    workbook = xlsx.open()
    workbook.create_sheet("comments").append(["What the holiday was like"])
    xlsx.save(workbook)
    with pytest.raises(WorkbookError, match="sheet 'comments': row 1 holds none of the columns that are wanted"):
        tracker(xlsx).connect()
    assert tracker(xlsx, comments_sheet="Client talks").connect()


def test_an_empty_sheet_of_comments_gets_its_header_with_the_first_one(xlsx: XlsxHarness) -> None:
    ticket = xlsx.create("Late")
    workbook = xlsx.open()
    workbook.create_sheet("Comments")
    xlsx.save(workbook)
    tracker(xlsx).comment(ticket, draft())
    assert list(xlsx.comments()[0]) == list(COMMENT_HEADER)
    assert xlsx.comments_of(ticket)[0].marks == (MARK,)


def test_check_names_every_row_in_doubt(book: WorkbookHarness) -> None:
    book.create_row(Title="Late", Status="New", Due="soon")
    book.add_issue({"Title": "Without an ID", "Status": "New"})
    book.create_unreadable()
    book.add_comment({"Issue": "N-77", "At": "2026-03-02", "Author": STAFF, "Text": "On it."})
    findings = list(tracker(book).check())
    assert [(finding.level, finding.about.partition(",")[0]) for finding in findings][1:-1] == [
        ("error", "row 3"),
        ("error", "N-2"),
        ("warning", "N-1"),
    ]
    assert findings[0].what == "2 issues; site id workbook:issues, readers staff-and-clients"
    assert (findings[-1].level, findings[-1].what) == ("warning", "no issue has the ID 'N-77'")


# --- writing cells ----------------------------------------------------------------------------------------------


def test_formats_columns_sheets_and_formulas_that_are_not_ours_survive_a_write(xlsx: XlsxHarness) -> None:
    ticket, other = xlsx.create("Late", due=date(2026, 3, 5)), xlsx.create("Also late")
    workbook = xlsx.open()
    sheet = workbook["Issues"]
    sheet["K2"].value = "=LEN(B2)"
    sheet["B2"].font = Font(bold=True, color="FF0000")
    sheet["B2"].hyperlink = "https://example.com/n-1"
    sheet["G2"].fill = PatternFill("solid", fgColor="FFFF00")
    sheet["F2"].number_format = "dd.mm.yyyy"
    sheet.column_dimensions["C"].width = 60
    sheet.column_dimensions["H"].hidden = True
    sheet.freeze_panes = "B2"
    sheet.auto_filter.ref = "A1:K3"
    sheet.row_dimensions[3].height = 40
    choice = DataValidation(type="list", formula1='"New,Doing"')
    sheet.add_data_validation(choice)
    choice.add("D2:D99")
    red = DifferentialStyle(fill=PatternFill("solid", bgColor="FFC7CE"))
    sheet.conditional_formatting.add("D2:D99", Rule("cellIs", operator="equal", formula=['"New"'], dxf=red))
    totals = workbook.create_sheet("Totals")
    totals.append(["Client", "Hours"])
    totals.append(["Client A", 12.5])
    totals.add_table(Table(displayName="Totals", ref="A1:B2"))
    totals.merge_cells("D1:F1")
    workbook.defined_names["Rate"] = DefinedName("Rate", attr_text="Totals!$B$2")
    xlsx.save(workbook)

    opened = tracker(xlsx)
    assert opened.notice is None
    opened.edit(ticket, Edit(("esc:high",), set_due=True, due=DAY))
    opened.edit(other, Edit(set_due=True, due=DAY))
    opened.comment(ticket, draft())

    with closing(xlsx.open()) as kept:
        sheet = kept["Issues"]
        assert (sheet["K2"].value, sheet["B2"].font.b, sheet["B2"].font.color.rgb) == (
            "=LEN(B2)",
            True,
            "00FF0000",
        )
        assert sheet["B2"].hyperlink.target == "https://example.com/n-1"
        assert (sheet["G2"].value, sheet["G2"].fill.fgColor.rgb) == ("esc:high", "00FFFF00")
        assert [(sheet[cell].value, sheet[cell].number_format) for cell in ("F2", "F3")] == [
            (datetime(2026, 3, 9), "dd.mm.yyyy"),  # noqa: DTZ001 - a cell has no zone
            (datetime(2026, 3, 9), "dd.mm.yyyy"),  # noqa: DTZ001
        ]
        assert (sheet.column_dimensions["C"].width, sheet.column_dimensions["H"].hidden) == (60, True)
        assert (sheet.freeze_panes, sheet.auto_filter.ref, sheet.row_dimensions[3].height) == ("B2", "A1:K3", 40)
        assert [str(rule.sqref) for rule in sheet.data_validations.dataValidation] == ["D2:D99"]
        assert [str(rule.sqref) for rule in sheet.conditional_formatting] == ["D2:D99"]
        assert list(kept["Totals"].tables) == ["Totals"]
        assert [str(cells) for cells in kept["Totals"].merged_cells.ranges] == ["D1:F1"]
        assert kept.defined_names["Rate"].attr_text == "Totals!$B$2"
        assert kept.sheetnames == ["Issues", "Totals", "Comments"]
    assert tracker(xlsx).notice is None


def test_rows_of_a_csv_that_are_not_ours_stay_byte_for_byte(sheet_csv: CsvHarness) -> None:
    untouched = b'"N-9";"say ""please""\r\nand wait";x ;New;2026-03-02;;"billing";;\'=1;low;"\xc3\xa9";extra\r\n'
    sheet_csv.create("Late")
    with sheet_csv.path.open("ab") as stream:
        stream.write(untouched)
    before = sheet_csv.path.read_bytes()
    tracker(sheet_csv).edit("N-1", Edit(("esc:high",), set_due=True, due=DAY))
    assert sheet_csv.path.read_bytes() == before.replace(b"09:00:00;;;;", b"09:00:00;2026-03-09;esc:high;;")
    assert untouched in sheet_csv.path.read_bytes()


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"], ids=["no mark", "byte order mark"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"], ids=["comma", "semicolon", "tab"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"], ids=["LF", "CR LF", "CR"])
@pytest.mark.parametrize("quoted", [True, False], ids=["all quoted", "quoted where needed"])
def test_a_csv_keeps_the_way_it_is_written(
    sheet_csv: CsvHarness,
    bom: bytes,
    delimiter: str,
    ending: str,
    quoted: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    def line(*cells: str) -> str:
        return delimiter.join(f'"{cell}"' if quoted else cell for cell in cells) + ending

    header = line("ID", "Title", "Status", "Created", "Due", "Labels", "Client", "Severity")
    other = line("2", "Also late", "New", "2026-03-02", "", "", "Client B", "")
    sheet_csv.path.write_bytes(
        bom
        + (header + line("1", "Late", "New", "2026-03-02", "", "", "", "") + other.removesuffix(ending)).encode()
    )
    opened = tracker(sheet_csv)
    opened.edit("1", Edit(("esc:high",)))
    opened.comment("2", draft("Due"))
    expected = header + line("1", "Late", "New", "2026-03-02", "", "esc:high", "", "") + other.removesuffix(ending)
    assert sheet_csv.path.read_bytes() == bom + expected.encode()
    told = line(*COMMENT_HEADER) + line("2", "2026-03-02 09:00:00", "makegood", "client", "Due", MARK)
    assert sheet_csv.beside.read_bytes() == bom + told.encode()


@pytest.mark.parametrize(
    ("column", "cell", "after"),
    [
        ((), "", "esc:high, esc:new"),
        ((), "billing", "billing, esc:high, esc:new"),
        (("a, b",), "needs review", "needs review, esc:high, esc:new"),
        (("a b",), "billing", "billing esc:high esc:new"),
        (("a b",), "x,esc:old,y", "x,y,esc:high,esc:new"),
        ((), "x; esc:old; y", "x; y; esc:high; esc:new"),
        ((), "esc:old x esc:high", "x esc:high esc:new"),
    ],
)
def test_labels_are_listed_as_the_column_lists_them(
    book: WorkbookHarness, column: tuple[str, ...], cell: str, after: str
) -> None:
    for labels in column:
        book.create_row(Title="Another", Status="New", Labels=labels)
    ticket = book.create_row(Title="Late", Status="New", Labels=cell)
    opened = tracker(book)
    written = opened.edit(ticket, Edit(("esc:high", "esc:new"), ("esc:old",)))
    assert book.issue(ticket)["Labels"] == after
    assert written.labels == one(opened, ticket).labels
    assert "esc:old" not in one(opened, ticket).labels


def test_an_issue_whose_id_stands_there_twice_is_not_written(book: WorkbookHarness) -> None:
    for _ in range(2):
        book.add_issue({"ID": "D-1", "Title": "Twice", "Status": "New", "Created": "2026-03-02"})
    with pytest.raises(InvalidError, match="rows 2 and 3 have the same ID 'D-1'"):
        tracker(book).edit("D-1", Edit(("esc:high",)))


def test_a_label_that_would_fall_apart_in_a_list_is_refused(book: WorkbookHarness) -> None:
    ticket = book.create("Late")
    for label in ("esc:very high", "esc:a,b", "esc:a;b", ""):
        with pytest.raises(InvalidError, match="cannot stand in a list of labels") as told:
            tracker(book).edit(ticket, Edit((label,)))
        assert told.value.fields == ("labels",)


def test_an_edit_that_changes_nothing_leaves_the_file_alone(book: WorkbookHarness) -> None:
    ticket = book.create("Late", labels=("esc:high",), due=DAY)
    before = book.path.stat()
    written = tracker(book).edit(ticket, Edit(("esc:high",), ("esc:low",), set_due=True, due=DAY))
    assert written.labels == frozenset({"esc:high"})
    assert (book.path.stat().st_ino, book.path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_due_date_in_a_csv_is_written_as_its_mapping_writes_dates(sheet_csv: CsvHarness) -> None:
    ticket = sheet_csv.create("Late")
    opened = tracker(sheet_csv, date_format="%d.%m.%Y")
    opened.edit(ticket, Edit(set_due=True, due=DAY))
    assert sheet_csv.issue(ticket)["Due"] == "09.03.2026"
    assert one(opened, ticket).due == DAY


# --- writing comments -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        *("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "  =1", "\n=1", "\uff1d1", "\uff0b1", "\uff0d1", "\uff20x"),
        *("'=1", "''=1", "#N/A", "=cmd|' /C calc'!A0"),
    ],
    ids=repr,
)
def test_no_text_of_ours_is_ever_calculated_and_each_reads_back_as_it_was(
    book: WorkbookHarness, text: str
) -> None:
    ticket = book.create("Late")
    opened = tracker(book)
    opened.comment(ticket, draft(text))
    if isinstance(book, XlsxHarness):
        with closing(book.open()) as workbook:
            cell = workbook["Comments"]["E2"]
            assert (cell.data_type, cell.value) == ("s", text)
            assert bool(cell.quotePrefix) is looks_like_formula(text)
    else:
        (stored,) = [record["Text"] for record in book.comments()]
        assert not re.match("\\s*[=+\\-@\t\uff1d\uff0b\uff0d\uff20]", stored)
    (comment,) = one(tracker(book), ticket).comments
    assert comment.text == text


def test_an_issue_whose_id_looks_like_a_formula_is_commented_on_safely(book: WorkbookHarness) -> None:
    book.add_issue({"ID": "-7", "Title": "Late", "Status": "New", "Created": "2026-03-02"})
    tracker(book).comment("-7", draft())
    assert set(tracker(book).marks("-7").marks) == {MARK}


def test_what_no_cell_can_hold_is_left_out_and_what_is_too_long_is_cut_with_a_sign(book: WorkbookHarness) -> None:
    ticket = book.create("Late")
    opened = tracker(book)
    opened.comment(ticket, draft("a\x00b\x0bc\x1fd\ud800e\uffff\r\nf", MARK))
    opened.comment(ticket, draft("😀" * 20_000, OTHER_MARK))
    short, long = one(tracker(book), ticket).comments
    assert short.text == "abcde\nf"
    assert long.text == "😀" * 16_383 + "…"


def test_a_comment_said_in_the_hour_that_the_clock_repeats_keeps_its_moment(book: WorkbookHarness) -> None:
    ticket = book.create("Late")
    for hours, mark in ((0, MARK), (1, OTHER_MARK)):
        book.now = datetime(2026, 10, 25, 0, 30, tzinfo=UTC) + timedelta(hours=hours)  # 02:30 twice in Berlin
        tracker(book, zone="Europe/Berlin").comment(ticket, draft("Due", mark))
    comments = one(tracker(book, zone="Europe/Berlin"), ticket).comments
    assert [comment.at.hour for comment in comments] == [0, 1]


def test_bullets_and_paragraphs_are_told_as_plain_text(book: WorkbookHarness) -> None:
    ticket = book.create("Late")
    body = (Paragraph((Span("Missing"), Span(" now", "strong"))), Bullets(((Span("who is affected"),),)))
    tracker(book).comment(ticket, Draft(body, Audience.CLIENT, (MARK,)))
    assert book.comments_of(ticket)[0].text == "Missing now\n\n- who is affected"


def test_two_comments_without_a_mark_in_one_second_have_ids_of_their_own(book: WorkbookHarness) -> None:
    ticket = book.create("Late")
    opened = tracker(book)
    ids = [opened.comment(ticket, Draft(said("Due"), Audience.CLIENT, ())).comment for _ in range(2)]
    assert ids == [comment.id for comment in one(tracker(book), ticket).comments]
    assert len(set(ids)) == 2


def test_a_comments_table_of_the_team_gets_the_columns_that_it_lacks(book: WorkbookHarness) -> None:
    ticket = book.create("Late")
    if isinstance(book, XlsxHarness):
        workbook = book.open()
        sheet = workbook.create_sheet("Comments")
        for row in (["Text", "issue", "Mood", "AT"], ["Well?", ticket, "sour", "2026-03-02"]):
            sheet.append(row)
        book.save(workbook)
    else:
        book.path.with_name("issues.comments.csv").write_text(
            f"Text,issue,Mood,AT\nWell?,{ticket},sour,2026-03-02\n"
        )
    opened = tracker(book)
    opened.comment(ticket, draft("Due"))
    rows = opened_comments(book)
    assert rows[0] == ["Text", "issue", "Mood", "AT", "Author", "Audience", "Action id"]
    assert (rows[1][2], rows[2][0], rows[2][6]) == ("sour", "Due", MARK)


def opened_comments(book: WorkbookHarness) -> list[list[Any]]:
    if isinstance(book, XlsxHarness):
        with closing(book.open()) as workbook:
            return [list(cells) for cells in workbook["Comments"].values]
    text = book.path.with_name("issues.comments.csv").read_text("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def test_a_workbook_of_the_staff_confines_to_the_staff_and_says_so(book: WorkbookHarness) -> None:
    ticket = book.create("Late")
    opened = tracker(book, source={"readers": "staff"})
    assert one(opened, ticket).audiences == {Audience.INTERNAL}
    assert opened.comment(ticket, draft(audience=Audience.INTERNAL)).audience is Audience.INTERNAL
    assert book.comments()[0]["Audience"] == "internal"
    with pytest.raises(InvalidError, match="is read by internal, not by client"):
        opened.comment(ticket, draft(audience=Audience.CLIENT))


# --- owners and follow-ups --------------------------------------------------------------------------------------


def checkpoint(mark: str = MARK, title: str = "Checkpoint") -> FollowUp:
    return FollowUp(title, said("Is it still fine?"), mark, DAY, ("esc:follow-up",), STAFF)


def test_only_an_empty_cell_gets_an_owner(book: WorkbookHarness) -> None:
    free, taken = book.create("Late"), book.create("Late")
    book.put(taken, "Owner", "Account manager")
    opened = tracker(book)
    for ticket in (free, taken):
        opened.edit(ticket, Edit(assign=STAFF))
    assert [book.owner_of(ticket) for ticket in (free, taken)] == [STAFF, "Account manager"]


@pytest.mark.parametrize("edit", [Edit(assign=STAFF), Edit(watch=(STAFF,))], ids=["no column", "watch"])
def test_people_whom_a_file_cannot_bring_in_are_refused_with_the_remedy(sheet_csv: CsvHarness, edit: Edit) -> None:
    ticket = sheet_csv.create("Late")
    text = sheet_csv.path.read_text("utf-8-sig").replace(";Owner;", ";Held by;")
    sheet_csv.path.write_text(text, "utf-8-sig")
    with pytest.raises(InvalidError, match="bring_in"):
        tracker(sheet_csv).edit(ticket, edit)


def test_a_follow_up_is_a_row_of_its_own_that_has_client_and_first_status(book: WorkbookHarness) -> None:
    ticket = book.create("Late", client="+Client; B")
    made = tracker(book).follow_up(ticket, checkpoint()).created
    assert made == f"{ticket}-F1"
    record = book.issue(made)
    shown = {name: str(record[name]).removesuffix(" 00:00:00") for name in HEADER if record.get(name)}
    assert shown == {
        "ID": "N-1-F1",
        "Title": "Checkpoint",
        "Description": "Is it still fine?",
        "Status": "New",
        "Created": "2026-03-02",
        "Due": "2026-03-09",
        "Labels": "esc:follow-up",
        "Owner": STAFF,
        "Client": "+Client; B" if isinstance(book, XlsxHarness) else "'+Client; B",
    }
    found = one(tracker(book), made)
    assert (found.client, found.status, found.due, found.follow_up) == ("+Client; B", Status.OPEN, DAY, True)


def test_the_row_that_keeps_the_mark_is_no_comment_and_outlives_the_follow_up(book: WorkbookHarness) -> None:
    ticket = book.create("Late")
    opened = tracker(book)
    first = opened.follow_up(ticket, checkpoint()).created
    assert [one(opened, each).comments for each in (ticket, first)] == [(), ()]
    assert dict(opened.marks(ticket).marks) == {}
    book.delete(first)
    assert tracker(book).follow_ups(ticket) == {MARK: first}
    second = tracker(book).follow_up(ticket, checkpoint(OTHER_MARK)).created
    assert (first, second) == ("N-1-F1", "N-1-F2")
    assert tracker(book).follow_ups(ticket) == {MARK: first, OTHER_MARK: second}


def test_a_follow_up_stays_one_without_its_label_and_nobody_makes_one_by_a_comment(book: WorkbookHarness) -> None:
    ticket = book.create("Late")
    made = tracker(book).follow_up(ticket, checkpoint()).created
    book.put(made, "Labels", None)
    book.add_comment({"Issue": ticket, "At": "2026-03-02", "Author": STAFF, "Text": f"Follow-up of {made}"})
    tickets, _, _ = listing(tracker(book))
    assert {number: found.follow_up for number, found in tickets.items()} == {ticket: False, made: True}
    assert [comment.text for comment in tickets[ticket].comments] == [f"Follow-up of {made}"]


def test_an_id_that_people_gave_is_not_given_again(book: WorkbookHarness) -> None:
    ticket = book.create("Late")
    book.create_row(ID=f"{ticket}-F1", Title="Ours", Status="New")
    assert tracker(book).follow_up(ticket, checkpoint()).created == f"{ticket}-F2"


def test_a_follow_up_is_one_save(xlsx: XlsxHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket, saves = xlsx.create("Late"), []

    def counted(before: Sequence[File], after: Sequence[File]) -> None:
        saves.append(after)
        swap(before, after)

    monkeypatch.setattr("sync.trackers.workbook_xlsx.swap", counted)
    tracker(xlsx).follow_up(ticket, checkpoint())
    assert len(saves) == 1
    assert (xlsx.below(ticket), len(xlsx.comments())) == (["N-1-F1"], 1)


def test_no_follow_up_is_made_unless_the_mapping_says_so_and_has_a_status_for_it(book: WorkbookHarness) -> None:
    ticket = book.create("Late")
    with pytest.raises(InvalidError, match="follow_up = true"):
        tracker(book, follow_up=False).follow_up(ticket, checkpoint())
    statuses = {"open": [], "in_progress": ["New"], "closed": ["Done"]}
    with pytest.raises(InvalidError, match=r"\[status\] open"):
        tracker(book, status=statuses).follow_up(ticket, checkpoint())
    assert (book.below(ticket), book.comments()) == ([], [])


def test_a_new_row_joins_the_table_above_it_and_covers_nothing_that_stands_there(xlsx: XlsxHarness) -> None:
    ticket = xlsx.create("Late")
    workbook = xlsx.open()
    workbook["Issues"].add_table(Table(displayName="Issues", ref="A1:K2"))
    xlsx.save(workbook)
    opened = tracker(xlsx)
    opened.follow_up(ticket, checkpoint())
    with closing(xlsx.open()) as kept:
        assert kept["Issues"].tables["Issues"].ref == "A1:K3"
        kept["Issues"]["K4"].value = "=COUNTA(A2:A3)"
        xlsx.save(kept)
    opened.follow_up(ticket, checkpoint(OTHER_MARK))
    with closing(xlsx.open()) as kept:
        sheet = kept["Issues"]
        assert [sheet[f"A{row}"].value for row in range(2, 6)] == ["N-1", "N-1-F1", None, "N-1-F2"]
        assert (sheet["K4"].value, sheet.tables["Issues"].ref) == ("=COUNTA(A2:A3)", "A1:K3")


# --- many at once -----------------------------------------------------------------------------------------------


def test_a_batch_writes_all_of_it_and_answers_in_order(book: WorkbookHarness) -> None:
    tickets = [book.create(f"Issue {number}") for number in range(5)]
    opened = tracker(book)
    listing(opened)
    marks = [f"{MARK[:-1]}{letter}" for letter in "abcde"]
    edit = Edit(("esc:high",), set_due=True, due=DAY)
    written = opened.batch(
        [
            *((ticket, edit, draft("Due", mark)) for ticket, mark in zip(tickets, marks, strict=True)),
            (tickets[0], Edit(("esc:more",), ("esc:high",)), None),
        ]
    )
    answers = [each for each in written if isinstance(each, Written)]
    assert [each.comment for each in answers] == [*marks, ""]
    assert answers[-1].labels == book.labels_of(tickets[0]) == frozenset({"esc:more"})
    assert [book.due_of(ticket) for ticket in tickets] == [DAY] * 5
    assert [[posted.marks for posted in book.comments_of(ticket)] for ticket in tickets] == [
        [(mark,)] for mark in marks
    ]
    assert {one(opened, ticket).version for ticket in tickets} == {
        one(tracker(book), ticket).version for ticket in tickets
    }


def test_a_batch_saves_once(xlsx: XlsxHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    tickets = [xlsx.create(f"Issue {number}") for number in range(3)]
    saves = []

    def counted(before: Sequence[File], after: Sequence[File]) -> None:
        saves.append(after)
        swap(before, after)

    monkeypatch.setattr("sync.trackers.workbook_xlsx.swap", counted)
    tracker(xlsx).batch([(ticket, Edit(("esc:high",)), draft()) for ticket in tickets])
    assert len(saves) == 1
    assert [xlsx.labels_of(ticket) for ticket in tickets] == [{"esc:high"}] * 3


def test_a_batch_of_which_one_is_refused_writes_all_the_others(book: WorkbookHarness) -> None:
    ticket = book.create("Late")
    done, refused = tracker(book).batch([(ticket, Edit(("esc:high",)), draft()), ("N-99", Edit(("x",)), draft())])
    assert isinstance(done, Written)
    assert isinstance(refused, NotFoundError)
    assert "no row has the ID 'N-99'" in str(refused)
    assert book.labels_of(ticket) == frozenset({"esc:high"})
    assert [comment.text for comment in book.comments_of(ticket)] == [plain(draft().body)]
    assert len(book.comments()) == 1


def test_a_ticket_that_changed_since_it_was_handed_out_is_not_written_and_the_others_are(
    book: WorkbookHarness,
) -> None:
    changed, other = book.create("Late"), book.create("Also late")
    opened = tracker(book)
    listing(opened)
    book.set_due(changed, DAY)
    with pytest.raises(ConflictError, match=f"{changed} was changed by someone"):
        opened.edit(changed, Edit(set_due=True, due=date(2026, 4, 1)))
    opened.edit(other, Edit(("esc:high",)))
    assert (book.due_of(changed), book.labels_of(other)) == (DAY, frozenset({"esc:high"}))
    assert one(opened, changed).due == DAY
    opened.edit(changed, Edit(("esc:high",)))
    opened.comment(changed, draft())
    assert (book.labels_of(changed), book.due_of(changed)) == (frozenset({"esc:high"}), DAY)
    assert len(book.comments_of(changed)) == 1


# --- what holds for any text ------------------------------------------------------------------------------------

hostile = st.text(st.sampled_from("=+-@'\t\r\n \uff1dax,;\"😀\x00"), max_size=8) | st.text(max_size=20)


@given(hostile)
def test_protection_is_undone_exactly_and_leaves_no_formula(text: str) -> None:
    assert unprotected(protected(text)) == text
    assert not re.match("\\s*[=+\\-@\uff1d\uff0b\uff0d\uff20]", protected(text))


@given(hostile)
def test_a_fitted_text_holds_only_what_a_cell_can_and_fits_again(text: str) -> None:
    assert fitted(fitted(text)) == fitted(text)
    assert not re.search("[\x00-\x08\x0b-\x1f\ud800-\udfff]", fitted(text))


words = st.text(st.characters(categories=("L", "N"), include_characters="-_:."), min_size=1, max_size=6)


@given(
    st.lists(words, unique=True),
    st.sampled_from([", ", ",", "; ", " "]),
    st.sets(words, max_size=3),
    st.sets(words),
)
def test_foreign_labels_stay_in_order_and_ours_come_and_go(
    present: list[str], joint: str, add: set[str], remove: set[str]
) -> None:
    text = joint.join(present)
    style = LabelStyle.of([text])
    after = style.labels(style.edited(text, sorted(add), remove - add))
    assert [label for label in after if label not in add] == [
        label for label in present if label not in add and label not in remove
    ]
    assert add <= set(after)


def test_columns_are_named_as_spreadsheets_name_them() -> None:
    assert [letters(column) for column in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]


def test_each_status_is_known_whatever_its_case(book: WorkbookHarness) -> None:
    ticket = book.create_row(Title="Late", Status="  with the CLIENT ")
    assert one(tracker(book), ticket).status is Status.WAITING
