"""The screen of help and opt-outs, and the bell that leads to it."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from db.callbacks import CallbackCase, Notice, OptOut, Referral
from db.orders import Order
from db.people import Person
from db.vocabulary import NoticeKind, OptOutKind, Role
from services import referrals
from services.environment import Environment
from tests import builders
from tests.pages.conftest import Opener, said
from tests.services.conftest import Clock

QUESTION = "市民要求书面答复,能否答应? **[x](https://evil.test)**"


@pytest.fixture
def agent(owner: Session) -> Person:
    """Who asked."""
    return builders.person(owner, Role.AGENT, name="测试·陈")


@pytest.fixture
def supervisor(owner: Session) -> Person:
    """Who answers."""
    return builders.person(owner, Role.SUPERVISOR, name="测试·周")


@pytest.fixture
def order(owner: Session, agent: Person, supervisor: Person, environment: Environment, clock: Clock) -> Order:
    """An order about which a question was put."""
    made = builders.due_order(owner, builders.department(owner, "市水务局"))
    until = clock.now + timedelta(minutes=15)
    owner.execute(update(CallbackCase).values(held_by=agent.id, held_since=clock.now, held_until=until))
    owner.commit()
    desk = builders.door(environment, agent)
    referrals.refer(desk, order_id=made.id, question=QUESTION, request_id="r1")
    return made


def _button(at: AppTest, key: str) -> AppTest:
    at.button(key=next(one.key for one in at.button if (one.key or "").startswith(key))).click()
    return at.run()


def _open_drawer(at: AppTest) -> None:
    """Click on the first row of the opt-outs."""
    key = "callback_help_list_False_1"
    at.session_state[f"{key}_0"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    at.session_state["_drawer_chosen"] = key
    at.run()


def test_a_question_is_answered_beside_its_order(
    order: Order, supervisor: Person, owner: Session, opened: Opener
) -> None:
    at = opened(supervisor, "callback_help")
    assert not at.exception
    assert list(at.dataframe[0].value["question"]) == [QUESTION]
    at = opened(supervisor, "callback_help", order=order.id)
    told = said(at)
    assert "道路积水" in told
    assert r"\*\*\[x\]" in told
    assert not any(area.value for area in at.text_area)
    _button(at, "referral_send")
    assert "答复：必填" in said(at)
    at.text_area[0].set_value("可以。")
    _button(at, "referral_send")
    assert not at.exception
    assert "已答复" in said(at)
    assert owner.scalars(select(Referral.answer)).one() == "可以。"
    assert "没有等待答复的请求" in said(at)


def test_the_home_screen_and_the_bell_tell_the_supervisor_and_the_bell_leads_there(
    order: Order, supervisor: Person, owner: Session, opened: Opener
) -> None:
    at = opened(supervisor, "home")
    assert "有 1 个协助请求等待答复" in said(at)
    notice = owner.scalars(select(Notice.id).where(Notice.person_id == supervisor.id)).one()
    assert at.button(key=f"portal_bell_{notice}").label.startswith("有回访员提请协助")
    at.button(key="portal_bell_read").click().run()
    assert not at.exception
    assert owner.scalars(select(Notice.read_at)).one() is not None
    assert "没有新提醒" in said(at)


def test_a_click_on_a_notice_opens_its_order_and_takes_note_of_it(
    order: Order, agent: Person, owner: Session, opened: Opener, clock: Clock
) -> None:
    owner.add(Notice(person_id=agent.id, kind=NoticeKind.REASON_RECODED, order_id=order.id, at=clock.now))
    owner.commit()
    at = opened(agent, "home")
    notice = owner.scalars(select(Notice.id).where(Notice.person_id == agent.id)).one()
    at.button(key=f"portal_bell_{notice}").click().run()
    assert not at.exception
    assert "道路积水" in said(at)
    assert owner.scalars(select(Notice.read_at).where(Notice.id == notice)).one() is not None


def test_who_is_told_nothing_has_no_bell(owner: Session, opened: Opener) -> None:
    at = opened(builders.person(owner, Role.ADMIN), "home")
    assert not [one for one in at.button if (one.key or "").startswith("portal_bell")]


def test_a_number_is_called_again_once_a_supervisor_says_why(
    order: Order, agent: Person, supervisor: Person, owner: Session, opened: Opener, clock: Clock
) -> None:
    row = OptOut(
        phone="13800000001",
        kind=OptOutKind.DO_NOT_CALL,
        order_id=order.id,
        recorded_by=agent.id,
        recorded_at=clock.now,
        request_id="o1",
    )
    owner.add(row)
    owner.commit()
    at = opened(supervisor, "callback_help")
    at.session_state["callback_help_tab"] = "免打扰名单"
    at.run()
    assert not at.exception
    assert list(at.dataframe[0].value["phone"]) == ["138****0001"]
    _open_drawer(at)
    _button(at, "end_")
    assert "解除原因：必填" in said(at)
    _open_drawer(at)
    next(one for one in at.text_input if (one.key or "").startswith("why_")).set_value("市民来电要求恢复")
    _button(at, "end_")
    assert not at.exception
    owner.expire_all()
    assert owner.scalars(select(OptOut.ended_why)).one() == "市民来电要求恢复"


def test_agents_do_not_open_the_screen(agent: Person, opened: Opener) -> None:
    with pytest.raises(ValueError, match="callback_help"):
        opened(agent, "callback_help")
