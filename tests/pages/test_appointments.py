"""The screen of appointments: the week as a calendar, the countdown, and one appointment given away or called off."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from db.callbacks import Appointment, CallbackCase
from db.orders import Order
from db.people import Person
from db.vocabulary import AppointmentEnd, Role
from tests import builders
from tests.pages.conftest import Opener, said
from tests.services.conftest import Clock


@pytest.fixture
def agent(owner: Session) -> Person:
    """Whoever calls."""
    return builders.person(owner, Role.AGENT, name="测试·陈")


@pytest.fixture
def supervisor(owner: Session) -> Person:
    """Whoever gives appointments away."""
    return builders.person(owner, Role.SUPERVISOR, name="测试·周")


def _book(owner: Session, clock: Clock, by: Person, minutes: int, *, of: Person | None = None) -> Order:
    """Agree a time with the citizen of a new order; the clock stands at ten on a Monday."""
    order = builders.due_order(owner, builders.department(owner))
    at = clock.now + timedelta(minutes=minutes)
    row = Appointment(
        order_id=order.id,
        round=1,
        at=at,
        agent_id=of.id if of else None,
        note="下班后方便",
        booked_by=by.id,
        booked_at=clock.now,
        request_id=f"b{minutes}",
    )
    owner.add(row)
    case = owner.scalars(select(CallbackCase).where(CallbackCase.order_id == order.id)).one()
    case.appointment_at, case.appointment_for = at, of.id if of else None
    owner.commit()
    return order


def _open_drawer(at: AppTest, row: int = 0) -> AppTest:
    """Click on a row of the list."""
    key = "appointments_list_2026-06-15_None_" + str(len(at.dataframe[1].value))
    at.session_state[f"{key}_0"] = {"selection": {"rows": [row], "columns": [], "cells": []}}
    at.session_state["_drawer_chosen"] = key
    return at.run()


def _button(at: AppTest, key: str) -> AppTest:
    at.button(key=next(one.key for one in at.button if (one.key or "").startswith(key))).click()
    return at.run()


def test_the_week_stands_in_days_and_hours_and_the_next_one_is_counted_down(
    owner: Session, agent: Person, clock: Clock, opened: Opener
) -> None:
    first = _book(owner, clock, agent, 90, of=agent)
    _book(owner, clock, agent, 100)
    _book(owner, clock, agent, 24 * 60)
    at = opened(agent, "appointments")
    assert not at.exception
    number = first.number.replace("-", "\\-")
    assert f"下一个预约：2026-06-15 11:30，{number}，测试·陈" in said(at)
    assert "还有 1 小时 30 分钟" in said(at)
    calendar = at.dataframe[0].value
    assert list(calendar.columns) == [f"2026-06-{day}" for day in range(15, 22)]
    assert calendar.loc["11:00", "2026-06-15"] == "11:30 · 11:40"
    assert calendar.loc["10:00", "2026-06-16"] == "10:00 不指定"
    assert list(at.dataframe[1].value["agent"]) == ["测试·陈", "不指定", "不指定"]


def test_one_that_is_past_its_time_says_so(owner: Session, agent: Person, clock: Clock, opened: Opener) -> None:
    _book(owner, clock, agent, 10)
    clock.now += timedelta(minutes=12)
    at = opened(agent, "appointments")
    assert "预约已过 2 分钟" in said(at)
    assert list(at.dataframe[1].value["state"]) == ["到时间"]


def test_an_agent_may_look_at_their_own_only(owner: Session, agent: Person, clock: Clock, opened: Opener) -> None:
    _book(owner, clock, agent, 90, of=agent)
    _book(owner, clock, agent, 100)
    at = opened(agent, "appointments", appointments_mine=1)
    assert list(at.dataframe[1].value["agent"]) == ["测试·陈"]


def test_another_week_is_opened_by_its_address_and_holds_none(agent: Person, opened: Opener) -> None:
    at = opened(agent, "appointments", appointments_week="2026-07-01")
    assert not at.exception
    assert at.dataframe[0].value.columns[0] == "2026-06-29"
    assert "没有预约" in said(at)
    _button(at, "appointments_now")
    assert at.dataframe[0].value.columns[0] == "2026-06-15"


def test_a_supervisor_gives_an_appointment_to_an_agent(
    owner: Session, agent: Person, supervisor: Person, clock: Clock, opened: Opener
) -> None:
    _book(owner, clock, agent, 90)
    at = _open_drawer(opened(supervisor, "appointments"))
    assert "由 测试·陈 登记" in said(at)
    _button(at, "appointment_give")
    assert "请先选择回访员" in said(at)
    _open_drawer(at)
    choice = next(one for one in at.selectbox if (one.key or "").startswith("appointment_agent"))
    assert choice.value is None
    choice.set_value(agent.id)
    _button(at, "appointment_give")
    assert not at.exception
    owner.expire_all()
    row = owner.scalars(select(Appointment).where(Appointment.ended_at.is_(None))).one()
    assert row.agent_id == agent.id


def test_one_is_called_off_with_a_reason(
    owner: Session, agent: Person, supervisor: Person, clock: Clock, opened: Opener
) -> None:
    _book(owner, clock, agent, 90, of=agent)
    at = _open_drawer(opened(supervisor, "appointments"))
    next(one for one in at.text_input if (one.key or "").startswith("appointment_why")).set_value("市民改期")
    _button(at, "appointment_cancel")
    assert not at.exception
    owner.expire_all()
    assert owner.scalars(select(Appointment.ended_as)).one() == AppointmentEnd.CANCELLED
    assert list(at.dataframe[1].value["state"]) == ["已取消"]
