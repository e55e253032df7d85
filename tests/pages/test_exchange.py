"""The import screen: what is refused and how, what a preview shows and hides, and an import from start to report."""

import io
import zipfile
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from db.orders import Order
from db.people import Person
from db.records import EventRow, Import
from db.vocabulary import Event, ImportKind, JobState, Role
from portal import runtime, words
from portal.import_runner import ImportRunner
from services.environment import Environment
from tests import builders
from tests.pages.conftest import Opener, said

COLUMNS = ("工单编号", "受理时间", "诉求类型", "承办单位", "诉求内容", "诉求人", "联系电话")
GOOD = ("A1", "2026-05-06 09:30:00", "投诉", "天河区", "路灯不亮,回电13900001234", "测试·甲", "13800001234")


@pytest.fixture
def admin(owner: Session) -> Person:
    """Somebody who may import."""
    return builders.person(owner, Role.ADMIN, name="测试·管理员")


@pytest.fixture(autouse=True)
def _nothing_runs_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests say when the runner runs."""
    monkeypatch.setattr(ImportRunner, "wake", lambda _: None)


def sheet(*rows: tuple[str, ...], encoding: str = "utf-8") -> bytes:
    """A CSV file under our template's headers."""
    return "\n".join(",".join(f'"{cell}"' for cell in row) for row in (COLUMNS, *rows)).encode(encoding)


def row(number: str, **cells: str) -> tuple[str, ...]:
    """A good row with a number of its own, and some cells that are otherwise."""
    return tuple({**dict(zip(COLUMNS, GOOD, strict=True)), "工单编号": number, **cells}.values())


def upload(at: AppTest, content: bytes, name: str = "a.csv") -> AppTest:
    """Put a file into the field for data."""
    at.file_uploader[-1].upload(name, content)
    return at.run()


def press(at: AppTest, label: str) -> AppTest:
    """Press the button of that name."""
    next(button for button in at.button if button.label == label).click()
    return at.run()


def offered(at: AppTest) -> list[str]:
    """The names of the buttons."""
    return [button.label for button in at.button]


def table(at: AppTest, column: str) -> Any:
    """The first table that has such a column."""
    return next(one.value for one in at.dataframe if column in one.value.columns)


def imports(owner: Session) -> list[Import]:
    """Every import there is."""
    owner.expire_all()
    return list(owner.scalars(select(Import).order_by(Import.id)))


def orders(owner: Session) -> int:
    """How many orders there are."""
    return owner.scalar(select(func.count()).select_from(Order)) or 0


def bomb() -> bytes:
    """A workbook that unpacks to a thousand times its size."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (8 * 1024 * 1024))
    return out.getvalue()


# Before anything is stored --------------------------------------------------------------------------------------------


def test_the_form_offers_our_template_and_says_its_limits(admin: Person, opened: Opener) -> None:
    at = opened(admin, "exchange")
    assert not at.exception
    assert [one.label for one in at.get("download_button")] == ["CSV 模板", "Excel 模板"]
    told = said(at)
    assert "单个文件不超过 50 MB" in told
    assert "还没有导入过文件" in told


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("实为程序.csv", b"MZ\x90\x00\x03\x00\x00\x00" * 20, ("实为程序.csv", "不是表格", "重新导出")),
        ("空.csv", b"", ("空.csv", "是空的")),
        ("炸弹.xlsx", bomb(), ("炸弹.xlsx", "没有打开", "另存为 CSV")),
        ("乱码.csv", "工单编号,受理时间\n".encode() + b"\xff\xff\x80", ("无法识别", "utf-8, gb18030", "另存为")),
        ("表头.csv", "编号,时间\n1,2\n".encode(), ("第 1 行", "工单编号, 受理时间", "编号", "核对来源选择")),
        ("旧版.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ("旧版 Excel", "另存为 .xlsx")),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_its_name_the_reason_and_the_remedy(
    admin: Person, opened: Opener, owner: Session, name: str, content: bytes, told: tuple[str, ...]
) -> None:
    at = upload(opened(admin, "exchange"), content, name)
    (refusal,) = [str(error.value).replace("\\", "") for error in at.error]
    assert [word for word in told if word not in refusal] == []
    assert "开始导入" not in offered(at)
    assert not imports(owner)


def test_the_preview_stores_nothing_and_shows_nobodys_telephone_number(
    admin: Person, opened: Opener, owner: Session
) -> None:
    content = sheet(GOOD, row("A2", 联系电话="13700001234x"), encoding="gb18030")
    at = upload(opened(admin, "exchange"), content)
    shown = table(at, "诉求人")
    assert list(shown["工单编号"]) == ["A1", "A2"]
    assert list(shown["诉求人"]) == ["测***", "测***"]
    assert shown["受理时间"][0] == "2026-05-06 09:30"
    everything = "".join(one.value.to_csv() for one in at.dataframe) + said(at)
    assert "138****1234" in everything
    assert [number for number in ("13800001234", "13900001234", "13700001234") if number in everything] == []
    assert (orders(owner), imports(owner)) == (0, [])


def test_the_preview_lists_what_is_wrong_by_row_and_field_with_the_remedy(admin: Person, opened: Opener) -> None:
    at = upload(opened(admin, "exchange"), sheet(GOOD, row("A2", 受理时间="2026-13-40"), row("A3", 承办单位="某单位")))
    found = table(at, "如何更正")
    assert list(found["行"]) == [3, 4]
    assert list(found["字段"]) == ["受理时间", "承办单位"]
    assert list(found["原因"]) == ["日期不存在", "没有这个承办单位"]
    assert list(found["内容"]) == ["2026-13-40", "某单位"]
    told = said(at)
    assert "可导入 1 行" in told
    assert "不能导入 2 行" in told


def test_a_short_file_of_which_nothing_can_go_in_cannot_be_started(admin: Person, opened: Opener) -> None:
    at = upload(opened(admin, "exchange"), sheet(row("A1", 承办单位="某单位")))
    assert next(button for button in at.button if button.label == "开始导入").disabled
    assert "全部不能导入" in said(at)


def test_ratings_are_read_by_the_profiles_that_have_them(admin: Person, opened: Opener) -> None:
    at = opened(admin, "exchange")
    at.button_group(key="exchange_kind").set_value(ImportKind.RATINGS).run()
    assert at.selectbox[0].options == ["回响模板", "纽约满意度调查", "自备方案"]


def test_a_wrong_profile_of_ones_own_is_refused_by_the_key_that_is_wrong(admin: Person, opened: Opener) -> None:
    at = opened(admin, "exchange")
    at.selectbox(key="exchange_profile_orders").set_value("own").run()
    assert "请先上传方案文件" in said(at)
    at.file_uploader[0].upload("mine.toml", b'[profile]\nname = "m"\nsource = "m"\n[orders.fields]\nnumbr = "id"\n')
    at = upload(at.run(), b"id\n1\n")
    assert "orders.fields.numbr" in said(at).replace("\\", "")


# One import -----------------------------------------------------------------------------------------------------------


def test_an_import_is_queued_watched_and_reported_with_its_rejected_rows(
    admin: Person, opened: Opener, owner: Session
) -> None:
    content = sheet(GOOD, row("A2"), row("A3", 承办单位="某单位"))
    at = press(upload(opened(admin, "exchange"), content, "五月.csv"), "开始导入")
    (only,) = imports(owner)
    assert (only.state, only.started_by, at.query_params["exchange_import"]) == (
        JobState.QUEUED,
        admin.id,
        str(only.id),
    )
    assert "排队中，马上开始" in at.get("progress")[0].proto.text
    runtime.imports().run_waiting()
    at = opened(admin, "exchange", exchange_import=only.id)
    assert [metric.value for metric in at.metric] == ["3", "2", "0", "0", "1", "0"]
    assert "1 行未能导入" in said(at)
    assert list(table(at, "如何更正")["字段"]) == ["承办单位"]
    assert [one.label for one in at.get("download_button")] == ["下载未导入的行（CSV）"]
    history = table(at, "操作人")
    assert list(history["文件"]) == ["五月.csv"]
    assert list(history["状态"]) == ["● 已完成"]
    assert list(history["操作人"]) == ["测试·管理员"]
    assert orders(owner) == 2


def test_the_same_start_sent_twice_queues_one_import(
    admin: Person, opened: Opener, owner: Session, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.forms.random_id", lambda: "the same form")
    for _ in range(2):
        press(upload(opened(admin, "exchange"), sheet(GOOD)), "开始导入")
    assert len(imports(owner)) == 1
    started = select(func.count()).select_from(EventRow).where(EventRow.action == Event.IMPORT_STARTED)
    assert owner.scalar(started) == 1
    assert len(list((environment.data / "imports").iterdir())) == 1


def test_a_second_import_says_that_it_waits_and_both_are_seen_on_coming_back(
    admin: Person, opened: Opener, owner: Session
) -> None:
    press(upload(opened(admin, "exchange"), sheet(GOOD), "甲.csv"), "开始导入")
    at = press(upload(opened(admin, "exchange"), sheet(row("B1")), "乙.csv"), "开始导入")
    assert "前面还有 1 个导入" in at.get("progress")[0].proto.text
    at = opened(admin, "exchange")
    assert [one.proto.text[:4] for one in at.get("progress")] == ["排队中，", "排队中，"]
    told = said(at).replace("\\", "")
    assert told.index("甲.csv") < told.index("乙.csv")


def test_an_import_that_waits_is_cancelled_by_its_button(admin: Person, opened: Opener, owner: Session) -> None:
    at = press(press(upload(opened(admin, "exchange"), sheet(GOOD)), "开始导入"), "取消导入")
    assert "已取消，未写入任何数据" in said(at)
    assert runtime.imports().run_waiting() == 0
    assert (imports(owner)[0].state, orders(owner)) == (JobState.CANCELLED, 0)


def test_progress_is_told_in_rows_and_the_merge_without_a_way_to_cancel_it(
    admin: Person, opened: Opener, owner: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    press(upload(opened(admin, "exchange"), sheet(GOOD)), "开始导入")
    (only,) = imports(owner)
    only.state, only.progress, only.total = JobState.RUNNING, 1_500, 3_000
    owner.commit()
    at = opened(admin, "exchange", exchange_import=only.id)
    assert at.get("progress")[0].proto.text == "已读取 1,500 行，共约 3,000 行"
    assert at.get("progress")[0].proto.value == 50
    assert "取消导入" in offered(at)
    monkeypatch.setattr(ImportRunner, "merging", lambda *_: True)
    at = opened(admin, "exchange", exchange_import=only.id)
    assert "正在写入数据库" in at.get("progress")[0].proto.text
    assert "取消导入" not in offered(at)


def test_a_failed_import_says_why_and_that_nothing_is_stored(admin: Person, opened: Opener, owner: Session) -> None:
    press(upload(opened(admin, "exchange"), sheet(GOOD)), "开始导入")
    (only,) = imports(owner)
    only.state, only.report = JobState.FAILED, {"error": "error.import.sheet_missing", "facts": {"file": "a.xlsx"}}
    owner.commit()
    at = opened(admin, "exchange", exchange_import=only.id)
    told = said(at).replace("\\", "")
    assert "未写入任何数据" in told
    assert "工作簿 a.xlsx 中没有工作表" in told


def test_the_findings_are_paged(admin: Person, opened: Opener, owner: Session) -> None:
    rows = [row(f"A{number}", 承办单位="某单位") for number in range(60)]
    press(upload(opened(admin, "exchange"), sheet(GOOD, *rows)), "开始导入")
    runtime.imports().run_waiting()
    at = opened(admin, "exchange", exchange_import=imports(owner)[0].id)
    assert len(table(at, "如何更正")) == 50
    at = press(at, "下一页")
    assert list(table(at, "如何更正")["行"]) == list(range(53, 63))
    assert "第 51–60 处" in said(at)
    assert len(table(press(at, "上一页"), "如何更正")) == 50


def test_an_import_that_is_not_there_is_said_to_be_so(admin: Person, opened: Opener) -> None:
    for word in ("999", "x", "99999999999999"):
        at = opened(admin, "exchange", exchange_import=word)
        assert not at.exception
    assert "没有这次导入" in said(opened(admin, "exchange", exchange_import=999))


def test_nobody_else_reaches_the_screen(owner: Session, opened: Opener) -> None:
    for role in (Role.AGENT, Role.SUPERVISOR, Role.ASSESSOR, Role.VIEWER):
        with pytest.raises(ValueError, match="exchange"):
            opened(builders.person(owner, role), "exchange")


def test_the_whole_screen_speaks_english_too(admin: Person, opened: Opener, owner: Session) -> None:
    admin.language = "en"
    owner.commit()
    with words.speaking("en"):
        at = upload(opened(admin, "exchange"), sheet(GOOD, row("A2", 受理时间="2026-13-40")))
        assert "The first 2 rows were checked" in said(at)
        press(at, "Start import")
        runtime.imports().run_waiting()
        at = opened(admin, "exchange", exchange_import=imports(owner)[0].id)
    figures = ["Rows", "Inserted", "Updated", "Unchanged", "Rejected", "Warnings"]
    assert [metric.label for metric in at.metric] == figures
    assert list(table(at, "What to do")["Reason"]) == ["No such date"]
