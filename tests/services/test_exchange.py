"""Orders and ratings in: what an import stores, what it leaves alone, and what it says about both."""

import io
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
import xlsxwriter
from sqlalchemy import Boolean, column, func, select, table, update
from sqlalchemy.orm import Session

from db.orders import Contact, Order, Rating, Round
from db.records import DailyCount, EventRow, Import, ImportProblem
from db.reference import Category, Department, Place
from db.vocabulary import Event, ImportKind, JobState, Outcome, Role, Satisfaction, Status
from services import exchange
from services.access import SYSTEM, Access
from services.environment import Environment
from services.errors import NotAllowed
from services.intake import profile_file
from services.intake.problems import FileRefused, Refusal
from services.intake.profile import FileFormat
from services.intake.views import Incoming
from tests import builders
from tests.services.conftest import Clock

DATA = Path(__file__).parents[1] / "intake" / "data"
GOOD = {
    "工单编号": "A1",
    "受理时间": "2026-05-06 09:30:00",
    "诉求类型": "投诉",
    "承办单位": "天河区",
    "诉求内容": "路灯不亮",
    "诉求人": "测试·甲",
    "联系电话": "10000000001",
}
CLOSED = GOOD | {"办结时间": "2026-05-08 17:00:00", "答复内容": "已修复"}
RATED = {"工单编号": "A1", "评价渠道": "短信", "评价等级": "满意", "评价时间": "2026-05-09 10:00:00"}


@pytest.fixture
def access(environment: Environment) -> Access:
    """The door of the command line."""
    return Access(environment, SYSTEM)


def sheet(*rows: Mapping[str, str]) -> bytes:
    """Write rows as a CSV file under all the columns that occur."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    lines = [",".join(columns)] + [",".join(row.get(name, "") for name in columns) for row in rows]
    return "\n".join(lines).encode()


def bring(
    access: Access,
    body: bytes | Sequence[bytes],
    *,
    profile: str = "huixiang",
    kind: ImportKind = ImportKind.ORDERS,
    request_id: str = "",
) -> dict[str, Any]:
    """Import files to the end; give the report without its problems, and the problems as (row, field, code)."""
    bodies = [body] if isinstance(body, bytes) else body
    files = [Incoming(f"{number}.csv", io.BytesIO(one)) for number, one in enumerate(bodies)]
    started = exchange.start_import(
        access, files=files, profile=profile, kind=kind, request_id=request_id or access.environment.new_id()
    )
    for _ in exchange.run_import(access, import_id=started.import_id):
        pass
    status = exchange.import_status(access, import_id=started.import_id)
    assert status.report is not None, (status.state, status.error, status.facts)
    report = dict(status.report)
    report["problems"] = [(found["row"], found["field"], found["code"]) for found in report["problems"]]
    return report | {"id": started.import_id}


def told(report: Mapping[str, Any]) -> tuple[int, ...]:
    """The counts of a report: rows, inserted, updated, unchanged, rejected."""
    return tuple(report[name] for name in ("rows", "inserted", "updated", "unchanged", "rejected"))


def stored(owner: Session, number: str = "A1") -> tuple[Order, list[Round]]:
    """The order as it is stored now, with its rounds."""
    owner.expire_all()
    order = owner.scalars(select(Order).where(Order.number == number)).one()
    rounds = owner.scalars(select(Round).where(Round.order_id == order.id).order_by(Round.number)).all()
    return order, list(rounds)


# What goes in ---------------------------------------------------------------------------------------------------------


def test_a_closed_order_is_due_with_its_round_its_contact_and_its_deadline(access: Access, owner: Session) -> None:
    assert told(bring(access, sheet(CLOSED))) == (1, 1, 0, 0, 0)
    order, (only,) = stored(owner)
    contact = owner.get_one(Contact, order.id)
    assert (order.status, order.source, order.version, order.on_time) == (Status.DUE, "12345", 1, True)
    assert order.closed_on == date(2026, 5, 8)
    assert (order.due_days, order.due_rule) == (15, "guangzhou/2")
    assert order.due_at is not None
    # The 9th was a Saturday that is worked, so the 15th working day is Monday the 25th.
    assert order.due_at.astimezone(UTC) == datetime(2026, 5, 25, 15, 59, 59, tzinfo=UTC)
    assert order.counted_department_id == order.department_id == only.department_id == contact.department_id
    assert (only.number, only.closed_at, only.reply, only.due_at) == (1, order.closed_at, "已修复", order.due_at)
    assert (contact.name, contact.phone, order.requester) == ("测试·甲", "10000000001", "测***")
    count = owner.scalars(select(DailyCount)).one()
    assert (count.closed, count.on_time, count.rated) == (1, 1, 0)


def test_an_order_without_a_unit_waits_for_one(access: Access, owner: Session) -> None:
    assert told(bring(access, sheet(GOOD | {"承办单位": ""}))) == (1, 1, 0, 0, 0)
    order, (only,) = stored(owner)
    assert (order.status, order.department_id, only.department_id) == (Status.OPEN, None, None)


def test_an_import_is_one_event_with_its_counts_and_no_personal_data(access: Access, owner: Session) -> None:
    bring(access, sheet(CLOSED, GOOD | {"工单编号": "A2", "承办单位": "没有这个单位"}))
    events = owner.scalars(select(EventRow).where(EventRow.object_type == "imports").order_by(EventRow.id)).all()
    assert [event.action for event in events] == [Event.IMPORT_STARTED, Event.ORDERS_IMPORTED]
    after = json.loads(events[1].body)["after"]
    assert {name: after[name] for name in ("rows", "inserted", "rejected")} == {"rows": 2, "inserted": 1, "rejected": 1}
    assert "测试" not in events[1].body


def test_boston_comes_in_whole_and_agrees_with_the_citys_own_flag(access: Access, owner: Session) -> None:
    body = (DATA / "boston_311_slice.csv").read_bytes()
    report = bring(access, body, profile="boston_311")
    assert told(report) == (288, 288, 0, 0, 0)
    assert [code for _, _, code in report["problems"]] == ["due_before_accepted"] * 3
    assert told(bring(access, body, profile="boston_311")) == (288, 0, 0, 288, 0)
    orders = owner.scalars(select(Order)).all()
    now = access.environment.clock()
    for order in orders:
        late = order.due_at is not None and (order.closed_at or now) > order.due_at
        assert order.official_late in (late, None)
        assert order.on_time == (None if not order.due_at or not order.closed_at else not late)
    made = select(func.count()).select_from(Department).where(Department.code.startswith("boston_311"))
    assert owner.scalar(made) == 8


def test_tainan_comes_in_as_several_files_with_37_districts_of_85_spellings(access: Access, owner: Session) -> None:
    lines = (DATA / "tainan_1999_slice.csv").read_bytes().splitlines(keepends=True)
    files = [b"".join(lines[:100]), b"".join(lines[100:])]
    report = bring(access, files, profile="tainan_1999")
    assert told(report) == (212, 212, 0, 0, 0)
    assert [(field, code) for _, field, code in report["problems"]] == [("place", "unknown_place")]
    assert owner.scalar(select(func.count()).select_from(Place).where(Place.code.startswith("tainan"))) == 37
    lost = owner.scalars(select(Order).where(Order.place_id.is_(None), Order.place_text.is_not(None))).one()
    assert lost.place_text == "妨礙安寧"
    assert told(bring(access, files[::-1], profile="tainan_1999")) == (212, 0, 0, 212, 0)


def test_open311_lines_with_empty_objects_become_orders(access: Access, owner: Session) -> None:
    lines = [
        {"service_request_id": "UN1", "requested_datetime": "2015-04-15 00:02:00.0", "status": {}, "agency": "0",
         "service_name": {}, "address_string": {}, "updated_datetime": "null", "description": "空氣汙染"},
        {"service_request_id": "UN2", "requested_datetime": "2015-04-15 00:02:00.0", "status": "已完工", "agency": "0",
         "area": "東區", "updated_datetime": "2015-04-23 00:02:01.0", "expected_datetime": "2015-04-22 00:02:00.0"},
        {"service_request_id": 0, "requested_datetime": "2020-01-30T21:52:47.000+01:00", "status": "open",
         "agency_responsible": "Amt für Umweltschutz", "updated_datetime": "2020-01-30T21:53:31.000+01:00"},
    ]  # fmt: skip
    body = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines).encode()
    assert told(bring(access, body, profile="open311_json")) == (3, 3, 0, 0, 0)
    assert told(bring(access, body, profile="open311_json")) == (3, 0, 0, 3, 0)
    assert stored(owner, "UN1")[0].status == Status.OPEN
    late, _ = stored(owner, "UN2")
    assert (late.status, late.on_time, late.department_id) == (Status.DUE, False, None)
    assert stored(owner, "0")[0].closed_at is None


def test_a_workbook_and_a_gb18030_file_say_the_same_as_a_utf_8_one(access: Access, owner: Session) -> None:
    rows = [CLOSED, GOOD | {"工单编号": "A2", "诉求内容": "㐀𠮷号\u3000路灯"}]
    body = sheet(*rows).decode()
    assert told(bring(access, body.encode("gb18030"))) == (2, 2, 0, 0, 0)
    assert stored(owner, "A2")[0].text == "㐀𠮷号 路灯"
    assert told(bring(access, body.encode("utf-8-sig"))) == (2, 0, 0, 2, 0)
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    page = book.add_worksheet()
    for number, line in enumerate(body.splitlines()):
        page.write_row(number, 0, line.split(","))
    moment = datetime(2026, 5, 6, 9, 30)  # noqa: DTZ001  (a sheet's times have no zone)
    page.write_datetime(1, 1, moment, book.add_format({"num_format": "yyyy/m/d h:mm"}))
    page.write_number(2, 1, 46148.395833333336)
    book.close()
    assert told(bring(access, out.getvalue())) == (2, 0, 0, 2, 0)


def test_places_and_categories_are_found_level_by_level(access: Access, owner: Session) -> None:
    levels = {"一级类别": "市政设施", "二级类别": "道路设施", "三级类别": "道路积水", "所属区": "天河区"}
    rows = [
        GOOD | levels | {"所属街镇": "石牌街道"},
        GOOD | levels | {"工单编号": "A2", "所属街镇": "石牌街"},
        GOOD | levels | {"工单编号": "A3", "所属街镇": "月亮街"},
        GOOD | levels | {"工单编号": "A4", "所属区": "天河 区", "三级类别": "新的类别"},
        GOOD | levels | {"工单编号": "A5", "所属区": "月亮区"},
    ]
    report = bring(access, sheet(*rows))
    assert told(report) == (5, 5, 0, 0, 0)
    assert report["problems"] == [(4, "place", "unknown_place"), (6, "place", "unknown_place")]
    places: dict[int | None, str | None] = {row.id: row.code for row in owner.scalars(select(Place))} | {None: None}
    found = [places[stored(owner, number)[0].place_id] for number in ("A1", "A2", "A3", "A4", "A5")]
    assert found == ["440106006", "440106006", "440106", "440106", None]
    assert stored(owner, "A3")[0].place_text == "天河区 月亮街"
    known = owner.get_one(Category, stored(owner, "A1")[0].category_id)
    made = owner.get_one(Category, stored(owner, "A4")[0].category_id)
    assert (known.code, made.name, made.parent_id) == ("010101", "新的类别", known.parent_id)


@pytest.mark.parametrize(
    ("policy", "rejected", "unit", "code"),
    [
        ('unknown = "reject"', 1, None, "unknown_department"),
        ('unknown = "wait"', 0, None, "unknown_department"),
        ('unknown = "map"\nto = "天河区"', 0, "天河区", None),
        ('unknown = "map"\nto = "火星区"', 1, None, "unknown_department"),
        ('unknown = "create"', 0, "月球局", None),
        ('unknown = "reject"\nknown = ["月球局"]', 0, "月球局", None),
        ('unknown = "reject"\naliases = { "月 球 局" = "越秀区" }', 0, "越秀区", None),
    ],
)
def test_an_unknown_unit_is_created_mapped_rejected_or_left_waiting(
    access: Access, owner: Session, tmp_path: Path, policy: str, rejected: int, unit: str | None, code: str | None
) -> None:
    shipped = (profile_file.SHIPPED / "huixiang.toml").read_text("utf-8")
    own = tmp_path / "own.toml"
    before = '[orders.lookup.department]\nunknown = "reject"'
    own.write_text(shipped.replace(before, f"[orders.lookup.department]\n{policy}"), "utf-8")
    report = bring(access, sheet(GOOD | {"承办单位": "月球局"}), profile=str(own))
    assert report["rejected"] == rejected
    assert [found[2] for found in report["problems"]] == ([code] if code else [])
    if not rejected:
        order, _ = stored(owner)
        assert (owner.get_one(Department, order.department_id).name if order.department_id else None) == unit
    else:
        assert owner.scalar(select(func.count()).select_from(Department).where(Department.name == "月球局")) == 0


# What does not --------------------------------------------------------------------------------------------------------


def test_rejected_rows_are_named_and_the_good_ones_go_in(access: Access, owner: Session) -> None:
    rows = [
        GOOD,
        GOOD,
        GOOD | {"工单编号": "A2", "承办单位": "月球局"},
        GOOD | {"工单编号": "A3", "诉求类型": "表白"},
        GOOD | {"工单编号": "A4", "诉求类型": ""},
        CLOSED | {"工单编号": "A5", "办结时间": "2026-05-05 10:00:00"},
        GOOD | {"工单编号": "A6"},
    ]
    report = bring(access, sheet(*rows))
    assert told(report) == (7, 2, 0, 0, 5)
    assert report["problems"] == [
        (3, "number", "duplicate_number"),
        (4, "department", "unknown_department"),
        (5, "order_type", "unknown_order_type"),
        (6, "order_type", "missing"),
        (7, "closed_at", "closed_before_accepted"),
    ]
    kept = exchange.problem_rows(access, import_id=report["id"])
    assert (kept[0].row, kept[0].code, kept[0].rejected) == (3, "duplicate_number", True)
    assert exchange.problem_rows(access, import_id=report["id"], after=kept[1].id)[0].row == 5
    assert owner.scalar(select(func.count()).select_from(Order)) == 2


def test_the_rejected_rows_come_back_as_a_file_that_can_be_corrected_and_imported(access: Access) -> None:
    report = bring(access, sheet(GOOD, GOOD | {"工单编号": "A2", "承办单位": "月球局"}))
    again = exchange.rejected_rows(access, import_id=report["id"])
    assert "unknown_department" in again.decode("utf-8-sig")
    assert told(bring(access, again.replace("月球局".encode(), "越秀区".encode()))) == (1, 1, 0, 0, 0)


def test_a_deadline_in_a_year_that_the_calendar_does_not_know_is_not_guessed(access: Access, owner: Session) -> None:
    report = bring(access, sheet(GOOD | {"受理时间": "2009-05-06 09:30:00"}))
    assert told(report) == (1, 1, 0, 0, 0)
    assert report["problems"] == [(2, "due_at", "deadline_not_covered")]
    assert stored(owner)[0].due_at is None


def test_a_file_that_cannot_be_read_is_refused_before_it_is_kept(
    access: Access, owner: Session, tmp_path: Path
) -> None:
    with pytest.raises(FileRefused) as refused:
        bring(access, b"a,b\n1,2\n")
    assert refused.value.why == Refusal.COLUMNS_MISSING
    assert refused.value.facts["file"] == "0.csv"
    assert list((tmp_path / "imports").iterdir()) == []
    assert owner.scalar(select(func.count()).select_from(Import)) == 0


def test_a_file_that_breaks_in_the_middle_ends_as_failed_and_changes_nothing(access: Access, owner: Session) -> None:
    body = sheet(GOOD) + b'\nA2,"' + b"x" * 300_000
    files = [Incoming("broken.csv", io.BytesIO(body))]
    started = exchange.start_import(
        access, files=files, profile="huixiang", kind=ImportKind.ORDERS, request_id="r"
    )  # fmt: skip
    list(exchange.run_import(access, import_id=started.import_id))
    status = exchange.import_status(access, import_id=started.import_id)
    assert (status.state, status.error) == (JobState.FAILED, Refusal.CSV_MALFORMED.value)
    assert status.facts["file"] == "broken.csv"
    assert owner.scalar(select(func.count()).select_from(Order)) == 0


def test_a_trial_tells_the_same_and_leaves_no_trace(access: Access, owner: Session) -> None:
    body = (DATA / "boston_311_slice.csv").read_bytes()
    report = exchange.try_import(
        access, files=[Incoming("x.csv", io.BytesIO(body))], profile="boston_311", kind=ImportKind.ORDERS
    )
    assert list(report.as_json()) == ["rows", "inserted", "updated", "unchanged", "rejected", "warnings", "problems"]
    assert (report.rows, report.inserted, report.warnings) == (288, 288, 3)
    for kind in (Order, Import, ImportProblem):
        assert owner.scalar(select(func.count()).select_from(kind)) == 0
    assert owner.scalar(select(func.count()).select_from(Department).where(Department.code.startswith("boston"))) == 0


def test_a_preview_shows_the_first_rows_as_they_are_understood(access: Access, owner: Session) -> None:
    rows = [CLOSED, GOOD | {"工单编号": "A2", "承办单位": "月球局"}, *(GOOD | {"工单编号": f"B{n}"} for n in range(9))]
    seen = exchange.preview_import(
        access, files=[Incoming("x.csv", io.BytesIO(sheet(*rows)))], profile="huixiang", kind=ImportKind.ORDERS, rows=3
    )
    assert seen.format == FileFormat.CSV
    assert [line.rejected for line in seen.lines] == [False, True, False]
    assert dict(seen.lines[0].values)["accepted_at"] == datetime(2026, 5, 6, 1, 30, tzinfo=UTC)
    assert seen.lines[1].problems[0].code == "unknown_department"
    assert owner.scalar(select(func.count()).select_from(Import)) == 0


# What comes again -----------------------------------------------------------------------------------------------------


def test_the_same_file_twice_changes_nothing(access: Access, owner: Session) -> None:
    body = sheet(CLOSED, GOOD | {"工单编号": "A2"})
    bring(access, body)
    before = stored(owner)[0].version
    assert told(bring(access, body)) == (2, 0, 0, 2, 0)
    assert stored(owner)[0].version == before


def test_a_later_file_with_news_updates_and_an_empty_cell_erases_nothing(access: Access, owner: Session) -> None:
    bring(access, sheet(GOOD))
    later = CLOSED | {"诉求内容": "", "联系电话": "10000000002"}
    assert told(bring(access, sheet(later))) == (1, 0, 1, 0, 0)
    order, (only,) = stored(owner)
    assert (order.status, order.text, order.version) == (Status.DUE, "路灯不亮", 2)
    assert (only.closed_at, only.reply) == (order.closed_at, "已修复")
    contact = owner.get_one(Contact, order.id)
    assert (contact.name, contact.phone) == ("测试·甲", "10000000002")
    assert owner.scalars(select(DailyCount.closed)).one() == 1


def test_two_states_of_an_order_end_in_the_newer_one_whichever_comes_first(access: Access, owner: Session) -> None:
    early = GOOD | {"更新时间": "2026-05-07 00:00:00", "标题": "旧"}
    late = CLOSED | {"更新时间": "2026-05-09 00:00:00", "标题": "新"}
    for number, files in (("A1", (early, late)), ("A2", (late, early)), ("A3", (late, early, late, early))):
        for row in files:
            bring(access, sheet(row | {"工单编号": number}))
    facts = ("status", "title", "closed_at", "closed_on", "on_time", "due_at", "source_updated_at", "department_id")
    states = [{name: getattr(stored(owner, number)[0], name) for name in facts} for number in ("A1", "A2", "A3")]
    assert states[0] == states[1] == states[2]
    assert (states[0]["title"], states[0]["status"]) == ("新", Status.DUE)
    rounds = [[(one.closed_at, one.reply, one.due_at) for one in stored(owner, n)[1]] for n in ("A1", "A2", "A3")]
    assert rounds[0] == rounds[1] == rounds[2]


def test_an_older_file_never_overwrites_newer_facts(access: Access, owner: Session) -> None:
    bring(access, sheet(CLOSED | {"更新时间": "2026-05-09 00:00:00"}))
    old = GOOD | {"诉求内容": "旧的说法", "更新时间": "2026-05-07 00:00:00"}
    report = bring(access, sheet(old))
    assert told(report) == (1, 0, 0, 1, 0)
    assert report["problems"] == [(2, "updated_at", "older_than_stored")]
    undated = bring(access, sheet(GOOD | {"诉求内容": "旧的说法"}))
    assert told(undated) == (1, 0, 0, 1, 0)
    order, _ = stored(owner)
    assert (order.status, order.text) == (Status.DUE, "路灯不亮")


def test_a_corrected_close_is_taken_while_nobody_has_rated_or_called(access: Access, owner: Session) -> None:
    bring(access, sheet(CLOSED))
    assert told(bring(access, sheet(CLOSED | {"办结时间": "2026-05-28 17:00:00"}))) == (1, 0, 1, 0, 0)
    order, (only,) = stored(owner)
    assert (order.closed_on, order.on_time, only.closed_at) == (date(2026, 5, 28), False, order.closed_at)
    assert [row.closed for row in owner.scalars(select(DailyCount).order_by(DailyCount.day))] == [0, 1]


def test_a_returned_order_takes_a_later_close_as_the_end_of_its_rework(access: Access, owner: Session) -> None:
    unit = owner.scalars(select(Department).where(Department.name == "天河区")).one()
    order = builders.returned_order(owner, unit, source="12345", number="A1")
    opened = builders.current_round(owner, order).opened_at
    done = (opened + timedelta(days=1)).astimezone(UTC)
    first = stored(owner)[0]
    kept = (first.closed_at, first.closed_on, first.accepted_at)
    again = {
        "工单编号": "A1",
        "受理时间": f"{first.accepted_at:%Y-%m-%dT%H:%M:%SZ}",
        "诉求类型": "投诉",
        "办结时间": f"{first.closed_at:%Y-%m-%dT%H:%M:%SZ}",
    }
    assert told(bring(access, sheet(again))) == (1, 0, 0, 1, 0)
    assert stored(owner)[0].status == Status.RETURNED
    redo = again | {"办结时间": f"{done:%Y-%m-%dT%H:%M:%SZ}", "答复内容": "重新修好"}
    assert told(bring(access, sheet(redo))) == (1, 0, 1, 0, 0)
    order, rounds = stored(owner)
    assert (order.status, order.round, len(rounds)) == (Status.DUE, 2, 2)
    assert (order.closed_at, order.closed_on, order.accepted_at) == kept
    assert (rounds[1].closed_at, rounds[1].reply) == (done, "重新修好")
    assert rounds[0].reply != "重新修好"
    assert told(bring(access, sheet(redo))) == (1, 0, 0, 1, 0)
    late = bring(access, sheet(redo | {"办结时间": f"{done + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"}))
    assert late["problems"] == [(2, "closed_at", "close_settled")]
    assert len(stored(owner)[1]) == 2


def test_an_archived_order_is_never_opened_or_moved_by_a_file(access: Access, owner: Session) -> None:
    unit = owner.scalars(select(Department).where(Department.name == "天河区")).one()
    builders.archived_order(owner, unit, source="12345", number="A1")
    order, (only,) = stored(owner)
    kept = (order.status, order.department_id, order.closed_at, only.department_id, only.closed_at, only.reply)
    report = bring(
        access,
        sheet(
            {"工单编号": "A1", "受理时间": f"{order.accepted_at:%Y-%m-%dT%H:%M:%SZ}", "诉求类型": "投诉"}
            | {"承办单位": "越秀区", "办结时间": "2026-06-14 10:00:00", "答复内容": "新答复"}
        ),
    )
    assert report["problems"] == [(2, "closed_at", "close_settled")]
    order, (only,) = stored(owner)
    assert (order.status, order.department_id, order.closed_at, only.department_id, only.closed_at, only.reply) == kept


def test_a_unit_is_filled_in_and_changed_only_while_nothing_depends_on_it(access: Access, owner: Session) -> None:
    bring(access, sheet(CLOSED | {"承办单位": ""}))
    assert told(bring(access, sheet(CLOSED))) == (1, 0, 1, 0, 0)
    assert told(bring(access, sheet(CLOSED | {"承办单位": "越秀区"}))) == (1, 0, 1, 0, 0)
    order, (only,) = stored(owner)
    unit = owner.scalars(select(Department).where(Department.name == "越秀区")).one()
    contact = owner.get_one(Contact, order.id)
    assert {order.department_id, order.counted_department_id, only.department_id, contact.department_id} == {unit.id}
    bring(access, sheet(RATED | {"评价等级": "不满意"}), kind=ImportKind.RATINGS)
    report = bring(access, sheet(CLOSED))
    assert report["problems"] == [(2, "department", "department_settled")]
    assert stored(owner)[0].department_id == unit.id


def test_a_unit_that_a_person_assigned_is_not_taken_back_by_a_file(access: Access, owner: Session) -> None:
    bring(access, sheet(GOOD))
    order, _ = stored(owner)
    builders.event(owner, order, Event.ORDER_ASSIGNED)
    assert bring(access, sheet(GOOD | {"承办单位": "越秀区"}))["problems"] == [(2, "department", "department_settled")]


# Ratings --------------------------------------------------------------------------------------------------------------


def rate(access: Access, *rows: Mapping[str, str]) -> dict[str, Any]:
    return bring(access, sheet(*rows), kind=ImportKind.RATINGS)


def test_a_satisfied_rating_archives_and_a_dissatisfied_one_calls_for_a_call(access: Access, owner: Session) -> None:
    bring(access, sheet(CLOSED, CLOSED | {"工单编号": "A2"}))
    assert told(rate(access, RATED, RATED | {"工单编号": "A2", "评价等级": "不满意"})) == (2, 2, 0, 0, 0)
    good, (settled,) = stored(owner)
    assert (good.status, good.outcome, good.rated) == (Status.ARCHIVED, Outcome.SATISFIED, True)
    assert (settled.satisfaction, settled.settled_at) == (Satisfaction.SATISFIED, access.environment.clock())
    bad, (waiting,) = stored(owner, "A2")
    assert (bad.status, bad.outcome, bad.satisfaction) == (Status.DUE, None, Satisfaction.DISSATISFIED)
    assert (waiting.satisfaction, waiting.settled_at) == (Satisfaction.DISSATISFIED, None)
    rating = owner.scalars(select(Rating).where(Rating.order_id == good.id)).one()
    assert (rating.round_id, rating.department_id) == (settled.id, good.department_id)
    assert owner.scalars(select(DailyCount.satisfied)).one() == 1


@pytest.mark.every_server
def test_the_counts_that_are_kept_are_those_of_the_orders(access: Access, owner: Session) -> None:
    bring(access, (DATA / "boston_311_slice.csv").read_bytes(), profile="boston_311")
    bring(access, sheet(CLOSED, CLOSED | {"工单编号": "A2"}, GOOD | {"工单编号": "A3"}))
    rate(access, RATED, RATED | {"工单编号": "A2", "评价等级": "非常不满意"})
    bring(access, sheet(CLOSED | {"工单编号": "A3", "办结时间": "2026-05-28 10:00:00"}))
    names = ("closed", "due", "on_time", "rated", "satisfied", "dissatisfied", "silent")
    kept = owner.execute(select(*(func.sum(getattr(DailyCount, name)) for name in names))).one()
    view = table("order_counts", *(column(name) for name in names))
    assert tuple(kept) == tuple(owner.execute(select(*(func.sum(view.c[name]) for name in names))).one())
    assert tuple(kept)[3:6] == (2, 1, 1)


def test_the_same_ratings_twice_change_nothing(access: Access, owner: Session) -> None:
    bring(access, sheet(CLOSED))
    assert told(rate(access, RATED, RATED)) == (2, 1, 0, 1, 0)
    version = stored(owner)[0].version
    assert told(rate(access, RATED)) == (1, 0, 0, 1, 0)
    assert stored(owner)[0].version == version


def test_the_last_rating_of_a_round_counts_whatever_the_order_of_the_rows(access: Access, owner: Session) -> None:
    bring(access, sheet(CLOSED))
    early = RATED | {"评价等级": "不满意", "评价时间": "2026-05-09 08:00:00"}
    assert told(rate(access, RATED, early)) == (2, 2, 0, 0, 0)
    order, _ = stored(owner)
    assert (order.status, order.satisfaction) == (Status.ARCHIVED, Satisfaction.SATISFIED)
    assert owner.scalar(select(func.count()).select_from(Rating)) == 2


def test_a_rating_that_cannot_be_placed_is_refused_by_name(access: Access, owner: Session) -> None:
    bring(access, sheet(CLOSED, GOOD | {"工单编号": "A2"}))
    report = rate(
        access,
        RATED | {"工单编号": "没有"},
        RATED | {"工单编号": "A2"},
        RATED | {"评价时间": "2026-05-08 16:59:59"},
        RATED | {"评价等级": "还行吧"},
        RATED,
        RATED | {"评价等级": "不满意"},
    )
    assert told(report) == (6, 1, 0, 0, 5)
    assert sorted(report["problems"]) == [
        (2, "number", "unknown_order"),
        (3, "number", "order_not_closed"),
        (4, "rated_at", "rated_before_closed"),
        (5, "grade", "unknown_grade"),
        (7, "grade", "rating_differs"),
    ]
    again = exchange.rejected_rows(access, import_id=report["id"]).decode("utf-8-sig")
    assert len(again.splitlines()) == 6
    later = rate(access, RATED | {"评价等级": "不满意", "评价时间": "2026-05-10 10:00:00"})
    assert later["problems"] == [(2, "rated_at", "order_settled")]
    assert stored(owner)[0].status == Status.ARCHIVED


def test_a_late_rating_of_an_earlier_round_is_kept_as_history(access: Access, owner: Session) -> None:
    unit = owner.scalars(select(Department).where(Department.name == "天河区")).one()
    order = builders.returned_order(owner, unit, source="12345", number="A1")
    before, rounds = stored(owner)
    assert rounds[0].closed_at is not None
    at = (rounds[0].closed_at + timedelta(minutes=1)).astimezone(UTC)
    assert told(rate(access, RATED | {"评价时间": f"{at:%Y-%m-%dT%H:%M:%SZ}"})) == (1, 1, 0, 0, 0)
    after, _ = stored(owner)
    assert (after.status, after.version) == (Status.RETURNED, before.version)
    of_first = owner.scalars(select(Rating).where(Rating.order_id == order.id, Rating.rated_at == at)).one()
    assert of_first.round_id == rounds[0].id


def test_a_call_that_is_being_recorded_is_not_overwritten(access: Access, owner: Session) -> None:
    bring(access, sheet(CLOSED))
    number = exchange.start_import(
        access,
        files=[Incoming("x.csv", io.BytesIO(sheet(RATED)))],
        profile="huixiang",
        kind=ImportKind.RATINGS,
        request_id="r",
    ).import_id
    # Somebody holds the order, and settles it while the import waits for it.
    settles = update(Order).where(Order.number == "A1")
    owner.execute(settles.values(status=Status.DISSATISFIED, rated=True, satisfaction=Satisfaction.DISSATISFIED))
    with ThreadPoolExecutor(1) as pool:
        walking = pool.submit(list, exchange.run_import(access, import_id=number))
        waits = select(func.count()).select_from(table("pg_locks")).where(~column("granted", Boolean))
        while not walking.done() and not owner.scalar(waits):
            pass
        assert not walking.done()
        owner.commit()
        walking.result()
    report = exchange.import_status(access, import_id=number).report
    assert report is not None
    assert [found["code"] for found in report["problems"]] == ["order_settled"]
    assert stored(owner)[0].status == Status.DISSATISFIED


# How it runs ----------------------------------------------------------------------------------------------------------


def test_two_clicks_at_once_start_one_import(environment: Environment, owner: Session) -> None:
    admin = builders.access(owner, environment, Role.ADMIN)
    together = Barrier(2)

    def click(_: int) -> exchange.Started:
        together.wait()
        files = [Incoming("x.csv", io.BytesIO(sheet(CLOSED)))]
        return exchange.start_import(
            admin, files=files, profile="huixiang", kind=ImportKind.ORDERS, request_id="the same form"
        )

    with ThreadPoolExecutor(2) as pool:
        started = list(pool.map(click, range(2)))
    assert started[0].import_id == started[1].import_id
    assert sorted(one.repeated for one in started) == [False, True]
    assert owner.scalar(select(func.count()).select_from(Import)) == 1


def queued(access: Access, body: bytes, request_id: str = "one") -> int:
    files = [Incoming("x.csv", io.BytesIO(body))]
    return exchange.start_import(
        access, files=files, profile="huixiang", kind=ImportKind.ORDERS, request_id=request_id
    ).import_id


def test_the_same_form_sent_twice_starts_one_import(access: Access, owner: Session, tmp_path: Path) -> None:
    assert queued(access, sheet(GOOD)) == queued(access, sheet(GOOD))
    assert owner.scalar(select(func.count()).select_from(Import)) == 1
    assert len(list((tmp_path / "imports").iterdir())) == 1


def test_a_waiting_import_that_is_cancelled_never_runs_and_keeps_no_file(
    access: Access, owner: Session, tmp_path: Path
) -> None:
    number = queued(access, sheet(GOOD))
    assert exchange.waiting_imports(access) == (number,)
    assert exchange.cancel_import(access, import_id=number).state == JobState.CANCELLED
    assert list(exchange.run_import(access, import_id=number)) == []
    assert exchange.waiting_imports(access) == ()
    assert list((tmp_path / "imports").iterdir()) == []
    assert owner.scalar(select(func.count()).select_from(Order)) == 0


def test_a_running_import_that_is_cancelled_stops_before_it_writes(access: Access, owner: Session) -> None:
    number = queued(access, sheet(*(GOOD | {"工单编号": f"N{n}"} for n in range(4_100))))
    steps = exchange.run_import(access, import_id=number)
    assert next(steps).done == 2_000
    assert exchange.import_status(access, import_id=number).progress == 2_000
    assert exchange.cancel_import(access, import_id=number).cancel_requested
    assert [step.done for step in steps] == []
    assert exchange.import_status(access, import_id=number).state == JobState.CANCELLED
    assert owner.scalar(select(func.count()).select_from(Order)) == 0


def test_an_import_whose_process_was_killed_waits_again_and_one_that_is_walked_does_not(
    access: Access, owner: Session, clock: Clock
) -> None:
    number = queued(access, sheet(*(GOOD | {"工单编号": f"N{n}"} for n in range(2_001))))
    walked = exchange.run_import(access, import_id=number)
    next(walked)
    assert exchange.recover_imports(access) == exchange.waiting_imports(access) == ()
    assert list(exchange.run_import(access, import_id=number)) == []
    walked.close()
    assert exchange.claim_import(access, number)  # By a process that is killed before it opens a file.
    assert exchange.waiting_imports(access) == ()
    clock.now += timedelta(minutes=16)
    assert exchange.waiting_imports(access) == (number,)
    assert exchange.recover_imports(access) == (number,)
    assert [step.merging for step in exchange.run_import(access, import_id=number)][-1]
    assert exchange.import_status(access, import_id=number).state == JobState.DONE
    assert owner.scalar(select(func.count()).select_from(Order)) == 2_001


def test_after_the_end_only_the_rejected_rows_are_kept_on_disk(access: Access, tmp_path: Path) -> None:
    bring(access, sheet(GOOD, GOOD))
    bring(access, sheet(GOOD))
    (folder,) = (tmp_path / "imports").iterdir()
    assert [path.name for path in folder.iterdir()] == ["rejected.csv"]
    assert folder.stat().st_mode & 0o077 == 0


def test_only_who_may_import_imports(owner: Session, environment: Environment) -> None:
    for role in (Role.AGENT, Role.VIEWER, Role.SUPERVISOR):
        access = builders.access(owner, environment, role)
        with pytest.raises(NotAllowed):
            queued(access, sheet(GOOD), role)
        with pytest.raises(NotAllowed):
            exchange.recent_imports(access)
    admin = builders.access(owner, environment, Role.ADMIN)
    bring(admin, sheet(GOOD))
    (latest,) = exchange.recent_imports(admin)
    assert latest.started_by == admin.actor.name
    assert latest.file_name == "0.csv"


def test_the_template_can_be_filled_in_and_imported(access: Access) -> None:
    head = exchange.read_template(access, kind=ImportKind.ORDERS, form=FileFormat.CSV).decode("utf-8-sig").strip()
    body = head + "\n" + ",".join(CLOSED.get(name, "") for name in head.split(","))
    assert told(bring(access, body.encode())) == (1, 1, 0, 0, 0)
    assert exchange.read_template(access, kind=ImportKind.RATINGS, form=FileFormat.XLSX).startswith(b"PK")
