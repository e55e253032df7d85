"""One imported order through the whole loop, by the people who do it, each in a browser of their own.

A citizen is dissatisfied with how a unit dealt with the water on a pavement. The agent asks, the supervisor returns
the order, the unit does its work again, the citizen is asked again and is satisfied. In the end the unit's score has
changed by exactly this order, the order tells its story, and the trail is whole. The sheets are in `data`.
"""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.reference import Department
from db.vocabulary import Role
from services.demo import any_hour
from services.environment import wall_clock
from services.rules.deadlines import local_day
from tests import builders
from tests.browser import portals
from tests.browser.conftest import Visit, Visitor
from tests.browser.hands import Row, choose, click_cell, pick, rows_of, write

pytestmark = pytest.mark.browser

DATA = Path(__file__).parent / "data"
DAY = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}")
FIRST_CLOSED, LAST_DAY = date(2025, 11, 10), date(2025, 11, 25)
"""The first day on which an order of the sheet was closed, and the day after the last."""
ADMIN, AGENT, SUPERVISOR, UNIT, ASSESSOR = "测试·管理员", "测试·回访员", "测试·督办员", "测试·水务专员", "测试·考核员"
ORDER, TITLE = "GZ2511-0001", "雨后积水三天未退"
WATER = "市水务局"
WORDS = "水还在,来看的人站了两分钟就走了,没有人给我打过电话。"
REASON, OTHER_REASON = "问题未解决或部分解决", "未联系诉求人"
INSTRUCTION = "请到现场疏通雨水口,下一场雨后复查,并电话告知市民结果。"
REPLY = "已用高压水车疏通雨水口和连接管,雨后复查无积水,已向市民说明情况。"
EVIDENCE = "疏通前后照片四张、雨后复查视频一段,存水务局案卷。"


@pytest.fixture(scope="module")
def city() -> Iterator[str]:
    """The address of a small demonstration: one person of each role, and one order that nobody has dealt with yet."""
    with portals.demonstration(_cast) as running:
        yield running.address
        assert "Traceback" not in running.log.read_text(encoding="utf-8")


def _cast(session: Session) -> None:
    def unit(code: str) -> Department:
        return session.scalars(select(Department).where(Department.code == code)).one()

    roles = {Role.ADMIN: ADMIN, Role.AGENT: AGENT, Role.SUPERVISOR: SUPERVISOR, Role.ASSESSOR: ASSESSOR}
    for role, name in roles.items():
        builders.person(session, role, name=name)
    builders.person(session, Role.UNIT, at=unit("D-WATER"), name=UNIT)
    builders.order(session, unit("D-URBAN"))
    _ask_for_long(session)


def test_an_imported_order_goes_through_the_whole_loop(city: str, visit: Visit) -> None:
    admin, agent, supervisor, unit, assessor = (visit(city) for _ in range(5))
    orders_come_in(admin)
    before = score_is_noted(assessor)
    the_citizen_is_asked(agent)
    the_order_is_returned(supervisor)
    the_unit_does_it_again(unit)
    the_citizen_is_asked_again(agent)
    the_score_changed_by_this_order(assessor, before)
    the_order_tells_its_story(assessor)
    the_trail_is_whole(admin)
    everything = (admin, agent, supervisor, unit, assessor)
    assert [one for visitor in everything for one in (*visitor.complaints, *visitor.strangers)] == []


# The steps ------------------------------------------------------------------------------------------------------------


def orders_come_in(admin: Visitor) -> None:
    """The admin looks at a sheet of orders and takes it in, then a sheet with a citizen's rating."""
    _enter(admin, ADMIN, "/exchange")
    _import(admin, "orders.csv", rows=12)
    admin.keep_picture("loop-1-orders-imported")
    admin.press("导入其他文件")
    choose(admin, "导入内容", "评价")
    _import(admin, "ratings.csv", rows=1)
    admin.keep_picture("loop-1-rating-imported")


def score_is_noted(assessor: Visitor) -> dict[str, Row]:
    """The assessor reads the counts of every unit for the month."""
    _enter(assessor, ASSESSOR, _scores())
    found = _counts(assessor)
    assert sum(int(row["办结"]) for row in found.values()) == 12
    assert (found[WATER]["有效评价"], found[WATER]["不满意"], found[WATER]["满意"]) == ("1", "1", "0")
    expect(_metric(assessor, "满意率")).to_contain_text("0.00%")
    assessor.keep_picture("loop-2-score-before")
    return found


def the_citizen_is_asked(agent: Visitor) -> None:
    """The agent takes the next order; what is missing is named, what was typed stays, and the order goes on."""
    _enter(agent, AGENT, "/callback_record")
    agent.sees("待回访 12")
    agent.keep_picture("loop-3-queue")
    agent.press("领取下一单")
    agent.sees(TITLE)
    page = agent.page
    questions = page.locator(".st-key-callback_questions")
    expect(questions.get_by_role("radio")).to_have_count(16)
    expect(questions.get_by_role("radio", checked=True)).to_have_count(0)
    agent.keep_picture("loop-3-nothing-preselected")
    choose(agent, "1 承办单位", "未联系")
    choose(agent, "2 问题是否解决", "未解决")
    choose(agent, "3 对办理结果", "不满意")
    choose(agent, "4 对服务态度", "不满意")
    write(agent, "市民原话", WORDS)
    agent.press("完成回访")
    expect(page.get_by_role("alert")).to_contain_text("不满意原因")
    expect(page.get_by_label("市民原话")).to_have_value(WORDS)
    expect(questions.get_by_role("radio", checked=True)).to_have_count(4)
    agent.keep_picture("loop-3-reason-missing")
    for reason in (REASON, OTHER_REASON):
        page.get_by_role("button", name=reason).click()
    agent.press("完成回访")
    agent.sees(f"工单 {ORDER} 已登记：待研判")


def the_order_is_returned(supervisor: Visitor) -> None:
    """The supervisor reads what the rules advise and returns the order: why, what is to be done, and by when."""
    _enter(supervisor, SUPERVISOR, "/dissatisfied_review")
    assert [row["工单号"] for row in rows_of(supervisor, "dissatisfied_review_list")] == [ORDER]
    click_cell(supervisor, "dissatisfied_review_list", 0)
    supervisor.sees("按规则应退回重办")
    supervisor.sees("单位称已联系市民，市民否认")
    supervisor.sees(re.compile("没有人给我打过电话"))
    choose(supervisor, "处理意见", "退回重办")
    write(supervisor, "期限（工作日）", "3")
    supervisor.page.keyboard.press("Tab")
    supervisor.sees(re.compile("3 个工作日"))
    pick(supervisor, "重办原因", REASON)
    write(supervisor, "重办要求", INSTRUCTION)
    supervisor.keep_picture("loop-4-returning")
    supervisor.page.get_by_test_id("stFormSubmitButton").get_by_role("button", name="退回重办").click()
    supervisor.sees(re.compile(f"工单 {ORDER} 已退回"))
    supervisor.sees("没有待研判的工单")


def the_unit_does_it_again(unit: Visitor) -> None:
    """The unit finds exactly this order in its inbox, and answers; its impatient double click answers once."""
    _enter(unit, UNIT, "/rework_board")
    inbox = rows_of(unit, "rework_board_list")
    assert [(row["工单号"], row["重办原因"], row["轮次"]) for row in inbox] == [(ORDER, REASON, "2")]
    click_cell(unit, "rework_board_list", 0)
    unit.sees(re.compile(INSTRUCTION))
    unit.keep_picture("loop-5-rework")
    choose(unit, "是否已联系市民", "未联系")
    write(unit, "重办答复", REPLY)
    write(unit, "佐证说明", EVIDENCE)
    unit.page.get_by_role("button", name="提交重办结果").dblclick()
    unit.sees(f"工单 {ORDER} 的重办结果已提交")
    unit.sees("没有退回贵单位的工单")
    expect(unit.page.get_by_test_id("stAlert").filter(has_text="已提交")).to_have_count(1)
    unit.keep_picture("loop-5-rework-submitted")


def the_citizen_is_asked_again(agent: Visitor) -> None:
    """The agent asks again, and the order is archived as the citizen says now."""
    agent.open("/callback_record")
    agent.press("领取下一单")
    agent.sees(re.compile(REPLY))
    expect(agent.page.locator(".st-key-callback_questions").get_by_role("radio", checked=True)).to_have_count(0)
    choose(agent, "1 承办单位", "已联系")
    choose(agent, "2 问题是否解决", "已解决")
    choose(agent, "3 对办理结果", "满意")
    choose(agent, "4 对服务态度", "满意")
    expect(agent.page.get_by_label("市民原话")).to_have_count(0)
    agent.keep_picture("loop-6-asked-again")
    agent.press("完成回访")
    agent.sees(f"工单 {ORDER} 已登记：已归档")


def the_score_changed_by_this_order(assessor: Visitor, before: dict[str, Row]) -> None:
    """The unit's counts differ by this one order and nobody else's differ; a click on a figure opens this order."""
    assessor.open(_scores())
    expect(_metric(assessor, "满意率")).to_contain_text("100.00%")
    after = _counts(assessor)
    changed = {name: int(after[WATER][name]) - int(count) for name, count in before[WATER].items() if count.isdecimal()}
    assert {name: change for name, change in changed.items() if change} == {
        "已拨打": 1,
        "已接通": 1,
        "满意": 1,
        "不满意": -1,
        "已解决": 1,
        "重办": 1,
    }
    assert {unit: row for unit, row in after.items() if unit != WATER} == {
        unit: row for unit, row in before.items() if unit != WATER
    }
    assessor.keep_picture("loop-8-score-after")
    _in_english(assessor, "loop-8-score-after-english")
    click_cell(assessor, "scores_units", list(after).index(WATER), "办结")
    assert len(rows_of(assessor, "order_list_table", at_least=3)) == 3
    assessor.page.go_back()
    expect(assessor.page).to_have_url(re.compile("/scores.*scores_counts=1"))
    click_cell(assessor, "scores_units", list(after).index(WATER), "满意")
    assessor.sees("只看计入此数的工单")
    behind = rows_of(assessor, "order_list_table")
    assert [(row["工单号"], row["评价"]) for row in behind] == [(ORDER, "满意")]
    assessor.keep_picture("loop-8-order-behind")


def the_order_tells_its_story(assessor: Visitor) -> None:
    """Both rounds stand on the timeline, and it says that the last rating is the one that counts."""
    click_cell(assessor, "order_list_table", 0, "工单号")
    first, second = (assessor.page.locator(f".st-key-order_detail_round_{number}") for number in (1, 2))
    expect(first).to_contain_text(WORDS)
    expect(first).to_contain_text("称已联系，市民否认")
    expect(second).to_contain_text(INSTRUCTION)
    expect(second).to_contain_text(REPLY)
    expect(second).to_contain_text(EVIDENCE)
    expect(first.get_by_text("计入得分")).to_have_count(0)
    expect(second.get_by_text("计入得分")).to_have_count(1)
    assessor.keep_picture("loop-7-timeline")
    second.scroll_into_view_if_needed()
    _in_english(assessor, "loop-7-timeline-english")


def the_trail_is_whole(admin: Visitor) -> None:
    """The trail has every step of this order once, and nothing in it was edited."""
    admin.open(f"/trail?trail_number={ORDER}")
    steps = [(row["操作"], row["人员"]) for row in rows_of(admin, "trail_events", at_least=4)]
    assert steps == [("记录回访", AGENT), ("提交重办结果", UNIT), ("退回重办", SUPERVISOR), ("记录回访", AGENT)]
    admin.keep_picture("loop-9-trail")
    admin.open("/trail")
    everything = [row["操作"] for row in rows_of(admin, "trail_events", at_least=10)]
    assert (everything.count("开始导入"), everything.count("导入工单"), everything.count("导入评价")) == (2, 1, 1)
    admin.page.get_by_text("核验留痕是否完整").click()
    admin.press("立即核验")
    admin.sees(re.compile(r"核验 \d+ 条记录.全部完整"))
    admin.page.get_by_text("全部完整").scroll_into_view_if_needed()
    admin.keep_picture("loop-9-chain")


# ---


def _enter(visitor: Visitor, name: str, path: str) -> None:
    visitor.open(path)
    visitor.press(name)
    visitor.sees("退出登录")


def _ask_for_long(session: Session) -> None:
    """Let orders be called about for sixty working days, so that all of the sheet may still be."""
    row = any_hour.policy_of(date(2011, 1, 3))
    row.version, row.document = 2, row.document | {"version": 2}
    row.document["last_day"] = row.document["last_day"] | {"value": 60}
    session.add(row)
    session.commit()


def _sheet(file: str) -> str:
    """Return a sheet as if it had been written last week: who was closed a year ago is not called any more."""
    written = (DATA / file).read_text(encoding="utf-8")
    return DAY.sub(lambda found: _moved(date.fromisoformat(found.group())).isoformat(), written)


def _moved(day: date) -> date:
    """Return a day of the sheets moved by whole weeks, so that the last of them is one of the last seven."""
    return day + timedelta(weeks=(local_day(wall_clock()) - LAST_DAY).days // 7)


def _scores() -> str:
    """Return the address of the scores of the months in which the orders of the sheet were closed."""
    first, last = _moved(FIRST_CLOSED), _moved(LAST_DAY)
    return f"/scores?scores_from={first:%Y-%m}&scores_to={last:%Y-%m}&scores_counts=1"


def _import(admin: Visitor, file: str, *, rows: int) -> None:
    sheet = {"name": file, "mimeType": "text/csv", "buffer": _sheet(file).encode()}
    admin.page.locator("input[type=file]").set_input_files(sheet)
    admin.sees(f"可导入 {rows} 行")
    admin.keep_picture(f"loop-1-preview-{file}")
    admin.press("开始导入")
    admin.sees("导入完成")
    # Rows, inserted; and nothing updated, unchanged, rejected or warned of.
    expect(admin.page.get_by_test_id("stMetricValue")).to_have_text([str(rows), str(rows), "0", "0", "0", "0"])


def _counts(assessor: Visitor) -> dict[str, Row]:
    """Read the counts of every unit, all of them side by side in the window of an office computer."""
    rows = rows_of(assessor, "scores_units", at_least=5, having="剔除")
    return {row["承办单位"]: row for row in rows}


def _metric(visitor: Visitor, name: str) -> Locator:
    return visitor.page.get_by_test_id("stMetric").filter(has_text=name).first


def _in_english(visitor: Visitor, picture: str) -> None:
    """Keep a picture of the same screen as a reader of English sees it."""
    visitor.page.get_by_text("English", exact=True).click()
    visitor.sees("Assessor")
    visitor.keep_picture(picture)
    visitor.page.get_by_text("中文", exact=True).click()
    visitor.sees("退出登录")
