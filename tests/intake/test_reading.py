"""Files into rows: formats told by content, slipped rows noticed, broken files refused."""

from pathlib import Path

import pytest

from db.vocabulary import ImportKind
from services.intake.problems import Code, FileRefused, Refusal
from services.intake.profile_file import load_profile
from services.intake.reading import RawFile, RawRow, list_files, open_file

HEAD = "工单编号,受理时间,诉求类型,承办单位,诉求内容"


def opened(path: Path, body: str | bytes, profile: str = "huixiang") -> RawFile:
    path.write_bytes(body if isinstance(body, bytes) else body.encode())
    return open_file(path, load_profile(profile), ImportKind.ORDERS)


def rows(path: Path, body: str | bytes, profile: str = "huixiang") -> list[RawRow]:
    return list(opened(path, body, profile).rows)


def test_rows_are_numbered_as_a_spreadsheet_does_and_blank_ones_left_out(tmp_path: Path) -> None:
    found = rows(tmp_path / "x.csv", f'{HEAD}\n1,2024-01-01,咨询,甲,"第一\n第二"\n,,,,\n\n2,2024-01-02,咨询,甲,文\n')
    assert [row.number for row in found] == [2, 5]
    assert found[0].cells[4] == "第一\n第二"


def test_a_row_with_too_many_cells_has_slipped(tmp_path: Path) -> None:
    found = rows(tmp_path / "x.csv", f"{HEAD}\n1,2024-01-01,咨询,甲,一,二\n2,2024-01-01,咨询,甲,一,,\n3,2024-01-01\n")
    assert [row.broken for row in found] == [Code.COLUMN_COUNT, None, None]
    assert list(found[2].cells) == ["3", "2024-01-01", "", "", ""]


def test_the_separator_is_the_one_under_which_the_header_is_found(tmp_path: Path) -> None:
    assert opened(tmp_path / "x.csv", HEAD.replace(",", "\t") + "\n").columns[1] == "受理时间"


def test_a_header_may_carry_blanks_and_a_byte_order_mark(tmp_path: Path) -> None:
    assert opened(tmp_path / "x.csv", ("\ufeff" + HEAD.replace(",", "\u3000, ") + "\n")).columns[0] == "工单编号"


def test_missing_and_doubled_columns_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileRefused) as missing:
        opened(tmp_path / "x.csv", "a,b\n1,2\n")
    assert missing.value.why == Refusal.COLUMNS_MISSING
    assert "工单编号" in str(missing.value.facts["missing"])
    with pytest.raises(FileRefused) as twice:
        opened(tmp_path / "x.csv", f"{HEAD},承办单位\n")
    assert twice.value.facts["columns"] == "承办单位"


def test_an_unclosed_quotation_mark_does_not_swallow_the_file(tmp_path: Path) -> None:
    with pytest.raises(FileRefused) as refused:
        rows(tmp_path / "x.csv", f'{HEAD}\n1,"' + "x" * 300_000)
    assert refused.value.why == Refusal.CSV_MALFORMED


def test_gb18030_is_read(tmp_path: Path) -> None:
    assert rows(tmp_path / "x.csv", f"{HEAD}\n1,2024-01-01,咨询,甲,㐀𠮷\n".encode("gb18030"))[0].cells[4] == "㐀𠮷"


def test_the_content_decides_the_format_not_the_name(tmp_path: Path) -> None:
    with pytest.raises(FileRefused) as refused:
        opened(tmp_path / "x.csv", '[{"a": 1}]')
    assert refused.value.why == Refusal.FORMAT_NOT_ACCEPTED
    with pytest.raises(FileRefused) as old:
        opened(tmp_path / "x.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
    assert old.value.why == Refusal.WORKBOOK_OLD
    with pytest.raises(FileRefused) as binary:
        opened(tmp_path / "y.csv", b"MZ\x00\x00\x00")
    assert binary.value.why == Refusal.FORMAT_UNKNOWN


def test_an_array_and_lines_of_json_give_the_same_rows(tmp_path: Path) -> None:
    one = '{"service_request_id": 0, "requested_datetime": "2020-01-30T21:52:47.000+01:00", "status": {}, "lat": 1.50}'
    array = rows(tmp_path / "x.json", f"[\n{one} ,\n {one}]\n", "open311_json")
    lines = rows(tmp_path / "x.jsonl", f"{one}\n\n{one}\n", "open311_json")
    pretty = rows(tmp_path / "y.json", one.replace(", ", ",\n"), "open311_json")
    assert array[0].cells == lines[0].cells == pretty[0].cells
    assert [row.number for row in array] == [1, 2]
    assert [row.number for row in lines] == [1, 3]
    assert array[0].cells[0] == "0"


def test_an_object_longer_than_one_piece_of_the_file_is_read(tmp_path: Path) -> None:
    long = '[{"service_request_id": "1", "description": "' + "工" * 200_000 + '"}, {"service_request_id": "2"}]'
    assert [row.cells[0] for row in rows(tmp_path / "x.json", long, "open311_json")] == ["1", "2"]


def test_a_line_that_is_no_json_is_one_broken_row(tmp_path: Path) -> None:
    found = rows(tmp_path / "x.jsonl", '{"service_request_id": "1"}\n{"broken": \n[1]\n', "open311_json")
    assert [row.broken for row in found] == [None, Code.MALFORMED_ROW, Code.MALFORMED_ROW]


@pytest.mark.parametrize(
    "body", ['[{"a": 1}, {"b": ', "[1, 2]", '[{"a": 1}] more', "[" * 100_000, '[{"a": ' + "[" * 90_000]
)
def test_broken_json_is_refused_and_never_recurses_to_death(tmp_path: Path, body: str) -> None:
    with pytest.raises(FileRefused) as refused:
        rows(tmp_path / "x.json", body, "open311_json")
    assert refused.value.why == Refusal.JSON_MALFORMED


def test_a_folder_stands_for_its_files_and_sizes_are_checked(tmp_path: Path) -> None:
    (tmp_path / "2015").mkdir()
    for name in ("2015/02.csv", "2015/01.csv", "notes.txt"):
        (tmp_path / name).write_text("x")
    assert [path.name for path in list_files([tmp_path])] == ["01.csv", "02.csv"]
    with pytest.raises(FileRefused) as large:
        list_files([tmp_path / "2015/01.csv"], limit=0)
    assert large.value.why == Refusal.FILE_TOO_LARGE
    with pytest.raises(FileRefused) as missing:
        list_files([tmp_path / "nowhere.csv"])
    assert missing.value.why == Refusal.FILE_MISSING
    (tmp_path / "empty.csv").touch()
    with pytest.raises(FileRefused) as empty:
        list_files([tmp_path / "empty.csv"])
    assert empty.value.why == Refusal.FILE_EMPTY
