"""Workbooks: honest ones are read as text, others stop at the gate or in the jail."""

import io
import zipfile
from datetime import datetime
from pathlib import Path

import pytest
import xlsxwriter

from services.intake import workbook
from services.intake.problems import FileRefused, Refusal
from services.intake.workbook import check_workbook, read_workbook


def made(path: Path) -> Path:
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet("工单")
    day = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    sheet.write_row(0, 0, ["编号", "时间", "数"])
    sheet.write_string(1, 0, "0012")
    sheet.write_datetime(1, 1, datetime(2024, 1, 5, 8, 30), day)  # noqa: DTZ001  (a sheet's times have no zone)
    sheet.write_number(1, 2, 13800138000)
    sheet.write_formula(2, 0, "=1+1", None, 2)
    sheet.write_datetime(2, 1, datetime(2024, 1, 6), day)  # noqa: DTZ001
    sheet.write_number(2, 2, 0.5)
    book.add_worksheet("另一张").write_string(0, 0, "二")
    book.close()
    return path


def patched(source: Path, target: Path, part: str, body: bytes) -> Path:
    """Copy a workbook with one part replaced or added."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name != part:
                new.writestr(name, old.read(name))
        new.writestr(part, body)
    return target


def refused(path: Path) -> FileRefused:
    with pytest.raises(FileRefused) as caught:
        check_workbook(path)
    return caught.value


def test_cells_come_out_as_a_person_would_read_them(tmp_path: Path) -> None:
    rows = list(read_workbook(made(tmp_path / "x.xlsx"), None))
    assert rows == [
        ["编号", "时间", "数"],
        ["0012", "2024-01-05 08:30:00", "13800138000"],
        ["2", "2024-01-06", "0.5"],
    ]


def test_a_sheet_is_found_by_name(tmp_path: Path) -> None:
    path = made(tmp_path / "x.xlsx")
    assert list(read_workbook(path, "另一张")) == [["二"]]
    with pytest.raises(FileRefused) as caught:
        list(read_workbook(path, "第三张"))
    assert caught.value.why == Refusal.SHEET_MISSING
    assert caught.value.facts["found"] == "工单, 另一张"


def test_the_size_that_a_sheet_claims_is_never_trusted(tmp_path: Path) -> None:
    path = made(tmp_path / "x.xlsx")
    sheet = zipfile.ZipFile(path).read("xl/worksheets/sheet1.xml")
    lying = patched(
        path, tmp_path / "lying.xlsx", "xl/worksheets/sheet1.xml", sheet.replace(b"A1:C3", b"A1:XFD1048576")
    )
    assert len(list(read_workbook(lying, None))) == 3
    wide = patched(path, tmp_path / "wide.xlsx", "xl/worksheets/sheet1.xml", sheet.replace(b'r="C3"', b'r="XFD3"'))
    assert refused(wide).facts["what"] == "columns"
    box = sheet.replace(b'r="C3"', b'r="CV1048576"')
    assert refused(patched(path, tmp_path / "box.xlsx", "xl/worksheets/sheet1.xml", box)).facts["what"] == "cells"


def test_bombs_are_refused_by_what_really_comes_out(tmp_path: Path) -> None:
    path = made(tmp_path / "x.xlsx")
    bomb = patched(path, tmp_path / "bomb.xlsx", "xl/media/zeros.bin", b"\0" * 30_000_000)
    assert refused(bomb).facts["what"] == "packing"


def test_too_many_bytes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_BYTES", 1_000)
    assert refused(made(tmp_path / "x.xlsx")).facts["what"] == "bytes"


@pytest.mark.parametrize(
    ("part", "body", "what"),
    [
        ("xl/vbaProject.bin", b"x", "macros"),
        ("../../evil.xml", b"x", "path"),
        ("/etc/evil", b"x", "path"),
        ("XL/workbook.xml", b"x", "part_twice"),
        ("xl/evil.xml", b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><x/>', "doctype"),
        ("xl/wide.xml", '<?xml version="1.0"?><!DOCTYPE x []><x/>'.encode("utf-16"), "doctype"),
    ],
)
def test_what_no_honest_workbook_holds_is_refused(tmp_path: Path, part: str, body: bytes, what: str) -> None:
    found = refused(patched(made(tmp_path / "x.xlsx"), tmp_path / "y.xlsx", part, body))
    assert (found.why, found.facts["what"]) == (Refusal.WORKBOOK_UNSAFE, what)


def test_a_table_of_contents_that_would_fill_the_memory_is_never_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(30_000):
            archive.writestr(f"xl/{number}", b"")
    monkeypatch.setattr(zipfile, "ZipFile", None)
    assert refused(path).facts["what"] == "parts"


def test_too_many_parts_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(2_001):
            archive.writestr(f"xl/{number}", b"")
    assert refused(path).facts["what"] == "parts"


def test_what_only_looks_like_a_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    path.write_bytes(b"PK\x03\x04 and then nothing")
    assert refused(path).why == Refusal.WORKBOOK_BROKEN
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("word/document.xml", "<x/>")
    path.write_bytes(other.getvalue())
    assert refused(path).why == Refusal.WORKBOOK_BROKEN


def test_a_sheet_that_the_parser_cannot_read_is_refused_and_the_jail_is_left(tmp_path: Path) -> None:
    path = made(tmp_path / "x.xlsx")
    broken = patched(path, tmp_path / "y.xlsx", "xl/worksheets/sheet1.xml", b"<worksheet><sheetData><row><c")
    with pytest.raises(FileRefused) as caught:
        list(read_workbook(broken, None))
    assert caught.value.why == Refusal.WORKBOOK_BROKEN


def test_a_reader_who_stops_early_leaves_no_process_behind(tmp_path: Path) -> None:
    rows = read_workbook(made(tmp_path / "x.xlsx"), None)
    next(rows)
    rows.close()  # type: ignore[attr-defined]
