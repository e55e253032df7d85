"""The desk without a case: my figures beside everybody's, what I agreed and hold with the time that is left."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.callbacks import CallbackCase
from db.orders import Order
from db.people import Person
from db.vocabulary import Role, Satisfaction
from portal.callback_dashboard import countdown
from portal.words import speaking
from tests import builders
from tests.figure_rows import call
from tests.pages.conftest import Opener, said
from tests.services.conftest import Clock

NOW = builders.at("2026-06-15")


@pytest.fixture
def agent(owner: Session) -> Person:
    """The agent at the desk."""
    return builders.person(owner, Role.AGENT, name="测试·甲")


@pytest.fixture
def orders(owner: Session) -> list[Order]:
    """Four orders that wait for a call."""
    unit = builders.department(owner)
    return [builders.due_order(owner, unit, closed_at=builders.at("2026-06-12")) for _ in range(4)]


def kept(owner: Session, order: Order) -> CallbackCase:
    return owner.scalars(select(CallbackCase).where(CallbackCase.order_id == order.id)).one()


def test_an_empty_day_says_how_to_begin(agent: Person, orders: list[Order], opened: Opener) -> None:
    at = opened(agent, "callback_record")
    assert not at.exception
    assert "今天还没有通话" in said(at)
    assert "近 7 天没有办结的回访" in said(at)
    assert "没有约给我的回访" in said(at)
    assert {metric.label: metric.value for metric in at.metric}["近 7 天按时率"] == "—"


def test_my_calls_stand_beside_everybodys_as_sums(
    owner: Session, agent: Person, orders: list[Order], opened: Opener
) -> None:
    other = builders.person(owner, Role.AGENT, name="测试·乙")
    good = {"settled": True, "on_time": True, "hands_ms": 20_000, "satisfaction": Satisfaction.SATISFIED}
    call(owner, orders[0], agent, **good)
    call(owner, orders[1], agent, "3.13")
    call(owner, orders[2], other, settled=True, on_time=False)

    at = opened(agent, "callback_record")

    assert not at.exception
    told = {metric.label: metric.value for metric in at.metric}
    assert (told["今日通话"], told["今日办结"], told["近 7 天按时率"], told["每件手工时间"]) == (
        "2",
        "1",
        "100.0%",
        "20.0 秒",
    )
    assert "全台 2 件" in said(at)
    assert "1/1 · 全台 50.0%" in said(at)
    assert "今日结果：满意 1，一般 0，不满意 0" in said(at)
    assert "近 7 天按时：我 100.0%，全台 50.0%" in said(at)
    assert "全台今日已办结 2 件" in "\n".join(str(one) for one in at.get("progress")[0].proto.text.splitlines())
    assert len(at.get("vega_lite_chart")) == 2
    assert "测试·乙" not in said(at)


def test_appointments_are_counted_down_and_one_that_is_due_calls_out(
    owner: Session, agent: Person, orders: list[Order], clock: Clock, opened: Opener
) -> None:
    for order, minutes in ((orders[0], 12), (orders[1], -4)):
        case = kept(owner, order)
        case.appointment_at, case.appointment_for = NOW + timedelta(minutes=minutes), agent.id
    held = kept(owner, orders[2])
    held.held_by, held.held_since, held.held_until = agent.id, NOW, NOW + timedelta(minutes=15)
    owner.commit()

    at = opened(agent, "callback_record")

    assert not at.exception
    assert "我的预约 2" in said(at)
    assert ":red[:material/alarm: 09:56 · 已过 4 分]" in said(at)
    assert "10:12 · 还有 12 分" in said(at)
    assert "在我手中 1" in said(at)
    assert "还有 15 分" in said(at)
    at.button(key=f"desk_held_{orders[2].id}").click().run()
    assert not at.exception
    assert at.query_params["order"] == str(orders[2].id)


def test_time_that_is_left_is_told_in_the_largest_unit_that_is_honest() -> None:
    for minutes, zh, en in (
        (0, "还有 0 分", "in 0 min"),
        (1, "还有 1 分", "in 1 min"),
        (119, "还有 119 分", "in 119 min"),
        (190, "还有 3 小时", "in 3 hours"),
        (-1, "已过 1 分", "1 min ago"),
    ):
        assert countdown(NOW + timedelta(minutes=minutes), NOW) == zh
        with speaking("en"):
            assert countdown(NOW + timedelta(minutes=minutes), NOW) == en
