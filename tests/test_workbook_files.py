"""A workbook as a file: what is refused, what is never rewritten, and what a crash or another writer leaves."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import warnings
import zipfile
from contextlib import closing, suppress
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from harness_workbook import HEADER, STAFF, CsvHarness, SidecarHarness, WorkbookHarness, XlsxHarness
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment

from sync.action import Draft, Edit, FollowUp
from sync.errors import ConflictError, ForbiddenError, LostAnswerError, TrackerError, WorkbookError
from sync.richtext import Paragraph, Span
from sync.ticket import Audience, Person
from sync.trackers import workbook_disk
from sync.trackers.workbook import Workbook, open_workbook
from sync.trackers.workbook_parts import inspect
from sync.trackers.workbook_table import fitted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from openpyxl.worksheet.worksheet import Worksheet

    from sync.ticket import Ticket

MARK = "k7f3q2aaaaaa"
DRAFT = Draft((Paragraph((Span("Update due"),)),), Audience.CLIENT, (MARK,))
HIGH = Edit(("esc:high",), set_due=True, due=date(2026, 3, 9))
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


@pytest.fixture(params=[XlsxHarness, CsvHarness, SidecarHarness], ids=lambda kind: kind.name)
def book(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[WorkbookHarness]:
    with request.param(tmp_path) as started:
        yield started


@pytest.fixture
def xlsx(tmp_path: Path) -> Iterator[XlsxHarness]:
    with XlsxHarness(tmp_path) as started:
        yield started


@pytest.fixture
def sidecar(tmp_path: Path) -> Iterator[SidecarHarness]:
    with SidecarHarness(tmp_path) as started:
        yield started


def opened(book: WorkbookHarness) -> Workbook:
    tracker = book.tracker()
    assert isinstance(tracker, Workbook)
    return tracker


def target(book: WorkbookHarness) -> Path:
    """The file that an edit replaces."""
    return book.path.with_name("issues.makegood.csv") if isinstance(book, SidecarHarness) else book.path


# --- files that cannot be read ----------------------------------------------------------------------------------


def garbage(path: Path) -> None:
    path.write_bytes(b"ID,Title\n")


def empty(path: Path) -> None:
    path.write_bytes(b"")


def protected(path: Path) -> None:
    path.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(512))


def other_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "no workbook")


def torn(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def rotten(path: Path) -> None:
    rewrite(path, "xl/worksheets/sheet1.xml", lambda text: text[: len(text) // 2])


def senseless(path: Path) -> None:
    rewrite(path, "xl/worksheets/sheet1.xml", lambda text: text.replace('r="A1"', 'r="?"'))


def bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/media/a.bin", "w") as part:
        for _ in range(201):
            part.write(bytes(1 << 20))


def entities(path: Path) -> None:
    attack = f'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><worksheet xmlns="{MAIN}">&a;</worksheet>'
    rewrite(path, "xl/worksheets/sheet1.xml", lambda _: attack)


def gone(path: Path) -> None:
    path.rename(path.with_name("issue.xlsx"))


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def rewrite(path: Path, part: str, change: Callable[[str], str]) -> None:
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts[part] = change(parts.get(part, b"").decode()).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (garbage, "is no .xlsx file; open it in your spreadsheet program"),
        (empty, "is no .xlsx file"),
        (protected, "is protected by a password, or an old .xls; remove the password"),
        (other_zip, "cannot be understood"),
        (torn, "is no .xlsx file"),
        (rotten, "is damaged (xl/worksheets/sheet1.xml"),
        (senseless, "cannot be understood"),
        (bomb, "unpacks to more than 200 MB"),
        (entities, "declares a document type"),
        (gone, "is not there: correct the source's path; did you mean issue.xlsx?"),
        (folder, "is no file"),
    ],
)
def test_a_workbook_that_cannot_be_read_is_named_with_the_remedy(
    xlsx: XlsxHarness, harm: Callable[[Path], None], told: str
) -> None:
    xlsx.create("Late")
    harm(xlsx.path)
    tracker = xlsx.tracker()
    with pytest.raises(WorkbookError) as raised:
        tracker.connect()
    assert told in str(raised.value)
    assert str(xlsx.path) in str(raised.value)
    (finding,) = tracker.check()
    assert (finding.level, finding.what) == ("error", str(raised.value))


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ("ID;Größe\n".encode("cp1252"), "is not written in UTF-8 (line 1, byte 0xf6); saved as Windows-1252?"),
        ("ID;Title\n".encode("utf-16"), "is written in UTF-16; save it as “CSV UTF-8”"),
        ("ID;Title\n1;Late\n".encode("utf-16-be"), "holds none of the columns that are wanted"),
        (b"", "row 1 holds no header"),
        (
            ";".join(HEADER).encode() + b'\n1;"Late;;New\n2;Late;;New\n',
            "a quotation mark that opens in row 2 is never",
        ),
    ],
    ids=["Windows-1252", "UTF-16", "UTF-16 without a mark", "empty", "an open quotation mark"],
)
def test_a_csv_that_cannot_be_read_is_named_with_the_remedy(tmp_path: Path, data: bytes, told: str) -> None:
    book = CsvHarness(tmp_path)
    book.path.write_bytes(data)
    with pytest.raises(WorkbookError) as raised:
        book.tracker().connect()
    assert told in str(raised.value)


def test_a_file_of_another_kind_is_refused_by_its_name(xlsx: XlsxHarness) -> None:
    path = xlsx.path.rename(xlsx.path.with_suffix(".ods"))
    with pytest.raises(WorkbookError, match=r"issues\.ods is neither \.xlsx nor \.csv"):
        open_workbook(xlsx.source(path=path), xlsx.mapping()).connect()


# --- workbooks that are never rewritten -------------------------------------------------------------------------


def add(part: str, content: str = "<x/>") -> Callable[[XlsxHarness], None]:
    return lambda book: rewrite(book.path, part, lambda _: content)


def within(part: str, end: str, content: str) -> Callable[[XlsxHarness], None]:
    return lambda book: rewrite(book.path, part, lambda text: text.replace(end, content + end))


def in_sheet(content: str) -> Callable[[XlsxHarness], None]:
    return within("xl/worksheets/sheet1.xml", "</worksheet>", content)


def in_book(content: str) -> Callable[[XlsxHarness], None]:
    return within("xl/workbook.xml", "</workbook>", content)


def on(change: Callable[[Worksheet], None]) -> Callable[[XlsxHarness], None]:
    def save(book: XlsxHarness) -> None:
        with closing(book.open()) as workbook:
            change(workbook["Issues"])
            book.save(workbook)

    return save


def rich(sheet: Worksheet) -> None:
    sheet["C2"].value = CellRichText("not ", TextBlock(InlineFont(b=True), "again"))


def chart(sheet: Worksheet) -> None:
    bars = BarChart()
    bars.add_data(Reference(sheet, min_col=1, min_row=1, max_row=2))
    sheet.add_chart(bars, "M2")


def note(sheet: Worksheet) -> None:
    sheet["B2"].comment = Comment("ask first", "Delivery lead")


def formula(sheet: Worksheet) -> None:
    sheet["F2"].value = "=E2+3"


def merged(sheet: Worksheet) -> None:
    sheet.merge_cells("G2:G3")


def lost_date(sheet: Worksheet) -> None:
    sheet["K2"].value = 99_999_999
    sheet["K2"].number_format = "yyyy-mm-dd"


FURIGANA = f'<sst xmlns="{MAIN}"><si><t>東</t><rPh sb="0" eb="1"><t>ヒガシ</t></rPh></si></sst>'


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (add("xl/vbaProject.bin"), "macros"),
        (add("xl/slicers/slicer1.xml"), "slicers"),
        (add("xl/slicerCaches/slicerCache1.xml"), "slicers"),
        (add("xl/timelines/timeline1.xml"), "timelines"),
        (add("xl/pivotTables/pivotTable1.xml"), "pivot tables"),
        (add("xl/media/image1.png"), "pictures"),
        (add("xl/threadedComments/threadedComment1.xml"), "notes or threaded comments"),
        (add("xl/externalLinks/externalLink1.xml"), "links to other workbooks"),
        (add("xl/connections.xml"), "data connections"),
        (add("xl/ctrlProps/ctrlProp1.xml"), "form controls"),
        (add("xl/metadata.xml"), "dynamic arrays"),
        (add("customXml/item1.xml"), "custom XML"),
        (add("docMetadata/LabelInfo.xml"), "a sensitivity label"),
        (add("_xmlsignatures/sig1.xml"), "a digital signature"),
        (add("xl/newThing.xml"), "the part xl/newThing.xml"),
        (add("xl/drawings/drawing1.xml", "<wsDr><twoCellAnchor/></wsDr>"), "pictures or shapes"),
        (add("xl/persons/person.xml", "<personList><person/></personList>"), "notes or threaded comments"),
        (add("xl/sharedStrings.xml", FURIGANA), "phonetic guides (furigana)"),
        (in_sheet("<extLst/>"), "newer conditional formats, validations or sparklines"),
        (in_sheet("<protectedRanges/>"), "ranges with passwords of their own"),
        (in_sheet("<unheardOf/>"), "<unheardOf> of a sheet"),
        (in_book("<fileSharing readOnlyRecommended='1'/>"), "the advice to open it read-only"),
        (in_book("<unheardOf/>"), "<unheardOf> of the workbook"),
        (add("xl/tables/table9.xml", "<table><extLst/></table>"), "extensions of a table"),
        (on(rich), "rich text in cells"),
        (on(chart), "charts"),
        (on(note), "notes or threaded comments"),
        (on(formula), "formulas in column F (columns.due)"),
        (on(merged), "merged cells among labels or due dates"),
        (on(lost_date), "is marked as a date but the serial value 99999999"),
    ],
)
def test_what_a_rewrite_would_lose_is_kept_and_results_go_beside_it(
    xlsx: XlsxHarness, make: Callable[[XlsxHarness], None], told: str
) -> None:
    ticket, _ = xlsx.create("Late"), xlsx.create("Also late")
    make(xlsx)
    before = xlsx.path.read_bytes()
    tracker = opened(xlsx)
    assert told in (tracker.notice or "")
    assert "labels and due dates go to issues.makegood.csv, comments to issues.makegood.comments.csv" in (
        tracker.notice or ""
    )
    assert any(finding.what == tracker.notice for finding in tracker.check())
    tracker.batch([(ticket, Edit(("esc:high",)), DRAFT)])
    assert xlsx.path.read_bytes() == before
    ((found,),) = [page.tickets for page in opened(xlsx).fetch([ticket])]
    assert ("esc:high" in found.labels, [comment.marks for comment in found.comments]) == (True, [(MARK,)])


@pytest.mark.parametrize(
    "make",
    [
        add("xl/drawings/drawing1.xml", "<xdr:wsDr xmlns:xdr='x'/>"),
        add("xl/persons/person.xml", "<personList/>"),
        add("xl/printerSettings/printerSettings1.bin"),
        add("xl/calcChain.xml", "<calcChain/>"),
        add("docProps/thumbnail.jpeg"),
        in_sheet('<ignoredErrors><ignoredError sqref="A1" numberStoredAsText="1"/></ignoredErrors>'),
        on(lambda sheet: setattr(sheet["K2"], "value", "=1+1")),
    ],
    ids=[
        "an empty drawing",
        "nobody",
        "printer",
        "order of calculation",
        "thumbnail",
        "hidden corners",
        "formula elsewhere",
    ],
)
def test_what_programs_make_anew_does_not_keep_a_workbook_from_being_written(
    xlsx: XlsxHarness, make: Callable[[XlsxHarness], None]
) -> None:
    ticket = xlsx.create("Late")
    make(xlsx)
    tracker = opened(xlsx)
    assert tracker.notice is None
    tracker.edit(ticket, HIGH)
    assert xlsx.labels_of(ticket) == {"esc:high"}


def test_a_workbook_whose_name_promises_macros_is_never_rewritten(xlsx: XlsxHarness) -> None:
    path = xlsx.path.rename(xlsx.path.with_suffix(".xlsm"))
    tracker = open_workbook(xlsx.source(path=path), xlsx.mapping())
    assert isinstance(tracker, Workbook)
    assert "(macros)" in (tracker.notice or "")


def test_labels_of_people_come_from_the_workbook_and_ours_from_beside_it(sidecar: SidecarHarness) -> None:
    ticket = sidecar.create("Late", labels=("billing", "esc:left-over"))
    tracker = opened(sidecar)
    tracker.edit(ticket, Edit(("esc:high",), ("esc:left-over",)))
    sidecar.put(ticket, "Labels", "urgent, esc:left-over")
    ((found,),) = [page.tickets for page in tracker.fetch([ticket])]
    assert found.labels == {"urgent", "esc:high"}
    tracker.edit(ticket, Edit(("esc:low",), ("esc:high",)))
    assert sidecar.labels_of(ticket) == {"urgent", "esc:low"}


def test_a_due_date_of_people_in_the_workbook_wins_over_ours_beside_it(sidecar: SidecarHarness) -> None:
    ticket = sidecar.create("Late", labels=("billing",))
    tracker = opened(sidecar)
    tracker.edit(ticket, Edit(set_due=True, due=date(2026, 3, 9)))
    assert [found.due for page in tracker.fetch([ticket]) for found in page.tickets] == [date(2026, 3, 9)]
    assert sidecar.labels_of(ticket) == {"billing"}
    sidecar.set_due(ticket, date(2026, 3, 20))
    assert [found.due for page in tracker.fetch([ticket]) for found in page.tickets] == [date(2026, 3, 20)]


def test_an_owner_and_a_follow_up_stand_beside_a_workbook_in_columns_that_come_with_them(
    sidecar: SidecarHarness,
) -> None:
    ticket = sidecar.create("Late")
    tracker = opened(sidecar)
    tracker.edit(ticket, HIGH)
    results = sidecar.path.with_name("issues.makegood.csv")
    assert results.read_text("utf-8-sig").splitlines()[0] == "ID,Labels,Due"
    tracker.edit(ticket, Edit(assign=STAFF))
    made = tracker.follow_up(ticket, FollowUp("Checkpoint", DRAFT.body, MARK, labels=("esc:follow-up",))).created
    assert (
        results.read_text("utf-8-sig").splitlines()[0]
        == "ID,Labels,Due,Owner,Title,Description,Status,Created,Client"
    )
    for again in (tracker, opened(sidecar)):
        pages = list(again.fetch([ticket, made]))
        late, below = (found for page in pages for found in page.tickets)
        assert late.labels == {"esc:high"}
        assert late.assignee == Person(STAFF, STAFF, "staff")
        assert (below.title, below.client, below.follow_up) == ("Checkpoint", "Client A", True)
    tracker.edit(made, Edit(("esc:high",), set_due=True, due=date(2026, 3, 9)))
    assert sidecar.labels_of(made) == {"esc:follow-up", "esc:high"}
    assert sidecar.due_of(made) == date(2026, 3, 9)
    sidecar.put(ticket, "Owner", "Account manager")
    assert [
        found.assignee and found.assignee.name for page in tracker.fetch([ticket]) for found in page.tickets
    ] == ["Account manager"]


def test_results_of_an_issue_that_is_gone_are_no_issue(sidecar: SidecarHarness) -> None:
    ticket = sidecar.create("Late")
    opened(sidecar).edit(ticket, HIGH)
    sidecar.delete(ticket)
    assert list(opened(sidecar).ids()) == []


def test_results_that_are_beside_a_workbook_stay_in_use_until_they_are_deleted(sidecar: SidecarHarness) -> None:
    ticket = sidecar.create("Late")
    opened(sidecar).batch([(ticket, HIGH, DRAFT)])
    with closing(sidecar.open()) as workbook:
        workbook.save(sidecar.path)  # a person saves it without the macros
    tracker = opened(sidecar)
    assert "move their rows into it (comments: into the sheet 'Comments') and delete both files" in (
        tracker.notice or ""
    )
    assert set(tracker.marks(ticket).marks) == {MARK}
    tracker.edit(ticket, Edit(("esc:more",)))
    assert sidecar.labels_of(ticket) == {"esc:high", "esc:more"}
    for name in ("issues.makegood.csv", "issues.makegood.comments.csv"):
        sidecar.path.with_name(name).unlink()
    assert opened(sidecar).notice is None


def test_reading_a_workbook_gives_no_warning_of_openpyxl_to_anybody_else(xlsx: XlsxHarness) -> None:
    xlsx.create("Late")
    on(lost_date)(xlsx)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert opened(xlsx).notice
    assert caught == []


def test_our_own_saves_hold_nothing_that_would_be_lost(xlsx: XlsxHarness) -> None:
    ticket = xlsx.create("Late")
    opened(xlsx).batch([(ticket, HIGH, DRAFT)])
    assert inspect(xlsx.path.read_bytes(), xlsx.path) == ((), False)


# --- other writers ----------------------------------------------------------------------------------------------


def test_a_comments_row_that_is_merged_away_is_refused_and_nothing_is_written(xlsx: XlsxHarness) -> None:
    ticket = xlsx.create("Late")
    with closing(xlsx.open()) as workbook:
        sheet = workbook.create_sheet("Comments")
        sheet.append(["Issue", "At", "Text"])
        sheet.merge_cells("A2:C2")
        xlsx.save(workbook)
    before = xlsx.path.read_bytes()
    with pytest.raises(WorkbookError, match="cell B2 of sheet 'Comments' is merged with others; unmerge it"):
        xlsx.tracker().comment(ticket, DRAFT)
    assert xlsx.path.read_bytes() == before


@pytest.mark.parametrize("lock", ["~${}", ".~lock.{}#"], ids=["Excel", "LibreOffice"])
def test_a_file_that_is_open_elsewhere_is_read_and_not_written(book: WorkbookHarness, lock: str) -> None:
    ticket = book.create("Late")
    mark = target(book).with_name(lock.format(target(book).name))
    mark.write_bytes(b"")
    tracker = opened(book)
    assert [found.id for page in tracker.changed(None) for found in page.tickets] == [ticket]
    with pytest.raises(ConflictError, match="is open elsewhere; close it there"):
        tracker.edit(ticket, HIGH)
    mark.unlink()
    tracker.edit(ticket, HIGH)
    assert book.labels_of(ticket) == {"esc:high"}


def test_check_tells_that_a_workbook_is_open_elsewhere(xlsx: XlsxHarness) -> None:
    xlsx.path.with_name("~$issues.xlsx").write_bytes(b"")
    assert [finding.what for finding in xlsx.tracker().check() if finding.level == "warning"] == [
        "it is open elsewhere (~$issues.xlsx); nothing is written until it is closed"
    ]


def test_a_file_that_someone_saves_during_our_write_is_never_overwritten(
    book: WorkbookHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket, other = book.create("Late"), book.create("Also late")
    honest = workbook_disk._draft  # noqa: SLF001 - the moment between our read and our swap

    def interrupted(file: workbook_disk.File, model: Path) -> Path:
        draft = honest(file, model)
        book.put(other, "Title", "Saved by a person")
        return draft

    tracker = opened(book)
    with monkeypatch.context() as patch:
        patch.setattr(workbook_disk, "_draft", interrupted)
        with pytest.raises(ConflictError, match="was changed by someone since it was read; nothing was written"):
            tracker.batch([(ticket, HIGH, DRAFT)])
    assert (book.issue(other)["Title"], book.labels_of(ticket), book.comments()) == (
        "Saved by a person",
        frozenset(),
        [],
    )
    tracker.batch([(ticket, HIGH, DRAFT)])
    assert book.issue(other)["Title"] == "Saved by a person"
    assert (book.labels_of(ticket), len(book.comments_of(ticket))) == (frozenset({"esc:high"}), 1)


# --- replacing a file -------------------------------------------------------------------------------------------


def test_a_replaced_file_keeps_its_mode_its_owner_and_its_link(book: WorkbookHarness, tmp_path: Path) -> None:
    ticket = book.create("Late")
    book.path.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(book.path, 1234, 2345)
    owner = book.path.stat()
    link = tmp_path / f"link{book.path.suffix}"
    link.symlink_to(book.path)
    open_workbook(book.source(path=link), book.mapping()).batch([(ticket, HIGH, DRAFT)])  # type: ignore[attr-defined]
    assert link.is_symlink()
    assert book.labels_of(ticket) == {"esc:high"}
    for path in (book.path, *tmp_path.glob("*.csv")):
        found = path.stat()
        if not path.is_symlink():
            assert (stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid) == (0o640, owner.st_uid, owner.st_gid)
    assert not list(tmp_path.glob(".*"))


CHILD = """
import os, sys
from pathlib import Path
sys.path[:0] = [{tests!r}]
import harness_workbook, test_workbook_files as here
book = harness_workbook.{kind}(Path({folder!r}))
honest = os.replace
def crash(source, goal):
    {before}
    honest(source, goal)
    os._exit(9)
os.replace = crash
here.opened(book).batch([("N-1", here.HIGH, here.DRAFT)])
"""


@pytest.mark.parametrize("before", ["os._exit(9)", "pass"], ids=["before the swap", "after the swap"])
@pytest.mark.parametrize("kind", [XlsxHarness, CsvHarness], ids=lambda kind: kind.name)
def test_a_crash_leaves_the_old_file_or_the_new_one_and_marks_tell_which(
    tmp_path: Path, kind: type[WorkbookHarness], before: str
) -> None:
    with kind(tmp_path) as book:
        ticket = book.create("Late")
        script = CHILD.format(
            tests=str(Path(__file__).parent), kind=kind.__name__, folder=str(tmp_path), before=before
        )
        ended = subprocess.run([sys.executable, "-c", script], cwd=Path(__file__).parents[1], check=False)
        assert ended.returncode == 9
        tracker = opened(book)
        assert book.labels_of(ticket) == (frozenset() if before != "pass" else {"esc:high"})
        said = bool(tracker.marks(ticket).marks)
        assert said == (before == "pass" and kind is XlsxHarness)
        tracker.batch([(ticket, HIGH, None if said else DRAFT)])
        assert (book.labels_of(ticket), len(book.comments_of(ticket))) == (frozenset({"esc:high"}), 1)


def test_a_disk_that_fails_before_the_swap_leaves_everything_as_it_was(
    book: WorkbookHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = book.create("Late")
    before = sorted(book.path.parent.iterdir())
    tracker = opened(book)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(WorkbookError, match="No space left on device; nothing of it was changed"):
            tracker.batch([(ticket, HIGH, DRAFT)])
    assert sorted(book.path.parent.iterdir()) == before
    assert (book.labels_of(ticket), book.comments_of(ticket)) == (frozenset(), [])
    tracker.batch([(ticket, HIGH, DRAFT)])
    assert len(book.comments_of(ticket)) == 1


def test_a_disk_that_fails_after_the_swap_leaves_the_outcome_unknown_and_the_marks_decide(
    book: WorkbookHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = book.create("Late")
    tracker = opened(book)
    with monkeypatch.context() as patch:
        patch.setattr(workbook_disk, "_make_durable", full)
        with pytest.raises(LostAnswerError, match="not sure to last"):
            tracker.batch([(ticket, HIGH, DRAFT)])
    assert set(tracker.marks(ticket).marks) == {MARK}


def full(_: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is shut to the superuser")
def test_a_file_or_folder_that_is_shut_is_named_with_the_right_that_is_missing(book: WorkbookHarness) -> None:
    ticket = book.create("Late")
    opened(book).edit(ticket, Edit(("esc:first",)))
    target(book).chmod(0o444)
    with pytest.raises(ForbiddenError, match="may not be written by this account"):
        opened(book).edit(ticket, HIGH)
    target(book).chmod(0o644)
    book.path.parent.chmod(0o555)
    with pytest.raises(ForbiddenError, match="does not let this account make files"):
        opened(book).edit(ticket, HIGH)
    book.path.parent.chmod(0o755)
    book.path.chmod(0)
    with pytest.raises(ForbiddenError, match="may not be read by this account"):
        opened(book).connect()


def test_whatever_stands_in_the_file_only_errors_of_a_tracker_come_out(xlsx: XlsxHarness) -> None:
    xlsx.create("Late")
    whole = xlsx.path.read_bytes()
    told = []
    for place in range(0, len(whole), 97):
        xlsx.path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        with suppress(TrackerError):
            told += [finding.what for finding in opened(xlsx).check() if finding.level == "error"]
            list(opened(xlsx).changed(None))
    assert told
    assert all(str(xlsx.path) in what for what in told)


# --- real issues ------------------------------------------------------------------------------------------------


def issue_row(issue: dict[str, Any]) -> dict[str, object]:
    fields = issue["fields"]
    return {
        "ID": issue["key"],
        "Title": fitted(fields["summary"]),
        "Description": fitted(fields.get("description") or ""),
        "Status": "New",
        "Created": datetime.fromisoformat(fields["created"]).replace(tzinfo=None),
        "Due": fields.get("duedate"),
        "Labels": ", ".join(fields.get("labels", [])),
    }


def comment_row(issue: dict[str, Any], comment: dict[str, Any]) -> dict[str, object]:
    author = comment.get("author", {}).get("name")
    return {"Issue": issue["key"], "At": comment["created"], "Author": author, "Text": fitted(comment["body"])}


def without_ours(ticket: Ticket) -> Ticket:
    comments = tuple(comment for comment in ticket.comments if not comment.marks)
    labels = ticket.labels - {"esc:high"}
    return replace(ticket, comments=comments, labels=labels, updated=ticket.created, version="")


@pytest.mark.parametrize("kind", [XlsxHarness, CsvHarness], ids=lambda kind: kind.name)
def test_four_hundred_real_issues_are_read_marked_in_one_save_and_are_otherwise_the_same(
    tmp_path: Path, corpus: Path, kind: type[WorkbookHarness]
) -> None:
    issues = [json.loads(line) for line in (corpus / "data" / "jira-issues.jsonl").read_text().splitlines()]
    said = [
        (issue, comment) for issue in issues for comment in issue["fields"].get("comment", {}).get("comments", [])
    ]
    book = kind(tmp_path)
    book.fill([issue_row(issue) for issue in issues], [comment_row(issue, comment) for issue, comment in said])
    tracker = opened(book)
    pages = list(tracker.changed(None))
    before = [ticket for page in pages for ticket in page.tickets]
    assert (len(before), [failed for page in pages for failed in page.failed]) == (400, [])
    assert (sum(len(ticket.comments) for ticket in before), len(said)) == (862, 862)
    assert [problem for ticket in before for problem in ticket.problems] == []
    tracker.batch([(ticket.id, Edit(("esc:high",)), DRAFT) for ticket in before])
    after = [ticket for page in opened(book).changed(None) for ticket in page.tickets]
    assert list(map(without_ours, after)) == list(map(without_ours, before))
    assert all("esc:high" in ticket.labels and ticket.comments[-1].marks for ticket in after)
