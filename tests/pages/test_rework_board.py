"""The rework screen: a department's inbox by lateness, and its answer."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from db.orders import Order
from db.people import Person
from db.reference import Department
from db.vocabulary import Role, Status
from tests import builders
from tests.pages.conftest import Opener, said

REPLY = "已疏通排水口并清运淤泥,现场无积水。"


@pytest.fixture
def unit(owner: Session) -> Department:
    """The department whose screen it is."""
    return builders.department(owner, "市水务局")


@pytest.fixture
def user(owner: Session, unit: Department) -> Person:
    """Somebody of that department."""
    return builders.person(owner, Role.UNIT, at=unit)


def returned(owner: Session, unit: Department, day: str) -> Order:
    """An order that was sent back on a day."""
    order = builders.dissatisfied_order(owner, unit)
    return builders.sent_back(owner, order, returned_at=builders.at(day))


def field(at: AppTest, name: str) -> Any:
    """Return the field of the form whose key begins so."""
    kinds = (at.button_group, at.text_area, at.button, at.get("datetime_input"))
    return next(one for kind in kinds for one in kind if (one.key or "").startswith(f"rework_{name}_"))


def test_an_empty_inbox_says_what_would_be_here(user: Person, opened: Opener) -> None:
    at = opened(user, "rework_board")
    assert not at.exception
    assert "没有退回贵单位的工单" in said(at)


def test_the_inbox_shows_lateness_in_words_and_nothing_of_others(
    owner: Session, unit: Department, user: Person, opened: Opener
) -> None:
    late, soon, fresh = (returned(owner, unit, day) for day in ("2026-06-01", "2026-06-09", "2026-06-15"))
    returned(owner, builders.department(owner, "市城管局"), "2026-06-01")
    at = opened(user, "rework_board")
    shown = at.dataframe[0].value
    assert list(shown["number"]) == [late.number, soon.number, fresh.number]
    assert list(shown["urgency"]) == ["▲ 逾期 6 个工作日", "△ 剩 1 个工作日", "剩 5 个工作日"]
    told = said(at)
    assert "重办中 **3**" in told
    assert "逾期 1" in told


def test_a_supervisor_sees_every_department_and_answers_for_none(
    owner: Session, unit: Department, opened: Opener
) -> None:
    order = returned(owner, unit, "2026-06-01")
    at = opened(builders.person(owner, Role.SUPERVISOR), "rework_board", order=order.id)
    assert list(at.dataframe[0].value["department"]) == ["市水务局"]
    assert "由承办单位答复" in said(at)
    assert not [area for area in at.text_area if (area.key or "").startswith("rework_")]


def test_another_departments_order_cannot_be_opened_by_its_address(
    owner: Session, user: Person, opened: Opener
) -> None:
    order = returned(owner, builders.department(owner, "市城管局"), "2026-06-01")
    at = opened(user, "rework_board", order=order.id)
    told = said(at)
    assert "没有找到" in told
    assert "机场路" not in told
    assert order.number not in told


def test_an_answer_is_sent_and_what_was_typed_stays_where_it_is_refused(
    owner: Session, unit: Department, user: Person, opened: Opener
) -> None:
    order = returned(owner, unit, "2026-06-12")
    at = opened(user, "rework_board", order=order.id)
    assert field(at, "contacted").value in (None, [])
    assert field(at, "reply").value == ""
    field(at, "reply").set_value(REPLY)
    field(at, "send").click().run()
    assert "是否已联系市民：必填" in said(at)
    assert field(at, "reply").value == REPLY
    field(at, "contacted").set_value("yes").run()
    field(at, "send").click().run()
    assert "联系时间：必填" in said(at)
    field(at, "contacted_at").set_value(datetime(2026, 6, 14, 15, 30))  # noqa: DTZ001  (as the widget gives it)
    field(at, "send").click().run()
    assert not at.exception
    assert "重办结果已提交" in said(at)
    owner.refresh(order)
    assert order.status == Status.DUE
    current = builders.current_round(owner, order)
    assert (current.reply, current.unit_contacted_at) == (REPLY, builders.at("2026-06-14", 15, 30))


def test_what_is_wanted_stands_beside_the_answer(
    owner: Session, unit: Department, user: Person, opened: Opener
) -> None:
    order = returned(owner, unit, "2026-06-12")
    told = said(opened(user, "rework_board", order=order.id))
    assert "请到现场核实积水原因" in told
    assert "5 个工作日，06-12 起含当日；06-13 至 06-14（周末）不计；到期 2026年6月18日" in told
    assert "上一轮答复" in told
    assert "积水仍在" in told


def test_an_answered_order_is_no_longer_in_rework(
    owner: Session, unit: Department, user: Person, opened: Opener
) -> None:
    order = builders.due_order(owner, unit)
    at = opened(user, "rework_board", order=order.id)
    assert not at.exception
    assert "当前状态不能进行此操作" in said(at)


def test_the_screen_speaks_english(owner: Session, unit: Department, user: Person, opened: Opener) -> None:
    user.language = "en"
    owner.commit()
    order = returned(owner, unit, "2026-06-01")
    at = opened(user, "rework_board", order=order.id)
    assert list(at.dataframe[0].value["urgency"]) == ["▲ late by 6 working days"]
    assert "redo them by their deadline" in said(at)
