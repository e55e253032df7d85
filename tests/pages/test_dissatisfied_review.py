"""The review screen: what waits, what the rules advise, and a decision that is made once."""

from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from db.orders import Order, Return
from db.people import Person
from db.vocabulary import Outcome, Role, Status
from portal import words
from tests import builders
from tests.pages.conftest import Opener, said


@pytest.fixture
def supervisor(owner: Session) -> Person:
    """The supervisor at the screen."""
    return builders.person(owner, Role.SUPERVISOR)


@pytest.fixture
def order(owner: Session) -> Order:
    """An order that waits for a decision."""
    return builders.dissatisfied_order(owner, builders.department(owner, "市水务局"))


def field(at: AppTest, name: str) -> Any:
    """Return the field of the form whose key begins so."""
    kinds = (at.button_group, at.text_area, at.number_input, at.selectbox, at.button)
    return next(one for kind in kinds for one in kind if (one.key or "").startswith(f"review_{name}_"))


def test_nothing_to_decide_says_what_would_be_here(supervisor: Person, opened: Opener) -> None:
    at = opened(supervisor, "dissatisfied_review")
    assert not at.exception
    assert "没有待研判的工单" in said(at)


def test_the_list_shows_what_the_rules_advise(supervisor: Person, order: Order, opened: Opener) -> None:
    at = opened(supervisor, "dissatisfied_review")
    shown = at.dataframe[0].value
    assert list(shown["number"]) == [order.number]
    assert list(shown["advice"]) == ["可酌定"]
    assert list(shown["reasons"]) == ["问题未解决或部分解决"]


def test_a_row_opens_its_order_beside_the_list(supervisor: Person, order: Order, opened: Opener) -> None:
    at = opened(supervisor, "dissatisfied_review", order=order.id)
    told = said(at)
    assert "积水仍在" in told
    assert "规则不要求重办" in told
    assert field(at, "way").value in (None, [])
    assert not [area for area in at.text_area if (area.key or "").startswith("review_")]


def test_a_return_says_its_deadline_as_a_sentence_and_is_sent_once(
    owner: Session, supervisor: Person, order: Order, opened: Opener
) -> None:
    at = opened(supervisor, "dissatisfied_review", order=order.id)
    field(at, "way").set_value("return").run()
    assert field(at, "reason").value is None
    assert "5 个工作日，06-15 起含当日；06-19 至 06-21（端午节）不计；到期 2026年6月22日" in said(at)
    field(at, "days").set_value(3).run()
    assert "3 个工作日，06-15 起含当日；到期 2026年6月17日" in said(at)
    field(at, "send_return").click().run()
    refused = said(at)
    assert "重办原因：必填" in refused
    assert "重办要求：必填" in refused
    field(at, "reason").set_value("R03")
    field(at, "instruction").set_value("请到现场核实积水原因")
    field(at, "send_return").click().run()
    assert "已退回重办" in said(at)
    assert "order" not in at.query_params
    sent = owner.scalars(select(Return)).one()
    assert (sent.instruction, sent.due_at) == (
        "请到现场核实积水原因",
        builders.at("2026-06-17", 23, 59).replace(second=59),
    )
    assert "没有待研判的工单" in said(at)


def test_dissatisfaction_is_archived_with_a_reason(
    owner: Session, supervisor: Person, order: Order, opened: Opener
) -> None:
    at = opened(supervisor, "dissatisfied_review", order=order.id)
    field(at, "way").set_value("archive").run()
    field(at, "send_archive").click().run()
    assert "归档理由：必填" in said(at)
    field(at, "archive_reason").set_value("已向市民说明施工计划")
    field(at, "send_archive").click().run()
    assert "已归档" in said(at)
    owner.refresh(order)
    assert (order.status, order.outcome) == (Status.ARCHIVED, Outcome.DISSATISFIED)


def test_a_decision_on_an_order_that_changed_is_refused_and_keeps_its_words(
    owner: Session, supervisor: Person, order: Order, opened: Opener
) -> None:
    at = opened(supervisor, "dissatisfied_review", order=order.id)
    field(at, "way").set_value("return").run()
    field(at, "reason").set_value("R03")
    field(at, "instruction").set_value("请到现场核实积水原因")
    builders.sent_back(owner, order)
    field(at, "send_return").click().run()
    assert "已有人修改了这条记录" in said(at)
    assert field(at, "instruction").value == "请到现场核实积水原因"
    assert owner.scalar(select(func.count()).select_from(Return)) == 1


def test_an_assessor_reads_and_decides_nothing(owner: Session, order: Order, opened: Opener) -> None:
    at = opened(builders.person(owner, Role.ASSESSOR), "dissatisfied_review", order=order.id)
    assert "不能决定" in said(at)
    assert not [group for group in at.button_group if str(group.key).startswith("review_")]


def test_the_screen_speaks_english(owner: Session, supervisor: Person, order: Order, opened: Opener) -> None:
    supervisor.language = "en"
    owner.commit()
    at = opened(supervisor, "dissatisfied_review", order=order.id)
    with words.speaking("en"):
        field(at, "way").set_value("return").run()
    told = said(at)
    assert "not counted: 06-19 to 06-21 (Dragon Boat Festival); due June 22, 2026" in told
    assert "the rules leave the decision to you" in told
