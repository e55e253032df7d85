"""The screen of the trail: searched by the address, opened event by event, checked link by link."""

import pytest
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from db.people import Person
from db.vocabulary import Event, Role
from services import staff
from services.environment import Environment
from tests import builders
from tests.pages.conftest import Opener, said


@pytest.fixture
def admin(owner: Session, environment: Environment) -> Person:
    """The administrator at the screen, who has added two people and shut one of them out."""
    whom = builders.person(owner, Role.ADMIN, name="测试·周")
    access = builders.door(environment, whom)
    for number in (1, 2):
        made = staff.add_person(
            access,
            issuer="i",
            subject=str(number),
            name=f"新人{number}",
            language="zh_CN",
            role=Role.AGENT,
            department=None,
            request_id=f"add-{number}",
        )
    staff.disable_person(access, person_id=made.person_id, seen=made.version, reason="离职", request_id="out")
    return whom


def test_events_are_told_in_words_newest_first(admin: Person, opened: Opener) -> None:
    at = opened(admin, "trail", trail_who="测试·周")
    assert not at.exception
    shown = at.dataframe[0].value
    assert list(shown["action"]) == ["登录", "停用人员", "授予角色", "新增人员", "授予角色", "新增人员"]
    assert list(shown["subject"])[1] == "人员 新人2"
    assert list(shown["changes"])[1] == "离职 · 启用 是 → 否"
    assert "角色 回访员" in list(shown["changes"])[2]


def test_the_address_narrows_the_list(admin: Person, opened: Opener) -> None:
    at = opened(admin, "trail", trail_action="person.disabled")
    assert list(at.dataframe[0].value["action"]) == ["停用人员"]
    nothing = opened(admin, "trail", trail_number="GZ-NOWHERE")
    assert "没有符合条件的记录" in said(nothing)


@pytest.mark.parametrize("written", ["nonsense", "", "2026-13-45", "%00"])
def test_an_address_that_says_nonsense_still_opens(admin: Person, opened: Opener, written: str) -> None:
    at = opened(admin, "trail", trail_action=written, trail_from=written, trail_to=written)
    assert not at.exception
    assert len(at.dataframe[0].value) > 1


def test_the_chain_is_checked_on_demand_and_its_heads_can_be_noted(admin: Person, opened: Opener) -> None:
    at = opened(admin, "trail")
    assert "全部完整" not in said(at)
    at.button(key="trail_check").click().run()
    assert "全部完整" in said(at)
    assert [button.label for button in at.get("download_button")] == ["下载链头"]


def test_a_broken_chain_is_named_on_the_screen(admin: Person, owner: Session, opened: Opener) -> None:
    connection = owner.connection()
    connection.exec_driver_sql("alter table events disable trigger never_edit")
    connection.exec_driver_sql("update events set body = replace(body, '离职', '调离')")
    connection.exec_driver_sql("alter table events enable always trigger never_edit")
    owner.commit()
    at = opened(admin, "trail")
    at.button(key="trail_check").click().run()
    assert "内容与哈希不符，已被改动" in said(at)


def test_codes_are_told_with_their_names(owner: Session, admin: Person, opened: Opener) -> None:
    order = builders.archived_order(owner, builders.department(owner))
    builders.event(owner, order, Event.CALLBACK_RECORDED, after={"reasons": "R01,R03", "disposition": "1.1"})
    shown = opened(admin, "trail", trail_number=order.number).dataframe[0].value
    assert next(iter(shown["changes"])) == (
        "不满意原因 R01 未联系诉求人、R03 问题未解决或部分解决 · 通话结果 1.1 完成回访"
    )


@pytest.mark.parametrize("role", [Role.AGENT, Role.VIEWER])
def test_the_trail_is_not_offered_to_everybody(owner: Session, opened: Opener, role: Role) -> None:
    at = _opened_by_address(opened, builders.person(owner, role))
    assert not at.dataframe


def _opened_by_address(opened: Opener, whom: Person) -> AppTest:
    """A screen that is not for the role has no script of its own: the address leads to an explanation."""
    try:
        return opened(whom, "trail")
    except ValueError:
        return opened(whom, "scores")
