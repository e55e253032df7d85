"""Rows into orders and ratings, and what is said about the others."""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from db.vocabulary import ImportKind
from services.intake.corrections import CorrectionFile, disarm, template_columns, template_csv, template_xlsx
from services.intake.problems import Code, Problem
from services.intake.profile_file import load_profile
from services.intake.reading import RawRow, open_file
from services.intake.rows import OrderRow, RatingRow, RowReader

DATA = Path(__file__).parent / "data"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
GOOD = {
    "工单编号": "1",
    "受理时间": "2024-01-02 09:00:00",
    "诉求类型": "投诉",
    "承办单位": "天河区",
    "诉求内容": "路灯不亮",
    "一级类别": "城建",
    "二级类别": "",
    "三级类别": "路灯",
}


def read(profile: str = "huixiang", kind: ImportKind = ImportKind.ORDERS, **cells: str) -> tuple[object, list[Problem]]:
    given = (GOOD if kind == ImportKind.ORDERS else {}) | cells
    reader = RowReader(load_profile(profile), kind, tuple(given), NOW, set())
    return reader.read(RawRow(2, list(given.values())))


def read_all(name: str, profile: str) -> tuple[list[OrderRow], list[Problem]]:
    chosen = load_profile(profile)
    raw = open_file(DATA / name, chosen, ImportKind.ORDERS)
    reader = RowReader(chosen, ImportKind.ORDERS, raw.columns, NOW, set())
    orders, problems = [], []
    for line in raw.rows:
        made, found = reader.read(line)
        problems += found
        assert isinstance(made, OrderRow)
        orders.append(made)
    return orders, problems


def test_a_good_row_is_an_order_without_problems() -> None:
    order, problems = read(
        **{"联系电话": "138 0013-8000", "是否保密": "是", "所属区": "天河区", "所属街镇": "石牌街道"}
    )
    assert problems == []
    assert isinstance(order, OrderRow)
    assert order.accepted_at == datetime(2024, 1, 2, 1, tzinfo=UTC)
    assert (order.phone, order.confidential, order.order_type) == ("13800138000", True, "投诉")
    assert order.category == ("城建", "路灯")
    assert order.place == ("天河区", "石牌街道")


@pytest.mark.parametrize(
    ("cells", "field", "code"),
    [
        ({"工单编号": " "}, "number", Code.MISSING),
        ({"工单编号": "1.01E+11"}, "number", Code.DAMAGED_BY_SPREADSHEET),
        ({"工单编号": "9" * 61}, "number", Code.TOO_LONG),
        ({"受理时间": ""}, "accepted_at", Code.MISSING),
        ({"受理时间": "2024-02-30"}, "accepted_at", Code.IMPOSSIBLE_DATE),
        ({"受理时间": "明天"}, "accepted_at", Code.BAD_DATE),
        ({"受理时间": "2026-02-01"}, "accepted_at", Code.IN_FUTURE),
        ({"办结时间": "2024-01-02 08:59:59"}, "closed_at", Code.CLOSED_BEFORE_ACCEPTED),
        ({"办结时间": "2026-02-01"}, "closed_at", Code.IN_FUTURE),
        ({"办理期限": "2024-01-01"}, "due_at", Code.DUE_BEFORE_ACCEPTED),
        ({"联系电话": "1.38E+10"}, "phone", Code.DAMAGED_BY_SPREADSHEET),
        ({"诉求内容": "长" * 20_001}, "text", Code.TOO_LONG),
    ],
)
def test_what_keeps_a_row_out(cells: dict[str, str], field: str, code: Code) -> None:
    order, problems = read(**cells)
    assert order is None
    assert [(found.field, found.code, found.rejects) for found in problems] == [(field, code, True)]


@pytest.mark.parametrize(
    ("cells", "field", "code"),
    [
        ({"联系电话": "问老王"}, "phone", Code.ODD_PHONE),
        ({"是否保密": "大概"}, "confidential", Code.BAD_CHOICE),
        ({"联系时间": "2024-01-01"}, "unit_contacted_at", Code.CONTACTED_BEFORE_ACCEPTED),
    ],
)
def test_what_is_only_worth_a_warning(cells: dict[str, str], field: str, code: Code) -> None:
    order, problems = read(**cells)
    assert order is not None
    assert [(found.field, found.code, found.rejects) for found in problems] == [(field, code, False)]


def test_all_problems_of_a_row_are_named_at_once() -> None:
    _, problems = read(**{"工单编号": "", "受理时间": "x", "办结时间": "y"})
    assert [found.field for found in problems] == ["number", "accepted_at", "closed_at"]


def test_a_closing_day_without_a_time_ends_with_that_day() -> None:
    order, problems = read(**{"办结时间": "2024-01-02"})
    assert problems == []
    assert isinstance(order, OrderRow)
    assert order.closed_at == datetime(2024, 1, 2, 15, 59, 59, tzinfo=UTC)


def test_a_citizens_phone_is_not_repeated_in_a_report() -> None:
    _, problems = read(**{"联系电话": "13800138000转"})
    assert problems[0].value == "13**********"


def test_a_number_that_comes_twice_in_one_import_is_refused_the_second_time() -> None:
    reader = RowReader(load_profile("huixiang"), ImportKind.ORDERS, tuple(GOOD), NOW, set())
    assert reader.read(RawRow(2, list(GOOD.values())))[0] is not None
    order, problems = reader.read(RawRow(3, list(GOOD.values())))
    assert order is None
    assert problems[0].code == Code.DUPLICATE_NUMBER


def test_a_rating_needs_all_four_of_its_cells() -> None:
    cells = {"工单编号": "1", "评价渠道": "短信", "评价等级": "满意", "评价时间": "2024-01-05 10:00"}
    rating, problems = read(kind=ImportKind.RATINGS, **cells)
    assert isinstance(rating, RatingRow)
    assert problems == []
    for name in cells:
        rating, problems = read(kind=ImportKind.RATINGS, **(cells | {name: ""}))
        assert rating is None
        assert [found.code for found in problems] == [Code.MISSING]


def test_boston_keeps_every_row_and_warns_of_three_early_deadlines() -> None:
    orders, problems = read_all("boston_311_slice.csv", "boston_311")
    assert len(orders) == 288
    assert [(found.code, found.rejects) for found in problems] == [(Code.DUE_BEFORE_ACCEPTED, False)] * 3
    assert {order.place for order in orders} > {()}
    for order in orders:
        late = order.due_at is not None and (order.closed_at or NOW) > order.due_at
        assert order.official_late is None or order.official_late == late


def test_tainan_keeps_every_row_and_reads_by_position() -> None:
    orders, problems = read_all("tainan_1999_slice.csv", "tainan_1999")
    assert len(orders) == 212
    assert problems == []
    assert all(order.department is None and order.closed_at is None for order in orders)
    assert len({order.place for order in orders}) > 80


def test_open311_takes_the_last_update_for_the_close_only_where_the_status_says_closed() -> None:
    base = {
        "service_request_id": "UN1",
        "requested_datetime": "2015-04-15 00:02:00.0",
        "updated_datetime": "2015-04-16 00:00:00.0",
        "agency": "0",
    }
    for status, closed in (("已完工", True), ("未處理", False), ("", False), ("closed", True), ("open", False)):
        reader = RowReader(load_profile("open311_json"), ImportKind.ORDERS, (*base, "status"), NOW, set())
        order, problems = reader.read(RawRow(1, [*base.values(), status]))
        assert isinstance(order, OrderRow)
        assert problems == []
        assert (order.closed_at is not None) == closed
        assert order.department is None
    odd, problems = RowReader(load_profile("open311_json"), ImportKind.ORDERS, (*base, "status"), NOW, set()).read(
        RawRow(1, [*base.values(), "paused"])
    )
    assert odd is not None
    assert problems[0].code == Code.UNKNOWN_STATUS


def test_a_correction_file_is_read_again_by_the_same_profile(tmp_path: Path) -> None:
    path = tmp_path / "again.csv"
    columns = tuple(GOOD)
    bad = RawRow(7, ["=1+1", *list(GOOD.values())[1:]])
    with CorrectionFile(path, header=True) as file:
        file.add(columns, bad, [Problem(7, "number", Code.DUPLICATE_NUMBER, "=1+1", True)])
        file.add(tuple(reversed(columns)), RawRow(8, list(reversed(GOOD.values()))), [
            Problem(8, "closed_at", Code.BAD_DATE, "x", True)])  # fmt: skip
    with path.open(encoding="utf-8-sig", newline="") as text:
        lines = list(csv.reader(text))
    assert lines[0] == [*columns, "problem_row", "problem_field", "problem_code", "problem_value"]
    assert lines[1][0] == "'=1+1"
    assert lines[2][:8] == list(GOOD.values())
    profile = load_profile("huixiang")
    raw = open_file(path, profile, ImportKind.ORDERS)
    reader = RowReader(profile, ImportKind.ORDERS, raw.columns, NOW, set())
    numbers = [made.number for line in raw.rows if isinstance(made := reader.read(line)[0], OrderRow)]
    assert numbers == ["=1+1", "1"]


def test_a_correction_file_without_a_header_is_read_by_position(tmp_path: Path) -> None:
    path = tmp_path / "again.csv"
    columns = tuple(str(position) for position in range(1, 10))
    cells = ["UN1", "2015-04-15 00:02:00", "北區", "a", "b", "c", "d", "1", "2"]
    with CorrectionFile(path, header=False) as file:
        file.add(columns, RawRow(1, cells), [Problem(1, "number", Code.DUPLICATE_NUMBER, "UN1", True)])
    raw = open_file(path, load_profile("tainan_1999"), ImportKind.ORDERS)
    assert [list(row.cells) for row in raw.rows] == [cells]


def test_the_template_names_every_column_and_opens_as_csv_and_as_a_workbook(tmp_path: Path) -> None:
    profile = load_profile("huixiang")
    columns = template_columns(profile, ImportKind.ORDERS)
    assert len(columns) == 25
    for name, body in (
        ("x.csv", template_csv(profile, ImportKind.ORDERS)),
        ("x.xlsx", template_xlsx(profile, ImportKind.ORDERS, lambda field: field)),
    ):
        (tmp_path / name).write_bytes(body)
        assert open_file(tmp_path / name, profile, ImportKind.ORDERS).columns == columns


def test_formulas_are_disarmed_and_numbers_are_not() -> None:
    assert disarm("=1") == "'=1"
    assert disarm(" ＠x") == "' ＠x"
    assert disarm("-71.05") == "-71.05"
    assert disarm("路灯") == "路灯"


def test_clocks_may_stand_a_little_apart() -> None:
    close = (NOW + timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    order, problems = read(**{"办结时间": close})
    assert order is not None
    assert problems == []
